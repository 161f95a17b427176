"""What is searched for, and what was found."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from models.documents.chat_ref import ChatRef
from models.documents.entry import Entry
from models.documents.search_block import Place, sender_term, type_term
from models.documents.search_snippet import Snippet
from models.documents.search_words import SearchQuery, list_terms
from models.errors import Malformed

HITS_MAX = 50
END = Place(datetime(9999, 1, 1, tzinfo=UTC), 0)  # behind the newest entry of every log
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: in one chat or all, from one number or anybody, of one type or any, before a place."""

    query: SearchQuery
    chat: ChatRef | None = None
    sender: str | None = None
    type: str | None = None
    before: Place = END
    limit: int = HITS_MAX

    @property
    def terms(self) -> set[str]:
        """Returns the terms that a block must have to hold a hit."""
        terms = list_terms(self.query.folded)
        if self.sender is not None:
            terms.add(sender_term(self.sender))
        if self.type is not None:
            terms.add(type_term(self.type))
        return terms

    def admits(self, number: str, type_: str) -> bool:
        """Returns whether messages from this number, of this type, are looked for."""
        return self.sender in (None, number) and self.type in (None, type_)


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, as its reader sees it."""

    place: Place
    message: Entry
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Hits, newest first. `next` is the `before` of the next page, None if there is nothing more.

    A page may have fewer hits than asked for, or none, and a `next` all the same: what one request reads is bounded.
    """

    hits: list[Hit]
    next: Place | None


def show_place(place: Place) -> str:
    """Returns a place as clients are given it."""
    return f"{(place.at - _EPOCH) // _MS}-{place.key}"


def read_place(text: str) -> Place:
    """Returns the place that a `next` names. Raises Malformed for anything else."""
    at_ms, _, key = text.partition("-")
    bounds = ((at_ms, 15), (key, 19))
    if not all(digits.isascii() and digits.isdigit() and len(digits) <= most for digits, most in bounds):
        raise Malformed("before: give the `next` of the page before.")
    try:
        return Place(_EPOCH + int(at_ms) * _MS, int(key))
    except OverflowError:
        raise Malformed("before: give the `next` of the page before.") from None
