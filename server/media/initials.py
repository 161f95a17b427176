"""Draws the pictures of people without a photo (implements models.ports.Drawing)."""

import asyncio
import logging
import threading
import unicodedata
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from models.documents.default_picture import NO_HUE, DefaultPicture
from models.documents.photo import BIG_PX, SMALL_PX, Rendition
from server.media.colours import WHITE
from server.media.picture_worker import EVENTS_QUALITY, FADED

log = logging.getLogger(__name__)

# Those of static/parley.css, dark enough for white letters; the last is nobody's.
COLOURS = ("#0b7a68", "#8a4b08", "#2f5fb3", "#8b3a8f", "#a3324a", "#4c6b1f", "#3f4fa8", "#146c8c", "#6b7280")
LETTERS = 0.42  # of the side
_MARKS = "MC"  # categories of Unicode that begin so: marks, and format characters such as a joiner
_NO_CHARACTER = "\U0010ffff"  # shown as every character that a font does not have

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Initials:
    """Draws one picture at a time, in a thread: two milliseconds each, and the only user input is one or two letters.

    Letters that the font lacks are drawn without their marks, or else a silhouette is drawn.
    """

    def __init__(self, font: str) -> None:
        """`font` is a file, or the name of one where the system keeps fonts; without it Pillow's own, for English, is used."""
        self._font = font
        self._lock = threading.Lock()
        self._sizes: dict[int, Font] = {}

    async def draw(self, picture: DefaultPicture, rendition: Rendition) -> bytes:
        return await asyncio.to_thread(self._draw, picture, rendition)

    def _draw(self, picture: DefaultPicture, rendition: Rendition) -> bytes:
        side = BIG_PX if rendition is Rendition.BIG else SMALL_PX
        drawn = Image.new("RGB", (side, side), COLOURS[min(picture.hue, NO_HUE)])
        with self._lock:
            font = self._sized(round(side * LETTERS))
            initials = _known(picture.initials, font)
            canvas = ImageDraw.Draw(drawn)
            if initials:
                canvas.text((side / 2, side / 2), initials, WHITE, font, anchor="mm")
            else:
                _draw_figure(canvas, side)
        if rendition is Rendition.FADED:
            drawn = Image.blend(Image.new("RGB", drawn.size, WHITE), drawn, FADED)
        out = BytesIO()
        drawn.save(out, "JPEG", quality=EVENTS_QUALITY, optimize=True)
        return out.getvalue()

    def _sized(self, size: int) -> Font:
        if size not in self._sizes:
            try:
                self._sizes[size] = ImageFont.truetype(self._font, size)
            except OSError:
                log.info("there is no font %s: initials beyond English are shown as a figure", self._font)
                self._sizes[size] = ImageFont.load_default(size)
        return self._sizes[size]


def _known(initials: str, font: Font) -> str:
    """Returns the letters as far as the font has them, nothing if it lacks one."""
    shown = ""
    for character in initials:
        bare = unicodedata.normalize("NFD", character)[0]
        known = next((each for each in (character, bare) if _has(font, each)), "")
        if not known and unicodedata.category(character)[0] not in _MARKS:
            return ""
        shown += known
    return shown


def _has(font: Font, character: str) -> bool:
    mask, missing = font.getmask(character), font.getmask(_NO_CHARACTER)
    return mask.size != missing.size or any(
        mask.getpixel((x, y)) != missing.getpixel((x, y)) for x in range(mask.size[0]) for y in range(mask.size[1])
    )


def _draw_figure(canvas: ImageDraw.ImageDraw, side: int) -> None:
    def circle(x: float, y: float, radius: float) -> None:
        canvas.ellipse([(x - radius) * side, (y - radius) * side, (x + radius) * side, (y + radius) * side], WHITE)

    circle(0.5, 0.4, 0.16)
    circle(0.5, 0.95, 0.32)
