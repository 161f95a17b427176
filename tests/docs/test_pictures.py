"""The pictures in the documents can be taken again, and are small enough to be loaded by everybody who reads them."""

import re
from pathlib import Path

import pytest
from PIL import Image

from server.embedded import EmbeddedStores
from tests.docs.take_pictures import PICTURES, SIZE, take
from tests.docs.take_views import BROWSERS, GAP, SHOWN_HEIGHT, file_of, take_all
from tests.static.browser import chromium
from tests.support.node import running_node, settings_for

MAX_BYTES = 300_000


def assert_good(file: Path) -> None:
    assert file.stat().st_size < MAX_BYTES
    with Image.open(file) as picture:
        assert picture.size == (2 * SIZE["width"], 2 * SIZE["height"])


def test_the_picture_is_there() -> None:
    assert_good(PICTURES / "conversation.png")


def test_each_view_has_a_picture_of_all_widths_and_both_schemes_in_three_languages() -> None:
    views = PICTURES / "views"
    files = list(views.rglob("*.webp"))
    text = (PICTURES.parent / "views.md").read_text("utf-8")
    assert {file.relative_to(views).as_posix() for file in files} == set(
        re.findall(r"pictures/views/([a-z/-]+\.webp)", text)
    )
    names = {file.stem for file in files}
    assert set(files) == {file_of(views, name, language) for name in names for language in BROWSERS}
    for file in files:
        assert file.stat().st_size < MAX_BYTES
        with Image.open(file) as picture:
            assert picture.height == 2 * SHOWN_HEIGHT + GAP


@pytest.mark.long
async def test_the_pictures_of_the_views_can_be_taken_again(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with chromium() as browser, running_node(stores, settings_for(tmp_path / "node")) as node:
        assert len(await take_all(node, browser, tmp_path / "pictures")) == len(
            list((PICTURES / "views").rglob("*.webp"))
        )


@pytest.mark.long
async def test_the_picture_can_be_taken_again(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with chromium() as browser, running_node(stores, settings_for(tmp_path / "node")) as node:
        assert_good(await take(node, browser, tmp_path / "pictures"))
