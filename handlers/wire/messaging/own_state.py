"""Settings of chats and stars on the messaging API (docs/messaging-api.md, "Own state")."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

import orjson
from pydantic import ConfigDict, model_validator

from handlers.wire.fields import Fields
from handlers.wire.messaging.recipients import require_single
from handlers.wire.messaging.request import FieldReader, MessagingRequest, as_given, or_null
from handlers.wire.sockets.requests import CLIENT_ID_MAX_CHARS, SEQ_MAX, read_client_id, read_int
from handlers.wire.sockets.settings import FIELDS, PLACE_MAX, read_settings
from models.documents.chat_settings import NotifyAbout
from models.errors import Malformed
from models.services.chats.personal_log import AskedSettings
from models.services.chats.starred import PAGE_MAX

_WHOLE = re.compile("[0-9]{1,16}", re.ASCII)
_SWITCHES = {"true": True, "false": False}
_CLIENT_ID = {
    "description": "What you call this change: sent again with it, it is stored once.",
    "type": "string",
    "minLength": 1,
    "maxLength": CLIENT_ID_MAX_CHARS,
}


def _read_client_id(fields: Fields, name: str) -> str | None:
    return None if fields.get(name) in (None, "") else read_client_id(fields)


def _read_switch(fields: Fields, name: str) -> bool:
    value = _as_json(fields.get(name), name)
    if not isinstance(value, bool):
        raise Malformed(f"{name} must be true or false.")
    return value


def _as_json(value: object, name: str) -> object:
    """Returns the value of a field that is no text, where a form sends it as one; everything else as it is."""
    if not isinstance(value, str):
        return value
    if value in ("", "null"):
        return None
    if name == "draft":
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    if name == "pinned" and _WHOLE.fullmatch(value):
        return int(value)
    return _SWITCHES.get(value, value) if name in ("archived", "marked_unread", "starred") else value


def _given(schema: Mapping[str, Any]) -> FieldReader:
    return FieldReader(as_given, or_null(schema))


class SettingsWanted(MessagingRequest):
    """The settings to change, at least one; null stands for the default. A form gives `draft` as JSON text."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": [name]} for name in FIELDS]})

    muted_until: Annotated[
        object,
        _given(
            {
                "description": "Nothing of the chat is pushed until then; `always` has no end.",
                "anyOf": [{"type": "string", "format": "date-time"}, {"const": "always"}],
                "examples": ["2027-06-06T18:30:00Z"],
            }
        ),
    ] = None
    notify: Annotated[
        object,
        _given({"description": "Which messages are pushed.", "enum": [each.value for each in NotifyAbout]}),
    ] = None
    archived: Annotated[object, _given({"type": "boolean"})] = None
    pinned: Annotated[
        object,
        _given({"description": "The place among pinned chats.", "type": "integer", "minimum": 0, "maximum": PLACE_MAX}),
    ] = None
    marked_unread: Annotated[object, _given({"type": "boolean"})] = None
    draft: Annotated[
        object,
        _given(
            {
                "description": "A text that waits to be sent, perhaps as an answer to the message with this `seq`.",
                "type": "object",
                "properties": {"text": {"type": "string"}, "reply_to": {"type": "integer", "minimum": 1}},
                "required": ["text"],
                "examples": [{"text": "See you"}],
            }
        ),
    ] = None
    client_id: Annotated[str | None, FieldReader(_read_client_id, or_null(_CLIENT_ID))] = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not self.model_fields_set.intersection(FIELDS):
            raise Malformed(f"Give at least one of {', '.join(FIELDS)}.")
        return self

    def asked(self, text_max_chars: int) -> AskedSettings:
        """Returns the settings that are named. Raises Malformed and TooLong."""
        given = {name: getattr(self, name) for name in FIELDS if name in self.model_fields_set}
        for name in given:
            require_single(given, name)
        return read_settings({name: _as_json(value, name) for name, value in given.items()}, text_max_chars)


class StarWanted(MessagingRequest):
    """Whether the message has your star."""

    starred: Annotated[bool, FieldReader(_read_switch, {"type": "boolean"})]
    client_id: Annotated[str | None, FieldReader(_read_client_id, or_null(_CLIENT_ID))] = None


def _read_number(default: int | None, most: int, description: str) -> FieldReader:
    schema = {"description": description, "type": "integer", "minimum": 1, "maximum": most}

    def read(fields: Fields, name: str) -> int | None:
        require_single(fields, name)
        value = fields.get(name)
        if value in (None, ""):
            return default
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        return read_int({name: value}, name, 1, most)

    return FieldReader(read, schema)


class StarredAsked(MessagingRequest):
    """The page of your stars that is asked for."""

    before: Annotated[int | None, _read_number(None, SEQ_MAX, "The `next` of the page before.")] = None
    limit: Annotated[int, _read_number(50, PAGE_MAX, "The last so many; 50 by default.")] = 50
