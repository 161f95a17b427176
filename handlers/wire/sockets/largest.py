"""Computes how long socket requests may be: the largest that each event permits, in JSON's longest form.

The bound on one message of a client follows from this (docs/protocol.md, "Limits"). So every request within its own limits gets
through, also from clients that escape every character, and a longer one is refused with the name of the field.
"""

from collections.abc import Mapping

from handlers.wire.sizes import longest_text
from handlers.wire.sockets.mentions import MENTIONS_MAX
from handlers.wire.sockets.requests import (
    BLUR_MAX_CHARS,
    CAPTION_MAX_CHARS,
    CLIENT_ID_MAX_CHARS,
    CURSORS_MAX,
    EMOJI_MAX_CHARS,
    FILE_FACT_MAX_CHARS,
    VCARD_MAX_CHARS,
    WAVEFORM_CHARS,
)
from handlers.wire.sockets.search import NEXT_MAX_CHARS
from handlers.wire.times import TIME_MAX_CHARS
from models.documents.file_name import FILE_NAME_MAX_CHARS
from models.documents.phone import TEXT_MAX_CHARS as NUMBER_MAX_CHARS
from models.documents.poll import OPTION_MAX_CHARS, OPTIONS_MAX, QUESTION_MAX_CHARS
from models.documents.search_words import QUERY_MAX_CHARS
from models.documents.url import URL_MAX_CHARS
from models.services.chats.forward import TARGETS_MAX
from models.services.chats.member_names import NAMES_MAX
from models.services.presence.presence import WATCHED_MAX

ESCAPE_BYTES = 6  # of a character as \uXXXX
DATE_MAX_CHARS = 200  # more are no date
INT_MAX_BYTES = 20  # of the largest whole number, or a coordinate
ENVELOPE_MAX_BYTES = 512  # around a request: packet types, namespace, acknowledgement id, and the event's name


def _text(chars: int) -> int:
    return longest_text(chars) + len(",")


def _object(**sizes: int) -> int:
    """Returns the size of an object from its fields' names, each with the size of its value and of a comma."""
    return sum(ESCAPE_BYTES * len(name) + len('"":') + size for name, size in sizes.items()) + len("{}")


def largest_requests(text_max_chars: int) -> Mapping[str, int]:
    """Returns the bytes of the largest body of each event, with the longest way to name a chat and every optional field."""
    target = {"contact": _text(NUMBER_MAX_CHARS)}
    attempt = {**target, "client_id": _text(CLIENT_ID_MAX_CHARS)}
    seq = {"seq": INT_MAX_BYTES}
    mention = _object(number=_text(NUMBER_MAX_CHARS), offset=INT_MAX_BYTES, length=INT_MAX_BYTES) + len(",")
    mentions = {"mentions": MENTIONS_MAX * mention}
    contents = (
        {"text": _text(text_max_chars), **mentions},
        {"vcard": _text(VCARD_MAX_CHARS), "name": _text(CAPTION_MAX_CHARS)},
        {
            "url": _text(URL_MAX_CHARS),
            "hash": _text(FILE_FACT_MAX_CHARS),
            "mime_type": _text(FILE_FACT_MAX_CHARS),
            "file_name": _text(FILE_NAME_MAX_CHARS),
            "size_bytes": INT_MAX_BYTES,
            "width": INT_MAX_BYTES,
            "height": INT_MAX_BYTES,
            "blur": _text(BLUR_MAX_CHARS),
            "duration_ms": INT_MAX_BYTES,
            "poster": _text(URL_MAX_CHARS),
            "waveform": _text(WAVEFORM_CHARS),
            "caption": _text(CAPTION_MAX_CHARS),
            "latitude": INT_MAX_BYTES,
            "longitude": INT_MAX_BYTES,
            **mentions,
        },
        {
            "question": _text(QUESTION_MAX_CHARS),
            "options": OPTIONS_MAX * _text(OPTION_MAX_CHARS),
            "multiple": _text(5),
            "closes_at": _text(DATE_MAX_CHARS),
            "secret": _text(5),
        },
    )
    return {
        "message_send": max(
            _object(**attempt, **content, type=_text(1), reply_to=INT_MAX_BYTES) for content in contents
        ),
        "message_edit": _object(**attempt, **seq, text=_text(text_max_chars), **mentions),
        "message_delete": _object(**attempt, **seq, scope=_text(3)),
        "vote": _object(**attempt, **seq, options=OPTIONS_MAX * (INT_MAX_BYTES + len(","))),
        "reaction_set": _object(**attempt, **seq, emoji=_text(EMOJI_MAX_CHARS)),
        "message_forward": _object(**attempt, **seq, to=TARGETS_MAX * (_object(**target) + len(","))),
        "message_pin": _object(**attempt, **seq, pinned=len("false")),
        "message_history": _object(**target, **seq),
        "pinned": _object(**target),
        "history": _object(**target, before=INT_MAX_BYTES, after=INT_MAX_BYTES, limit=INT_MAX_BYTES),
        "sync": _object(cursors=CURSORS_MAX * (_text(10) + INT_MAX_BYTES)),
        "names": _object(**target, accounts=NAMES_MAX * (INT_MAX_BYTES + len(","))),
        "chats": _object(limit=INT_MAX_BYTES, before=_text(CLIENT_ID_MAX_CHARS)),
        "search": _object(
            **target,
            **{"from": _text(NUMBER_MAX_CHARS)},
            query=_text(QUERY_MAX_CHARS),
            kind=_text(1),
            before=_text(NEXT_MAX_CHARS),
            limit=INT_MAX_BYTES,
        ),
        "typing_start": _object(**target),
        "typing_stop": _object(**target),
        "presence_set": _object(status=_text(7)),
        "presence_watch": _object(contacts=WATCHED_MAX * _text(NUMBER_MAX_CHARS)),
        "chat_expiry_set": _object(**attempt, expires_after_s=INT_MAX_BYTES),
        "chat_clear": _object(**target, up_to=INT_MAX_BYTES),
        "delivered": _object(**target, **seq),
        "read": _object(**target, **seq),
        "chat_settings_set": _object(
            **attempt,
            muted_until=_text(TIME_MAX_CHARS),
            notify=_text(8),
            archived=_text(5),
            pinned=INT_MAX_BYTES,
            marked_unread=_text(5),
            draft=_object(text=_text(text_max_chars), reply_to=INT_MAX_BYTES) + len(","),
        ),
        "star_set": _object(**attempt, **seq, starred=_text(5)),
        "starred": _object(before=INT_MAX_BYTES, limit=INT_MAX_BYTES),
    }


def largest_message(text_max_chars: int) -> int:
    """Returns the most bytes that one message of a client may have: its largest request, as a packet."""
    return max(largest_requests(text_max_chars).values()) + ENVELOPE_MAX_BYTES
