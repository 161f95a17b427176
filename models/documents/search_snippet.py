"""The part of a found text that a list of hits shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from models.documents.graphemes import cut
from models.documents.search_words import Range

SNIPPET_MAX_CHARS = 160
BEFORE_CHARS = 40  # of the text in front of what was found
_ELLIPSIS = "…"
_BREAK = regex.compile(r"[\r\n\t\u2028\u2029]")
_CLUSTER = regex.compile(r"\X")
_SPACE = regex.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A part of a text on one line, with the ranges of what was found, in code points of `text`."""

    text: str
    ranges: list[Range]


def make_snippet(texts: Sequence[str], ranges: Sequence[Sequence[Range]]) -> Snippet:
    """Returns the surroundings of the first range. `ranges` belong to `texts`, one by one; a text without any may be among them."""
    text, found = next(((text, found) for text, found in zip(texts, ranges, strict=True) if found), ("", ()))
    start = _start(text, found[0][0] if found else 0)
    shown = cut(text[start:], SNIPPET_MAX_CHARS)
    end = start + len(shown)
    prefix, suffix = _ELLIPSIS if start else "", _ELLIPSIS if end < len(text) else ""
    moved = len(prefix) - start
    inside = [(max(first, start) + moved, min(last, end) + moved) for first, last in found if start <= first < end]
    return Snippet(prefix + _BREAK.sub(" ", shown) + suffix, inside)


def _start(text: str, first: int) -> int:
    """Returns where a snippet begins: at a word, if there is one nearby, and never inside a cluster."""
    if first <= BEFORE_CHARS:
        return 0
    start = first - BEFORE_CHARS
    space = _SPACE.search(text, start, first)
    if space is not None:
        return int(space.end())
    # From a place that is surely not inside a cluster, or is as good as any other.
    for cluster in _CLUSTER.finditer(text, max(0, start - BEFORE_CHARS)):
        if cluster.start() >= start:
            return min(int(cluster.start()), first)
    return first
