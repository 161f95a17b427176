"""Messages on the messaging API as they are asked for: to be sent, marked and listed (messaging contract, sections 9 to 11)."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Self
from uuid import uuid4

import orjson
from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, PrivateAttr, create_model, model_validator
from pydantic.config import JsonDict
from typing_extensions import override

from handlers.wire.fields import Fields, find_number, read_number
from handlers.wire.messaging.request import (
    GROUP_ID,
    NUMBER,
    FieldReader,
    MessagingRequest,
    as_given,
    name_up_to,
    or_null,
    text,
    words_up_to,
)
from handlers.wire.sockets.requests import (
    CAPTION_MAX_CHARS,
    CLIENT_ID_MAX_CHARS,
    CURSORS_MAX,
    SEQ_MAX,
    VCARD_MAX_CHARS,
    read_client_id,
    read_cursors,
    read_degrees,
    read_exact,
    read_text,
)
from handlers.wire.times import EPOCH, read_date
from models.documents.chat import is_group_id
from models.documents.chat_ref import ChatRef
from models.documents.entry import Message
from models.documents.media import MediaKind
from models.documents.page_request import LIMIT_DEFAULT, LIMIT_MAX, PageRequest
from models.documents.phone import is_number
from models.documents.url import URL_MAX_CHARS, is_web_url
from models.errors import Malformed, UrlRefused

_MESSAGE_ID = re.compile(r"[0-9A-Fa-f]{22}", re.ASCII)
_BEFORE: dict[str, Any] = {
    "description": "Only what is older than the message with this id, or than what an answer's `next` names.",
    "type": "string",
    "pattern": "^[0-9A-Fa-f]{22}$",
    "examples": ["000000000000010000001F"],
}
COUNT_MAX = 2**31 - 1  # what the database still skips
DATE_MAX_S = 253_402_300_799  # the last second of the year 9999
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DECIMAL_MAX_CHARS = 64  # the expression above takes the square of the time for what is nearly a number
_TYPES = {MediaKind.IMAGE: "i", MediaKind.VOICE: "s", MediaKind.AUDIO: "a", MediaKind.VIDEO: "v"}


def read_path_target(path: str) -> ChatRef:
    """A number or a group's id, as a path holds it."""
    return ChatRef(group=path) if is_group_id(path) else ChatRef(contact=find_number(path) or path)


def _read_recipient(fields: Fields) -> ChatRef:
    """`contact`, or `group_id` where that is missing or no number; raises Malformed for neither (messaging contract 9.1)."""
    _require_single(fields, "contact")
    _require_single(fields, "group_id")
    number, group = find_number(fields.get("contact")), fields.get("group_id")
    if number is None and isinstance(group, str) and group:
        if not is_group_id(group):
            raise Malformed("group_id must be the id of a group: digits, a hyphen, digits.")
        return ChatRef(group=group)
    return ChatRef(contact=read_number(fields, "contact"))


def _require_single(fields: Fields, name: str) -> None:
    """Raise Malformed for a field that was given several times."""
    if isinstance(fields.get(name), list):
        raise Malformed(f"{name} was given more than once.")


def _new_attempt() -> str:
    return uuid4().hex


def _read_attempt(fields: Fields, name: str) -> str:
    """The client id of a send. None is sent by this API's own clients: each of their calls is a message (contract 16.7)."""
    return _new_attempt() if fields.get(name) in (None, "") else read_client_id(fields)


def _read_degrees(most: int) -> FieldReader:
    def read(fields: Fields, name: str) -> float:
        value = fields.get(name)
        if isinstance(value, str) and len(value) <= _DECIMAL_MAX_CHARS and _DECIMAL.fullmatch(value.strip()):
            value = float(value)  # a form has no numbers
        return read_degrees({name: value}, name, most)

    example = {90: 48.8571, 180: 2.2943}[most]
    return FieldReader(read, {"type": "number", "minimum": -most, "maximum": most, "examples": [example]})


def _said_up_to(max_chars: int, *examples: str, read: Callable[[Fields, str, int], str] = read_text) -> FieldReader:
    schema = text(max_chars, "", *examples, says_something=True)
    return FieldReader(lambda fields, name: read(fields, name, max_chars), schema)


def _read_window_start(fields: Fields, name: str) -> datetime | int | None:
    """A time, or the key of the message with this id; None for the beginning."""
    given = fields.get(name)
    if isinstance(given, str) and _MESSAGE_ID.fullmatch(given):
        return int(given, 16)
    after = read_date(given, name)
    return None if after is None or after <= EPOCH else after


def _read_limit_date(fields: Fields, name: str) -> datetime | None:
    """Inclusive. Dates are shown without fractions, so a whole second means all of it."""
    at = read_date(fields.get(name), name)
    if at is None or at.microsecond:
        return at
    return at + timedelta(milliseconds=999)


def _read_count(default: int, description: str) -> FieldReader:
    """A whole number; what is not all digits is the default (messaging contract 10.2)."""

    def read(fields: Fields, name: str) -> int:
        _require_single(fields, name)
        given = str(fields.get(name, ""))
        if not is_number(given):
            return default
        digits = given.lstrip("0") or "0"
        return int(digits) if len(digits) < len(str(COUNT_MAX)) else COUNT_MAX

    return FieldReader(read, {"description": description, "type": "integer", "minimum": 0})


def _read_before(fields: Fields, name: str) -> int | None:
    _require_single(fields, name)
    given = str(fields.get(name) or "")
    if not given:
        return None
    if not _MESSAGE_ID.fullmatch(given):
        raise Malformed("before: must be the id of a message.")
    return int(given, 16)


def _read_received_only(fields: Fields, name: str) -> bool:
    _require_single(fields, name)
    return str(fields.get(name, "")) == "1"


def _read_cursor(fields: Fields, name: str) -> str | None:
    _require_single(fields, name)
    value = fields.get(name)
    return None if value in (None, "") else str(value)


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


ClientId = Annotated[
    str,
    FieldReader(
        _read_attempt,
        or_null(
            text(
                CLIENT_ID_MAX_CHARS,
                "Your name for this attempt. Sent again with the same one, a message is stored once and the answer is the same.",
                says_something=True,
            )
        ),
    ),
]
Caption = Annotated[str | None, words_up_to(CAPTION_MAX_CHARS, "", "Cool Image☺️")]


_FOR_SOMEBODY: JsonDict = {"anyOf": [{"required": ["contact"]}, {"required": ["group_id"]}]}


class ToSomebody(MessagingRequest):
    """Who it is for: `contact`, or a group. A contact that is a number wins."""

    model_config = ConfigDict(json_schema_extra=_FOR_SOMEBODY)

    contact: Annotated[object, FieldReader(as_given, NUMBER)] = None
    group_id: Annotated[object, FieldReader(as_given, GROUP_ID)] = None
    _target: ChatRef = PrivateAttr(default_factory=ChatRef)

    @model_validator(mode="wrap")
    @classmethod
    def _is_for_somebody(cls, fields: dict[str, Any], make: ModelWrapValidatorHandler[Self]) -> Self:
        target = _read_recipient(fields)
        asked = make(fields)
        asked._target = target
        return asked

    @property
    def target(self) -> ChatRef:
        return self._target


class Attempt(ToSomebody):
    """What tells an attempt to send from others, whatever it is to say."""

    client_id: ClientId = Field(default_factory=_new_attempt)


class TextToSend(ToSomebody):
    """A text. How long it may be, is a setting: `text_to_send` makes the shape."""

    message: str
    client_id: ClientId = Field(default_factory=_new_attempt)

    def draft(self) -> Message:
        return Message("t", text=self.message)


@lru_cache
def text_to_send(max_chars: int) -> type[TextToSend]:
    """The shape of a text of up to so many characters."""
    message = Annotated[str, _said_up_to(max_chars, "😍")]
    return create_model("TextToSend", __base__=TextToSend, __doc__="A text.", message=(message, ...))


class LocationToSend(ToSomebody):
    """A place."""

    caption: Annotated[str | None, words_up_to(CAPTION_MAX_CHARS, "", "Cool Place🗼")] = None
    latitude: Annotated[float, _read_degrees(90)]
    longitude: Annotated[float, _read_degrees(180)]
    client_id: ClientId = Field(default_factory=_new_attempt)

    def draft(self) -> Message:
        return Message("l", caption=self.caption, latitude=self.latitude, longitude=self.longitude)


class FileToSend(ToSomebody):
    """A file, or the URL where it lies, of which a copy is kept; the file wins."""

    model_config = ConfigDict(json_schema_extra={**_FOR_SOMEBODY, "required": ["url"]})  # where no file is uploaded

    client_id: ClientId = Field(default_factory=_new_attempt)
    url: Annotated[
        object,
        FieldReader(
            as_given,
            {"description": "http or https.", "type": "string", "format": "uri", "maxLength": URL_MAX_CHARS},
        ),
    ] = None

    def draft(self, kind: MediaKind) -> Message:
        """A message of this kind that still lacks its file."""
        return Message(_TYPES[kind])

    def require_url(self) -> str:
        """For a form that has no file in `filename`. Raises Malformed, and UrlRefused for what is no address of the web."""
        if self.url in (None, ""):
            raise Malformed("A file in filename, or a url, is needed.")
        url = read_exact({"url": self.url}, "url", URL_MAX_CHARS)
        if not is_web_url(url):
            raise UrlRefused("This is no URL.")
        return url


class PictureToSend(FileToSend):
    """An image or a video."""

    caption: Caption = None

    @override
    def draft(self, kind: MediaKind) -> Message:
        return Message(_TYPES[kind], caption=self.caption)


class CardToSend(ToSomebody):
    """A contact card, as text or as a file in UTF-8."""

    name: Annotated[str | None, name_up_to(CAPTION_MAX_CHARS, "", "John Doe")] = None
    vcard: Annotated[
        str, _said_up_to(VCARD_MAX_CHARS, "BEGIN:VCARD\nVERSION:3.0\nFN:John Doe\nEND:VCARD", read=read_exact)
    ]
    client_id: ClientId = Field(default_factory=_new_attempt)

    def draft(self) -> Message:
        return Message("c", vcard=self.vcard, name=self.name)


class LastRead(ToSomebody):
    """Up to when everything is read; now, if it is not given."""

    date_limit: Annotated[datetime | None, FieldReader(_read_limit_date, or_null(_date("Inclusive.")))] = None


_LATER = _date("Only what is later than this, or what is behind the message with this id, which is exact.")
_AFTER: dict[str, Any] = {**_LATER, "anyOf": [*_LATER["anyOf"], {"type": "string", "pattern": "^[0-9A-Fa-f]{22}$"}]}


class WindowAsked(MessagingRequest):
    """Which part of a list."""

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


def _read_sync_cursors(fields: Fields, name: str) -> dict[int, int]:
    """Cursors by chat; a form gives them as JSON text."""
    value = fields.get(name)
    if isinstance(value, str) and value:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            raise Malformed(f"{name}: must be a JSON object.") from None
    return read_cursors({} if value in (None, "") else {name: value})


class SyncAsked(MessagingRequest):
    """The cursors of a client: by chat, the last entry that it holds."""

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
    """Which part of the chat list, which is whole by default."""

    limit: Annotated[int, _read_count(-1, "The first so many.")] = -1
    offset: Annotated[
        int, _read_count(0, "How many are skipped. The further, the more is read; `before` costs no more.")
    ] = 0
    before: Annotated[str | None, FieldReader(_read_cursor, _CURSOR)] = None

    @property
    def count(self) -> int | None:
        return None if self.limit < 0 else self.limit
