"""Requests about single messages on the messaging API: forwarding and pinning them, and who may pin."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from handlers.wire.fields import Fields
from handlers.wire.messaging.drafts import ClientId, new_attempt
from handlers.wire.messaging.recipients import ToSomebody, require_single
from handlers.wire.messaging.request import GROUP_ID, NUMBER, FieldReader, MessagingRequest, parse, read_json
from handlers.wire.sockets.requests import CHAT_MAX
from models.documents.chat import Chat, Pinners
from models.documents.chat_ref import ChatRef
from models.errors import Malformed
from models.services.chats.forward import TARGETS_MAX

_BOOLEANS = {True: True, False: False, "true": True, "false": False, "1": True, "0": False}


def _read_targets(fields: Fields, name: str) -> list[ChatRef]:
    """Returns 1 to TARGETS_MAX chats. A form sends the list, or each of its objects, as JSON text."""
    given = read_json(fields.get(name), name)
    if not isinstance(given, list) or not 1 <= len(given) <= TARGETS_MAX:
        raise Malformed(f"{name}: must be a list of 1 to {TARGETS_MAX} chats.")
    return [_read_target(read_json(one, name), name) for one in given]


def _read_target(given: object, name: str) -> ChatRef:
    if not isinstance(given, dict):
        raise Malformed(f"{name}: each must be an object of contact, group_id or chat.")
    return parse(ToSomebody, given).target


def _read_bool(fields: Fields, name: str) -> bool:
    require_single(fields, name)
    given = fields.get(name)
    if not isinstance(given, bool | str) or given not in _BOOLEANS:
        raise Malformed(f"{name}: must be true or false.")
    return _BOOLEANS[given]


def _read_pinners(fields: Fields, name: str) -> Pinners:
    require_single(fields, name)
    given = fields.get(name)
    if given not in list(Pinners):
        raise Malformed(f"{name}: must be one of {', '.join(Pinners)}.")
    return Pinners(given)


_TARGETS: dict[str, Any] = {
    "description": "The chats, each by the number of a contact, the id of a group or its own id. A form gives them as JSON text.",
    "type": "array",
    "minItems": 1,
    "maxItems": TARGETS_MAX,
    "items": {
        "type": "object",
        "properties": {
            "contact": NUMBER,
            "group_id": GROUP_ID,
            "chat": {"type": "integer", "minimum": 1, "maximum": CHAT_MAX},
        },
        "anyOf": [{"required": ["contact"]}, {"required": ["group_id"]}, {"required": ["chat"]}],
    },
    "examples": [[{"contact": "4930901822"}]],
}


class ForwardAsked(MessagingRequest):
    """The chats that a message is sent on to."""

    to: Annotated[list[ChatRef], FieldReader(_read_targets, _TARGETS)]
    client_id: ClientId = Field(default_factory=new_attempt)


class PinMessageAsked(MessagingRequest):
    """Whether the message is pinned from now on."""

    pinned: Annotated[bool, FieldReader(_read_bool, {"type": "boolean"})]
    client_id: ClientId = Field(default_factory=new_attempt)


class PinnersAsked(MessagingRequest):
    """The members of the group who may pin messages."""

    pinners: Annotated[Pinners, FieldReader(_read_pinners, {"enum": [each.value for each in Pinners]})]


class GroupPinnersShown(TypedDict):
    """The members of the group who may pin messages."""

    pinners: Pinners


def show_pinners(chat: Chat) -> GroupPinnersShown:
    return {"pinners": chat.pinners}
