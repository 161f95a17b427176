"""Instants to the microsecond, as integers: MongoDB's own dates have milliseconds.

Where the offset from UTC counts that a date was sent with, its minutes stand beside it, in a field of their own.
"""

from datetime import UTC, datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND, _MINUTE = timedelta(microseconds=1), timedelta(minutes=1)


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970, negative before."""
    return (at - _EPOCH) // _MICROSECOND


def to_milliseconds(at: datetime) -> datetime:
    """Returns the instant as MongoDB's own dates keep it, cut to whole milliseconds."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def offset_minutes(at: datetime) -> int:
    """Whole minutes that the clock of `at` is ahead of UTC, negative behind."""
    return (at.utcoffset() or timedelta()) // _MINUTE


def from_microseconds(value: int, offset: int | None = None) -> datetime:
    """Returns the instant, on a clock that is so many minutes ahead of UTC; in UTC for None, which rows of old stand for."""
    at = _EPOCH + value * _MICROSECOND
    return at.astimezone(timezone(offset * _MINUTE)) if offset else at
