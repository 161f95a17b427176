"""A chat that holds files, as the tests of the page make it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import FormData
from PIL import Image
from playwright.async_api import Page, Route, expect

from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Device, Node, Person
from tests.support.pictures import encoded


@dataclass
class ChatWithFiles:
    """Ann reads what Tom sends her, by REST and by his device."""

    node: Node
    ann: Person
    tom: Person
    phone: Device
    count: int = 0
    chat: int = 0

    async def upload(self, kind: str, data: bytes, name: str, **fields: str) -> str:
        """Send a file by REST; returns where it is kept."""
        form = FormData({"contact": self.ann.number, **fields}, quote_fields=False)  # as browsers write names
        form.add_field("filename", data, filename=name)
        status, sent = await self.node.rest("POST", f"/api/messages/send-{kind}/", self.tom, data=form)
        assert status == 200, sent
        url: str = sent["url"]
        return url[url.index("/media/") :]

    async def photo(self, size: tuple[int, int] = (640, 480), colour: str = "teal", **fields: str) -> str:
        return await self.upload("image", encoded(Image.new("RGB", size, colour), "JPEG"), "photo.jpg", **fields)

    async def send(self, **fields: Any) -> dict[str, Any]:
        """Send a message of any type by the socket; returns it."""
        self.count += 1
        sent = await self.phone.ask(
            "message_send", {"contact": self.ann.number, "client_id": f"f{self.count}", **fields}
        )
        assert sent["ok"], sent
        message: dict[str, Any] = sent["message"]
        self.chat = message["chat"]
        return message

    async def say(self, text: str) -> dict[str, Any]:
        return await self.send(text=text)

    async def open(self, windows: Windows, **options: Any) -> Window:
        """Ann's window, at the end of the chat."""
        window = await windows.open(self.ann, "Ann", reduced_motion="reduce", **options)
        await self.show(window)
        return window

    async def show(self, window: Window) -> None:
        await window.page.evaluate("hash => { location.hash = hash; }", f"#/contact/{self.tom.number}")
        await expect(window.page.get_by_label("Message", exact=True)).to_be_visible()
        await window.page.evaluate("() => { document.querySelector('.scroller').scrollTop = 1e6; }")


async def chat_with_files(node: Node, numbers: Numbers) -> ChatWithFiles:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    return ChatWithFiles(node, ann, tom, await node.connect(tom, "/chat"))


@asynccontextmanager
async def refused(page: Page, pattern: str) -> AsyncIterator[None]:
    """Files of these addresses are not there, as long as this lasts."""

    async def refuse(route: Route) -> None:
        await route.fulfill(status=404)

    await page.route(pattern, refuse)
    yield
    await page.unroute(pattern, refuse)
