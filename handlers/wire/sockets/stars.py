"""Stars on messages, and the answers to requests about one's own state, as JSON (docs/protocol.md, "Own state")."""

from typing_extensions import TypedDict

from handlers.wire.sockets.entries import EntryShown, show_entry
from handlers.wire.sockets.settings import SettingsShown, show_settings
from models.documents.chat_settings import VisibleSettings
from models.documents.entry import ChatSettingsSet, Entry, Starred
from models.services.chats.starred import StarredPage


class SettingsSetShown(TypedDict):
    """Your settings of a chat as they are now, and the entry of your own log that set some of them."""

    chat: int
    settings: SettingsShown
    entry: EntryShown


class StarSetShown(TypedDict):
    """Whether a message has your star, and the entry of your own log that says so."""

    chat: int
    seq: int
    starred: bool
    entry: EntryShown


class StarredShown(TypedDict):
    """Messages with your star, the one that was marked last first. `next` is the `before` of the next page, or null."""

    messages: list[EntryShown]
    next: int | None


def show_settings_set(entry: Entry, settings: VisibleSettings) -> dict[str, object]:
    """Returns `{"chat", "settings", "entry"}`."""
    if not isinstance(entry.body, ChatSettingsSet):
        raise TypeError(f"{entry.kind} sets nothing")
    return {"chat": entry.body.of_chat, "settings": show_settings(settings), "entry": show_entry(entry)}


def show_star_set(entry: Entry) -> dict[str, object]:
    """Returns `{"chat", "seq", "starred", "entry"}`."""
    star = entry.body
    if not isinstance(star, Starred):
        raise TypeError(f"{entry.kind} is no star")
    return {"chat": star.of_chat, "seq": star.of_seq, "starred": star.starred, "entry": show_entry(entry)}


def show_starred(page: StarredPage) -> dict[str, object]:
    """Returns `{"messages", "next"}`."""
    return {"messages": [show_entry(entry) for entry in page.messages], "next": page.next}
