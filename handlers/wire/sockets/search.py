"""`search`: its request and its answer, which REST gives as well (docs/protocol.md, "Search")."""

from typing_extensions import TypedDict

from handlers.wire.fields import find_number
from handlers.wire.sockets.entries import EntryShown, show_entry
from handlers.wire.sockets.requests import Body, find_exact, read_int, read_target, read_text
from models.documents.entry import MESSAGE_TYPES
from models.documents.search import END, HITS_MAX, Hit, Search, SearchPage, read_place, show_place
from models.documents.search_words import QUERY_MAX_CHARS, read_query
from models.errors import Malformed

LIMIT_DEFAULT = 20
NEXT_MAX_CHARS = 64
NEXT_PATTERN = r"^[0-9]{1,15}-[0-9]{1,19}$"


class HitShown(TypedDict):
    """A message that was found. `ranges` are what was found in `snippet`: [start, end], in code points, the end exclusive."""

    chat: int
    seq: int
    message: EntryShown
    snippet: str
    ranges: list[list[int]]


class SearchShown(TypedDict):
    """Hits, newest first. While there is a `next`, there may be more: ask again with it as `before`, also if there are none here."""

    hits: list[HitShown]
    next: str | None


def read_search(body: Body) -> Search:
    """Returns the search that a request asks for. Raises Malformed and TooLong."""
    before = find_exact(body, "before", NEXT_MAX_CHARS)
    return Search(
        read_query(read_text(body, "query", QUERY_MAX_CHARS)),
        read_target(body) if any(body.get(name) is not None for name in ("chat", "contact", "group")) else None,
        _find_sender(body),
        find_type(body.get("kind")),
        END if before is None else read_place(before),
        read_int(body, "limit", 1, HITS_MAX, LIMIT_DEFAULT),
    )


def _find_sender(body: Body) -> str | None:
    if body.get("from") is None:
        return None
    number = find_number(body["from"])
    if number is None:
        raise Malformed("from: must be a phone number.")
    return number


def find_type(kind: object) -> str | None:
    """Returns the type of messages that is looked for, None for any. Raises Malformed."""
    if kind is None or kind == "":
        return None
    if not isinstance(kind, str) or kind not in MESSAGE_TYPES:
        raise Malformed(f"kind: must be one of {', '.join(sorted(MESSAGE_TYPES))}.")
    return kind


def show_search(page: SearchPage) -> dict[str, object]:
    """Returns `{"hits": [{"chat", "seq", "message", "snippet", "ranges"}], "next": text or null}`."""
    return {
        "hits": [_show_hit(hit) for hit in page.hits],
        "next": None if page.next is None else show_place(page.next),
    }


def _show_hit(hit: Hit) -> dict[str, object]:
    return {
        "chat": hit.message.chat_id,
        "seq": hit.message.seq,
        "message": show_entry(hit.message),
        "snippet": hit.snippet.text,
        "ranges": [list(found) for found in hit.snippet.ranges],
    }
