"""Removes from pictures what their cameras and editors wrote beside the pixels: the place, the time, the device, previews.

No pixel is encoded anew. Only what a viewer needs stays: the pixels, the frames of an animation, the colours, and which side is
up. A cleaned picture is not changed by cleaning it again.
"""

import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from server.media.avif_metadata import AVIF, clean_avif
from server.media.picture_files import bounded, read_orientation

_UPRIGHT = 1
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"

_JPEG_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_JPEG_PIXELS = frozenset([*range(0xC0, 0xD0), _START_OF_SCAN, _END_OF_IMAGE, 0xDB, 0xDC, 0xDD])  # frames, tables, scans
_BARE_MARKERS = frozenset({0x01, 0xD8})
_APPLICATION = range(0xE0, 0xF0)
# Segments of applications that say how pixels are to be read.
_JPEG_KEPT: Mapping[int, bytes] = {0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_JFIF, _JFIF_BYTES = b"JFIF\0", 12  # without its preview

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
_GIF = (b"GIF87a", b"GIF89a")
_GIF_FRAME, _GIF_EXTENSION, _GIF_END = b",!;"
_GIF_KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0")  # how often an animation is repeated
_WEBP = re.compile(rb"RIFF....WEBP", re.DOTALL)
_WEBP_KEPT = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04  # flags


class Undefined(Exception):
    """Says that a file is broken where its metadata would be."""


def clean(data: bytes) -> bytes | None:
    """Returns the file without metadata, the same object if it has none; None for a format that cannot be cleaned so.

    Raises Undefined.
    """
    for is_one, cleaned in _CLEANERS:
        if is_one(data):
            try:
                found = cleaned(data)
            except (struct.error, LookupError, ValueError) as error:
                raise Undefined from error
            return data if found == data else found
    return None


def _orientation(orientation: int) -> bytes:
    """Returns EXIF that says which side is up, and nothing else; b"" for a picture that is upright."""
    if orientation == _UPRIGHT:
        return b""
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)


def _clean_jpeg(data: bytes) -> bytes:
    """Returns the first picture of the file: phones put a second one, or a film, behind it."""
    kept: list[bytes] = []
    exif = xmp = b""
    for marker, part in bounded(_list_jpeg_parts(data)):
        body = part[4:]
        if marker in _APPLICATION:
            exif = exif or (body if body.startswith(_EXIF) else b"")
            xmp = xmp or (body if body.startswith(_XMP) else b"")
            if marker == _APPLICATION[0] and body.startswith(_JFIF) and len(body) >= _JFIF_BYTES:
                kept.append(part[:2] + struct.pack(">H", _JFIF_BYTES + 4) + body[:_JFIF_BYTES] + b"\0\0")
            elif body.startswith(_JPEG_KEPT.get(marker, b"\xff")):
                kept.append(part)
        elif marker in _JPEG_PIXELS:
            kept.append(part)
    turned = _orientation(read_orientation(exif, xmp))
    if turned:
        body = _EXIF + turned
        has_head = kept and kept[0].startswith(b"\xff\xe0")  # which is first wherever it is
        kept.insert(1 if has_head else 0, b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body)
    return b"\xff\xd8" + b"".join(kept)


def _list_jpeg_parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields each segment with its marker, and each scan with its pixels, up to the end of the first picture."""
    scan: int | None = None
    position = 2
    while (found := _JPEG_MARKER.search(data, position)) is not None:
        marker, start = found[1][0], found.start()
        if scan is not None:
            yield _START_OF_SCAN, data[scan:start]
            scan = None
        position = found.end()
        if marker == _END_OF_IMAGE:
            yield marker, data[start:position]
            return
        if marker in _BARE_MARKERS:
            continue
        position += max(2, int.from_bytes(data[position : position + 2]))
        if marker == _START_OF_SCAN:
            scan = start
        else:
            yield marker, data[start:position]
    if scan is not None:  # its end is missing
        yield _START_OF_SCAN, data[scan:]


def _clean_png(data: bytes) -> bytes:
    kept: list[bytes] = [_PNG]
    exif = xmp = b""
    for kind, chunk in bounded(_list_png_chunks(data)):
        body = chunk[8:-4]
        if kind == b"eXIf":
            exif = exif or body
        elif kind == b"iTXt" and body.startswith(b"XML:com.adobe.xmp\0"):
            xmp = xmp or body
        elif kind in _PNG_KEPT:
            kept.append(chunk)
    turned = _orientation(read_orientation(exif, xmp))
    if turned:
        body = b"eXIf" + turned
        kept.insert(2, struct.pack(">I", len(turned)) + body + struct.pack(">I", zlib.crc32(body)))
    return b"".join(kept)


def _list_png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields the type of each chunk, and all of it, up to the end of the picture."""
    position, kind = len(_PNG), b""
    while position + 8 <= len(data) and kind != b"IEND":
        end = position + 12 + int.from_bytes(data[position : position + 4])
        kind = data[position + 4 : position + 8]
        yield kind, data[position:end]
        position = end


def _clean_gif(data: bytes) -> bytes:
    kept = [data[: 13 + _gif_table_bytes(data[10])]]
    for kind, part in bounded(_list_gif_parts(data, len(kept[0]))):
        # Of the extensions: control of the next frame, and how an animation goes on; comments and all else are for programs.
        if kind != _GIF_EXTENSION or part[1] == 0xF9 or (part[1] == 0xFF and part[3:14] in _GIF_KEPT):
            kept.append(part)
    return b"".join(kept)


def _list_gif_parts(data: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """Yields the kind of each frame and extension, and all of it, and then the end."""
    while position < len(data):
        start, kind = position, data[position]
        if kind == _GIF_FRAME:
            position = _gif_blocks_end(data, start + 11 + _gif_table_bytes(data[start + 9]))
        elif kind == _GIF_EXTENSION:
            position = _gif_blocks_end(data, start + 2)
        elif kind == _GIF_END:
            yield kind, b";"
            return
        else:
            return
        yield kind, data[start:position]


def _gif_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks_end(data: bytes, position: int) -> int:
    while position < len(data) and data[position]:
        position += 1 + data[position]
    return min(position + 1, len(data))


def _clean_webp(data: bytes) -> bytes:
    kept: list[bytes] = []
    exif = xmp = b""
    for kind, chunk in bounded(_list_webp_chunks(data)):
        body = chunk[8:]
        if kind == b"EXIF":
            exif = exif or body
        elif kind == b"XMP ":
            xmp = xmp or body
        elif kind in _WEBP_KEPT:
            kept.append(chunk)
    turned = _orientation(read_orientation(exif, xmp))
    if kept and kept[0].startswith(b"VP8X"):
        flags = kept[0][8] & ~(_WEBP_EXIF | _WEBP_XMP) | (_WEBP_EXIF if turned else 0)
        kept[0] = kept[0][:8] + bytes([flags]) + kept[0][9:]
        if turned:
            kept.append(b"EXIF" + struct.pack("<I", len(turned)) + turned)
    body = b"".join(kept)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _list_webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    stop = min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while position + 8 <= stop:
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        end = position + 8 + size + size % 2
        yield data[position : position + 4], data[position:end]
        position = end


_CLEANERS: Sequence[tuple[Callable[[bytes], object], Callable[[bytes], bytes]]] = (
    (lambda data: data.startswith(b"\xff\xd8\xff"), _clean_jpeg),
    (lambda data: data.startswith(_PNG), _clean_png),
    (lambda data: data.startswith(_GIF), _clean_gif),
    (_WEBP.match, _clean_webp),
    (AVIF.match, clean_avif),
)
