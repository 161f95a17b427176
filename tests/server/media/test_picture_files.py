"""What a file says beside its pixels decides nothing about the picture but how it is turned and its colours."""

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms, ImageFile

from server.media.picture_files import read_orientation
from server.media.picture_worker import Opened
from tests.support.pictures import BLUE, GREEN, RED, WHITE, encoded, halves, is_near, packed_zeros

UPRIGHT, TURNED = (100, 60), (60, 100)
ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5
MAKE, ORIENTATION, SOFTWARE, XMP = 0x010F, 0x0112, 0x0131, 700
BEYOND = struct.pack("<I", 99_999)  # where no file of these tests has a byte


def read(data: bytes) -> Image.Image:
    return Opened(BytesIO(data), max_pixels=4_000_000, draft_px=1280).read()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*segments: bytes, picture: Image.Image | None = None, **options: Any) -> bytes:
    """A JPEG with these segments in front of all others."""
    made = encoded(picture or halves(UPRIGHT), "JPEG", quality=95, **options)
    return made[:2] + b"".join(segments) + made[2:]


def entry(tag: int, kind: int, count: int, value: bytes, order: str = "<") -> bytes:
    return struct.pack(order + "HHI4s", tag, kind, count, value)


def exif(*entries: bytes, order: str = "<", behind: bytes = b"") -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    tags = struct.pack(order + "H", len(entries)) + b"".join(entries) + struct.pack(order + "I", 0)
    return b"Exif\0\0" + head + struct.pack(order + "I", 8) + tags + behind


TURN = entry(ORIENTATION, SHORT, 1, struct.pack("<H", 6))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(depth: int, colours: int, row: bytes, *chunks: bytes) -> bytes:
    """A PNG of two by two pixels, with these chunks in front of its pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, depth, colours, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress((b"\0" + row) * 2))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "block",
    [
        exif(TURN),
        exif(TURN, entry(SOFTWARE, RATIONAL, 1, struct.pack("<I", 38)), behind=struct.pack("<II", 1, 0)),
        exif(TURN, entry(SOFTWARE, SHORT, 70_000, BEYOND)),
        exif(entry(MAKE, ASCII, 500, BEYOND), TURN),
        exif(entry(MAKE, 99, 1, b""), TURN),
        exif(entry(ORIENTATION, LONG, 1, struct.pack("<I", 6))),
        exif(entry(ORIENTATION, 1, 1, b"\6")),
        exif(entry(ORIENTATION, SHORT, 2, struct.pack("<HH", 6, 6))),
        exif(entry(ORIENTATION, SHORT, 1, struct.pack(">H", 6), ">"), order=">"),
        exif(entry(ORIENTATION, LONG, 1, struct.pack(">I", 6), ">"), order=">"),
    ],
    ids=["short", "rational software", "too many", "before it", "no type", "long", "byte", "two", "big-endian", "big-endian long"],
)  # fmt: skip
def test_a_jpeg_is_turned_whatever_else_its_tags_say(block: bytes) -> None:
    assert read(jpeg(segment(0xE1, block))).size == TURNED


@pytest.mark.parametrize(
    "block",
    [
        b"", b"Exif\0\0", b"Exif\0\0junk", exif(TURN)[:20], exif(), exif(TURN)[:10] + BEYOND,
        *(exif(entry(ORIENTATION, SHORT, 1, struct.pack("<H", turn))) for turn in (0, 9, 65535)),
        exif(entry(ORIENTATION, RATIONAL, 1, BEYOND)),
    ],
    ids=["empty", "no block", "junk", "cut", "no tags", "beyond", "0", "9", "65535", "rational"],
)  # fmt: skip
def test_what_says_nothing_of_a_turn_leaves_the_picture_as_it_is(block: bytes) -> None:
    assert read(jpeg(segment(0xE1, block))).size == UPRIGHT


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_picture_of_any_format_is_turned(kind: str) -> None:
    tags = Image.Exif()
    tags[ORIENTATION], tags[SOFTWARE] = 6, "A camera"
    turned = read(encoded(halves(UPRIGHT), kind, exif=tags))
    assert turned.size == TURNED
    assert is_near(turned.getpixel((30, 10)), RED, by=30)


def test_xmp_says_it_where_exif_does_not() -> None:
    xmp = b'http://ns.adobe.com/xap/1.0/\0<rdf:Description tiff:Orientation="6"/>'
    assert read(jpeg(segment(0xE1, xmp))).size == TURNED
    assert read(jpeg(segment(0xE1, xmp.replace(b"6", b"six")))).size == UPRIGHT
    assert read_orientation(exif(entry(ORIENTATION, SHORT, 1, b"\3\0")), xmp) == 3


@pytest.mark.parametrize(
    "broken",
    [
        segment(0xE2, b"ICC_PROFILE\0"), segment(0xE2, b"ICC_PROFILE\0\1\1no profile"), segment(0xE0, b"JFIF\0"),
        segment(0xE2, b"MPF\0junk"), segment(0xE2, b"MPF\0" + exif(entry(45057, LONG, 1, b"\2"))[6:]),
        segment(0xEE, b"Adobe"), segment(0xED, b"Photoshop 3.0\x008BIM"), segment(0xFE, b"x" * 65_000) * 40,
    ],
    ids=["profile", "no profile", "JFIF", "pictures", "two pictures", "Adobe", "Photoshop", "comments"],
)  # fmt: skip
def test_a_jpeg_is_read_whatever_programs_left_in_it(broken: bytes) -> None:
    shown = read(jpeg(broken))
    assert is_near(shown.getpixel((10, 30)), RED)
    assert is_near(shown.getpixel((90, 30)), BLUE)


@pytest.mark.parametrize(
    "broken",
    [
        chunk(b"pHYs", b"\0"), chunk(b"gAMA", b""), chunk(b"cHRM", b"1"), chunk(b"sRGB", b""), chunk(b"eXIf", b"junk"),
        chunk(b"acTL", bytes(8)), chunk(b"fcTL", b""), chunk(b"iCCP", b"a\0\0junk"), chunk(b"tRNS", b"\0"),
        chunk(b"iCCP", b"a\0\0" + packed_zeros(30_000_000)), chunk(b"tEXt", b"a\0b")[:-1] + b"?",
        chunk(b"zTXt", b"a\0\0" + packed_zeros(3_000_000)),
        chunk(b"iTXt", b"a\0\1\0\0\0" + packed_zeros(3_000_000)),
    ],
    ids=["size", "gamma", "white", "sRGB", "EXIF", "animation", "frame", "profile", "transparency", "huge profile", "checksum",
         "huge text", "huge UTF-8"],
)  # fmt: skip
def test_a_png_is_read_whatever_stands_beside_its_pixels(broken: bytes) -> None:
    assert read(png(8, 2, bytes(RED) * 2, broken)).getpixel((1, 1)) == RED


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (MAKE, entry(MAKE, ASCII, 500, BEYOND)),
        (SOFTWARE, entry(SOFTWARE, RATIONAL, 1, BEYOND)),
        (XMP, entry(XMP, SHORT, 1, b"")),
    ],
)
def test_a_tiff_is_read_whatever_its_tags_say(tag: int, value: bytes) -> None:
    tags = Image.Exif()
    tags[tag] = b"<x:xmpmeta/>" if tag == XMP else "A camera"
    data = bytearray(encoded(halves(UPRIGHT), "TIFF", exif=tags))
    (directory,) = struct.unpack_from("<I", data, 4)
    at = data.index(struct.pack("<H", tag), directory)
    data[at : at + 12] = value
    assert is_near(read(bytes(data)).getpixel((10, 30)), RED)


@pytest.mark.parametrize(
    ("depth", "colours", "key", "row", "seen"),
    [
        (16, 2, (65535, 0, 0x1234), struct.pack(">6H", 65535, 0, 0x1234, 65535, 0, 0x1235), (255, 0, 0x12)),
        (16, 0, (0x8001,), struct.pack(">2H", 0x8001, 0x8002), (0x80,) * 3),
        (8, 2, RED, bytes(RED + GREEN), GREEN),
        (8, 0, (90,), bytes([90, 91]), (91,) * 3),
        (4, 0, (3,), b"\x38", (0x88,) * 3),
        (2, 0, (1,), b"\x60", (170,) * 3),
        (1, 0, (1,), b"\x80", (0, 0, 0)),
    ],
)  # fmt: skip
def test_the_colour_of_a_png_that_is_transparent_is_and_its_neighbour_is_not(
    depth: int, colours: int, key: tuple[int, ...], row: bytes, seen: tuple[int, ...]
) -> None:
    transparent = chunk(b"tRNS", struct.pack(f">{len(key)}H", *key))
    shown = read(png(depth, colours, row, transparent))
    assert (shown.getpixel((0, 0)), shown.getpixel((1, 0))) == (WHITE, seen)


def test_half_transparent_entries_of_a_palette_stay_so() -> None:
    palette = chunk(b"PLTE", bytes(RED + BLUE)), chunk(b"tRNS", b"\x80")
    shown = read(png(8, 3, b"\0\1", *palette))
    assert is_near(shown.getpixel((0, 0)), tuple((part + 255) // 2 for part in RED), by=2)
    assert shown.getpixel((1, 0)) == BLUE


def _profile(gamma: float) -> bytes:
    """sRGB but for its curves: of this gamma, written into the curves' tags."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tags = struct.unpack_from(">I", made, 128)[0]
    curve = struct.pack(">4sIIH", b"curv", 0, 1, round(gamma * 256)) + b"\0\0"
    bare = bytearray(made)
    for number in range(tags):
        name, at, size = struct.unpack_from(">4sII", made, 132 + 12 * number)
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            assert size >= len(curve)
            bare[at : at + len(curve)] = curve
            struct.pack_into(">I", bare, 132 + 12 * number + 8, 14)
    return bytes(bare)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("RGB", "JPEG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("P", "PNG"), ("RGBA", "WEBP"), ("RGB", "TIFF")],
)
def test_colours_are_those_of_their_profile(mode: str, kind: str) -> None:
    """A middle grey of gamma 1 is much lighter than one of sRGB."""
    grey = Image.new(mode, (20, 20), {"RGBA": (128, 128, 128, 255), "P": 1}.get(mode, (128, 128, 128)))
    if mode == "P":
        grey.putpalette([0, 0, 0, 128, 128, 128])
    options = {"lossless": True} if kind == "WEBP" else {}
    shown = read(encoded(grey, kind, icc_profile=_profile(1.0), **options))
    assert is_near(shown.getpixel((5, 5)), (188, 188, 188), by=4)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_a_profile_of_other_colours_is_passed_over(mode: str) -> None:
    picture = Image.new("RGB", (20, 20), (120, 120, 120)).convert(mode)
    assert is_near(read(jpeg(picture=picture, icc_profile=_profile(1.0))).getpixel((5, 5)), (120, 120, 120), by=4)


@pytest.mark.parametrize("kind", ["MPO", "GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_of_several_pictures_in_a_file_the_first_is_shown(kind: str) -> None:
    first, second = halves(UPRIGHT), Image.new("RGB", UPRIGHT, GREEN)
    shown = read(encoded(first, kind, save_all=True, append_images=[second, second]))
    assert is_near(shown.getpixel((10, 30)), RED, by=20)
    assert is_near(shown.getpixel((90, 30)), BLUE, by=20)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_lacks_its_last_bytes_is_read_and_one_that_lacks_more_is_not(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)
    data = encoded(Image.effect_noise((400, 400), 90).convert("RGB"), kind)
    with pytest.raises(OSError, match="truncated"):
        read(data[: len(data) // 2])
    for missing in (1, 2, 30):
        assert read(data[:-missing]).size == (400, 400)
        monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)
