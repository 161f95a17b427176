"""Where somebody has put the focus it stays: nothing that comes in late takes it away."""

import asyncio
import re
from typing import Any

from playwright.async_api import Route, WebSocketRoute, expect

from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node


async def test_a_page_that_comes_late_leaves_the_focus_where_it_is(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    await phone.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Hello"})
    window = await windows.open(ann, "Ann")
    page, come = window.page, asyncio.Event()

    async def wait(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await page.route("**/views/person.js", wait)
    await page.evaluate("number => { location.hash = `#/person/${number}`; }", tom.number)
    search = page.get_by_role("searchbox", name="Search chats")
    await search.press_sequentially("49")
    come.set()
    await expect(page.get_by_role("heading", level=1, name="About this person")).to_be_visible()
    await page.keyboard.type("30")
    await expect(search).to_have_value("4930")


async def test_a_message_that_is_loaded_for_a_jump_leaves_the_focus_where_one_writes(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    for number in range(150):
        to = {"contact": ann.number, "client_id": str(number), "text": f"line {number}"}
        sent = await phone.ask("message_send", {**to, "reply_to": 3} if number == 149 else to)
        assert sent["ok"], sent
    device = await node.connect(ann, "/receipts")
    await device.ask("read", {"contact": tom.number, "seq": 150}, "/receipts")
    window = await windows.open(ann, "Ann", is_new=True)
    page = window.page
    line: list[WebSocketRoute] = []
    held: list[Any] = []
    is_held, is_free = asyncio.Event(), asyncio.Event()

    def hear(route: WebSocketRoute) -> None:
        line.append(route)
        server = route.connect_to_server()

        def pass_on(frame: Any) -> None:
            if is_free.is_set() or '"line 2"' not in str(frame):
                route.send(frame)
                return
            held.append(frame)
            is_held.set()

        server.on_message(pass_on)

    await page.route_web_socket(re.compile("socket.io"), hear)
    await page.reload()
    await window.open_chat(f"+{tom.number}")
    quote = window.row("line 149").locator(".quote")
    await expect(quote).to_contain_text("…")
    await quote.click()
    await page.get_by_label("Message", exact=True).press_sequentially("I am ")
    await asyncio.wait_for(is_held.wait(), 30)
    await expect(page.locator(".is-marked")).to_have_count(0)
    is_free.set()
    for frame in held:
        line[-1].send(frame)
    await expect(page.locator(".is-marked")).to_contain_text("line 2")
    await page.keyboard.type("writing")
    await expect(page.get_by_label("Message", exact=True)).to_have_value("I am writing")
