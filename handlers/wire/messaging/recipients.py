"""Requests that are for somebody: a contact, a group, or any chat by its id (docs/messaging-api.md, "Targets")."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, ModelWrapValidatorHandler, PrivateAttr, model_validator
from pydantic.config import JsonDict

from handlers.wire.fields import Fields, find_number, read_number
from handlers.wire.messaging.request import GROUP_ID, NUMBER, FieldReader, MessagingRequest, as_given
from handlers.wire.sockets.requests import CHAT_MAX, read_int
from models.documents.chat import is_group_id
from models.documents.chat_ref import ChatRef
from models.documents.phone import is_number
from models.errors import Malformed

FOR_SOMEBODY: JsonDict = {"anyOf": [{"required": ["contact"]}, {"required": ["group_id"]}, {"required": ["chat"]}]}


def read_path_target(path: str) -> ChatRef:
    """Returns the number or the group's id in a path."""
    return ChatRef(group=path) if is_group_id(path) else ChatRef(contact=find_number(path) or path)


def _read_recipient(fields: Fields) -> ChatRef:
    """Returns `contact`, or `group_id` if `contact` is missing or no number, or `chat` if both are.

    Raises Malformed if all are (docs/messaging-api.md, "Targets").
    """
    for name in ("contact", "group_id", "chat"):
        require_single(fields, name)
    number, group = find_number(fields.get("contact")), fields.get("group_id")
    if number is None and isinstance(group, str) and group:
        if not is_group_id(group):
            raise Malformed("group_id must be the id of a group: digits, a hyphen, digits.")
        return ChatRef(group=group)
    if number is None and fields.get("chat") not in (None, ""):
        return ChatRef(chat_id=read_whole(fields, "chat", CHAT_MAX))
    return ChatRef(contact=read_number(fields, "contact"))


def read_whole(fields: Fields, name: str, most: int) -> int:
    """Returns a whole number from 1 on, which a form sends as its digits."""
    value = fields.get(name)
    if isinstance(value, str) and is_number(value) and len(value) <= len(str(most)):
        value = int(value)
    return read_int({name: value}, name, 1, most)


def require_single(fields: Fields, name: str) -> None:
    """Raises Malformed for a field that was sent several times."""
    if isinstance(fields.get(name), list):
        raise Malformed(f"{name} was given more than once.")


class ToSomebody(MessagingRequest):
    """The recipient: `contact`, or a group, or any chat by its id. `contact` wins if it is a number, and then the group."""

    model_config = ConfigDict(json_schema_extra=FOR_SOMEBODY)

    contact: Annotated[object, FieldReader(as_given, NUMBER)] = None
    group_id: Annotated[object, FieldReader(as_given, GROUP_ID)] = None
    chat: Annotated[
        object,
        FieldReader(
            as_given,
            {
                "description": "The `chat` of an answer or a message: also the chat of an event, which has neither of the others.",
                "type": "integer",
                "minimum": 1,
                "maximum": CHAT_MAX,
            },
        ),
    ] = None
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
