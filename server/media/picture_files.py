"""Separates a picture's pixels from its metadata, so that broken metadata cannot make the picture unreadable.

Devices and editors write much beside the pixels (camera, place, history, previews, colour profiles), and much of it
wrongly. Only the orientation and the colour profile are read, each on its own; where one of them cannot be read, it
counts as absent.
"""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

PARTS_MAX = 20_000  # of one file; five megabytes of a usual one have some hundreds
PROFILE_MAX_BYTES = 4 << 20  # those of printing presses, the largest there are, have two megabytes
_UPRIGHT = 1
_ORIENTATION = 0x0112
_TAGS_MAX = 1000  # of one directory; cameras write about fifteen
# Where EXIF's own types keep a small number: how many bytes of the four that an entry has for its value.
_NUMBER_BYTES = {1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4}
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])\b")

# A marker of a JPEG: not one that stands for 0xFF itself, nor one of those between its blocks.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_BARE_MARKERS = frozenset({0x01, 0xD8})  # nothing belongs to these
_APPLICATION, _COMMENT = range(0xE0, 0xF0), 0xFE
# Segments that define the colours, and their least length. Everything else that applications add becomes a comment.
_COLOURS: Mapping[int, tuple[bytes, int]] = {0xE0: (b"JFIF\0", 14), 0xEE: (b"Adobe", 12)}
_EXIF, _XMP, _PROFILE = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"

_PNG = b"\x89PNG\r\n\x1a\n"
_PIXEL_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_END_CHUNK = b"\0\0\0\0IEND\xaeB`\x82"
_GREY, _RGB = 0, 2  # kinds of colours in a PNG's header

# Tags of a TIFF that describe it: names, devices, times, and nearly all that were added to the format later.
_DESCRIBING_TAGS = frozenset({269, 270, 271, 272, 285, 305, 306, 315, 316, 700})
_ADDED_TAGS, _PROFILE_TAG, _NO_TAG = 0x8000, 34675, 65000

# Metadata in an AVIF: its entries in the list of what is in the file, by their types.
_AVIF = re.compile(rb"....ftypavi[fs]", re.DOTALL)
_AVIF_METADATA = re.compile(rb"(infe\x02\0\0[\0\x01]....)(?:Exif|mime)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PictureFile:
    """`data` is the file for a decoder of pixels. `orientation` and `profile` are None where only the decoder can tell."""

    data: bytes
    orientation: int | None = None
    profile: bytes | None = None
    scans: int = 0  # how many times a JPEG goes over its pixels
    is_keyed_16: bool = False  # a PNG of 16 bits for each of three colours, one of which is transparent


def separate(data: bytes) -> PictureFile:
    """Returns the parts of a picture's file, or the file as it is for formats whose metadata do no harm."""
    if data.startswith(b"\xff\xd8"):
        return _separate_jpeg(data)
    if data.startswith(_PNG):
        return _separate_png(data)
    if data.startswith((b"II*\0", b"MM\0*")):
        return PictureFile(_separate_tiff(data))
    if _AVIF.match(data):
        return PictureFile(_AVIF_METADATA.sub(rb"\1free", data))
    return PictureFile(data)


def bounded(parts: Iterable[T]) -> Iterator[T]:
    """Yields the parts of a file. Raises ValueError for more than anybody needs: each costs time."""
    for number, part in enumerate(parts):
        if number >= PARTS_MAX:
            raise ValueError("too many parts")
        yield part


def read_orientation(exif: bytes, xmp: bytes = b"") -> int:
    """Returns the orientation, 1 to 8 as EXIF counts, and 1 (upright) where it is absent or nonsense.

    EXIF goes before XMP.
    """
    try:
        found = _find_orientation(exif.removeprefix(_EXIF))
    except (struct.error, KeyError):
        found = None
    if found is None and (match := _XMP_ORIENTATION.search(xmp)):
        found = int(match[1])
    return found if found is not None and 1 <= found <= 8 else _UPRIGHT


def _find_orientation(exif: bytes) -> int | None:
    """Returns the orientation. Raises struct.error and KeyError for a broken block."""
    order = {b"II": "<", b"MM": ">"}[exif[:2]]
    (directory,) = struct.unpack_from(order + "I", exif, 4)
    (tags,) = struct.unpack_from(order + "H", exif, directory)
    for number in range(min(tags, _TAGS_MAX)):
        start = directory + 2 + 12 * number
        tag, kind = struct.unpack_from(order + "HH", exif, start)
        if tag == _ORIENTATION:
            value = exif[start + 8 : start + 8 + _NUMBER_BYTES[kind]]
            return int.from_bytes(value, "little" if order == "<" else "big")
    return None


def _separate_jpeg(data: bytes) -> PictureFile:
    """Returns the file with its metadata turned into comments, which every decoder skips: no byte moves."""
    bare = bytearray(data)
    exif = xmp = b""
    profiles: list[bytes] = []
    scans, position = 0, 2
    while (found := _MARKER.search(data, position)) is not None:
        marker, position = found[1][0], found.end()
        if marker == _END_OF_IMAGE:
            break
        if marker == _START_OF_SCAN:
            scans += 1
        if marker in _BARE_MARKERS:
            continue
        end = position + int.from_bytes(data[position : position + 2])
        if marker in _APPLICATION and not scans:
            body = data[position + 2 : end]
            start, least = _COLOURS.get(marker, (b"\0", 1))
            if not body.startswith(start) or len(body) < least:
                bare[position - 1] = _COMMENT
            if body.startswith(_EXIF):
                exif = exif or body
            elif body.startswith(_XMP):
                xmp = xmp or body
            elif body.startswith(_PROFILE):
                profiles.append(body[len(_PROFILE) :])
        position = end
    profile = b"".join(part[2:] for part in sorted(profiles))  # each begins with its number and their count
    return PictureFile(bytes(bare), read_orientation(exif, xmp), profile, scans)


def _separate_png(data: bytes) -> PictureFile:
    """Returns the file with the chunks of the first picture only, so an animation becomes its first frame."""
    # The header comes first, and has one size.
    depth, colours = (data[24], data[25]) if len(data) > 25 else (8, _RGB)
    view = memoryview(data)
    kept: list[bytes | memoryview] = [view[: len(_PNG)]]
    exif = xmp = b""
    profile, has_key = b"", False
    position = len(_PNG)
    while position + 8 <= len(data):
        end = position + 12 + int.from_bytes(view[position : position + 4])
        kind, body = bytes(view[position + 4 : position + 8]), view[position + 8 : end - 4]
        if kind in _PIXEL_CHUNKS:
            kept.append(view[position:end])
        elif kind == b"tRNS" and zlib.crc32(view[position + 4 : end - 4]) == int.from_bytes(view[end - 4 : end]):
            key = _transparency(bytes(body), depth, colours)
            has_key = key != b""
            kept.append(_chunk(kind, key) if has_key else b"")
        elif kind == b"eXIf":
            exif = bytes(body)
        elif kind == b"iTXt" and bytes(body[:18]) == b"XML:com.adobe.xmp\0":
            xmp = bytes(body)
        elif kind == b"iCCP":
            profile = _unpack_profile(bytes(body))
        position = end
    kept.append(_END_CHUNK)
    bare = b"".join(kept)
    return PictureFile(
        bare, read_orientation(exif, xmp), profile, is_keyed_16=has_key and depth == 16 and colours == _RGB
    )


def _separate_tiff(data: bytes) -> bytes:
    """Returns the file with one empty byte as the value of each describing tag of the first picture."""
    order = "<" if data.startswith(b"II") else ">"
    bare = bytearray(data)
    try:
        (directory,) = struct.unpack_from(order + "I", data, 4)
        (tags,) = struct.unpack_from(order + "H", data, directory)
        for start in range(directory + 2, directory + 2 + 12 * tags, 12):
            (tag,) = struct.unpack_from(order + "H", data, start)
            if tag in _DESCRIBING_TAGS or (tag >= _ADDED_TAGS and tag != _PROFILE_TAG):
                struct.pack_into(order + "HHI4s", bare, start, _NO_TAG, 1, 1, b"")
    except struct.error:  # a broken directory, which is for the decoder to refuse
        return data
    return bytes(bare)


def _transparency(body: bytes, depth: int, colours: int) -> bytes:
    """Returns the transparent colours, none where the chunk is too short.

    Greys are scaled as their pixels are when decoded.
    """
    if len(body) < {_GREY: 2, _RGB: 6}.get(colours, 1):
        return b""
    if colours == _GREY and depth in (2, 4):
        return (
            (int.from_bytes(body[:2]) * 255 // (2**depth - 1)).to_bytes(2)
            if body[0] == 0 and body[1] < 2**depth
            else b""
        )
    return body


def _unpack_profile(body: bytes) -> bytes:
    _, _, packed = body.partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed[1:], PROFILE_MAX_BYTES)
    except zlib.error:
        return b""
    return profile if unpacker.eof else b""


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
