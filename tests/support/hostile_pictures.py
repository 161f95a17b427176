"""Small files that cost whoever reads them much: made here, so that the tests hold none."""

import struct
import zlib
from io import BytesIO

from PIL import Image

from tests.support.pictures import encoded, packed_zeros


def many_scans(scans: int, *, side: int = 4000) -> bytes:
    """A well-formed progressive JPEG of one colour, whose last scan comes `scans` times more: each is decoded in full."""
    made = encoded(Image.new("RGB", (side, side), (90, 120, 150)), "JPEG", progressive=True, quality=85)
    last = made.rindex(b"\xff\xda")
    return made[:-2] + made[last:-2] * scans + made[-2:]


def wide_webp(side: int) -> bytes:
    """A WebP of `side` squared pixels of one colour: about two kilobytes, and 24 bytes of memory for each pixel."""
    return encoded(Image.new("RGB", (side, side), (90, 120, 150)), "WEBP", lossless=True, method=0)


def many_tags(tags: int, size: int) -> bytes:
    """A TIFF whose `tags` tags all name the same `size` bytes: whoever reads each of them reads the product."""
    entries = b"".join(struct.pack("<HHII", 40000 + tag, 1, size, 8) for tag in range(tags))
    head = b"II*\0" + struct.pack("<I", 8 + size)
    return head + bytes(size) + struct.pack("<H", tags) + entries + struct.pack("<I", 0)


def packed_profile(size: int) -> bytes:
    """A PNG of one pixel whose colour profile unpacks to `size` bytes."""
    profile = b"x\0\0" + packed_zeros(size)
    plain = encoded(Image.new("RGB", (1, 1)))
    chunk = struct.pack(">I", len(profile)) + b"iCCP" + profile + struct.pack(">I", zlib.crc32(b"iCCP" + profile))
    return plain[:33] + chunk + plain[33:]


def many_frames(frames: int, *, side: int = 64) -> bytes:
    """An animated GIF of so many frames."""
    out = BytesIO()
    first, *others = (Image.new("P", (side, side), number % 256) for number in range(frames))
    first.save(out, "GIF", save_all=True, append_images=others, loop=0)
    return out.getvalue()
