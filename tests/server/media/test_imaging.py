"""Pictures of every kind become two small JPEGs that tell nothing; what is none is refused."""

import asyncio
import base64
import struct
import warnings
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pillow_heif
import pytest
from PIL import AvifImagePlugin, Image, ImageCms, ImageFile
from PIL.PngImagePlugin import PngInfo

from models.documents.photo import BIG_PX, FULL_PX, PREVIEW_PX, SMALL_PX, Picture, Rendition
from models.errors import Malformed, RateLimited, TooLarge, Unavailable
from models.services.runtime.token_bucket import TokenBuckets
from server.media import picture_worker
from server.media.imaging import PictureProcesses
from tests.support.pictures import BLUE, GREEN, RED, WHITE, bomb, content_of, decoded, encoded, halves, is_near, plain

MAX_PIXELS = 4_000_000
CAMERA, GPS, ORIENTATION, SOFTWARE = 0x010F, 0x8825, 0x0112, 0x0131


@pytest.fixture
def imaging(tmp_path: Path) -> Iterator[PictureProcesses]:
    yield PictureProcesses(max_pixels=MAX_PIXELS, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []  # whatever a test did to it


async def shrink(imaging: PictureProcesses, data: bytes) -> Picture:
    return await imaging.make_photo(content_of(data), below_bytes=1 << 24)


Draw = Callable[[bytes], list[Image.Image]]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Draw:
    """The two sizes of a photo by the rules of its process, in this one: to start one takes longer than to draw."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # what a worker changes for itself
    monkeypatch.setattr(AvifImagePlugin, "DEFAULT_MAX_THREADS", AvifImagePlugin.DEFAULT_MAX_THREADS)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)

    def draw(data: bytes) -> list[Image.Image]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            opened = picture_worker.Opened(BytesIO(data), MAX_PIXELS, draft_px=2 * FULL_PX)
            full, preview, *_ = picture_worker.make_photo(opened.read(), FULL_PX, PREVIEW_PX, SMALL_PX, BIG_PX)
        return [Image.open(BytesIO(made)) for made in (full, preview)]

    return draw


async def test_a_photo_is_the_centre_square_in_two_sizes(imaging: PictureProcesses) -> None:
    picture = Image.new("RGB", (1400, 700), GREEN)
    picture.paste(halves((700, 700)), (350, 0))
    made = await shrink(imaging, encoded(picture, "JPEG", quality=95))
    for data, side in ((made.full, 640), (made.preview, 96)):
        shown = decoded(data)
        assert (shown.format, shown.size, shown.mode) == ("JPEG", (side, side), "RGB")
        assert is_near(shown.getpixel((side // 8, side // 2)), RED)
        assert is_near(shown.getpixel((side - side // 8, side // 2)), BLUE)


async def test_a_photo_comes_with_what_the_events_api_shows_of_it(imaging: PictureProcesses) -> None:
    made = await shrink(imaging, encoded(halves((700, 700))))
    again = await imaging.make_renditions(content_of(made.full))
    for renditions in (made.renditions, again):
        assert list(renditions) == [Rendition.SMALL, Rendition.BIG, Rendition.FADED]
        for data, side in zip(renditions.values(), (60, 250, 60), strict=True):
            shown = decoded(data)
            assert (shown.format, shown.size, shown.mode) == ("JPEG", (side, side), "RGB")
        assert is_near(decoded(renditions[Rendition.BIG]).getpixel((30, 125)), RED)
        assert is_near(decoded(renditions[Rendition.BIG]).getpixel((220, 125)), BLUE)
        pale = tuple(round(255 * 0.7 + part * 0.3) for part in BLUE)
        assert is_near(decoded(renditions[Rendition.FADED]).getpixel((50, 30)), pale)


async def test_the_sizes_of_the_events_api_have_its_quality(imaging: PictureProcesses) -> None:
    made = await shrink(imaging, encoded(Image.effect_noise((640, 640), 90).convert("RGB")))
    expected = encoded(Image.new("RGB", (8, 8)), "JPEG", quality=95)
    for data in made.renditions.values():
        assert Image.open(BytesIO(data)).quantization == Image.open(BytesIO(expected)).quantization


@pytest.mark.parametrize(("size", "side"), [((1, 1), 1), ((300, 200), 200), ((1, 3000), 1), ((640, 641), 640)])
def test_a_small_picture_is_not_enlarged_but_has_a_preview(drawn: Draw, size: tuple[int, int], side: int) -> None:
    full, preview = drawn(plain(size=size))
    assert full.size == (side, side)
    assert preview.size == (96, 96)
    assert is_near(full.getpixel((0, 0)), RED)


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("L", 90, (90, 90, 90)),
        ("1", 1, WHITE),
        ("I;16", 0x5A00, (90, 90, 90)),
        ("RGBA", (*RED, 255), RED),
        ("RGBA", (*RED, 0), WHITE),
        ("LA", (90, 0), WHITE),
    ],
)
def test_every_mode_is_seen_as_it_is_on_white(drawn: Draw, mode: str, colour: object, seen: tuple[int, ...]) -> None:
    full, _ = drawn(plain(mode, colour=colour))
    assert is_near(full.getpixel((50, 50)), seen)


def test_a_palette_with_transparency_is_seen_on_white(drawn: Draw) -> None:
    picture = Image.new("P", (200, 200), 0)
    picture.putpalette([*RED, *BLUE])
    picture.paste(1, (100, 0, 200, 200))
    shown, _ = drawn(encoded(picture, transparency=0))
    assert is_near(shown.getpixel((20, 100)), WHITE)
    assert is_near(shown.getpixel((180, 100)), BLUE)


def test_cmyk_is_seen_in_its_colours(drawn: Draw) -> None:
    picture = Image.new("RGB", (200, 200), RED).convert("CMYK")
    shown, _ = drawn(encoded(picture, "JPEG", quality=95))
    assert shown.mode == "RGB"
    assert is_near(shown.getpixel((100, 100)), RED)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF", "ICO", "PPM", "JPEG2000"])
def test_any_format_that_pillow_reads_will_do(drawn: Draw, kind: str) -> None:
    _, preview = drawn(encoded(halves((200, 200)), kind))
    assert is_near(preview.getpixel((80, 48)), BLUE)


async def test_a_photo_of_an_iphone_is_read_and_upright(imaging: PictureProcesses) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    out = BytesIO()
    pillow_heif.from_pillow(halves((800, 600))).save(out, exif=exif.tobytes())
    full = decoded((await shrink(imaging, out.getvalue())).full)
    assert full.size == (600, 600)
    assert is_near(full.getpixel((300, 20)), RED)
    assert is_near(full.getpixel((300, 580)), BLUE)


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
async def test_a_broken_heic_is_refused(imaging: PictureProcesses, brand: bytes) -> None:
    with pytest.raises(Malformed, match="no picture"):
        await shrink(imaging, b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(2000))


async def test_a_heic_of_too_many_pixels_is_refused(imaging: PictureProcesses) -> None:
    out = BytesIO()
    pillow_heif.from_pillow(halves((2200, 2000))).save(out, quality=1)
    with pytest.raises(Malformed, match="pixels"):
        await shrink(imaging, out.getvalue())


def test_of_an_animation_the_first_frame_is_taken(drawn: Draw) -> None:
    later = Image.new("RGB", (100, 100), BLUE)
    data = encoded(Image.new("RGB", (100, 100), RED), "GIF", save_all=True, append_images=[later, later])
    full, _ = drawn(data)
    assert is_near(full.getpixel((50, 50)), RED)


@pytest.mark.parametrize(
    ("orientation", "red_at"),
    [
        (1, (10, 50)),
        (2, (90, 50)),
        (3, (90, 50)),
        (4, (10, 50)),
        (5, (50, 10)),
        (6, (50, 10)),
        (7, (50, 90)),
        (8, (50, 90)),
    ],
)
def test_a_picture_is_turned_upright(drawn: Draw, orientation: int, red_at: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(halves((100, 100)), "JPEG", quality=95, exif=exif)
    shown, _ = drawn(data)
    assert is_near(shown.getpixel(red_at), RED, by=30)
    assert is_near(shown.getpixel((99 - red_at[0], 99 - red_at[1])), BLUE, by=30)


def test_a_tag_of_a_wrong_type_does_not_make_a_picture_unreadable(drawn: Draw) -> None:
    """`Software` as a fraction, and turned: nothing of the tags is written anew."""
    tags = struct.pack("<HHIHH", ORIENTATION, 3, 1, 6, 0) + struct.pack("<HHII", SOFTWARE, 5, 1, 38)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + tags + struct.pack("<III", 0, 1, 0)
    shown, _ = drawn(encoded(halves((100, 100)), "JPEG", quality=95, exif=exif))
    assert is_near(shown.getpixel((50, 10)), RED, by=30)


async def test_nothing_is_told_of_where_and_by_what_it_was_taken(imaging: PictureProcesses) -> None:
    exif = Image.Exif()
    exif[CAMERA], exif[GPS] = "SecretCamera", {1: "N", 2: (52.0, 31.0, 12.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    jpeg = encoded(halves(), "JPEG", exif=exif, comment=b"SecretComment")
    with_profile = encoded(halves(), "JPEG", exif=exif, comment=b"SecretComment", icc_profile=profile)
    text = PngInfo()
    text.add_text("Author", "SecretAuthor")
    png = encoded(halves(), pnginfo=text, exif=exif)
    for data in (jpeg, with_profile, png):
        assert b"Secret" in data
        made = await shrink(imaging, data)
        for small in (made.full, made.preview):
            assert b"Secret" not in small
            shown = Image.open(BytesIO(small))
            assert not shown.getexif()
            assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_broken_colour_profile_is_passed_over(drawn: Draw) -> None:
    full, _ = drawn(encoded(halves(), "JPEG", icc_profile=b"no profile" * 20))
    assert is_near(full.getpixel((100, 300)), RED)


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"no picture" * 1000, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"]
)
async def test_what_is_no_picture_is_refused(imaging: PictureProcesses, data: bytes) -> None:
    with pytest.raises(Malformed, match="no picture"):
        await shrink(imaging, data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_that_breaks_off_is_refused(imaging: PictureProcesses, kind: str) -> None:
    data = encoded(Image.effect_noise((400, 400), 90).convert("RGB"), kind)
    with pytest.raises(Malformed):
        await shrink(imaging, data[: len(data) // 2])


async def test_a_few_bytes_that_unpack_to_too_many_pixels_are_refused(imaging: PictureProcesses) -> None:
    data = bomb(2001)
    assert len(data) < 10_000
    with pytest.raises(Malformed, match="4000000 pixels"):
        await shrink(imaging, data)
    assert decoded((await shrink(imaging, bomb(2000))).full).size == (640, 640)


async def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_read(imaging: PictureProcesses) -> None:
    data = bytearray(bomb(10))
    data[16:24] = b"\0\xff\xff\xff" * 2
    with pytest.raises(Malformed):
        await shrink(imaging, bytes(data))


async def test_a_file_over_the_limit_is_too_large(imaging: PictureProcesses) -> None:
    data = plain()
    with pytest.raises(TooLarge):
        await imaging.make_photo(content_of(data, 10), below_bytes=len(data))
    await imaging.make_photo(content_of(data, 10), below_bytes=len(data) + 1)


async def test_a_thumbnail_shows_the_whole_picture(imaging: PictureProcesses) -> None:
    shown = await imaging.make_thumbnail(content_of(encoded(halves((1600, 400)), "JPEG")))
    assert decoded(shown.data).size == (320, 80)
    small = await imaging.make_thumbnail(content_of(plain(size=(30, 20))))
    assert decoded(small.data).size == (30, 20)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_placeholder_has_the_size_in_which_the_picture_is_seen(
    imaging: PictureProcesses, kind: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    made = await imaging.make_thumbnail(content_of(encoded(halves((1600, 400)), kind, exif=exif)))
    seen = (made.placeholder.width, made.placeholder.height)
    assert seen == ((1600, 400) if orientation < 5 else (400, 1600))
    assert decoded(made.data).size == ((320, 80) if orientation < 5 else (80, 320))


async def test_a_placeholder_has_a_blur_of_the_picture(imaging: PictureProcesses) -> None:
    flat = await imaging.make_thumbnail(content_of(plain(size=(300, 200), colour=WHITE)))
    blur = base64.b64decode(flat.placeholder.blur)
    assert 5 < len(blur) < 30
    assert blur[0] & 63 == 63  # its mean brightness, of 63


async def test_many_pictures_at_once_are_all_made(imaging: PictureProcesses) -> None:
    made = await asyncio.gather(*(shrink(imaging, plain(colour=(n, 0, 0))) for n in range(0, 160, 40)))
    assert [decoded(each.full).getpixel((1, 1))[0] // 40 for each in made] == [0, 1, 2, 3]


async def test_beyond_those_that_may_wait_a_picture_is_refused(
    imaging: PictureProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.media.imaging.WAITING_MAX", 2)
    answers = await asyncio.gather(*(shrink(imaging, plain()) for _ in range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers].count(Unavailable) == 3
    assert (await shrink(imaging, plain())).full


async def test_a_picture_that_takes_its_process_down_is_refused(
    imaging: PictureProcesses, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    worker = tmp_path_factory.mktemp("worker") / "dies.py"
    worker.write_text("import os; os.abort()")
    monkeypatch.setattr("server.media.imaging.WORKER", worker)
    with pytest.raises(Malformed, match="no picture"):
        await shrink(imaging, plain())


async def test_a_picture_that_takes_too_long_is_given_up(
    imaging: PictureProcesses, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    worker = tmp_path_factory.mktemp("worker") / "hangs.py"
    worker.write_text("import time; time.sleep(1000)")
    monkeypatch.setattr("server.media.imaging.WORKER", worker)
    monkeypatch.setattr("server.media.imaging.TIMEOUT_S", 0.5)
    with pytest.raises(Malformed, match="too long"):
        await shrink(imaging, plain())


@pytest.mark.parametrize(
    "source", ["import os; os.abort()", "import time; time.sleep(1000)", "import sys; sys.exit(1)"]
)
async def test_a_file_is_not_taken_for_clean_because_its_process_failed(
    imaging: PictureProcesses, source: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    worker = tmp_path_factory.mktemp("worker") / "fails.py"
    worker.write_text(source)
    monkeypatch.setattr("server.media.imaging.CLEANING_WORKER", worker)
    monkeypatch.setattr("server.media.imaging.TIMEOUT_S", 0.5)
    for clean in (imaging.clean_image, imaging.find_metadata):
        with pytest.raises(Unavailable):
            await clean(content_of(plain()))


async def test_a_sound_that_nothing_decodes_counts_once_and_a_broken_picture_twenty_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.media.imaging.QUICK_S", 60)  # however slow this machine is
    limit = TokenBuckets(per_s=0.001, burst=40)
    imaging = PictureProcesses(max_pixels=1000, folder=tmp_path, limit=limit)
    for _ in range(3):
        with pytest.raises(Malformed):
            await imaging.examine_sound(content_of(b"no sound"), by="Ann")
    for _ in range(2):
        with pytest.raises(Malformed):
            await imaging.convert_image(content_of(b"no picture"), by="Ann")
    with pytest.raises(RateLimited):
        await imaging.examine_sound(content_of(b"no sound"), by="Ann")
