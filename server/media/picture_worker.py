"""Shrinks one picture, or looks into one video or sound, in a process of its own, so that a hostile file can only take down this process.

Run as a program, with the open file's descriptor as its first argument. It reads the file's header, writes to stdout
how many bytes of memory the pixels will take, and waits for a byte on stdin before it decodes any of them. Then the
sizes follow on stdout, each as its length and its JPEG bytes; after a thumbnail the size of the picture and its ThumbHash, and
of a video also its length; of a sound its length and its waveform. The exit status is 0, or REFUSED with one line for people
on stderr; any other status means that the file broke the decoder.
"""

import struct
import sys
import warnings
from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO

from PIL import AvifImagePlugin, Image, ImageFile, ImageOps

from models.documents.media_formats import START_BYTES, starts_as_heic
from server.media.colours import WHITE, direct, is_indirect, keyed_16, opaque, srgb
from server.media.picture_files import PictureFile, read_orientation, separate
from server.media.thumbhash import make_thumbhash
from server.media.worker import Refused, answer, limit_memory, wait_for

SIZE = struct.Struct(">II")  # width and height
DURATION = struct.Struct(">I")  # milliseconds; 0 for unknown
QUALITY = 85  # artefacts cannot be seen at these sizes; about 60 kB for 640 px
WHOLE_QUALITY = 90  # somebody may enlarge it
EVENTS_QUALITY = 95  # docs/events-api.md, "Pictures"
FADED = 0.3  # the same
# Formats of phones, browsers and cameras, and bytes of memory that unpacking takes for each pixel at most (measured, rounded
# up). Pillow could read thirty more formats: hardly ever met, and each a decoder that somebody may break.
BYTES_PER_PIXEL: Mapping[str, int] = {
    "AVIF": 18,
    "BMP": 5,
    "DIB": 5,
    "GIF": 2,
    "HEIF": 12,
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
_TURNED = ("TIFF", "HEIF")  # while they are unpacked
_ON_THEIR_SIDE = (5, 6, 7, 8)  # of these orientations
SCANS_MAX = 64  # of one JPEG: ten are usual, and each is decoded in full
_SMALL_BYTES = 24 << 20  # what is made of a picture, and buffers that do not grow with it
_HEADER_BYTES = 64 << 20  # for reading a header: texts and profiles are in it
_RECORDING_BYTES = 96 << 20  # for the header of a video, and for all of a sound: lists of packets, and a decoder
MISSING_SHARE = 1 / 16  # of a picture's height that may be missing at its end: cameras and networks lose the last bytes
_FROM_TOP_TO_BOTTOM = ("JPEG", "PNG")  # in these what has not come lies below


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


def make_thumbnail(picture: Image.Image, size: tuple[int, int], max_px: int) -> list[bytes]:
    """Returns the whole picture, at most `max_px` wide and high, never enlarged; then its `size`, and its ThumbHash."""
    picture.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    return [_jpeg(picture), SIZE.pack(*size), make_thumbhash(picture)]


def make_whole(picture: Image.Image, max_px: int) -> list[bytes]:
    """Returns the whole picture, at most `max_px` wide and high."""
    picture.thumbnail((max_px, max_px), Image.Resampling.LANCZOS)
    return [_jpeg(picture, WHOLE_QUALITY)]


class Opened:
    """A picture of which the header has been read, and no pixel."""

    def __init__(self, source: BinaryIO, max_pixels: int, draft_px: int) -> None:
        """`draft_px` is the side that is enough for the result. Raises Refused, and whatever Pillow raises."""
        # Pillow counts before it unpacks, also pictures inside of pictures (icons); what it only warns of is refused here.
        Image.MAX_IMAGE_PIXELS = max_pixels
        data = source.read()
        if starts_as_heic(data[:START_BYTES]):
            _register_heif()
        self._file = file = separate(data)
        if file.scans > SCANS_MAX:
            raise Refused("The picture has too many scans.")
        self._draft_px = draft_px
        # A thread for each core, and room for its stack, is more than one picture needs.
        AvifImagePlugin.DEFAULT_MAX_THREADS = 1
        Image.init()
        self._picture = Image.open(BytesIO(file.data), formats=[name for name in BYTES_PER_PIXEL if name in Image.OPEN])
        self.size = width, height = self._picture.size  # upright once it has been read
        if width * height > max_pixels:
            raise Image.DecompressionBombError
        needed = width * height * JPEG_SAMPLE_BYTES * len(self._picture.getbands()) if file.scans > 1 else 0
        # JPEG alone: decodes at a half, a quarter or an eighth of the size when that is enough.
        self._picture.draft(None, (draft_px, draft_px))
        width, height = self._picture.size
        is_copied = is_indirect(self._picture) or self._picture.has_transparency_data
        per_pixel = BYTES_PER_PIXEL[self._picture.format or ""] + (COPY_BYTES if is_copied else 0)
        per_pixel += KEYED_BYTES if file.is_keyed_16 else 0
        self.needed_bytes = _SMALL_BYTES + len(file.data) + needed + width * height * per_pixel

    def read(self) -> Image.Image:
        """Returns the first frame, decoded once: upright, opaque, in sRGB, and not much larger than `draft_px`."""
        picture: Image.Image = self._picture
        del self._picture  # the first pixels go as soon as there are other ones
        _load(picture)
        if picture.format in _TURNED:
            self.size = picture.size
        profile, orientation = _profile_and_orientation(picture, self._file)
        if orientation in _ON_THEIR_SIDE:
            self.size = self.size[1], self.size[0]
        if self._file.is_keyed_16:
            picture = keyed_16(picture, self._file.data)
        elif is_indirect(picture):
            picture = direct(picture)
        factor = min(picture.size) // self._draft_px
        if factor > 1:
            picture = picture.reduce(factor)  # what follows makes copies
        if orientation in _TURNS:
            picture = picture.transpose(_TURNS[orientation])
        return opaque(srgb(picture, profile))


def _register_heif() -> None:
    """Let Pillow read HEIC. This takes as long as to shrink a picture of another format."""
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


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


def _profile_and_orientation(picture: Image.Image, file: PictureFile) -> tuple[bytes | None, int]:
    """Returns the colour profile and the orientation."""
    if file.orientation is not None:
        return file.profile, file.orientation
    info = picture.info
    if picture.format in _TURNED:
        return info.get("icc_profile"), 1
    return info.get("icc_profile"), read_orientation(info.get("exif") or b"", info.get("xmp") or b"")


def _jpeg(picture: Image.Image, quality: int = QUALITY) -> bytes:
    picture.info = {}  # comments and profiles stand here; where a photo was taken is nobody's business
    out = BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def _make(source: BinaryIO, what: str, sizes: list[int], max_pixels: int, max_bytes: int) -> list[bytes]:
    """Write how much memory is needed, wait for it, and make the picture. Raises Refused."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Some decoders take what the whole picture needs as soon as they have seen its size.
            limit_memory(_HEADER_BYTES + max_bytes)
            opened = Opened(source, max_pixels, draft_px=2 * max(sizes))
            if opened.needed_bytes > max_bytes:
                raise MemoryError
            wait_for(opened.needed_bytes)
            limit_memory(_SMALL_BYTES + 2 * opened.needed_bytes)
            picture = opened.read()
            if what == "photo":
                return make_photo(picture, *sizes)
            if what == "renditions":
                return make_renditions(picture, *sizes)
            if what == "whole":
                return make_whole(picture, *sizes)
            return make_thumbnail(picture, opened.size, *sizes)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused(f"The picture has more than {max_pixels} pixels.") from None
    except MemoryError:
        raise Refused("The picture needs too much memory.") from None
    except Refused:
        raise
    except Exception as error:
        raise Refused("The file is no picture that can be read.") from error


def _examine(source: BinaryIO, what: str, sizes: list[int], max_pixels: int, max_bytes: int) -> list[bytes]:
    """`_make` for a video or a sound. Raises Refused."""
    # FFmpeg's libraries take longer to load than a picture takes to shrink, so pictures do without them.
    from server.media import recordings

    try:
        limit_memory(_RECORDING_BYTES)
        if what == "sound":
            wait_for(min(_RECORDING_BYTES, max_bytes))
            duration_ms, waveform = recordings.Sound(source).read()
            return [DURATION.pack(duration_ms), waveform]
        video = recordings.Video(source, max_pixels, *sizes)
        needed_bytes = _SMALL_BYTES + video.needed_bytes
        if needed_bytes > max_bytes:
            raise MemoryError
        wait_for(needed_bytes)
        limit_memory(_SMALL_BYTES + 2 * needed_bytes)
        picture, size, length_ms = video.read()
        return [*make_thumbnail(picture, size, *sizes), DURATION.pack(length_ms or 0)]
    except MemoryError:
        raise Refused(f"The {what} needs too much memory.") from None
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"The file is no {what} that can be read: {error}.") from error


def main(file: str, what: str, *numbers: str) -> int:
    """Run `photo FULL_PX PREVIEW_PX SMALL_PX BIG_PX`, `renditions SMALL_PX BIG_PX`, `thumbnail MAX_PX`, `whole MAX_PX`, `video MAX_PX` or `sound`.

    The arguments MAX_PIXELS MAX_BYTES CPU_S follow.
    """
    *sizes, max_pixels, max_bytes, cpu_s = map(int, numbers)
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    make = _examine if what in ("video", "sound") else _make
    return answer(file, cpu_s, lambda source: make(source, what, sizes, max_pixels, max_bytes))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
