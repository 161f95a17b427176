"""What cameras and editors write beside the pixels of an image goes, and no pixel changes."""

import struct
import zlib
from contextlib import suppress
from io import BytesIO

import pillow_heif
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from server.media.metadata import Undefined, clean
from tests.support.pictures import decoded, encoded, halves, plain

SECRET = b"52.5163N"
ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><exif:GPSLatitude>" + SECRET + b"</exif:GPSLatitude></x:xmpmeta>"


def exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[ORIENTATION], made[MAKER] = orientation, SECRET.decode()
    made[GPS] = {1: "N", 2: (52.0, 30.0, 58.0), 27: SECRET.decode()}
    return made.tobytes()


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(orientation: int = 1, **options: object) -> bytes:
    """Everything that may stand in a JPEG: EXIF, XMP, IPTC, a comment, what only one maker knows, and another picture behind."""
    profile = b"a profile of colours"
    data = encoded(halves((64, 48)), "JPEG", exif=exif(orientation), icc_profile=profile, comment=SECRET, **options)
    more = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP) + segment(0xED, b"Photoshop 3.0\x008BIM" + SECRET)
    more += segment(0xE2, b"FPXR\0" + SECRET) + segment(0xEF, SECRET)
    head = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\3\1" + SECRET + b"\0")  # with a preview, of three pixels
    return data[:2] + head + more + data[20:] + b"\xff\xd8" + SECRET + b"\xff\xd9"


def png() -> bytes:
    info = PngInfo()
    info.add_text("Comment", SECRET.decode())
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    data = encoded(halves((64, 48)), "PNG", exif=exif(6), pnginfo=info)
    private = b"prVt" + SECRET
    chunk = struct.pack(">I", len(SECRET)) + private + struct.pack(">I", zlib.crc32(private))
    return data[:33] + chunk + data[33:] + SECRET


def gif() -> bytes:
    frames = [Image.new("P", (20, 20), index) for index in (0, 1, 2)]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], loop=0, comment=SECRET, duration=50)
    xmp = b"\x21\xff\x0bXMP DataXMP" + XMP + bytes([1, *range(255, -1, -1), 0])
    return out.getvalue()[:-1] + xmp + b";"


def webp(**options: object) -> bytes:
    data = encoded(halves((64, 48)), "WEBP", exif=exif(6), xmp=XMP, **options) + b"prVt\x08\0\0\0" + SECRET
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def avif_animation() -> bytes:
    """A film of two frames, with EXIF of the film and of its first picture, both in one place, and what programs write beside a film."""
    out = BytesIO()
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    frames[0].save(out, "AVIF", save_all=True, append_images=frames[1:], exif=exif(), xmp=XMP)
    return out.getvalue() + box(b"moov", box(b"udta", SECRET)) + box(b"uuid", bytes(16), SECRET)


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


IMAGES = {
    "jpeg": jpeg(),
    "turned jpeg": jpeg(6),
    "progressive jpeg": jpeg(3, progressive=True),
    "png": png(),
    "gif": gif(),
    "webp": webp(),
    "lossless webp": webp(lossless=True),
    "avif": encoded(halves((64, 48)), "AVIF", exif=exif(), xmp=XMP),
    "avif animation": avif_animation(),
}


@pytest.mark.parametrize("what", IMAGES)
def test_what_was_written_beside_the_pixels_goes_and_the_pixels_stay(what: str) -> None:
    data = IMAGES[what]
    assert SECRET in data
    bare = clean(data)
    assert bare is not None
    assert SECRET not in bare
    before, after = Image.open(BytesIO(data)), Image.open(BytesIO(bare))
    assert GPS not in after.getexif()
    if "avif" not in what:  # where the pixels themselves are turned
        assert after.getexif().get(ORIENTATION, 1) == before.getexif().get(ORIENTATION, 1)
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    assert getattr(after, "n_frames", 1) == getattr(before, "n_frames", 1)
    assert after.info.get("loop") == before.info.get("loop")
    for number in range(getattr(after, "n_frames", 1)):
        before.seek(number)
        after.seek(number)
        assert after.tobytes() == before.tobytes()
    assert clean(bare) is bare


@pytest.mark.parametrize("marker", [0x02, 0xF0, 0xFD, 0xFE])
def test_parts_of_a_jpeg_that_no_decoder_needs_go(marker: int) -> None:
    data = encoded(halves((64, 48)), "JPEG")
    assert clean(data[:2] + segment(marker, SECRET) + data[2:]) == data


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_an_image_without_metadata_is_left_as_it_is(kind: str) -> None:
    data = encoded(halves((64, 48)), kind)
    assert clean(data) is data


@pytest.mark.parametrize("what", IMAGES)
def test_a_broken_image_breaks_nothing(what: str) -> None:
    """Whatever is cut off or overwritten: there is an answer, and it does not hold what came after the break."""
    data = IMAGES[what]
    for at in range(0, len(data), max(1, len(data) // 60)):
        for broken in (data[:at], data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]):
            bare: bytes | None = None
            with suppress(Undefined):
                bare = clean(broken)
            assert bare is None or len(bare) <= len(broken) + 40


def test_a_cut_jpeg_keeps_the_pixels_that_are_there() -> None:
    data = encoded(halves((640, 480)), "JPEG", exif=exif())
    bare = clean(data[: len(data) - 400])
    assert bare is not None
    assert SECRET not in bare
    assert bare.endswith(data[-500:-400])


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_a_format_of_which_nothing_is_known_is_not_cleaned(kind: str) -> None:
    assert clean(encoded(halves((8, 8)), kind)) is None
    assert clean(b"no picture") is None


def test_heic_is_not_cleaned_but_converted() -> None:
    out = BytesIO()
    pillow_heif.from_pillow(decoded(plain())).save(out)
    assert clean(out.getvalue()) is None


def avif(iloc: bytes, size: int = 0) -> bytes:
    """An AVIF of one item, its EXIF; `iloc` says where that is."""
    entry = box(b"infe", b"\2\0\0\0", struct.pack(">HH", 1, 0), b"Exif\0")
    items = box(b"iinf", bytes(4), struct.pack(">H", 1), entry)
    head = box(b"ftyp", b"avif", bytes(4), b"avif")
    return head + box(b"meta", bytes(4), items, box(b"iloc", iloc)) + box(b"mdat", bytes(size))


@pytest.mark.parametrize("extents", [3, 30_000])
def test_an_avif_is_not_emptied_more_often_than_once(extents: int) -> None:
    """A few bytes would say it a million times."""
    whole = struct.pack(">HHHHHH", 0, 1, 1, 0, extents, 0)  # parts without a place or a length
    with pytest.raises(Undefined):
        clean(avif(bytes(4) + whole, 1000))


def test_what_describes_only_the_film_of_an_avif_goes_too() -> None:
    """Its place in the file is named in the film alone."""
    data = avif_animation()
    at = data.index(b"Exif", 44)  # in the list of the first picture
    assert data.index(b"meta") < at < data.index(b"moov")
    bare = clean(data[:at] + b"free" + data[at + 4 :].replace(b"mime", b"free", 1))
    assert bare is not None
    assert SECRET not in bare


def test_an_avif_with_metadata_in_another_item_is_not_cleaned_so() -> None:
    with pytest.raises(Undefined):
        clean(avif(b"\1\0\0\0" + struct.pack(">HHHHHH", 0, 1, 1, 2, 0, 1)))
