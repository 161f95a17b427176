"""The order of names: that of the Unicode Collation Algorithm, which people expect of a telephone book.

"Émile" stands beside "Emil" and not behind "Zoë", small letters beside capital ones, "Ł" beside "L". The order knows no
language, so it is one for everybody. Lists that the database sorts use the same algorithm in MongoDB (stores/accounts.py).
"""

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from string import ascii_lowercase, ascii_uppercase
from struct import pack
from typing import Any, TypeVar

T = TypeVar("T")

# What the algorithm's table says of printable ASCII: signs, digits, letters; of two that differ in nothing else, small ones first.
_SIGNS = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_RANKS = {each: chr(rank) for rank, each in enumerate(_SIGNS + "0123456789" + ascii_lowercase, 1)}
_PRIMARY = str.maketrans(_RANKS | {upper: _RANKS[upper.lower()] for upper in ascii_uppercase})
_SIZES = str.maketrans(dict.fromkeys(_RANKS, "0") | dict.fromkeys(ascii_uppercase, "1"))


def sort_by_name(items: Iterable[T], rank: Callable[[T], tuple[str, Any]]) -> list[T]:
    """Returns the items in the order of their names; those whose names are alike in the order of what else `rank` gives."""
    ranked = [(*rank(each), each) for each in items]
    key = _ascii_key if all(name.isascii() and name.isprintable() for name, _, _ in ranked) else name_key
    return [each for _, _, each in sorted(ranked, key=lambda one: (key(one[0]), one[1]))]


@lru_cache(maxsize=16_384)  # one takes some ten microseconds, and an event of many guests is shown often
def name_key(name: str) -> bytes:
    """Returns what a name of any script is sorted by."""
    weights = load_table().sort_key(name)
    return pack(f">{len(weights)}H", *weights)


def _ascii_key(name: str) -> Any:
    """Returns what sorts names of printable ASCII alike, without the table."""
    return name.translate(_PRIMARY), name.translate(_SIZES)


@cache
def load_table() -> Any:
    """Returns the algorithm's table. Reading it takes a quarter of a second, once: server/process/unicode_tables.py does so before it is needed."""
    from pyuca import Collator

    return Collator()
