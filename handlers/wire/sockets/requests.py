"""Reads socket requests: chats, messages, seqs and cursors. A refusal names the field."""

import math
import re
from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import uuid4

from handlers.wire.fields import SLACK, find_number
from handlers.wire.polls import read_poll
from models.documents.chat import is_group_id
from models.documents.chat_ref import ChatRef
from models.documents.entry import MESSAGE_TYPES, Message
from models.documents.file_name import FILE_NAME_MAX_CHARS, NAMELESS, clean_file_name
from models.documents.media import DURATION_MAX_MS, WAVEFORM_BINS
from models.documents.plain_line import is_blank, is_storable, one_line, plain_text
from models.documents.url import URL_MAX_CHARS, is_web_url
from models.errors import Malformed, TooLong

Body = Mapping[str, Any]
T = TypeVar("T")

SEQ_MAX = 2**32 - 1
SECONDS_MAX = 2**31 - 1
CHAT_MAX = 2**31 - 2  # a higher one does not fit into 64 bits together with a seq
CAPTION_MAX_CHARS = 256
VCARD_MAX_CHARS = 160 * 1024  # with a photo of 100 kB in it, as phones write them: 140,000 characters in base64
FILE_FACT_MAX_CHARS = 128  # of a file's hash, and of its type
SIDE_MAX_PX = 1_000_000  # of a picture: what is more is no picture
SIZE_MAX_BYTES = 2**53 - 1  # of a file: the largest whole number that is one in JavaScript
BLUR_MAX_CHARS = 64  # 48 bytes in base64; the longest ThumbHash has 29
WAVEFORM_CHARS = 4 * math.ceil(WAVEFORM_BINS / 3)  # of its base64
EMOJI_MAX_CHARS = 32  # the longest flag and family sequences of Unicode 16 have fewer
CLIENT_ID_MAX_CHARS = 64
CURSORS_MAX = 5000

_OWN_FILE = re.compile(r"/media/[!-~]+")  # as the server itself gave it out, without the host
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_REQUIRED: Mapping[str, str] = {"t": "text", "c": "vcard", "i": "url", "s": "url", "a": "url", "v": "url", "d": "url"}


def read_target(body: Body) -> ChatRef:
    """Returns the chat that a request names by exactly one of `chat` (its id), `contact` (a number) and `group` (its public id)."""
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
    """Returns a whole number within bounds, or the default if it is missing or null."""
    value = body.get(name)
    if value is None:
        value = default
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Malformed(f"{name}: must be a whole number from {least} to {most}.")
    return value


def read_seq(body: Body, name: str = "seq") -> int:
    return read_int(body, name, 1, SEQ_MAX)


def find_seq(body: Body, name: str) -> int | None:
    """Returns a seq, which may be 0, or None if it is missing."""
    return None if body.get(name) is None else read_int(body, name, 0, SEQ_MAX)


def read_text(body: Body, name: str, max_chars: int) -> str:
    """Returns a text that is not blank, as `plain_text`. Raises Malformed and TooLong."""
    value = body.get(name)
    if isinstance(value, str) and len(value) > SLACK * max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    if not isinstance(value, str) or is_blank(value):
        raise Malformed(f"{name}: must be a text that is not empty.")
    text = plain_text(value)
    if text is not value and not is_storable(value):  # a text that `plain_text` leaves as it is can be stored as it is
        raise Malformed(f"{name}: holds characters that are no text.")
    if len(text) > max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    return text


def find_text(body: Body, name: str, max_chars: int) -> str | None:
    """`read_text` for an optional text. Returns None if it is missing or blank."""
    return None if _is_missing(body.get(name), SLACK * max_chars) else read_text(body, name, max_chars)


def find_line(body: Body, name: str, max_chars: int) -> str | None:
    """Returns an optional text as `one_line`; None if it is missing or blank. Raises Malformed and TooLong."""
    if _is_missing(body.get(name), SLACK * max_chars):
        return None
    line = one_line(read_exact(body, name, SLACK * max_chars))
    if len(line) > max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    return line


def read_exact(body: Body, name: str, max_chars: int) -> str:
    """Returns a text for programs (an id, a URL, a card) exactly as it was sent. Raises Malformed and TooLong."""
    value = body.get(name)
    if isinstance(value, str) and len(value) > max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    if not isinstance(value, str) or is_blank(value):
        raise Malformed(f"{name}: must be a text that is not empty.")
    if not is_storable(value):
        raise Malformed(f"{name}: holds characters that are no text.")
    return value


def find_exact(body: Body, name: str, max_chars: int) -> str | None:
    """`read_exact` for an optional text. Returns None if it is missing or empty."""
    return None if body.get(name) in (None, "") else read_exact(body, name, max_chars)


def _is_missing(value: object, looked_at_max: int) -> bool:
    """Returns whether an optional text is missing or blank, which mean one thing at every door; long texts are not looked at."""
    return value is None or (
        isinstance(value, str) and len(value) <= looked_at_max and is_blank(value) and is_storable(value)
    )


def read_client_id(body: Body) -> str:
    """Returns the client id: a repeated request with it means the message that was stored first, for ever."""
    return read_exact(body, "client_id", CLIENT_ID_MAX_CHARS)


def find_client_id(body: Body) -> str:
    """Returns the client id of a change; without one, each request is a change of its own."""
    return uuid4().hex if body.get("client_id") is None else read_client_id(body)


def find_seconds(body: Body, name: str) -> int | None:
    """Returns a number of seconds, None for null. Raises Malformed if it is missing: that may not mean "for ever"."""
    if name not in body:
        raise Malformed(f"{name}: is needed; null for never.")
    return None if body[name] is None else read_int(body, name, 1, SECONDS_MAX)


def read_switch(body: Body, name: str) -> bool:
    value = body.get(name)
    if not isinstance(value, bool):
        raise Malformed(f"{name}: must be true or false.")
    return value


def read_message(body: Body, text_max_chars: int) -> Message:
    """Returns a message of one of the nine types, with the fields that its type needs."""
    kind = body.get("type", "t")
    if not isinstance(kind, str) or kind not in MESSAGE_TYPES:
        raise Malformed(f"type: must be one of {', '.join(sorted(MESSAGE_TYPES))}.")
    reply_to = find_seq(body, "reply_to")
    width, height = _find_size(body) if kind in "iv" else (None, None)
    message = Message(
        kind,
        text=read_text(body, "text", text_max_chars) if kind == "t" else None,
        url=_url(body) if kind in "iasvld" else None,
        hash=find_line(body, "hash", FILE_FACT_MAX_CHARS) if kind in "iasvd" else None,
        mime_type=find_line(body, "mime_type", FILE_FACT_MAX_CHARS) if kind in "iasvd" else None,
        file_name=_find_file_name(body, kind) if kind in "ad" else None,
        size_bytes=_find_size_bytes(body) if kind == "d" else None,
        width=width,
        height=height,
        blur=_find_blur(body) if kind in "iv" else None,
        duration_ms=_find_duration(body) if kind in "vsa" else None,
        poster=_find_poster(body) if kind == "v" else None,
        waveform=_find_waveform(body) if kind in "sa" else None,
        caption=find_text(body, "caption", CAPTION_MAX_CHARS) if kind in "ivld" else None,
        latitude=read_degrees(body, "latitude", 90) if kind == "l" else None,
        longitude=read_degrees(body, "longitude", 180) if kind == "l" else None,
        vcard=find_exact(body, "vcard", VCARD_MAX_CHARS) if kind == "c" else None,
        name=find_line(body, "name", CAPTION_MAX_CHARS) if kind == "c" else None,
        reply_to=reply_to,
        poll=read_poll(body) if kind == "p" else None,
    )
    needed = _REQUIRED.get(kind)
    if needed is not None and getattr(message, needed) is None:
        raise Malformed(f"{needed}: is needed in a message of type {kind}.")
    return message


def read_cursors(body: Body) -> dict[int, int]:
    """Returns `cursors`: chat id (as text, because JSON has no other keys) -> the seq up to which the client holds everything."""
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


def _find_file_name(body: Body, kind: str) -> str | None:
    """Returns the name of a file, cleaned. A document has one in any case."""
    name = find_line(body, "file_name", FILE_NAME_MAX_CHARS)
    return clean_file_name(name or "") or (NAMELESS if kind == "d" else None)


def _find_size_bytes(body: Body) -> int | None:
    return None if body.get("size_bytes") is None else read_int(body, "size_bytes", 0, SIZE_MAX_BYTES)


def _find_size(body: Body) -> tuple[int, int] | tuple[None, None]:
    """Returns a picture's width and height, or None for both. Raises Malformed for one without the other."""
    if body.get("width") is None and body.get("height") is None:
        return None, None
    return read_int(body, "width", 1, SIDE_MAX_PX), read_int(body, "height", 1, SIDE_MAX_PX)


def _find_blur(body: Body) -> str | None:
    blur = find_exact(body, "blur", BLUR_MAX_CHARS)
    if blur is not None and not _BASE64.fullmatch(blur):
        raise Malformed("blur: must be a ThumbHash in base64.")
    return blur


def _find_duration(body: Body) -> int | None:
    return None if body.get("duration_ms") is None else read_int(body, "duration_ms", 1, DURATION_MAX_MS)


def _find_poster(body: Body) -> str | None:
    """Returns the path of a stored file, of a video that is stored, too, and so keeps it.

    A picture elsewhere would tell a stranger who has received the video.
    """
    poster = find_exact(body, "poster", URL_MAX_CHARS)
    if poster is not None and not (_OWN_FILE.fullmatch(poster) and _OWN_FILE.fullmatch(_url(body) or "")):
        raise Malformed("poster: must be the path of a file that this server keeps, and so must url.")
    return poster


def _find_waveform(body: Body) -> str | None:
    waveform = find_exact(body, "waveform", WAVEFORM_CHARS)
    if waveform is not None and not (len(waveform) == WAVEFORM_CHARS and _BASE64.fullmatch(waveform)):
        raise Malformed(f"waveform: must be {WAVEFORM_BINS} bytes in base64.")
    return waveform


def read_accounts(body: Body, most: int) -> set[int]:
    """Returns `accounts`: ids of accounts, at most so many."""
    accounts = body.get("accounts")
    if not isinstance(accounts, list) or len(accounts) > most:
        raise Malformed(f"accounts: must be a list of at most {most} ids.")
    return {read_int({"accounts": one}, "accounts", 1, CHAT_MAX) for one in accounts}


def _url(body: Body) -> str | None:
    url = find_exact(body, "url", URL_MAX_CHARS)
    if url is None:
        return None
    if not (_OWN_FILE.fullmatch(url) or is_web_url(url)):
        raise Malformed("url: must be an http or https address.")
    return url


def read_degrees(body: Body, name: str, most: int) -> float:
    """Returns a latitude (`most` is 90) or a longitude (180)."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > most:
        raise Malformed(f"{name}: must be a number from -{most} to {most}.")
    return float(value)
