"""Instants to the microsecond, as integers: MongoDB's own dates have milliseconds.

If the offset from UTC that a date was sent with matters, its minutes are stored in a field of their own.
"""

from datetime import UTC, datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND, _MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


def microseconds(at: datetime) -> int:
    """Returns whole microseconds since 1970, negative before it."""
    return (at - _EPOCH) // _MICROSECOND


def to_milliseconds(at: datetime) -> datetime:
    """Returns the instant as MongoDB's own dates keep it, cut to whole milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def offset_minutes(at: datetime) -> int:
    """Returns the minutes by which the clock of `at` is ahead of UTC, negative behind it."""
    return (at.utcoffset() or timedelta()) // _MINUTE


def from_microseconds(value: int, offset: int | None = None) -> datetime:
    """Returns the instant on a clock that is `offset` minutes ahead of UTC; on UTC for None, as in old rows."""
    at = _EPOCH + value * _MICROSECOND
    return at.astimezone(timezone(offset * _MINUTE)) if offset else at
