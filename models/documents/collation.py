"""The order of names by the Unicode Collation Algorithm, as in a telephone book.

"Émile" stands beside "Emil" and not behind "Zoë", small letters beside capital ones, and "Ł" beside "L". The order depends
on no language, so it is the same for everybody. The database sorts by the same algorithm (stores/accounts.py).
"""

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from string import ascii_lowercase, ascii_uppercase
from struct import pack
from typing import Any, TypeVar

T = TypeVar("T")

# The algorithm's table for printable ASCII: signs, digits, letters; of equal letters small ones come first.
_SIGNS = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_RANKS = {each: chr(rank) for rank, each in enumerate(_SIGNS + "0123456789" + ascii_lowercase, 1)}
_PRIMARY = str.maketrans(_RANKS | {upper: _RANKS[upper.lower()] for upper in ascii_uppercase})
_SIZES = str.maketrans(dict.fromkeys(_RANKS, "0") | dict.fromkeys(ascii_uppercase, "1"))


def sort_by_name(items: Iterable[T], rank: Callable[[T], tuple[str, Any]]) -> list[T]:
    """Returns the items in the order of their names. `rank` returns a name, and a second key for items of equal names."""
    ranked = [(*rank(each), each) for each in items]
    key = _ascii_key if all(name.isascii() and name.isprintable() for name, _, _ in ranked) else name_key
    return [each for _, _, each in sorted(ranked, key=lambda one: (key(one[0]), one[1]))]


@lru_cache(maxsize=16_384)  # a key takes some ten microseconds, and events of many guests are read often
def name_key(name: str) -> bytes:
    """Returns the sort key of a name in any script."""
    weights = load_table().sort_key(name)
    return pack(f">{len(weights)}H", *weights)


def _ascii_key(name: str) -> Any:
    """Returns the sort key of a name of printable ASCII. It needs no table."""
    return name.translate(_PRIMARY), name.translate(_SIZES)


@cache
def load_table() -> Any:
    """Returns the algorithm's table.

    Reading it takes a quarter of a second: server/process/unicode_tables.py does so early.
    """
    from pyuca import Collator

    return Collator()
