"""Chats as JSON: the chat list, a page of history and the answers of `sync` (docs/protocol.md, "Messages and entries")."""

from collections.abc import Sequence
from datetime import datetime
from typing import NotRequired

from typing_extensions import TypedDict

from handlers.wire.sockets.entries import EntryShown, show_entry, show_message, show_photo, show_time
from handlers.wire.sockets.settings import SettingsShown, show_settings
from models.documents.chat import Chat, ChatKind, Member, Pinners
from models.documents.chat_summary import ChatSummary
from models.services.chats.history import Page
from models.services.chats.listing import ChatPage
from models.services.chats.member_names import MemberName
from models.services.chats.sync import ChatState, Status, SyncAnswer


class MarkShown(TypedDict):
    """The receipts of a member: up to which entry it has received and read."""

    account: int
    delivered: int
    read: int


class ChatMissedShown(TypedDict):
    """The news of one chat. `cursor` is the cursor for the next request; it equals `last_seq` unless more follows.

    A chat that you are not in, and never were, has only the first six fields.
    """

    chat: int
    status: Status
    entries: list[EntryShown]
    last_seq: int
    cursor: int
    marks: list[MarkShown]
    kind: NotRequired[ChatKind]
    title: NotRequired[str | None]
    contact: NotRequired[str | None]
    name: NotRequired[str]
    group: NotRequired[str]
    event: NotRequired[int]
    owner: NotRequired[int]
    photo_url: NotRequired[str | None]
    preview_photo_url: NotRequired[str | None]
    expires_after_s: NotRequired[int | None]
    pinners: NotRequired[Pinners]
    hidden: NotRequired[list[int]]
    hidden_count: NotRequired[int]
    cleared: NotRequired[int]
    unread: NotRequired[int]
    mentioned: NotRequired[int]
    read: NotRequired[int]
    delivered: NotRequired[int]
    is_member: NotRequired[bool]
    settings: NotRequired[SettingsShown]


class ChatSyncShown(TypedDict):
    """The chats with something new, and those that you hold completely. `more`: ask again at once with the new cursors."""

    chats: list[ChatMissedShown]
    more: bool


def show_chat(
    chat: Chat, peer_number: str | None = None, peer_name: str | None = None, *, until: int | None = None
) -> dict[str, object]:
    """Returns `{"chat", "kind", "title", "expires_after_s"}`, and `group`, `contact`, `name` or `event` for chats that have one.

    `group` is the public id of a group, which has its photo too, null for none; `contact` the number of the other person and `name`
    what it calls itself; `event` the id of a calendar event and `owner` the account that made it.

    The title of a direct chat is the number: names are in the viewer's contacts; that of a chat with oneself is null. `until` is the last
    entry that a former member sees; a title or a photo that was set later is left out, and so is `pinners`, which says who may pin in a group.
    """
    shown: dict[str, object] = {"chat": chat.id, "kind": chat.kind.value}
    if chat.kind is ChatKind.DIRECT:
        if peer_number is not None:
            shown["title"] = shown["contact"] = peer_number
        if peer_name is not None:
            shown["name"] = peer_name
    elif chat.kind is ChatKind.SELF:
        shown["title"] = None
        if peer_number is not None:
            shown["contact"] = peer_number
    elif until is None or chat.subject_seq <= until:
        shown["title"] = chat.subject
    if chat.group is not None:
        shown["group"] = chat.group
    if chat.event_id is not None:
        shown["event"] = chat.event_id
        shown["owner"] = chat.created_by
    if chat.kind is ChatKind.GROUP and (until is None or chat.photo_seq <= until):
        shown |= show_photo(chat.photo)
    if until is None or chat.expiry_seq <= until:
        shown["expires_after_s"] = chat.expires_after_s
    if chat.kind is ChatKind.GROUP and until is None:
        shown["pinners"] = chat.pinners.value
    return shown


def show_head(head: ChatSummary, at: datetime) -> dict[str, object]:
    """Returns a chat in a list: `show_chat` with `last_seq`, `read`, `delivered`, `unread`, `mentioned`, `last_at`, `last`, `settings`, `notice`?.

    `settings` are as they hold at `at`. `read` and `delivered` are the viewer's receipts, `last` is the last message, `notice` the last entry that concerns the viewer.
    """
    shown = show_chat(head.chat, head.peer_number, head.peer_name) | {
        "last_seq": head.last_seq,
        "read": head.member.read,
        "delivered": head.member.delivered,
        "unread": head.unread,
        "mentioned": head.mentioned,
        "last_at": show_time(head.last_at),
        "last": None if head.last is None else show_message(head.last),
        "settings": show_settings(head.settings_at(at)),
    }
    if head.notice is not None:
        shown["notice"] = show_entry(head.notice)
    return shown


def show_chat_page(page: ChatPage) -> dict[str, object]:
    """Returns `{"chats": […], "next": text or null}`; `next` is the `before` of the next page."""
    return {"chats": [show_head(head, page.at) for head in page.heads], "next": page.next}


def show_page(page: Page) -> dict[str, object]:
    """Returns `{"chat", "entries", "more", "next", "last_seq"}`, oldest entry first.

    With `more`, `next` is the `before` (or `after`) of the next page. The messages contain all changes up to `last_seq`; a client
    applies the changes that it receives with a higher seq.
    """
    return {
        "chat": page.chat_id,
        "entries": [show_entry(entry) for entry in page.entries],
        "more": page.next is not None,
        "next": page.next,
        "last_seq": page.last_seq,
    }


def show_sync(answer: SyncAnswer) -> dict[str, object]:
    """Returns `{"chats": [{"chat", "status", "entries", "last_seq", "cursor", "marks", "hidden", …}], "more"}`."""
    return {"chats": [_show_state(state, answer.at) for state in answer.states], "more": answer.more}


def _show_state(state: ChatState, at: datetime) -> dict[str, object]:
    shown: dict[str, object] = {
        "chat": state.chat_id,
        "status": state.status.value,
        "entries": [show_entry(entry) for entry in state.entries],
        "last_seq": state.last_seq,
        "cursor": state.cursor,
        "marks": show_marks(state.marks, None if state.standing is None else state.standing.member.account_id),
    }
    if state.standing is not None:
        member = state.standing.member
        chat = state.standing.chat if member.look is None else state.standing.chat.as_left(member.look)
        shown |= show_chat(chat, state.standing.peer_number, state.standing.peer_name, until=member.last_seq)
        shown |= {
            "hidden": sorted(member.hidden),
            "hidden_count": member.hidden_count,
            "cleared": member.cleared,
            "unread": state.standing.unread,
            "mentioned": state.standing.mentioned,
            "read": member.read,
            "delivered": member.delivered,
            "is_member": member.is_active,
            "settings": show_settings(state.standing.settings_at(at)),
        }
    return shown


def show_names(chat_id: int, names: Sequence[MemberName]) -> dict[str, object]:
    """Returns `{"chat", "names": [{"account", "contact", "name"}]}`; `name` is null where there is none to see."""
    shown = [{"account": one.account_id, "contact": one.number, "name": one.name} for one in names]
    return {"chat": chat_id, "names": shown}


def show_marks(members: Sequence[Member], viewer_id: int | None) -> list[dict[str, object]]:
    """Returns each member's receipts, as far as the viewer may see them: `[{"account", "delivered", "read"}]`, by account."""
    return [
        {"account": member.account_id, "delivered": member.delivered, "read": member.read}
        if member.account_id == viewer_id
        else {"account": member.account_id, "delivered": member.shown_delivered, "read": member.shown_read}
        for member in sorted(members, key=lambda member: member.account_id)
    ]
