"""Shrinks one picture in a process of its own: what a hostile file can take down ends with it.

Run as a program: the picture on stdin (a file), the sizes on stdout, each as its length and its JPEG bytes. Exit status 0, or
REFUSED with one line for people on stderr; anything else is a file that broke the decoder.
"""

import struct
import sys
import warnings
from contextlib import suppress
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageCms, ImageFile, ImageOps

REFUSED = 3
LENGTH = struct.Struct(">I")
QUALITY = 85  # artefacts cannot be seen at these sizes; about 60 kB for 640 px
EVENTS_QUALITY = 95  # events contract 2.8
FADED = 0.3  # the same
WHITE = (255, 255, 255)  # what shines through where a picture is transparent
# Not read although Pillow could: PostScript would be run, by a program that may be installed, and a video is no picture.
_UNREAD = ("EPS", "MPEG")
_MEMORY_FIXED_BYTES = 768 << 20  # address space of the interpreter and its libraries, most of it never touched
_MEMORY_PER_PIXEL_BYTES = 16  # four channels, in and out of a conversion, and what is cut out
CPU_S = 30  # fifty megapixels of the slowest format take a few


class Refused(Exception):
    """The picture cannot be used, for a reason that its sender may know."""


def make_photo(
    source: BinaryIO, full_px: int, preview_px: int, small_px: int, big_px: int, max_pixels: int
) -> list[bytes]:
    """The centre square: at most `full_px` wide, never enlarged, `preview_px` wide, and its renditions."""
    picture = _read(source, max_pixels, draft_px=full_px * 2)
    side = min(picture.size)
    full = ImageOps.fit(picture, (min(side, full_px),) * 2, Image.Resampling.LANCZOS)
    preview = ImageOps.fit(full, (preview_px,) * 2, Image.Resampling.LANCZOS)
    return [_jpeg(full), _jpeg(preview), *_renditions(full, small_px, big_px)]


def make_renditions(source: BinaryIO, small_px: int, big_px: int, max_pixels: int) -> list[bytes]:
    """The renditions of a photo that was stored before."""
    return _renditions(_read(source, max_pixels, draft_px=big_px * 2), small_px, big_px)


def _renditions(photo: Image.Image, small_px: int, big_px: int) -> list[bytes]:
    """The centre square `small_px` wide, `big_px` wide, and the small one faded on white."""
    small = ImageOps.fit(photo, (small_px,) * 2, Image.Resampling.LANCZOS)
    big = ImageOps.fit(photo, (big_px,) * 2, Image.Resampling.LANCZOS)
    faded = Image.blend(Image.new("RGB", small.size, WHITE), small, FADED)
    return [_jpeg(each, EVENTS_QUALITY) for each in (small, big, faded)]


def make_thumbnail(source: BinaryIO, max_px: int, max_pixels: int) -> list[bytes]:
    """The whole picture, at most `max_px` wide and high, never enlarged."""
    picture = _read(source, max_pixels, draft_px=max_px * 2)
    picture.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    return [_jpeg(picture)]


def _read(source: BinaryIO, max_pixels: int, draft_px: int) -> Image.Image:
    """The first frame, upright, opaque, in sRGB; raises Refused."""
    # Pillow counts before it unpacks, also pictures inside of pictures (icons); what it only warns of is refused here.
    Image.MAX_IMAGE_PIXELS = max_pixels
    Image.init()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source, formats=[name for name in Image.OPEN if name not in _UNREAD]) as picture:
                # JPEG alone: decodes at a half, a quarter or an eighth of the size when that is enough.
                picture.draft(None, (draft_px, draft_px))
                picture.load()
                upright = ImageOps.exif_transpose(picture)
                return _opaque(_srgb(upright, picture.info.get("icc_profile")))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(f"The picture has more than {max_pixels} pixels.") from None
    except MemoryError:
        raise Refused("The picture needs too much memory.") from None
    except Refused:
        raise
    except Exception as error:
        raise Refused("The file is no picture that can be read.") from error


def _srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """In the colours that a picture without a profile is shown in; a broken profile is passed over."""
    if profile and picture.mode in ("RGB", "CMYK"):
        with suppress(ImageCms.PyCMSError, OSError, ValueError):
            converted = ImageCms.profileToProfile(
                picture,
                ImageCms.ImageCmsProfile(BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
            return converted or picture
    return picture


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits of grey
        picture = picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        ground = Image.new("RGB", picture.size, WHITE)
        ground.paste(picture, mask=picture.getchannel("A"))
        return ground
    return picture.convert("RGB")


def _jpeg(picture: Image.Image, quality: int = QUALITY) -> bytes:
    picture.info = {}  # comments and profiles stand here; where a photo was taken is nobody's business
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def _limit(max_pixels: int) -> None:
    try:
        import resource
    except ImportError:  # not made for Windows
        return
    memory = _MEMORY_FIXED_BYTES + max_pixels * _MEMORY_PER_PIXEL_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main(what: str, *numbers: str) -> int:
    """`photo FULL_PX PREVIEW_PX SMALL_PX BIG_PX MAX_PIXELS`, `renditions SMALL_PX BIG_PX MAX_PIXELS` or `thumbnail MAX_PX MAX_PIXELS`."""
    *sizes, max_pixels = map(int, numbers)
    _limit(max_pixels)
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    source = sys.stdin.buffer
    try:
        if what == "photo":
            made = make_photo(source, sizes[0], sizes[1], sizes[2], sizes[3], max_pixels)
        elif what == "renditions":
            made = make_renditions(source, sizes[0], sizes[1], max_pixels)
        else:
            made = make_thumbnail(source, sizes[0], max_pixels)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    for jpeg in made:
        sys.stdout.buffer.write(LENGTH.pack(len(jpeg)) + jpeg)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
