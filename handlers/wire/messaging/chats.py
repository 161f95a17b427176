"""The chat list on the messaging API (docs/messaging-api.md, "Chat list")."""

from datetime import datetime
from typing import NotRequired, cast

from typing_extensions import TypedDict

from handlers.wire.sockets.settings import SettingsShown, show_settings
from handlers.wire.times import Date, show_date
from models.documents.entry import Entry, Message
from models.documents.graphemes import cut
from models.services.chats.titles import TitledChat, TitledPage

SNIPPET_MAX_CHARS = 64  # characters of a chat's last message that the chat list shows
_KINDS = {
    "i": "Image",
    "l": "Location",
    "s": "Voice message",
    "a": "Audio",
    "v": "Video",
    "c": "Contact",
    "d": "File",
    "p": "Poll",
}


class ChatShown(TypedDict):
    """A chat; `entity_id` and `id` are the other person's number, or the group's id; `unread` stops counting at 1000.

    `settings` are what you have set for it.
    """

    entity_id: str
    id: str
    title: str
    snippet: str
    time: Date
    is_group: bool
    unread: int
    chat: int
    settings: SettingsShown


class ChatsShown(TypedDict):
    """Chats, the one with the latest message first. `more`: there are more; `next` is the `before` of the next page."""

    chats: list[ChatShown]
    more: bool
    next: NotRequired[str]


def show_chats(page: TitledPage) -> ChatsShown:
    shown: ChatsShown = {"chats": [_show_chat(chat, page.at) for chat in page.chats], "more": page.next is not None}
    return shown if page.next is None else {**shown, "next": page.next}


def _show_chat(chat: TitledChat, at: datetime) -> ChatShown:
    return {
        "entity_id": chat.entity_id,
        "id": chat.entity_id,
        "title": chat.title,
        "snippet": _snippet(chat.head.last),
        "time": show_date(chat.head.last_at),
        "is_group": chat.is_group,
        "unread": chat.head.unread_messages,
        "chat": chat.head.chat.id,
        "settings": cast("SettingsShown", show_settings(chat.head.settings_at(at))),
    }


def _snippet(last: Entry | None) -> str:
    """Returns the beginning of a chat's last message; of a message without words, its kind."""
    if last is None or last.is_deleted or not isinstance(last.body, Message):
        return ""
    return cut(last.body.title or _KINDS.get(last.body.type, ""), SNIPPET_MAX_CHARS)
