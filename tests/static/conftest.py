"""A browser for the run, a node for each module, all at one address, and windows for each test."""

import socket
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser

from server.embedded import EmbeddedStores
from server.embedded.ports import LOOPBACK, choose_port
from tests.static.accessibility import read_axe
from tests.static.browser import Tabs, Windows, chromium
from tests.support.node import Node, Person, running_node, settings_for


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
async def axe() -> str:
    return await read_axe()


@pytest.fixture(scope="session")
def tabs(browser: Browser) -> Tabs:
    return Tabs(browser)


@pytest.fixture
async def windows(browser: Browser, node: Node, tabs: Tabs) -> AsyncIterator[Windows]:
    opened = Windows(browser, node.url, tabs)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def place() -> Iterator[socket.socket]:
    """Where each node of these tests listens, so that nobody else takes the address between two of them."""
    with socket.create_server((LOOPBACK, choose_port())) as listener:
        yield listener


@pytest.fixture(scope="module")
async def node(
    stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory, place: socket.socket
) -> AsyncIterator[Node]:
    """One node with the usual settings for all tests of a file, where browsers have been before: they have the page's files.

    Where browsers take all of the processor, its lease does not run out.
    """
    settings = settings_for(tmp_path_factory.mktemp("node"), nodes={"lease_s": 60})
    async with running_node(stores, settings, place=place) as running:
        yield running


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
