"""Messages on the messaging API as they are shown (messaging contract, sections 9 to 11); drafts.py reads them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypeAliasType, TypedDict

from handlers.wire.times import Date, show_date
from models.documents.entry import Entry, Message, show_key
from models.documents.graphemes import cut
from models.documents.page_request import Part
from models.documents.receipt import ListedMessage, Receipt
from models.services.chats.titles import TitledChat, TitledPage

SNIPPET_MAX_CHARS = 64  # messaging contract 10.1
Link = Callable[[str], str]  # makes a stored URL one that clients can load

_KINDS = {"i": "Image", "l": "Location", "s": "Voice message", "a": "Audio", "v": "Video", "c": "Contact"}


class SentShown(TypedDict):
    """The message's id under both names that it had; `chat` and `seq` say where it stands, for those who also use sockets."""

    id: str
    message_id: str
    url: NotRequired[str]
    hash: NotRequired[str]
    chat: int
    seq: int
    time: Date


class ListedShown(TypedDict):
    """What every message has. `delivered` and `read` are null where it has not happened, or is not told.

    `participant` is the sender's number in a group.
    """

    id: str
    received: bool
    participant: NotRequired[str]
    deleted: NotRequired[Literal[True]]
    chat: int
    seq: int
    time: Date
    delivered: Date | None
    read: Date | None


class TextShown(ListedShown):
    type: Literal["t"]
    text: str


class LocationShown(ListedShown):
    """`data` is empty: there are no map thumbnails here."""

    type: Literal["l"]
    latitude: float | None
    longitude: float | None
    data: str
    caption: str


class LinkedLocationShown(LocationShown):
    """A place that has a page."""

    url: str


class SoundShown(ListedShown):
    """A voice note (`s`) or a sound file (`a`)."""

    type: Literal["s", "a"]
    url: str | None
    hash: str | None
    mime_type: str | None


class PictureShown(ListedShown):
    """An image (`i`) or a video (`v`)."""

    type: Literal["i", "v"]
    url: str | None
    hash: str | None
    mime_type: str | None
    caption: str


class CardShown(ListedShown):
    type: Literal["c"]
    vcard: str
    name: str


ChatMessageShown = TypeAliasType(
    "ChatMessageShown", TextShown | LocationShown | LinkedLocationShown | SoundShown | PictureShown | CardShown
)


class MessagesShown(TypedDict):
    """Oldest first. `more`: there are older ones behind what was asked for; ask the same again with `next` as `before`, and no `offset`.

    Where many of others' messages lie between, looking for more ends early: then a page is short, or empty, and has `more`.
    """

    messages: list[ChatMessageShown]
    more: bool
    next: NotRequired[str]


class DeliveredShown(TypedDict):
    id: str
    delivered: Date


class ReadShown(TypedDict):
    id: str
    read: Date


class DeliveredListShown(TypedDict):
    messages: list[DeliveredShown]
    more: bool
    next: NotRequired[str]


class ReadListShown(TypedDict):
    messages: list[ReadShown]
    more: bool
    next: NotRequired[str]


class MarkedShown(TypedDict):
    """How many messages were marked as read; a sentence where there was nothing to mark."""

    updated: int
    message: NotRequired[str]


class ChatShown(TypedDict):
    """`entity_id` is the number one talks with, or the group's id; `id` the same again; `unread` counts no further than 1000."""

    entity_id: str
    id: str
    title: str
    snippet: str
    time: Date
    is_group: bool
    unread: int
    chat: int


class ChatsShown(TypedDict):
    """The one where something happened last is the first. `more`: there are more; `next` is the `before` of the next page."""

    chats: list[ChatShown]
    more: bool
    next: NotRequired[str]


def show_sent(entry: Entry, link: Link) -> SentShown:
    shown: SentShown = {
        "id": entry.public_id,
        "message_id": entry.public_id,
        "chat": entry.chat_id,
        "seq": entry.seq,
        "time": show_date(entry.at),
    }
    body = entry.body
    if isinstance(body, Message) and body.url is not None:
        shown["url"], shown["hash"] = link(body.url), body.hash or ""
    return shown


def show_messages(found: Part[ListedMessage], link: Link) -> MessagesShown:
    return {"messages": [show_listed(message, link) for message in found.items], **_show_more(found)}


class _More(TypedDict):
    more: bool
    next: NotRequired[str]


def _show_more(found: Part[Any]) -> _More:
    return {"more": False} if found.before is None else {"more": True, "next": show_key(found.before)}


def show_listed(listed: ListedMessage, link: Link) -> ChatMessageShown:
    """What the document names for its type; then what it does not: where and when, captions, receipts."""
    entry, body = listed.entry, listed.entry.body
    if not isinstance(body, Message):
        raise TypeError(f"{entry.kind} is no message")
    every = _show_every(listed)
    url = None if body.url is None else link(body.url)
    match body.type:
        case "l":
            shown: LocationShown = {
                **every,
                "type": "l",
                "latitude": body.latitude,
                "longitude": body.longitude,
                "data": "",
                "caption": body.caption or "",
            }
            return shown if url is None else {**shown, "url": url}
        case "s" | "a" as sound:
            return {**every, "type": sound, "url": url, "hash": body.hash, "mime_type": body.mime_type}
        case "i" | "v" as picture:
            return {
                **every,
                "type": picture,
                "url": url,
                "hash": body.hash,
                "mime_type": body.mime_type,
                "caption": body.caption or "",
            }
        case "c":
            return {**every, "type": "c", "vcard": body.vcard or "", "name": body.name or ""}
        case _:
            return {**every, "type": "t", "text": body.text or ""}


def _show_every(listed: ListedMessage) -> ListedShown:
    entry = listed.entry
    shown: ListedShown = {
        "id": entry.public_id,
        "received": listed.is_received,
        "chat": entry.chat_id,
        "seq": entry.seq,
        "time": show_date(entry.at),
        "delivered": _date(listed.delivered_at),
        "read": _date(listed.read_at),
    }
    if listed.is_in_group:
        shown["participant"] = entry.number
    if entry.is_deleted:
        shown["deleted"] = True
    return shown


def _date(at: datetime | None) -> str | None:
    return None if at is None else show_date(at)


def show_delivered(found: Part[Receipt]) -> DeliveredListShown:
    shown: list[DeliveredShown] = [
        {"delivered": show_date(each.at), "id": each.entry.public_id} for each in found.items
    ]
    return {"messages": shown, **_show_more(found)}


def show_read(found: Part[Receipt]) -> ReadListShown:
    shown: list[ReadShown] = [{"read": show_date(each.at), "id": each.entry.public_id} for each in found.items]
    return {"messages": shown, **_show_more(found)}


def show_marked(updated: int) -> MarkedShown:
    """Nothing but the count, and a sentence where there was nothing to mark (messaging contract 11.2)."""
    if updated:
        return {"updated": updated}
    return {"updated": updated, "message": "There was nothing to mark as read."}


def show_chats(page: TitledPage) -> ChatsShown:
    shown: ChatsShown = {"chats": [_show_chat(chat) for chat in page.chats], "more": page.next is not None}
    return shown if page.next is None else {**shown, "next": page.next}


def _show_chat(chat: TitledChat) -> ChatShown:
    return {
        "entity_id": chat.entity_id,
        "id": chat.entity_id,
        "title": chat.title,
        "snippet": _snippet(chat.head.last),
        "time": show_date(chat.head.last_at),
        "is_group": chat.is_group,
        "unread": chat.head.unread,
        "chat": chat.head.chat.id,
    }


def _snippet(last: Entry | None) -> str:
    """The first characters of what was said last; of a message without words, its kind."""
    if last is None or last.is_deleted or not isinstance(last.body, Message):
        return ""
    body = last.body
    return cut(body.text or body.caption or body.name or _KINDS.get(body.type, ""), SNIPPET_MAX_CHARS)
