"""A browser for the run, a node for each module, and windows for each test."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.static.accessibility import read_axe
from tests.static.browser import Windows, chromium
from tests.support.node import Node, Person


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
async def axe() -> str:
    return await read_axe()


@pytest.fixture
async def windows(browser: Browser, node: Node) -> AsyncIterator[Windows]:
    opened = Windows(browser, node.url)
    yield opened
    await opened.close()


class Numbers:
    """Fresh numbers, so that tests on one node do not know each other."""

    def __init__(self) -> None:
        self._last = 4930901000

    async def sign_in(self, node: Node, count: int) -> list[Person]:
        people = []
        for _ in range(count):
            self._last += 1
            people.append(await node.sign_in(str(self._last)))
        return people


@pytest.fixture(scope="session")
def numbers() -> Numbers:
    return Numbers()
