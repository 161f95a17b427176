"""How the page starts: something to see before any script runs, little to load, and hardly anything the second time."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, Route, expect

from tests.static.accessibility import assert_accessible
from tests.static.app import until_app, until_kept
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node, Person

FIRST_LOAD_MAX_BYTES = 150_000  # compressed, with all headers
REQUESTS_MAX = 2  # the page and the socket
NOTE_WHEN_DRAWN = """new MutationObserver((_, observer) => {
    if (!document.querySelector(".chats a.chat")) return;
    observer.disconnect();
    console.info("drawn");
}).observe(document, { childList: true, subtree: true });"""

PLACE = "node => [node.getBoundingClientRect().left, node.getBoundingClientRect().top]"


@dataclass
class Traffic:
    """What a page asked the network for, in order; what its cache has is not there."""

    asked: dict[str, str] = field(default_factory=dict)  # request id -> address
    cached: set[str] = field(default_factory=set)
    received_bytes: int = 0
    drawn_after: list[str] | None = None  # request ids up to the moment at which the list of chats was drawn

    @property
    def before_the_list(self) -> list[str]:
        return [self.asked[each] for each in self.drawn_after or () if each not in self.cached]

    def listen(self, session: CDPSession) -> None:
        session.on("Network.requestWillBeSent", self._ask)
        session.on("Network.webSocketCreated", lambda event: self.asked.update({event["requestId"]: event["url"]}))
        session.on("Network.requestServedFromCache", lambda event: self.cached.add(event["requestId"]))
        session.on("Network.responseReceived", self._hear)
        session.on("Network.loadingFinished", self._count)
        session.on("Runtime.consoleAPICalled", self._note)

    def _ask(self, event: dict[str, Any]) -> None:
        self.asked[event["requestId"]] = event["request"]["url"]

    def _hear(self, event: dict[str, Any]) -> None:
        # The worker has the files of a version from its own store (tests/static/test_installed.py), and the page from the network.
        is_kept = event["response"].get("fromServiceWorker") and "/static/" in event["response"]["url"]
        if event["response"].get("fromDiskCache") or is_kept:
            self.cached.add(event["requestId"])

    def _count(self, event: dict[str, Any]) -> None:
        self.received_bytes += int(event["encodedDataLength"])

    def _note(self, event: dict[str, Any]) -> None:
        if [each.get("value") for each in event["args"]] == ["drawn"]:
            self.drawn_after = list(self.asked)


async def watched(page: Page) -> tuple[Traffic, CDPSession]:
    session = await page.context.new_cdp_session(page)
    traffic = Traffic()
    traffic.listen(session)
    await session.send("Network.enable")
    await session.send("Runtime.enable")
    return traffic, session


@pytest.fixture
async def ann(node: Node, numbers: Numbers) -> Person:
    """Somebody with a chat."""
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    sent = await phone.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Hello"})
    assert sent["ok"], sent
    return ann


@pytest.mark.parametrize("workers", ["block", "allow"])
async def test_the_second_start_asks_for_the_page_and_a_socket_alone(
    windows: Windows, ann: Person, workers: str
) -> None:
    window = await windows.open(ann, "Ann", is_new=True, service_workers=workers)
    await expect(window.page.locator(".chat")).to_be_visible()
    if workers == "allow":
        await until_app(window.page)
    await until_kept(window.page, ann, "rows.length === 1")
    await window.page.context.add_init_script(NOTE_WHEN_DRAWN)
    address = window.page.url
    again = await window.page.context.new_page()
    traffic, _ = await watched(again)
    await again.goto(address)
    await expect(again.locator(".banner.is-online")).to_be_attached()
    await expect(again.locator(".chat")).to_be_visible()
    assert traffic.drawn_after is not None  # with what was kept, before the socket has answered
    assert len(traffic.cached) > 30, "the modules came from the browser's cache"
    assert len(traffic.before_the_list) <= REQUESTS_MAX, traffic.before_the_list


@pytest.mark.parametrize("locale", ["en-GB", "de-DE"])  # the words of other languages come in a table
async def test_the_first_start_is_light(windows: Windows, ann: Person, locale: str) -> None:
    window = await windows.open(None, is_new=True, locale=locale)
    await expect(window.page.get_by_role("heading", level=1)).to_be_visible()
    session = {"token": ann.token, "id": ann.account_id, "number": ann.number, "name": "Ann"}
    await window.page.evaluate("session => localStorage.setItem('parley.session', JSON.stringify(session))", session)
    cdp = await window.page.context.new_cdp_session(window.page)
    await cdp.send("Network.clearBrowserCache")
    traffic, _ = await watched(window.page)
    await window.page.reload()
    await expect(window.page.locator(".chat")).to_be_visible()
    await window.page.wait_for_load_state("networkidle")
    assert 20_000 < traffic.received_bytes <= FIRST_LOAD_MAX_BYTES


async def test_everything_that_the_page_loads_is_of_one_version(windows: Windows, ann: Person) -> None:
    window = await windows.open(ann, "Ann", is_new=True)
    await expect(window.page.locator(".chat")).to_be_visible()
    loaded = await window.page.evaluate("() => performance.getEntriesByType('resource').map(({ name }) => name)")
    versions = {each.split("/static/")[1].split("/")[0] for each in loaded if "/static/" in each}
    assert len(versions) == 1
    assert len(versions.pop()) == 32


@pytest.mark.parametrize("width", [390, 1280])
async def test_before_any_module_runs_there_is_something_to_see(
    windows: Windows, ann: Person, axe: str, width: int
) -> None:
    window = await windows.open(ann, "Ann", is_new=True, viewport={"width": width, "height": 800})
    again = await window.page.context.new_page()
    come = asyncio.Event()

    async def wait(route: Route) -> None:
        if "first_paint" not in route.request.url:  # which comes with the stylesheet, and belongs to it
            await come.wait()
        await route.continue_()

    await again.route("**/*.js", wait)
    await again.goto(window.page.url, wait_until="commit")
    places = again.locator(".skeleton > div")
    await expect(places).to_have_count(8)
    await expect(places.first).to_be_in_viewport()
    brand = again.locator(".brand")
    place = await brand.evaluate(PLACE)
    await assert_accessible(again, axe)
    come.set()
    await expect(again.locator(".chat")).to_be_visible()
    await expect(places.first).to_be_hidden()
    await expect(again.locator(".banner.is-online")).to_be_attached()
    assert await brand.evaluate(PLACE) == place, "what was there first stays where it was"
