"""Finds what cameras write beside a film in MP4, 3GP and QuickTime: the place, the device, and whatever programs add.

The boxes that hold it become empty ones of the same length, so no byte of the film moves. When a film was made stands also
in the heads of the film and its tracks, and stays there.
"""

from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

# Of users and programs, wherever they stand among the others.
_DESCRIBING = frozenset({b"udta", b"meta", b"uuid"})
_ENTERED = frozenset({b"moov", b"trak"})
_BOXES_MAX = 200_000  # an hour in fragments of a second has ten thousand
_DESCRIBING_MAX = 200
_DEPTH_MAX = 3


def find_described(source: BinaryIO, size: int) -> list[tuple[int, int, int]]:
    """Returns for each box of metadata where its type is written, and where its content begins and ends.

    A file that is broken, or has more boxes than anybody needs, has those that come before. Raises ValueError for more boxes of
    metadata than anybody needs.
    """
    found = list(islice(_find(source, 0, size, 0, [_BOXES_MAX]), _DESCRIBING_MAX + 1))
    if len(found) > _DESCRIBING_MAX:
        raise ValueError("it has too many descriptions")
    return found


def _find(source: BinaryIO, position: int, stop: int, depth: int, left: list[int]) -> Iterator[tuple[int, int, int]]:
    while position + 8 <= stop:
        left[0] -= 1
        if left[0] < 0:
            return
        source.seek(position)
        head = source.read(16)
        length, kind, start = int.from_bytes(head[:4]), head[4:8], position + 8
        if length == 1:
            length, start = int.from_bytes(head[8:]), position + 16
        elif length == 0:
            length = stop - position
        end = min(position + length, stop)
        if end < start:
            return
        if kind in _ENTERED and depth < _DEPTH_MAX:
            yield from _find(source, start, end, depth + 1, left)
        elif kind in _DESCRIBING and end > start:
            yield position + 4, start, end
        position = end
