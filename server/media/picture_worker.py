"""Shrinks one picture in a process of its own, so that a hostile file can only take down this process.

Run as a program, with the open file's descriptor as its first argument. It reads the file's header, writes to stdout
how many bytes of memory the pixels will take, and waits for a byte on stdin before it decodes any of them. Then the
sizes follow on stdout, each as its length and its JPEG bytes. The exit status is 0, or REFUSED with one line for people
on stderr; any other status means that the file broke the decoder.
"""

import os
import re
import struct
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import AvifImagePlugin, Image, ImageChops, ImageCms, ImageFile, ImageOps

from server.media.picture_files import PictureFile, read_orientation, separate

REFUSED = 3
LENGTH = struct.Struct(">I")
NEEDED = struct.Struct(">Q")
QUALITY = 85  # artefacts cannot be seen at these sizes; about 60 kB for 640 px
EVENTS_QUALITY = 95  # docs/events-api.md, "Pictures"
FADED = 0.3  # the same
WHITE = (255, 255, 255)  # what shines through where a picture is transparent
# Formats of phones, browsers and cameras, and bytes of memory that unpacking takes for each pixel at most (measured, rounded
# up). Pillow could read thirty more formats: hardly ever met, and each a decoder that somebody may break.
BYTES_PER_PIXEL: Mapping[str, int] = {
    "AVIF": 18,
    "BMP": 5,
    "DIB": 5,
    "GIF": 2,
    "ICO": 10,
    "JPEG": 5,
    "JPEG2000": 22,
    "PNG": 5,
    "PPM": 8,
    "TIFF": 10,
    "WEBP": 20,
}
JPEG_SAMPLE_BYTES = 2  # of a JPEG with several scans, all of which lie in memory: for each component, at full size
COPY_BYTES = 8  # more, where the pixels are a palette's, have 16 bits, or are transparent
KEYED_BYTES = 8  # more again, where a PNG of 16 bits is unpacked twice
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SCANS_MAX = 64  # of one JPEG: ten are usual, and each is decoded in full
# The format of iPhone photos; an AVIF names itself first.
_HEIF = re.compile(rb"....ftyp(?:hei[cmsx]|hev[cmsx]|mif1|msf1)", re.DOTALL)
_SMALL_BYTES = 24 << 20  # what is made of a picture, and buffers that do not grow with it
_HEADER_BYTES = 64 << 20  # for reading a header: texts and profiles are in it
MISSING_SHARE = 1 / 16  # of a picture's height that may be missing at its end: cameras and networks lose the last bytes
_FROM_TOP_TO_BOTTOM = ("JPEG", "PNG")  # in these what has not come lies below


class Refused(Exception):
    """Says why a picture cannot be used, in words that its sender may read."""


def make_photo(picture: Image.Image, full_px: int, preview_px: int, small_px: int, big_px: int) -> list[bytes]:
    """Returns the centre square in full size (at most `full_px` wide, never enlarged), as preview, and its renditions."""
    side = min(picture.size)
    full = ImageOps.fit(picture, (min(side, full_px),) * 2, Image.Resampling.LANCZOS)
    preview = ImageOps.fit(full, (preview_px,) * 2, Image.Resampling.LANCZOS)
    return [_jpeg(full), _jpeg(preview), *make_renditions(full, small_px, big_px)]


def make_renditions(photo: Image.Image, small_px: int, big_px: int) -> list[bytes]:
    """Returns the centre square `small_px` wide, `big_px` wide, and the small one faded on white."""
    small = ImageOps.fit(photo, (small_px,) * 2, Image.Resampling.LANCZOS)
    big = ImageOps.fit(photo, (big_px,) * 2, Image.Resampling.LANCZOS)
    faded = Image.blend(Image.new("RGB", small.size, WHITE), small, FADED)
    return [_jpeg(each, EVENTS_QUALITY) for each in (small, big, faded)]


def make_thumbnail(picture: Image.Image, max_px: int) -> list[bytes]:
    """Returns the whole picture, at most `max_px` wide and high, never enlarged."""
    picture.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    return [_jpeg(picture)]


class Opened:
    """A picture of which the header has been read, and no pixel."""

    def __init__(self, source: BinaryIO, max_pixels: int, draft_px: int) -> None:
        """`draft_px` is the side that is enough for the result. Raises Refused, and whatever Pillow raises."""
        # Pillow counts before it unpacks, also pictures inside of pictures (icons); what it only warns of is refused here.
        Image.MAX_IMAGE_PIXELS = max_pixels
        if _HEIF.match(source.read(12)):
            raise Refused("HEIC pictures cannot be read here; send a JPEG.")
        source.seek(0)
        self._file = file = separate(source.read())
        if file.scans > SCANS_MAX:
            raise Refused("The picture has too many scans.")
        self._draft_px = draft_px
        # A thread for each core, and room for its stack, is more than one picture needs.
        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
        Image.init()
        self._picture = Image.open(BytesIO(file.data), formats=[name for name in BYTES_PER_PIXEL if name in Image.OPEN])
        width, height = self._picture.size
        if width * height > max_pixels:
            raise Image.DecompressionBombError
        needed = width * height * JPEG_SAMPLE_BYTES * len(self._picture.getbands()) if file.scans > 1 else 0
        # JPEG alone: decodes at a half, a quarter or an eighth of the size when that is enough.
        self._picture.draft(None, (draft_px, draft_px))
        width, height = self._picture.size
        is_copied = _is_indirect(self._picture) or self._picture.has_transparency_data
        per_pixel = BYTES_PER_PIXEL[self._picture.format or ""] + (COPY_BYTES if is_copied else 0)
        per_pixel += KEYED_BYTES if file.is_keyed_16 else 0
        self.needed_bytes = _SMALL_BYTES + len(file.data) + needed + width * height * per_pixel

    def read(self) -> Image.Image:
        """Returns the first frame, decoded once: upright, opaque, in sRGB, and not much larger than `draft_px`."""
        picture: Image.Image = self._picture
        del self._picture  # the first pixels go as soon as there are other ones
        _load(picture)
        profile, orientation = _describe(picture, self._file)
        if self._file.is_keyed_16:
            picture = _keyed_16(picture, self._file.data)
        elif _is_indirect(picture):
            picture = _direct(picture)
        factor = min(picture.size) // self._draft_px
        if factor > 1:
            picture = picture.reduce(factor)  # what follows makes copies
        if orientation in _TURNS:
            picture = picture.transpose(_TURNS[orientation])
        return _opaque(_srgb(picture, profile))


def _load(picture: Image.Image) -> None:
    """Decode the pixels. Raises OSError for a picture of which more than the very end is missing."""
    try:
        picture.load()
    except OSError:
        came = picture.im.getbbox(False)  # rows that did not come are zeros
        is_near_the_end = came is not None and came[3] >= picture.height * (1 - MISSING_SHARE)
        if picture.format not in _FROM_TOP_TO_BOTTOM or not is_near_the_end:
            raise
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        picture.load()


def _describe(picture: Image.Image, file: PictureFile) -> tuple[bytes | None, int]:
    """Returns the colour profile and the orientation."""
    if file.orientation is not None:
        return file.profile, file.orientation
    info = picture.info
    if picture.format == "TIFF":  # has been turned while it was unpacked
        return info.get("icc_profile"), 1
    return info.get("icc_profile"), read_orientation(info.get("exif") or b"", info.get("xmp") or b"")


def _is_indirect(picture: Image.Image) -> bool:
    """Returns whether its pixel values are no colours that can be interpolated."""
    return picture.mode in ("1", "P", "PA") or picture.mode.startswith("I") or "transparency" in picture.info


def _direct(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits of grey
        return _grey_16(picture)
    if picture.mode == "PA" or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _grey_16(picture: Image.Image) -> Image.Image:
    key = picture.info.get("transparency")
    wide = picture.convert("I")
    grey = wide.point([value >> 8 for value in range(1 << 16)], "L")
    if isinstance(key, int):
        grey.putalpha(wide.point([0 if value == key else 255 for value in range(1 << 16)], "L"))
    return grey


def _keyed_16(picture: Image.Image, data: bytes) -> Image.Image:
    """Make the transparent colour of a 16-bit picture transparent by decoding the lower bits, too.

    Pillow keeps the upper 8 bits of pixels, but all bits of that colour.
    """
    key = picture.info["transparency"]
    low = Image.open(BytesIO(data), formats=["PNG"])
    low.tile = [tile._replace(args="RGB;16L") for tile in low.tile]
    differs = Image.new("L", picture.size)
    for half, shift in ((picture, 8), (low, 0)):
        for band, value in zip(half.split(), key, strict=True):
            wanted = value >> shift & 0xFF
            differs = ImageChops.lighter(differs, band.point([255 * (each != wanted) for each in range(256)]))
    picture.putalpha(differs)
    return picture


def _srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Returns the picture in sRGB. A broken profile, or one for another colour model, is ignored."""
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK", "L", "LA"):
        return picture
    alpha = picture.getchannel("A") if picture.mode.endswith("A") else None
    with suppress(Exception):  # whatever a profile says, the picture is there
        converted = ImageCms.profileToProfile(
            picture.convert(picture.mode.removesuffix("A")),
            ImageCms.ImageCmsProfile(BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
        if converted is None:
            return picture
        if alpha is not None:
            converted.putalpha(alpha)
        return converted
    return picture


def _opaque(picture: Image.Image) -> Image.Image:
    if picture.mode in ("RGBA", "LA", "RGBa", "La"):
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


def _limit(cpu_s: int) -> None:
    """Limit this process to `cpu_s` seconds of processor time, and let it write no file, not even a core dump."""
    try:
        import resource
    except ImportError:  # not made for Windows
        return
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _limit_memory(more_bytes: int) -> None:
    """Limit further memory to this many bytes of address space."""
    # Not made for Windows; elsewhere than on Linux the estimate alone must do.
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        limit = pages * resource.getpagesize() + more_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _make(source: BinaryIO, what: str, sizes: list[int], max_pixels: int, max_bytes: int) -> list[bytes]:
    """Write how much memory is needed, wait for it, and make the picture. Raises Refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Some decoders take what the whole picture needs as soon as they have seen its size.
            _limit_memory(_HEADER_BYTES + max_bytes)
            opened = Opened(source, max_pixels, draft_px=2 * max(sizes))
            if opened.needed_bytes > max_bytes:
                raise MemoryError
            _wait_for(opened.needed_bytes)
            _limit_memory(_SMALL_BYTES + 2 * opened.needed_bytes)
            picture = opened.read()
            if what == "photo":
                return make_photo(picture, *sizes)
            if what == "renditions":
                return make_renditions(picture, *sizes)
            return make_thumbnail(picture, *sizes)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(f"The picture has more than {max_pixels} pixels.") from None
    except MemoryError:
        raise Refused("The picture needs too much memory.") from None
    except Refused:
        raise
    except Exception as error:
        raise Refused("The file is no picture that can be read.") from error


def _wait_for(needed_bytes: int) -> None:
    """Write how much memory is needed, and wait until it may be taken."""
    sys.stdout.buffer.write(NEEDED.pack(needed_bytes))
    sys.stdout.buffer.flush()
    if not sys.stdin.buffer.read(1):
        raise Refused("Nobody waits for this picture.")


def main(file: str, what: str, *numbers: str) -> int:
    """Run `photo FULL_PX PREVIEW_PX SMALL_PX BIG_PX`, `renditions SMALL_PX BIG_PX` or `thumbnail MAX_PX`.

    The arguments MAX_PIXELS MAX_BYTES CPU_S follow.
    """
    *sizes, max_pixels, max_bytes, cpu_s = map(int, numbers)
    _limit(cpu_s)
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with os.fdopen(int(file), "rb") as source:
            made = _make(source, what, sizes, max_pixels, max_bytes)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    for jpeg in made:
        sys.stdout.buffer.write(LENGTH.pack(len(jpeg)) + jpeg)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
