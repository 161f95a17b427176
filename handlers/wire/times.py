"""Times as clients send and see them.

`read_instant` is the one reader of dates, of both REST APIs, in bodies, forms and queries.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Annotated, Any

from pydantic import WithJsonSchema

from models.errors import Malformed

EPOCH = datetime.fromtimestamp(0, UTC)
OFFSET_MAX = timedelta(hours=14)  # Kiribati's; nobody lives further from UTC, in either direction
# The schemas of the times below, for the reference.
Time = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2016-06-06T10:00:00.000000Z"]})
]
Date = Annotated[
    str,
    WithJsonSchema(
        {
            "description": "UTC.",
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$",
            "examples": ["2016-06-06T10:00:00"],
        }
    ),
]
Offset = Annotated[
    str,
    WithJsonSchema(
        {
            "description": "How far the owner's clock is ahead of UTC at this time, as the date was sent.",
            "type": "string",
            "pattern": r"^[+-][0-9]{2}:[0-9]{2}$",
            "examples": ["+02:00"],
        }
    ),
]

TIME_MAX_CHARS = 200  # fractions of a second may be long; longer texts are no dates
_EPOCH = re.compile(r"(?P<sign>-?)(?P<seconds>[0-9]{1,15})(?:\.(?P<fraction>[0-9]*))?")
_ISO = re.compile(
    r"""
    (?P<date> [0-9]{4}-?[0-9]{2}-?[0-9]{2} | [0-9]{4}-?W[0-9]{2}(?:-?[0-9])? )
    (?: (?:T|\s+)
        (?P<hour>[0-9]{2}) (?: :?(?P<minute>[0-9]{2}) (?: :?(?P<second>[0-9]{2}) (?:[.,](?P<fraction>[0-9]+))? )? )?
        (?: \s*Z
          # An unescaped plus sign of a query arrives as a space.
          | (?: \s*(?P<sign>[+\-\u2212]) | \s+ ) (?P<offset_hours>[0-9]{1,2}) (?: :?(?P<offset_minutes>[0-9]{2}) )?
        )?
    )?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)

_OFFSET = re.compile(r"(?P<sign>[+\-\u2212])(?P<offset_hours>[0-9]{2}):?(?P<offset_minutes>[0-9]{2})|Z", re.ASCII)


class NotAnInstant(ValueError):
    """The text is neither unix seconds nor a date and time of ISO 8601."""


class InstantOutOfRange(ValueError):
    """The text has the form of a date, but its year is not one from 1 to 9999."""


class OffsetOutOfRange(InstantOutOfRange):
    """The offset from UTC is beyond OFFSET_MAX."""


def read_instant(value: object) -> datetime:
    """Returns the instant that a text or a number names, with the text's offset from UTC; UTC if it has none.

    Reads unix seconds (an integer, or a decimal number) and ISO 8601: `T`, `t` or a space before the time, fractions of any
    length behind a point or a comma (cut to microseconds), `Z`, `z` or an offset as `+02:00`, `+0200` or `+02`, also with
    the space that an unescaped `+` becomes in a query. A date without a time is its midnight; `24:00` is the next one; a leap
    second is the first second of the next minute. Digits of other scripts count as digits.

    Raises NotAnInstant, InstantOutOfRange and OffsetOutOfRange.
    """
    text = _ascii(value)
    try:
        if (epoch := _EPOCH.fullmatch(text)) is not None:
            since = timedelta(seconds=int(epoch["seconds"]), microseconds=_microseconds(epoch["fraction"]))
            return EPOCH - since if epoch["sign"] else EPOCH + since
        return _read_iso(text)
    except OverflowError:
        raise InstantOutOfRange from None


def names_time(value: object) -> bool:
    """Returns whether a text that `read_instant` reads names a time of the day; a date alone and a number do not."""
    match = _ISO.fullmatch(_ascii(value))
    return match is not None and match["hour"] is not None


def show_time(at: datetime) -> str:
    """Returns ISO 8601 in UTC with microseconds and a trailing `Z`, as every time of the events API (docs/events-api.md, "Times")."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def show_event_date(at: datetime, *, has_time: bool) -> str:
    """Returns the date of an event: a time in UTC, or a day as its midnight with the offset of its place.

    Both name one instant. The offset tells the reader of a day which one it is.
    """
    if has_time or not at.utcoffset():
        return show_time(at)
    return at.isoformat(timespec="microseconds")


def read_offset(value: str) -> timezone:
    """Returns the zone of an offset that `show_offset` returned. Raises NotAnInstant and OffsetOutOfRange."""
    match = _OFFSET.fullmatch(_ascii(value))
    if match is None:
        raise NotAnInstant
    return _zone(match)


def show_offset(at: datetime) -> str:
    """Returns the offset from UTC as `+02:00`."""
    return at.isoformat()[-6:]


def show_date(at: datetime) -> str:
    """Returns ISO 8601 in UTC with seconds and no zone (docs/messaging-api.md, "Times")."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def read_date(value: Any, name: str) -> datetime | None:
    """Returns what `read_instant` reads, in UTC; None for a missing or an empty date. Raises Malformed."""
    if value is None or value == "":
        return None
    try:
        return read_instant(value).astimezone(UTC)
    except OffsetOutOfRange:
        raise Malformed(f"{name} has an offset from UTC of more than 14 hours.") from None
    except InstantOutOfRange:
        raise Malformed(f"{name} is out of range: its year must be one from 1 to 9999.") from None
    except NotAnInstant:
        raise Malformed(f"{name} must be unix seconds or a date like 2016-06-06 10:00:00.") from None


def _ascii(value: object) -> str:
    """Returns the text of a value, with digits of other scripts as ASCII. Raises NotAnInstant."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotAnInstant
    if isinstance(value, int) and value.bit_length() > 64:  # longer ones are slow to convert
        raise InstantOutOfRange
    text = str(value).strip()
    if len(text) > TIME_MAX_CHARS:
        raise NotAnInstant
    if text.isascii():
        return text
    return "".join(str(int(each)) if each.isdecimal() else each for each in text)


def _read_iso(text: str) -> datetime:
    match = _ISO.fullmatch(text)
    if match is None:
        raise NotAnInstant
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    try:
        midnight = datetime.combine(date.fromisoformat(match["date"].upper()), time.min, _zone(match))
        at = _time_of(midnight, hour, minute, second, _microseconds(match["fraction"]))
    except InstantOutOfRange:
        raise
    except ValueError:  # such as the 30th of February, or 25 o'clock
        raise NotAnInstant from None
    at.astimezone(UTC)  # else it raises OverflowError, which nobody who shows the date expects
    return at


def _time_of(midnight: datetime, hour: int, minute: int, second: int, microsecond: int) -> datetime:
    """Returns the time. Raises ValueError for a time that no clock shows."""
    if hour == 24 and not (minute or second or microsecond):
        return midnight + timedelta(days=1)
    is_leap_second = second == 60
    at = midnight.replace(hour=hour, minute=minute, second=59 if is_leap_second else second, microsecond=microsecond)
    return at + timedelta(seconds=is_leap_second)


def _microseconds(fraction: str | None) -> int:
    return int(f"{fraction or '':0<6.6}")


def _zone(match: re.Match[str]) -> timezone:
    """Returns the zone. Raises OffsetOutOfRange for an offset that no place on Earth has, NotAnInstant for one with 60 minutes or more."""
    hours, minutes = int(match["offset_hours"] or 0), int(match["offset_minutes"] or 0)
    if minutes >= 60:
        raise NotAnInstant
    offset = timedelta(hours=hours, minutes=minutes)
    if offset > OFFSET_MAX:
        raise OffsetOutOfRange
    return timezone(-offset if match["sign"] in ("-", "\u2212") else offset) if offset else UTC
