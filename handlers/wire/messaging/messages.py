"""Messages as the messaging API shows them (docs/messaging-api.md, "Message list"); drafts.py and lists.py read the requests."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypeAliasType, TypedDict

from handlers.wire.polls import PollFields, show_poll
from handlers.wire.previews import PreviewShown, show_preview
from handlers.wire.sockets.entries import MentionShown, MessagePinShown, show_mentions, show_pin
from handlers.wire.times import Date, show_date
from models.documents.entry import Entry, Message, show_key
from models.documents.page_request import Part
from models.documents.poll import ChatPoll
from models.documents.receipt import ListedMessage

Link = Callable[[str], str]  # makes a stored URL one that clients can load


class SentShown(TypedDict):
    """The new message's id under two names; `chat` and `seq` are its place for clients that also use sockets."""

    id: str
    message_id: str
    url: NotRequired[str]
    hash: NotRequired[str]
    chat: int
    seq: int
    time: Date


class ListedShown(TypedDict):
    """Fields of every message. `delivered` and `read` are null if it has not happened, or is not shown to you.

    `participant` is the sender's number in a group; `preview` what is shown of the page behind the first link; `forwarded` how many times it
    was forwarded on its way here; `mentions` the parts of its text that mean members; `pinned` when and by which account it was pinned.
    """

    id: str
    received: bool
    participant: NotRequired[str]
    deleted: NotRequired[Literal[True]]
    expires_at: NotRequired[Date]
    preview: NotRequired[PreviewShown]
    forwarded: NotRequired[int]
    mentions: NotRequired[list[MentionShown]]
    pinned: NotRequired[MessagePinShown]
    chat: int
    seq: int
    time: Date
    delivered: Date | None
    read: Date | None


class TextShown(ListedShown):
    type: Literal["t"]
    text: str


class LocationShown(ListedShown):
    """A place; `data` is empty, because there are no map thumbnails."""

    type: Literal["l"]
    latitude: float | None
    longitude: float | None
    data: str
    caption: str


class LinkedLocationShown(LocationShown):
    """A place with the URL of a page."""

    url: str


class RecordingShown(TypedDict, total=False):
    """How long a sound lasts, how loud it is (base64 of 64 bytes), and what a sound file is called; left out where it is not known."""

    duration_ms: int
    waveform: str
    file_name: str


class SoundShown(ListedShown, RecordingShown):
    """A voice note (`s`) or a sound file (`a`)."""

    type: Literal["s", "a"]
    url: str | None
    hash: str | None
    mime_type: str | None


class PlaceholderShown(TypedDict, total=False):
    """What to show in a picture's place: its size in pixels, upright, and a ThumbHash in base64; left out where it is not known.

    Of a video also how long it lasts, and a picture of it.
    """

    width: int
    height: int
    blur: str
    duration_ms: int
    poster: str


class PictureShown(ListedShown, PlaceholderShown):
    """An image (`i`) or a video (`v`)."""

    type: Literal["i", "v"]
    url: str | None
    hash: str | None
    mime_type: str | None
    caption: str


class DocumentShown(ListedShown):
    """A file of any kind; `size_bytes` is null where it is not known. It is loaded as an attachment."""

    type: Literal["d"]
    url: str | None
    hash: str | None
    mime_type: str | None
    file_name: str
    size_bytes: int | None
    caption: str


class CardShown(ListedShown):
    type: Literal["c"]
    vcard: str
    name: str


class ChatPollShown(ListedShown, PollFields):
    """A poll. `text` is its question again, for clients that know no polls; a deleted one has no options."""

    type: Literal["p"]
    text: str


ChatMessageShown = TypeAliasType(
    "ChatMessageShown",
    TextShown
    | LocationShown
    | LinkedLocationShown
    | SoundShown
    | PictureShown
    | DocumentShown
    | CardShown
    | ChatPollShown,
)


class MessagesShown(TypedDict):
    """Messages, oldest first. `more`: there are older ones; ask again with `next` as `before`, and without `offset`.

    If many messages of others lie between, the search ends early: then a page is short, or empty, and has `more`.
    """

    messages: list[ChatMessageShown]
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
    return {"messages": [show_listed(message, link) for message in found.items], **show_more(found)}


class _More(TypedDict):
    more: bool
    next: NotRequired[str]


def show_more(found: Part[Any]) -> _More:
    return {"more": False} if found.before is None else {"more": True, "next": show_key(found.before)}


def show_listed(listed: ListedMessage, link: Link) -> ChatMessageShown:
    """Returns a message: the documented fields of its type, then further ones: its place, captions, receipts."""
    entry, body = listed.entry, listed.entry.body
    if not isinstance(body, Message):
        raise TypeError(f"{entry.kind} is no message")
    every = _show_every(listed, body, link)
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
            return {
                **every,
                **_show_recording(body),
                "type": sound,
                "url": url,
                "hash": body.hash,
                "mime_type": body.mime_type,
            }
        case "i" | "v" as picture:
            return {
                **every,
                **_show_placeholder(body, link),
                "type": picture,
                "url": url,
                "hash": body.hash,
                "mime_type": body.mime_type,
                "caption": body.caption or "",
            }
        case "d":
            return {
                **every,
                "type": "d",
                "url": url,
                "hash": body.hash,
                "mime_type": body.mime_type,
                "file_name": body.file_name or "",
                "size_bytes": body.size_bytes,
                "caption": body.caption or "",
            }
        case "p":
            return _show_poll(entry, body.poll, every)
        case "c":
            return {**every, "type": "c", "vcard": body.vcard or "", "name": body.name or ""}
        case _:
            return {**every, "type": "t", "text": body.text or ""}


def _show_poll(entry: Entry, poll: ChatPoll | None, every: ListedShown) -> ChatPollShown:
    shown: PollFields = {"question": "", "options": [], "voter_count": 0}
    if poll is not None:
        shown = show_poll(entry, poll, show_date)
    return {**every, **shown, "type": "p", "text": shown["question"]}


def _show_placeholder(body: Message, link: Link) -> PlaceholderShown:
    shown: PlaceholderShown = {}
    if body.width is not None and body.height is not None:
        shown["width"], shown["height"] = body.width, body.height
    if body.blur is not None:
        shown["blur"] = body.blur
    if body.duration_ms is not None:
        shown["duration_ms"] = body.duration_ms
    if body.poster is not None:
        shown["poster"] = link(body.poster)
    return shown


def _show_recording(body: Message) -> RecordingShown:
    shown: RecordingShown = {}
    if body.duration_ms is not None:
        shown["duration_ms"] = body.duration_ms
    if body.waveform is not None:
        shown["waveform"] = body.waveform
    if body.file_name is not None:
        shown["file_name"] = body.file_name
    return shown


def _show_every(listed: ListedMessage, body: Message, link: Link) -> ListedShown:
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
    if entry.expires_at is not None:
        shown["expires_at"] = show_date(entry.expires_at)
    if entry.preview is not None:
        shown["preview"] = show_preview(entry.preview, link)
    if body.forwarded is not None:
        shown["forwarded"] = body.forwarded
    if body.mentions:
        shown["mentions"] = show_mentions(body.mentions)
    if entry.pinned_at is not None:
        shown["pinned"] = show_pin(entry.pinned_at, entry.pinned_by)
    return shown


def _date(at: datetime | None) -> str | None:
    return None if at is None else show_date(at)
