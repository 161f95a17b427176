"""Reads what sockets ask for: targets, drafts, seqs and cursors, each refused with the name of what is wrong."""

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar

from handlers.wire.fields import SLACK, find_number
from models.documents.chat import is_group_id
from models.documents.chat_ref import ChatRef
from models.documents.entry import MESSAGE_TYPES, Message
from models.documents.plain_line import is_blank, is_storable, one_line, plain_text
from models.documents.url import URL_MAX_CHARS, is_web_url
from models.errors import Malformed, TooLong

Body = Mapping[str, Any]
T = TypeVar("T")

SEQ_MAX = 2**32 - 1
CHAT_MAX = 2**31 - 2  # the one behind it would not fit into 64 bits with a seq
CAPTION_MAX_CHARS = 256  # messaging contract 16.3
VCARD_MAX_CHARS = 160 * 1024  # with a photo of 100 kB in it, as phones write them: 140,000 in base64
FILE_FACT_MAX_CHARS = 128  # of a file's hash, and of its type
EMOJI_MAX_CHARS = 32  # the longest flag and family sequences of Unicode 16 have fewer
CLIENT_ID_MAX_CHARS = 64
CURSORS_MAX = 5000

_OWN_FILE = re.compile(r"/media/[!-~]+")  # what the server itself gave out, without the host
_REQUIRED: Mapping[str, str] = {"t": "text", "c": "vcard", "i": "url", "s": "url", "a": "url", "v": "url"}


def read_target(body: Body) -> ChatRef:
    """Exactly one of `chat` (its id), `contact` (a number) and `group` (its public id)."""
    named = [name for name in ("chat", "contact", "group") if body.get(name) is not None]
    if len(named) != 1:
        raise Malformed("Name the chat by one of chat, contact and group.")
    match named[0]:
        case "chat":
            return ChatRef(chat_id=read_int(body, "chat", 1, CHAT_MAX))
        case "contact":
            number = find_number(body["contact"])
            if number is None:
                raise Malformed("contact: must be a phone number.")
            return ChatRef(contact=number)
        case _:
            group = body["group"]
            if not isinstance(group, str) or not is_group_id(group):
                raise Malformed("group: must be a group's id.")
            return ChatRef(group=group)


def read_int(body: Body, name: str, least: int, most: int, default: int | None = None) -> int:
    """A whole number within bounds; null is like leaving it out."""
    value = body.get(name)
    if value is None:
        value = default
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Malformed(f"{name}: must be a whole number from {least} to {most}.")
    return value


def read_seq(body: Body, name: str = "seq") -> int:
    return read_int(body, name, 1, SEQ_MAX)


def find_seq(body: Body, name: str) -> int | None:
    """A seq, 0 included, or None when it is not given."""
    return None if body.get(name) is None else read_int(body, name, 0, SEQ_MAX)


def read_text(body: Body, name: str, max_chars: int) -> str:
    """Returns a text that says something, as `plain_text`. Raises Malformed and TooLong."""
    value = body.get(name)
    if isinstance(value, str) and len(value) > SLACK * max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    if not isinstance(value, str) or is_blank(value):
        raise Malformed(f"{name}: must be a text that is not empty.")
    text = plain_text(value)
    if text is not value and not is_storable(value):  # what stays as it is holds nothing that is no text
        raise Malformed(f"{name}: holds characters that are no text.")
    if len(text) > max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    return text


def find_text(body: Body, name: str, max_chars: int) -> str | None:
    """`read_text`; None where it is not given or blank."""
    return None if _is_missing(body.get(name), SLACK * max_chars) else read_text(body, name, max_chars)


def find_line(body: Body, name: str, max_chars: int) -> str | None:
    """Returns a text as `one_line`; None where it is not given or blank. Raises Malformed and TooLong."""
    if _is_missing(body.get(name), SLACK * max_chars):
        return None
    line = one_line(read_exact(body, name, SLACK * max_chars))
    if len(line) > max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    return line


def read_exact(body: Body, name: str, max_chars: int) -> str:
    """Returns a text that is for programs (an id, an address, a card) as it was sent. Raises Malformed and TooLong."""
    value = body.get(name)
    if isinstance(value, str) and len(value) > max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    if not isinstance(value, str) or is_blank(value):
        raise Malformed(f"{name}: must be a text that is not empty.")
    if not is_storable(value):
        raise Malformed(f"{name}: holds characters that are no text.")
    return value


def find_exact(body: Body, name: str, max_chars: int) -> str | None:
    """`read_exact`; None where it is not given or empty."""
    return None if body.get(name) in (None, "") else read_exact(body, name, max_chars)


def _is_missing(value: object, looked_at_max: int) -> bool:
    """Returns whether an optional text is not given, or blank, which is the same on every door; longer ones are not looked at."""
    return value is None or (
        isinstance(value, str) and len(value) <= looked_at_max and is_blank(value) and is_storable(value)
    )


def read_client_id(body: Body) -> str:
    """What the client calls this attempt; the same id means the same thing for ever."""
    return read_exact(body, "client_id", CLIENT_ID_MAX_CHARS)


def read_message(body: Body, text_max_chars: int) -> Message:
    """A message of one of the seven types, with what its type needs."""
    kind = body.get("type", "t")
    if not isinstance(kind, str) or kind not in MESSAGE_TYPES:
        raise Malformed(f"type: must be one of {', '.join(sorted(MESSAGE_TYPES))}.")
    reply_to = find_seq(body, "reply_to")
    message = Message(
        kind,
        text=read_text(body, "text", text_max_chars) if kind == "t" else None,
        url=_url(body) if kind in "iasvl" else None,
        hash=find_line(body, "hash", FILE_FACT_MAX_CHARS) if kind in "iasv" else None,
        mime_type=find_line(body, "mime_type", FILE_FACT_MAX_CHARS) if kind in "iasv" else None,
        caption=find_text(body, "caption", CAPTION_MAX_CHARS) if kind in "ivl" else None,
        latitude=read_degrees(body, "latitude", 90) if kind == "l" else None,
        longitude=read_degrees(body, "longitude", 180) if kind == "l" else None,
        vcard=find_exact(body, "vcard", VCARD_MAX_CHARS) if kind == "c" else None,
        name=find_line(body, "name", CAPTION_MAX_CHARS) if kind == "c" else None,
        reply_to=reply_to,
    )
    needed = _REQUIRED.get(kind)
    if needed is not None and getattr(message, needed) is None:
        raise Malformed(f"{needed}: is needed in a message of type {kind}.")
    return message


def read_cursors(body: Body) -> dict[int, int]:
    """`cursors`: chat id (as text, for JSON has no other keys) -> the seq up to which the client holds everything."""
    cursors = body.get("cursors")
    if cursors is None:
        return {}
    if not isinstance(cursors, dict) or len(cursors) > CURSORS_MAX:
        raise Malformed(f"cursors: must be an object of at most {CURSORS_MAX} chats.")
    read: dict[int, int] = {}
    for chat, seq in cursors.items():
        if not (isinstance(chat, str) and chat.isascii() and chat.isdigit() and len(chat) <= 10):
            raise Malformed("cursors: its keys are the ids of chats.")
        read[read_int({"chat": int(chat)}, "chat", 1, CHAT_MAX)] = read_int({"cursor": seq}, "cursor", 0, SEQ_MAX)
    return read


def _url(body: Body) -> str | None:
    url = find_exact(body, "url", URL_MAX_CHARS)
    if url is None:
        return None
    if not (_OWN_FILE.fullmatch(url) or is_web_url(url)):
        raise Malformed("url: must be an http or https address.")
    return url


def read_degrees(body: Body, name: str, most: int) -> float:
    """A latitude (`most` is 90) or a longitude (180)."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > most:
        raise Malformed(f"{name}: must be a number from -{most} to {most}.")
    return float(value)
