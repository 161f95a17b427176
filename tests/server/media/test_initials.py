"""Pictures of people without a photo are drawn in their colour, with letters where there are any."""

import pytest
from PIL import Image, ImageColor

from models.documents.default_picture import NO_HUE, NOBODY, DefaultPicture
from models.documents.photo import Rendition
from server.media.initials import COLOURS, Initials
from tests.support.pictures import WHITE, decoded, is_near

BUILT_IN = "no such font.ttf"  # Pillow's own stands in


def is_figure(drawn: Image.Image) -> bool:
    """Whether there are white shoulders at the lower edge."""
    return is_near(drawn.getpixel((drawn.width // 2, drawn.height - 3)), WHITE, by=20)


def has_letters(drawn: Image.Image) -> bool:
    colours = drawn.convert("L").getextrema()
    return not is_figure(drawn) and colours[1] > 230


async def draw(initials: str, hue: int = 0, rendition: Rendition = Rendition.BIG, font: str = BUILT_IN) -> Image.Image:
    return decoded(await Initials(font).draw(DefaultPicture(initials, hue), rendition))


@pytest.mark.parametrize("hue", range(NO_HUE + 1))
async def test_each_hue_is_a_colour_of_its_own(hue: int) -> None:
    drawn = await draw("AL", hue)
    assert drawn.size == (250, 250)
    assert is_near(drawn.getpixel((5, 5)), ImageColor.getrgb(COLOURS[hue]))
    assert has_letters(drawn)
    assert len(set(COLOURS)) == NO_HUE + 1


async def test_the_sizes_are_those_of_photos_and_the_faded_one_is_pale() -> None:
    small, faded = await draw("A", rendition=Rendition.SMALL), await draw("A", rendition=Rendition.FADED)
    assert (small.size, faded.size) == ((60, 60), (60, 60))
    pale = tuple(round(255 * 0.7 + part * 0.3) for part in ImageColor.getrgb(COLOURS[0]))
    assert is_near(faded.getpixel((3, 3)), pale)


@pytest.mark.parametrize("initials", ["", "王", "王A", "\U0010ffff"])
async def test_who_has_no_letter_that_the_font_has_is_a_figure(initials: str) -> None:
    assert is_figure(await draw(initials))


@pytest.mark.parametrize("initials", ["É", "ÉÅ", "Á\u0301\u0301\u0301", "1\ufe0f\u20e3"])
async def test_a_letter_loses_the_marks_that_the_font_does_not_have(initials: str) -> None:
    assert has_letters(await draw(initials))


async def test_nobody_in_particular_is_a_grey_figure() -> None:
    drawn = decoded(await Initials(BUILT_IN).draw(NOBODY, Rendition.BIG))
    assert is_figure(drawn)
    assert is_near(drawn.getpixel((5, 5)), ImageColor.getrgb(COLOURS[-1]))
