"""The network is cut, the tab is closed and the server is killed while both type: every line once, in order, on both sides."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from signal import SIGKILL
from typing import cast

import aiohttp
from aiohttp import web
from playwright.async_api import Browser, expect

from server.embedded import EmbeddedStores
from server.embedded.ports import choose_port
from tests.server.processes import RunningServer, running
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node, settings_for

LINES = 40
DRAFT_IS_KEPT = """() => new Promise((done) => {
    const asked = indexedDB.open(`parley-${JSON.parse(localStorage["parley.session"]).id}`);
    asked.onsuccess = () => {
        const look = () => {
            const counted = asked.result.transaction("drafts").objectStore("drafts").count();
            counted.onsuccess = () => (counted.result ? done() : look());
        };
        look();
    };
})"""


class Machine:
    """A server of its own process that can be killed and started again at the same address."""

    def __init__(self, folder: Path, stores: EmbeddedStores) -> None:
        self.settings = settings_for(folder)
        self._folder = folder
        self._environment = {
            "PARLEY_MONGODB__URL": stores.mongodb_url,
            "PARLEY_REDIS__URL": stores.redis_url,
            "PARLEY_MONGODB__DATABASE": self.settings.mongodb.database,
            "PARLEY_SMS__PROVIDER": "outbox",
            "PARLEY_LIMITS__ENABLED": "false",
        }
        self._stack = ExitStack()
        self.server: RunningServer | None = None
        self._port = choose_port()  # which no outgoing connection is given while it is down

    async def start(self) -> str:
        context = running(self._folder, "--port", str(self._port), settings=self._environment)
        self.server = await asyncio.to_thread(self._stack.enter_context, context)
        return self.server.url.rstrip("/")

    async def kill(self) -> None:
        assert self.server is not None
        await asyncio.to_thread(self.server.stop, SIGKILL)

    async def close(self) -> None:
        await asyncio.to_thread(self._stack.close)


@asynccontextmanager
async def machine(folder: Path, stores: EmbeddedStores) -> AsyncIterator[tuple[Machine, Node]]:
    made = Machine(folder, stores)
    try:
        url = await made.start()
        async with aiohttp.ClientSession() as http:
            yield made, Node(url, made.settings, http, cast("web.AppRunner", None))
    finally:
        await made.close()


@asynccontextmanager
async def opened(browser: Browser, node: Node) -> AsyncIterator[Windows]:
    windows = Windows(browser, node.url)
    yield windows
    await windows.close()


async def type_lines(window: Window, name: str, first: int, last: int) -> None:
    for number in range(first, last):
        await window.write(f"{name} {number:02}")
        await expect(window.row(f"{name} {number:02}")).to_be_attached()


async def test_every_line_arrives_once_and_in_order(browser: Browser, stores: EmbeddedStores, tmp_path: Path) -> None:
    async with machine(tmp_path / "data", stores) as (server, node), opened(browser, node) as windows:
        ann, tom = await node.sign_in("4930901820"), await node.sign_in("4930901821")
        await node.befriend(ann, tom)
        tall = {"viewport": {"width": 900, "height": 6000}}  # all lines are in the document
        at_ann, at_tom = await windows.open(ann, "ann", **tall), await windows.open(tom, "tom", **tall)
        await at_ann.open_contact(tom.number)
        await at_tom.open_contact(ann.number)
        at_ann.is_cut = at_tom.is_cut = True
        context = at_ann.page.context

        async def both(first: int, last: int) -> None:
            await asyncio.gather(type_lines(at_ann, "ann", first, last), type_lines(at_tom, "tom", first, last))

        await both(0, 8)
        await expect(at_ann.page.locator(".subtitle")).to_have_text("online")
        await expect(at_ann.page.locator(".tick-waiting")).to_have_count(0)
        await context.set_offline(True)
        await expect(at_ann.page.get_by_role("status").filter(has_text="No connection")).to_be_visible()
        await expect(at_ann.page.locator(".subtitle")).not_to_have_text("online")
        await both(8, 16)
        await expect(at_ann.page.get_by_role("status").filter(has_text="8 messages")).to_be_visible()
        await context.set_offline(False)
        await asyncio.gather(both(16, 24), server.kill())  # in the middle of their words
        await expect(at_tom.page.get_by_role("status").filter(has_text="No connection")).to_be_visible()
        await at_ann.page.close()  # a closed tab, with lines that nobody has yet
        await type_lines(at_tom, "tom", 24, 32)
        await asyncio.gather(server.start(), type_lines(at_tom, "tom", 32, LINES))
        at_ann.page = await context.new_page()
        at_ann.listen()
        await at_ann.page.goto(node.url)
        await at_ann.open_contact(tom.number)
        await type_lines(at_ann, "ann", 24, LINES)
        for window in (at_ann, at_tom):
            await expect(window.page.locator("li.row .text")).to_have_count(2 * LINES, timeout=60_000)
            await expect(window.page.locator(".tick-waiting")).to_have_count(0, timeout=60_000)
            await expect(window.page.locator(".banner.is-online")).to_be_attached()
        seen = await at_ann.texts()
        assert seen == await at_tom.texts()
        for name in ("ann", "tom"):
            assert [text for text in seen if text.startswith(name)] == [f"{name} {line:02}" for line in range(LINES)]
        phone = await node.connect(tom, "/chat")
        history = await phone.ask("history", {"contact": ann.number, "limit": 200})
        assert [entry["text"] for entry in history["entries"]] == seen
        await phone.client.disconnect()


async def test_a_refusal_says_why_and_can_be_tried_again(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    window = await windows.open(ann, "Ann")
    await window.open_contact(tom.number)  # who is no contact, and never wrote
    await window.write("May I?")
    await expect(window.row("May I?").get_by_label("Not sent")).to_be_visible()
    await expect(window.row("May I?").locator(".failed")).to_contain_text("contact")
    await window.page.reload()
    await expect(window.row("May I?").get_by_label("Not sent")).to_be_visible()
    await node.befriend(ann, tom)
    await window.row("May I?").get_by_role("button", name="Try again").click()
    await expect(window.row("May I?").get_by_label("Sent", exact=True)).to_be_visible()


async def test_a_draft_survives_a_reload(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    window = await windows.open(ann, "Ann")
    await window.open_contact(tom.number)
    await window.page.get_by_label("Message", exact=True).fill("half a thought")
    await window.page.evaluate(DRAFT_IS_KEPT)
    await window.page.reload()
    await expect(window.page.get_by_label("Message", exact=True)).to_have_value("half a thought")
