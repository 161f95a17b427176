"""Requests for lists of messages and chats, and marks by time (docs/messaging-api.md, "Message list")."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from pydantic import Field
from pydantic.config import JsonDict

from handlers.wire.fields import Fields
from handlers.wire.messaging.recipients import ToSomebody, require_single
from handlers.wire.messaging.request import FieldReader, MessagingRequest, or_null
from handlers.wire.sockets.requests import CURSORS_MAX, SEQ_MAX, read_cursors
from handlers.wire.times import EPOCH, read_date
from models.documents.page_request import LIMIT_DEFAULT, LIMIT_MAX, PageRequest
from models.documents.phone import is_number
from models.errors import Malformed

MESSAGE_ID = re.compile(r"[0-9A-Fa-f]{22}", re.ASCII)
COUNT_MAX = 2**31 - 1  # the most that the database still skips
DATE_MAX_S = 253_402_300_799  # the last second of the year 9999
_BEFORE: dict[str, Any] = {
    "description": "Only what is older than the message with this id, or than what an answer's `next` names.",
    "type": "string",
    "pattern": "^[0-9A-Fa-f]{22}$",
    "examples": ["000000000000010000001F"],
}
_CURSOR: JsonDict = {
    "description": "The `next` of the page before: only the chats behind that page.",
    "type": "string",
    "pattern": "^[0-9]{1,14}-[0-9]{1,14}$",
    "examples": ["1465207200000-7"],
}


def _date(description: str) -> dict[str, Any]:
    return {
        "description": description + " Unix seconds, or a date like 2016-06-06 10:00:00; UTC where it names no zone.",
        "anyOf": [{"type": "integer", "minimum": 0, "maximum": DATE_MAX_S}, {"type": "string", "format": "date-time"}],
        "examples": [1465207200],
    }


def _read_window_start(fields: Fields, name: str) -> datetime | int | None:
    """Returns a time, or the key of the message with this id; None for the beginning."""
    given = fields.get(name)
    if isinstance(given, str) and MESSAGE_ID.fullmatch(given):
        return int(given, 16)
    after = read_date(given, name)
    return None if after is None or after <= EPOCH else after


def _read_limit_date(fields: Fields, name: str) -> datetime | None:
    """Returns an inclusive end. Dates are shown without fractions, so a whole second means all of it."""
    at = read_date(fields.get(name), name)
    if at is None or at.microsecond:
        return at
    return at + timedelta(milliseconds=999)


def _read_count(default: int, description: str) -> FieldReader:
    """Returns a whole number; text that is not all digits means the default."""

    def read(fields: Fields, name: str) -> int:
        require_single(fields, name)
        given = str(fields.get(name, ""))
        if not is_number(given):
            return default
        digits = given.lstrip("0") or "0"
        return int(digits) if len(digits) < len(str(COUNT_MAX)) else COUNT_MAX

    return FieldReader(read, {"description": description, "type": "integer", "minimum": 0})


def _read_before(fields: Fields, name: str) -> int | None:
    require_single(fields, name)
    given = str(fields.get(name) or "")
    if not given:
        return None
    if not MESSAGE_ID.fullmatch(given):
        raise Malformed("before: must be the id of a message.")
    return int(given, 16)


def _read_received_only(fields: Fields, name: str) -> bool:
    require_single(fields, name)
    return str(fields.get(name, "")) == "1"


def _read_cursor(fields: Fields, name: str) -> str | None:
    require_single(fields, name)
    value = fields.get(name)
    return None if value in (None, "") else str(value)


def _read_sync_cursors(fields: Fields, name: str) -> dict[int, int]:
    """Returns cursors by chat; a form sends them as JSON text."""
    value = fields.get(name)
    if isinstance(value, str) and value:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise Malformed(f"{name}: must be a JSON object.") from None
    return read_cursors({} if value in (None, "") else {name: value})


class LastRead(ToSomebody):
    """The time up to which everything is read; now, if it is not given."""

    date_limit: Annotated[datetime | None, FieldReader(_read_limit_date, or_null(_date("Inclusive.")))] = None


_LATER = _date("Only what is later than this, or what is behind the message with this id, which is exact.")
_AFTER: dict[str, Any] = {**_LATER, "anyOf": [*_LATER["anyOf"], {"type": "string", "pattern": "^[0-9A-Fa-f]{22}$"}]}


class WindowAsked(MessagingRequest):
    """The part of a list that is asked for."""

    after: Annotated[datetime | int | None, FieldReader(_read_window_start, _AFTER)] = None
    limit: Annotated[
        int, _read_count(LIMIT_DEFAULT, f"The newest so many; {LIMIT_DEFAULT} by default, {LIMIT_MAX} at most.")
    ] = LIMIT_DEFAULT
    offset: Annotated[
        int,
        _read_count(
            0,
            "How many of the newest are skipped; 10000 at most in a chat with more. `before` goes further, and is cheaper.",
        ),
    ] = 0
    before: Annotated[int | None, FieldReader(_read_before, _BEFORE)] = None

    @property
    def window(self) -> PageRequest:
        time, key = (None, self.after) if isinstance(self.after, int) else (self.after, None)
        return PageRequest(time, min(self.limit, LIMIT_MAX), self.offset, self.before, key)


class MessagesAsked(WindowAsked):
    received_only: Annotated[
        bool,
        FieldReader(
            _read_received_only, {"description": "1: only what others sent.", "type": "integer", "enum": [0, 1]}
        ),
    ] = False


class SyncAsked(MessagingRequest):
    """The client's cursors: by chat, the last entry that it holds."""

    cursors: Annotated[
        dict[int, int],
        FieldReader(
            _read_sync_cursors,
            {
                "description": "For each chat (its id, as text) the `cursor` that the last answer gave for it; without any, "
                "everything begins. A form gives them as JSON text.",
                "type": "object",
                "additionalProperties": {"type": "integer", "minimum": 0, "maximum": SEQ_MAX},
                "maxProperties": CURSORS_MAX,
                "examples": [{"7": 31}],
            },
        ),
    ] = Field(default_factory=dict)


class ChatsAsked(MessagingRequest):
    """The part of the chat list that is asked for; the whole list by default."""

    limit: Annotated[int, _read_count(-1, "The first so many.")] = -1
    offset: Annotated[
        int, _read_count(0, "How many are skipped. The further, the more is read; `before` costs no more.")
    ] = 0
    before: Annotated[str | None, FieldReader(_read_cursor, _CURSOR)] = None

    @property
    def count(self) -> int | None:
        return None if self.limit < 0 else self.limit
