"""Fields of requests about events, each refused with its own sentence (docs/events-api.md, "Refusals")."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Annotated, Any

import orjson
from pydantic import BeforeValidator, Field, WithJsonSchema

from handlers.wire.fields import SLACK
from handlers.wire.times import InstantOutOfRange, NotAnInstant, OffsetOutOfRange, names_time, read_instant, read_offset
from models.documents.event import (
    DESCRIPTION_MAX_CHARS,
    EARLIEST,
    INVITED_AT_ONCE_MAX,
    LATEST,
    LOCATION_MAX_BYTES,
    LOCATION_MAX_DEPTH,
    MESSAGE_MAX_CHARS,
)
from models.documents.phone import Phone, is_number
from models.documents.plain_line import is_blank, is_storable, one_line, plain_text
from models.errors import Malformed

_DATE_FORMAT = "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]"
_TRUE, _FALSE = frozenset({"true", "t", "1", "yes", "y", "on"}), frozenset({"false", "f", "0", "no", "n", "off"})
_WHOLE = re.compile(r"-?[0-9]{1,18}(\.0*)?", re.ASCII)
_FOLDED_MAX = SLACK * max(DESCRIPTION_MAX_CHARS, MESSAGE_MAX_CHARS)  # a longer text is too long for any of these fields
_INT64 = range(-(2**63), 2**63)


def _date(value: Any) -> Any:
    """Returns a time with the offset that was sent with it: an event remembers the zone of its owner."""
    if value is None:
        return value
    try:
        if not isinstance(value, str) or not names_time(value):
            raise NotAnInstant
        at = read_instant(value)
    except OffsetOutOfRange:
        raise ValueError("Ensure the offset from UTC is no more than 14:00.") from None
    except InstantOutOfRange:
        raise ValueError("Datetime value out of range.") from None
    except NotAnInstant:
        raise ValueError(f"Datetime has wrong format. Use one of these formats instead: {_DATE_FORMAT}.") from None
    if not EARLIEST <= at <= LATEST:
        raise ValueError("Datetime value out of range.")
    return at


def _zone(value: Any) -> Any:
    if value is None or value == "":
        return None
    try:
        return read_offset(value)
    except OffsetOutOfRange:
        raise ValueError("Ensure the offset from UTC is no more than 14:00.") from None
    except NotAnInstant:
        raise ValueError("Offset has wrong format. Use this format instead: +HH:MM or -HH:MM.") from None


def _flag(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    word = str(value).strip().lower() if isinstance(value, str | int) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f'"{value}" is not a valid boolean.')


def _whole(value: Any) -> Any:
    """Returns a whole number; text of digits counts, because forms have nothing else."""
    if value is None:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("A valid integer is required.")  # noqa: TRY004 - pydantic listens to this one
    if isinstance(value, float):
        if value.is_integer():  # JSON numbers beyond 64 bits come as these types
            return int(value)
        raise ValueError("A valid integer is required.")
    text = str(value).strip()
    if isinstance(value, int) or _WHOLE.fullmatch(text):
        return int(text.partition(".")[0])
    raise ValueError("A valid integer is required.")


def within(least: int, most: int) -> BeforeValidator:
    """Returns a reader of whole numbers within these bounds."""

    def bounded(value: Any) -> Any:
        number = _whole(value)
        if number is not None and number < least:
            raise ValueError(f"Ensure this value is greater than or equal to {least}.")
        if number is not None and number > most:
            raise ValueError(f"Ensure this value is less than or equal to {most}.")
        return number

    return BeforeValidator(bounded)


def _line(value: Any) -> Any:
    if not isinstance(value, str) or len(value) > _FOLDED_MAX:
        return value
    return one_line(_storable(value))


def _words(value: Any) -> Any:
    if not isinstance(value, str) or len(value) > _FOLDED_MAX:
        return value
    text = plain_text(_storable(value))
    return "" if is_blank(text) else text


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("Not a valid string.")
    return text


def _location(value: Any) -> Any:
    if value is None:
        return value
    if not isinstance(value, dict):
        raise ValueError(f'Expected a dictionary of items but got type "{type(value).__name__}".')  # noqa: TRY004
    if not _is_storable(value, LOCATION_MAX_DEPTH):
        raise ValueError(f"Ensure this field has no more than {LOCATION_MAX_DEPTH} levels, and numbers of 64 bits.")
    if not _holds_text(value):
        raise ValueError("Not a valid string.")
    if len(orjson.dumps(value)) > LOCATION_MAX_BYTES:
        raise ValueError(f"Ensure this field has no more than {LOCATION_MAX_BYTES} bytes.")
    return value


def _is_storable(value: object, levels: int) -> bool:
    if isinstance(value, Mapping | list):
        inside = value.values() if isinstance(value, Mapping) else value
        return levels > 0 and all(_is_storable(each, levels - 1) for each in inside)
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool) or not isinstance(value, int) or value in _INT64


def _holds_text(value: object) -> bool:
    if isinstance(value, Mapping | list):
        inside = [*value, *value.values()] if isinstance(value, Mapping) else value
        return all(_holds_text(each) for each in inside)
    return not isinstance(value, str) or is_storable(value)


def _phones(value: Any) -> Any:
    if value is None:
        return value
    if not isinstance(value, list):
        raise ValueError(f'Expected a list of items but got type "{type(value).__name__}".')  # noqa: TRY004
    if len(value) > INVITED_AT_ONCE_MAX:
        raise ValueError(f"Ensure this field has no more than {INVITED_AT_ONCE_MAX} elements.")
    return [_phone(each) for each in value]


def _phone(given: object) -> Phone:
    """Returns any text as a phone number (docs/rest.md, "Numbers"), also the `phone` of an object."""
    text = given.get("phone") if isinstance(given, dict) else given
    if not isinstance(text, str):
        raise ValueError("Not a valid string.")  # noqa: TRY004
    try:
        return Phone.from_text(text)
    except Malformed as refusal:
        raise ValueError(refusal.message) from None


def find_instant(value: Any) -> datetime | None:
    """Returns the instant that a query names; None if it names none."""
    try:
        at = read_instant(value)
    except (NotAnInstant, InstantOutOfRange):
        return None
    return at if EARLIEST <= at <= LATEST else None


def find_ids(value: Any) -> Sequence[int]:
    """Returns the ids in a text that joins them by `|`; what is no id is skipped."""
    texts = (text.strip() for text in str(value).split("|"))
    return [int(text) for text in texts if is_number(text) and len(text) <= 18]  # more digits do not fit into 64 bits


Instant = Annotated[datetime, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date-time"})]
# The `utc_offset` that is shown for a date sent in UTC, as many clients write every time.
Zone = Annotated[
    timezone | None,
    BeforeValidator(_zone),
    WithJsonSchema(
        {
            "description": "How far the clocks at the event are ahead of UTC, if `event_date` is sent in UTC.",
            "type": "string",
            "pattern": r"^[+-][0-9]{2}:[0-9]{2}$",
            "examples": ["+02:00"],
        }
    ),
]
Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
# Texts as they are stored, which is what the limits count; a blank text is empty. Of one line, and of several.
LINE, WORDS = BeforeValidator(_line), BeforeValidator(_words)
Location = Annotated[
    dict[str, Any],
    BeforeValidator(_location),
    WithJsonSchema({"type": "object", "additionalProperties": True}),
]
Phones = Annotated[
    list[Phone],
    BeforeValidator(_phones),
    Field(max_length=INVITED_AT_ONCE_MAX),
    WithJsonSchema({"type": "array", "maxItems": INVITED_AT_ONCE_MAX, "items": {"type": "string"}}),
]
