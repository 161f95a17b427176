"""How long messages of a chat stay, and a chat that is deleted for oneself, on the messaging API (docs/messaging-api.md, "Chats")."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from handlers.wire.fields import Fields
from handlers.wire.messaging.drafts import ClientId, new_attempt
from handlers.wire.messaging.request import FieldReader, MessagingRequest
from handlers.wire.sockets.requests import SECONDS_MAX, SEQ_MAX
from models.errors import Malformed
from models.services.chats.expiry import TimedChat


def _read_whole(fields: Fields, name: str, most: int) -> int | None:
    """Returns a whole number; None for null, and for an empty text, which a form sends for it."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(most)):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise Malformed(f"{name}: must be a whole number from 0 to {most}.")
    return value


def _read_seconds(fields: Fields, name: str) -> int | None:
    if name not in fields:
        raise Malformed(f"{name}: is needed; 0 for never.")
    return _read_whole(fields, name, SECONDS_MAX) or None


def _read_seq(fields: Fields, name: str) -> int | None:
    return _read_whole(fields, name, SEQ_MAX)


class ExpiryToSet(MessagingRequest):
    """After how long messages of a chat are gone that are sent from now on."""

    expires_after_s: Annotated[
        int | None,
        FieldReader(
            _read_seconds,
            {
                "description": "Seconds; 0 or null for never.",
                "anyOf": [{"type": "integer", "minimum": 0, "maximum": SECONDS_MAX}, {"type": "null"}],
                "examples": [86_400],
            },
        ),
    ]
    client_id: ClientId = Field(default_factory=new_attempt)


class ChatToClear(MessagingRequest):
    """Up to which entry; all that there is by default."""

    up_to: Annotated[
        int | None,
        FieldReader(
            _read_seq,
            {
                "description": "The `seq` of the last entry that goes; all that there is by default.",
                "anyOf": [{"type": "integer", "minimum": 0, "maximum": SEQ_MAX}, {"type": "null"}],
                "examples": [31],
            },
        ),
    ] = None


class ExpiryShown(TypedDict):
    """After how many seconds messages are gone that are sent from now on; null for never."""

    chat: int
    expires_after_s: int | None


class ClearedShown(TypedDict):
    """Everything up to this `seq` is deleted for you."""

    chat: int
    up_to: int


def show_expiry(timed: TimedChat) -> ExpiryShown:
    return {"chat": timed.chat.id, "expires_after_s": timed.chat.expires_after_s}


def show_cleared(chat_id: int, seq: int) -> ClearedShown:
    return {"chat": chat_id, "up_to": seq}
