"""The picture in the README can be taken again, and is small enough to be loaded by everybody who reads it."""

from pathlib import Path

import pytest
from PIL import Image

from server.embedded import EmbeddedStores
from tests.docs.take_pictures import PICTURES, SIZE, take
from tests.static.browser import chromium
from tests.support.node import running_node, settings_for

MAX_BYTES = 300_000


def assert_good(file: Path) -> None:
    assert file.stat().st_size < MAX_BYTES
    with Image.open(file) as picture:
        assert picture.size == (2 * SIZE["width"], 2 * SIZE["height"])


def test_the_picture_is_there() -> None:
    assert_good(PICTURES / "conversation.png")


@pytest.mark.long
async def test_the_picture_can_be_taken_again(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with chromium() as browser, running_node(stores, settings_for(tmp_path / "node")) as node:
        assert_good(await take(node, browser, tmp_path / "pictures"))
