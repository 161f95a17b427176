"""ThumbHash: a picture's colours and rough shapes in 24 bytes or fewer, to show in its place until it is there.

The algorithm is Evan Wallace's (https://evanw.github.io/thumbhash/), for opaque pictures. The few lowest frequencies of a
cosine transform are kept: of the brightness, and of two differences of colours with fewer bits. `static/js/thumbhash.js`
turns it back into pixels.
"""

from collections.abc import Sequence
from math import cos, floor, pi

from PIL import Image

SIDE_MAX_PX = 32  # the frequencies that are kept need no more, and the cost grows with the pixels
_LUMINANCE_TERMS = 7  # along the longer side
_COLOUR_TERMS = 3


def make_thumbhash(picture: Image.Image) -> bytes:
    """Returns the ThumbHash of an opaque picture."""
    small = picture.convert("RGB")
    small.thumbnail((SIDE_MAX_PX, SIDE_MAX_PX), Image.Resampling.BOX)
    return encode_thumbhash(*small.size, small.tobytes())


def encode_thumbhash(width: int, height: int, rgb: bytes) -> bytes:
    """Returns the ThumbHash of these pixels, three bytes for each, row by row."""
    reds, greens, blues = ([value / 255 for value in rgb[channel::3]] for channel in range(3))
    colours = list(zip(reds, greens, blues, strict=True))
    longer = max(width, height)
    across, down = (max(1, _round(_LUMINANCE_TERMS * side / longer)) for side in (width, height))
    luminance = _Channel([(r + g + b) / 3 for r, g, b in colours], width, max(3, across), max(3, down))
    yellow_blue = _Channel([(r + g) / 2 - b for r, g, b in colours], width, _COLOUR_TERMS, _COLOUR_TERMS)
    red_green = _Channel([r - g for r, g, _ in colours], width, _COLOUR_TERMS, _COLOUR_TERMS)
    is_landscape = width > height
    first = (
        _round(63 * luminance.mean)
        | _round(31.5 + 31.5 * yellow_blue.mean) << 6
        | _round(31.5 + 31.5 * red_green.mean) << 12
        | _round(31 * luminance.scale) << 18
    )
    second = (
        (down if is_landscape else across)
        | _round(63 * yellow_blue.scale) << 3
        | _round(63 * red_green.scale) << 9
        | is_landscape << 15
    )
    terms = [_round(15 * term) for channel in (luminance, yellow_blue, red_green) for term in channel.terms]
    terms += [0] * (len(terms) % 2)
    packed = bytes(low | high << 4 for low, high in zip(terms[::2], terms[1::2], strict=True))
    return first.to_bytes(3, "little") + second.to_bytes(2, "little") + packed


class _Channel:
    """One channel's mean, the largest of its further terms, and these terms from 0 to 1 in proportion to it."""

    def __init__(self, values: Sequence[float], width: int, across: int, down: int) -> None:
        height = len(values) // width
        rows = [values[start : start + width] for start in range(0, len(values), width)]
        terms: list[float] = []
        for cy in range(down):
            by_row = [cos(pi / height * cy * (y + 0.5)) for y in range(height)]
            for cx in range(across):
                if cx * down >= across * (down - cy):
                    break
                by_column = [cos(pi / width * cx * (x + 0.5)) for x in range(width)]
                sums = (sum(map(float.__mul__, row, by_column)) for row in rows)
                terms.append(sum(map(float.__mul__, sums, by_row)) / (width * height))
        self.mean, *rest = terms
        self.scale = max(map(abs, rest), default=0.0)
        self.terms = [0.5 + 0.5 / self.scale * term for term in rest] if self.scale else rest


def _round(value: float) -> int:
    """Returns the nearest whole number; halves go up, as in JavaScript."""
    return floor(value + 0.5)
