"""Reads the mentions in a text or a caption (docs/protocol.md, "Mentions")."""

from collections.abc import Mapping
from typing import Any

from handlers.wire.fields import find_number
from handlers.wire.sockets.requests import read_int
from models.documents.entry import Mention
from models.errors import Malformed

MENTIONS_MAX = 50


def read_mentions(body: Mapping[str, Any], words: str | None) -> tuple[Mention, ...]:
    """Returns `mentions`: [{number, offset, length}], in the order of the text, without accounts; none if it is missing.

    Offsets count the code points of the text as it is stored. Raises Malformed for a mention outside of it, and for two that overlap.
    """
    given = body.get("mentions")
    if given is None or given == []:
        return ()
    if words is None:
        raise Malformed("mentions: this message has no text to mention anybody in.")
    if not isinstance(given, list) or len(given) > MENTIONS_MAX:
        raise Malformed(f"mentions: must be a list of at most {MENTIONS_MAX}.")
    mentions = sorted((_read(one, len(words)) for one in given), key=lambda mention: mention.offset)
    end = 0
    for mention in mentions:
        if mention.offset < end:
            raise Malformed("mentions: two of them overlap.")
        end = mention.offset + mention.length
    return tuple(mentions)


def _read(given: object, chars: int) -> Mention:
    if not isinstance(given, dict):
        raise Malformed("mentions: each must be an object of number, offset and length.")
    number = find_number(given.get("number"))
    if number is None:
        raise Malformed("mentions: number must be a phone number.")
    offset = read_int(given, "offset", 0, chars - 1)
    return Mention(0, number, offset, read_int(given, "length", 1, chars - offset))
