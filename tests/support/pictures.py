"""Pictures of every kind for the tests, made where they are needed."""

import struct
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

from PIL import Image

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (255, 255, 255)


async def content_of(data: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    """The bytes as an upload brings them."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def halves(size: tuple[int, int] = (800, 800)) -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (size[0] // 2, 0, size[0], size[1]))
    return picture


def plain(mode: str = "RGB", size: tuple[int, int] = (300, 200), colour: Any = RED) -> bytes:
    return encoded(Image.new(mode, size, colour))


def decoded(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


def is_near(one: Any, other: tuple[int, ...], by: int = 12) -> bool:
    """Whether two colours look the same after a JPEG."""
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def packed_zeros(size: int) -> bytes:
    """What zlib unpacks to `size` zero bytes, at once: of what is packed, one part is packed and repeated."""

    def packed(count: int, end: int) -> bytes:
        packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
        return packer.compress(bytes(count)) + packer.flush(end)

    parts, rest = divmod(size, 1 << 20)
    body = packed(1 << 20, zlib.Z_FULL_FLUSH) * parts + packed(rest, zlib.Z_FINISH)
    return b"\x78\xda" + body + struct.pack(">HH", size % 65_521, 1)  # the sum of Adler


def bomb(side: int) -> bytes:
    """A well-formed PNG of `side` squared grey pixels in a few kilobytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    body = packed_zeros(side * (side + 1))
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
