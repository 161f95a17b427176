"""Messages on the messaging API: what is read and shown (messaging contract, sections 9 to 11)."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

from handlers.wire.fields import Fields, find_number, read_name, read_number
from handlers.wire.requests import (
    CAPTION_MAX_CHARS,
    URL_MAX_CHARS,
    VCARD_MAX_CHARS,
    read_client_id,
    read_degrees,
    read_text,
)
from handlers.wire.times import EPOCH, read_date, show_date
from models.documents.chat import is_group_id
from models.documents.entry import Entry, Message
from models.documents.media import MediaKind
from models.documents.phone import is_number
from models.documents.receipt import ListedMessage, Receipt
from models.documents.target import Target
from models.documents.window import LIMIT_DEFAULT, LIMIT_MAX, Window
from models.errors import Malformed
from models.services.title_chats import TitledChat

SNIPPET_MAX_CHARS = 64  # messaging contract 10.1
Link = Callable[[str], str]  # makes a stored URL one that clients can load

COUNT_MAX = 2**31 - 1  # what the database still skips
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_KINDS = {"i": "Image", "l": "Location", "s": "Voice message", "a": "Audio", "v": "Video", "c": "Contact"}
_TYPES = {MediaKind.IMAGE: "i", MediaKind.VOICE: "s", MediaKind.AUDIO: "a", MediaKind.VIDEO: "v"}
_SHOWN: Mapping[str, tuple[str, ...]] = {
    "t": (),
    "i": ("url", "hash", "mime_type"),
    "l": ("latitude", "longitude"),
    "s": ("url", "hash", "mime_type"),
    "a": ("url", "hash", "mime_type"),
    "v": ("url", "hash", "mime_type"),
    "c": ("vcard",),
}


def read_recipient(fields: Fields) -> Target:
    """`contact`, or `group_id` where that is missing or no number; raises Malformed for neither (messaging contract 9.1)."""
    require_single(fields, "contact")
    require_single(fields, "group_id")
    number, group = find_number(fields.get("contact")), fields.get("group_id")
    if number is None and isinstance(group, str) and group:
        if not is_group_id(group):
            raise Malformed("group_id must be the id of a group: digits, a hyphen, digits.")
        return Target(group=group)
    return Target(contact=read_number(fields, "contact"))


def read_path_target(text: str) -> Target:
    """A number or a group's id, as a path holds it."""
    return Target(contact=text) if is_number(text) else Target(group=text)


def require_single(fields: Fields, name: str) -> None:
    """Raise Malformed for a field that was given several times."""
    if isinstance(fields.get(name), list):
        raise Malformed(f"{name} was given more than once.")


def read_attempt(fields: Fields) -> str:
    """The client id of a send. None is sent by this API's own clients: each of their calls is a message (contract 16.7)."""
    return uuid4().hex if fields.get("client_id") in (None, "") else read_client_id(fields)


def read_text_message(fields: Fields, max_chars: int) -> Message:
    return Message("t", text=read_text(fields, "message", max_chars))


def read_location(fields: Fields) -> Message:
    """`latitude`, `longitude` and an optional `caption`; a form gives the numbers as text."""
    numbers = {name: _number_of(fields.get(name)) for name in ("latitude", "longitude")}
    return Message(
        "l",
        caption=read_name(fields, "caption", CAPTION_MAX_CHARS),
        latitude=read_degrees(numbers, "latitude", 90),
        longitude=read_degrees(numbers, "longitude", 180),
    )


def _number_of(value: object) -> object:
    return float(value) if isinstance(value, str) and _DECIMAL.fullmatch(value.strip()) else value


def read_media(fields: Fields, kind: MediaKind) -> Message:
    """A message of this kind that still lacks its file; images and videos may have a `caption`."""
    has_caption = kind in (MediaKind.IMAGE, MediaKind.VIDEO)
    return Message(_TYPES[kind], caption=read_name(fields, "caption", CAPTION_MAX_CHARS) if has_caption else None)


def read_url(fields: Fields) -> str:
    """`url`, in a form that has no file in `filename`; whether it can be fetched is seen when it is."""
    if fields.get("url") in (None, ""):
        raise Malformed("A file in filename, or a url, is needed.")
    return read_text(fields, "url", URL_MAX_CHARS)


def read_card(fields: Fields) -> Message:
    """`vcard`, the card's text, and an optional `name`."""
    name = read_name(fields, "name", CAPTION_MAX_CHARS)
    return Message("c", vcard=read_text(fields, "vcard", VCARD_MAX_CHARS), name=name)


def read_window(fields: Fields) -> Window:
    """`after`, `limit` and `offset`; a limit or an offset that is not all digits is the default (messaging contract 10.2)."""
    after = read_date(fields.get("after"), "after")
    return Window(
        None if after is None or after <= EPOCH else after,
        min(_count(fields, "limit", LIMIT_DEFAULT), LIMIT_MAX),
        _count(fields, "offset", 0),
    )


def read_part(fields: Fields) -> tuple[int | None, int]:
    """The limit and the offset of the chat list, which is whole by default."""
    limit = _count(fields, "limit", -1)
    return None if limit < 0 else limit, _count(fields, "offset", 0)


def _count(fields: Fields, name: str, default: int) -> int:
    require_single(fields, name)
    text = str(fields.get(name, ""))
    if not is_number(text):
        return default
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) < len(str(COUNT_MAX)) else COUNT_MAX


def read_is_received_only(fields: Fields) -> bool:
    require_single(fields, "received_only")
    return str(fields.get("received_only", "")) == "1"


def read_limit_date(fields: Fields) -> datetime | None:
    """`date_limit`, inclusive. Dates are shown without fractions, so a whole second means all of it."""
    at = read_date(fields.get("date_limit"), "date_limit")
    if at is None or at.microsecond:
        return at
    return at + timedelta(milliseconds=999)


def show_sent(entry: Entry, link: Link) -> dict[str, object]:
    """The public id under both names that it had; `url` and `hash` of media; where the message stands, for those who also use sockets."""
    shown: dict[str, object] = {"id": entry.public_id, "message_id": entry.public_id}
    body = entry.body
    if isinstance(body, Message) and body.url is not None:
        shown |= {"url": link(body.url), "hash": body.hash or ""}
    return shown | {"chat": entry.chat_id, "seq": entry.seq, "time": show_date(entry.at)}


def show_messages(messages: Iterable[ListedMessage], link: Link) -> dict[str, object]:
    return {"messages": [show_listed(message, link) for message in messages]}


def show_listed(listed: ListedMessage, link: Link) -> dict[str, object]:
    """`{"id", "type", "received"}` and what the type has; then what the document does not name: where and when, captions, receipts."""
    entry, body = listed.entry, listed.entry.body
    if not isinstance(body, Message):
        raise TypeError(f"{entry.kind} is no message")
    shown: dict[str, object] = {"id": entry.public_id, "type": body.type, "received": listed.is_received}
    shown |= {name: getattr(body, name) for name in _SHOWN[body.type]}
    match body.type:
        case "t":
            shown["text"] = body.text or ""
        case "l":
            shown["data"] = ""  # there are no map thumbnails here
        case "c":
            shown |= {"vcard": body.vcard or "", "name": body.name or ""}
    if body.url is not None:
        shown["url"] = link(body.url)
    if body.type in "ilv":
        shown["caption"] = body.caption or ""
    if listed.is_in_group:
        shown["participant"] = entry.number
    if entry.is_deleted:
        shown["deleted"] = True
    return shown | {
        "chat": entry.chat_id,
        "seq": entry.seq,
        "time": show_date(entry.at),
        "delivered": _date(listed.delivered_at),
        "read": _date(listed.read_at),
    }


def _date(at: datetime | None) -> str | None:
    return None if at is None else show_date(at)


def show_receipts(receipts: Iterable[Receipt], name: str) -> dict[str, object]:
    """`{"messages": [{name: date, "id"}]}`, where `name` is "delivered" or "read"."""
    return {"messages": [{name: show_date(receipt.at), "id": receipt.entry.public_id} for receipt in receipts]}


def show_marked(updated: int) -> dict[str, object]:
    """Nothing but the count, and a sentence where there was nothing to mark (messaging contract 11.2)."""
    if updated:
        return {"updated": updated}
    return {"updated": updated, "message": "There was nothing to mark as read."}


def show_chats(chats: Iterable[TitledChat]) -> dict[str, object]:
    return {"chats": [_show_chat(chat) for chat in chats]}


def _show_chat(chat: TitledChat) -> dict[str, object]:
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
    return (body.text or body.caption or body.name or _KINDS.get(body.type, ""))[:SNIPPET_MAX_CHARS]
