"""Empties the metadata of AVIF: of the picture, by the list of its items, and of an animation, which is a film."""

import re
import struct
from collections.abc import Iterator
from io import BytesIO

from server.media.film_metadata import find_described
from server.media.picture_files import bounded

AVIF = re.compile(rb"....ftyp.{0,200}?avi[fs]", re.DOTALL)
_METADATA_ITEMS = (b"Exif", b"mime", b"uri ")


def clean_avif(data: bytes) -> bytes:
    """Returns the file with zeros where its metadata are: no byte moves, since places in the file are counted in it.

    Which side is up is not told by EXIF in this format.
    """
    bare = bytearray(data)
    pixels = dict(bounded(_boxes(data, 0, len(data))))[b"meta"]
    left = 2 * len(data)  # an animation lists what describes it and its first picture twice
    for kind_at, place in _list_avif_metadata(data, pixels):
        if kind_at is not None:
            bare[kind_at : kind_at + 4] = b"free"  # or decoders would miss what they expect in it
        left -= len(place)
        if left < 0:  # some overlap, so to empty them all would take as long as somebody likes
            raise ValueError("the parts of metadata are longer than two files")
        bare[place.start : place.stop] = bytes(len(place))
    return bytes(bare)


def _list_avif_metadata(data: bytes, pixels: range) -> Iterator[tuple[int | None, range]]:
    """Yields where metadata are, and where their type is written; `pixels` is the list of items that are pictures, too."""
    yield from _list_metadata_items(data, pixels)
    for kind_at, start, end in find_described(BytesIO(data), len(data)):  # an animation is a film
        if start != pixels.start:
            if data[kind_at : kind_at + 4] == b"meta":
                yield from _list_metadata_items(data, range(start, end))
            yield kind_at, range(start, end)


def _list_metadata_items(data: bytes, meta: range) -> Iterator[tuple[int | None, range]]:
    inside = dict(bounded(_boxes(data, meta.start + 4, meta.stop)))
    items: set[int] = set()
    for number, kind_at in _list_items(data, inside[b"iinf"]):
        if data[kind_at : kind_at + 4] in _METADATA_ITEMS:
            items.add(number)
            yield kind_at, range(0)
    offset = inside[b"idat"].start if b"idat" in inside else 0
    for number, start, length in bounded(_list_extents(data, inside[b"iloc"], offset)):
        if number in items:
            if start is None:
                raise ValueError("metadata lie in another item")
            yield None, range(len(data))[start : start + length if length else None]


def _boxes(data: bytes, position: int, stop: int) -> Iterator[tuple[bytes, range]]:
    """Yields the type of each box, and where its content is."""
    while position + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, position)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, position + 8)
            head = 16
        elif size == 0:
            size = stop - position
        if size < head or position + size > stop:
            raise ValueError("a box is longer than what it is in")
        yield kind, range(position + head, position + size)
        position += size


def _list_items(data: bytes, box: range) -> Iterator[tuple[int, int]]:
    """Yields the number of each item of an `iinf`, and where its type is written."""
    start = box.start + (6 if data[box.start] == 0 else 8)
    for kind, entry in bounded(_boxes(data, start, box.stop)):
        version = data[entry.start]
        if kind == b"infe" and version >= 2:
            wide = 4 if version >= 3 else 2
            number = int.from_bytes(data[entry.start + 4 : entry.start + 4 + wide])
            yield number, entry.start + 6 + wide


def _list_extents(data: bytes, box: range, idat: int) -> Iterator[tuple[int, int | None, int]]:
    """Yields for each part of an item, by an `iloc`: the number of the item, where the part is, and how long.

    None is the place of a part that lies in another item; the length 0 reaches to the end of the file.
    """
    version = data[box.start]
    sizes = data[box.start + 4 : box.start + 6]
    offset_size, length_size, base_size, index_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4, sizes[1] & 15
    wide = 4 if version == 2 else 2
    position = box.start + 6

    def read(size: int) -> int:
        nonlocal position
        position += size
        if position > box.stop:
            raise ValueError("a list is longer than its box")
        return int.from_bytes(data[position - size : position])

    for _ in bounded(range(read(wide))):
        number = read(wide)
        method = read(2) & 15 if version else 0
        read(2)
        base = read(base_size)
        for _ in range(read(2)):
            if version:
                read(index_size)
            offset, length = base + read(offset_size), read(length_size)
            yield number, (offset, offset + idat, None)[min(method, 2)], length
