"""Windows of headless Chromium, each a browser profile of its own, that remember every error of their console."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, async_playwright, expect

from tests.support.node import Person

expect.set_options(timeout=30_000)  # of playwright's own; a busy machine takes its time

WHOLE_CHROMIUM = next((each for each in (Path("/usr/bin/chromium"),) if each.exists()), None)
# Without windows of its own it takes half of the work of the whole browser.
CHROMIUM = next((each for each in (Path("/usr/bin/chromium-headless-shell"),) if each.exists()), WHOLE_CHROMIUM)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",  # a microphone that beeps
    "--use-fake-ui-for-media-stream",  # and somebody who allows it
]
# The page asks once whether a server can block, and whether one has a photo; browsers report each 404 of their own accord.
OPTIONAL = re.compile(r"/api/(contacts/blocked-list|account/profile-photo)/")


@asynccontextmanager
async def chromium(program: Path | None = CHROMIUM) -> AsyncIterator[Browser]:
    """The browser of a test run; skips the test where none is installed."""
    if program is None:
        pytest.skip("there is no Chromium in /usr/bin")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(program), args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Window:
    """One person's page."""

    page: Page
    person: Person | None
    errors: list[str] = field(default_factory=list)
    is_cut: bool = False  # a network that a test cut fails loudly, and should
    is_refused: bool = False  # what the server is to refuse, browsers report of their own accord

    def listen(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        where = message.location.get("url", "")
        if "404" in message.text and OPTIONAL.search(where):
            return
        if self.is_cut and re.search(
            r"WebSocket|ERR_(INTERNET_DISCONNECTED|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|CONNECTION_\w+)", message.text
        ):
            return
        if self.is_refused and re.search(r"status of 4(00|04|09|29)", message.text):
            return
        self.errors.append(f"{message.text} ({where})")

    async def open_chat(self, name: str) -> None:
        await self.page.get_by_role("navigation", name="Chats").get_by_role("link", name=name).click()
        await expect(self.page.get_by_role("heading", level=1, name=name)).to_be_visible()

    async def open_contact(self, number: str) -> None:
        await self.page.evaluate("number => { location.hash = `#/contact/${number}`; }", number)
        await expect(self.page.get_by_label("Message", exact=True)).to_be_visible()

    async def write(self, text: str) -> None:
        await self.page.get_by_label("Message", exact=True).fill(text)
        await self.page.keyboard.press("Enter")

    def row(self, text: str) -> Locator:
        return self.page.locator("li.row").filter(has=self.page.locator(".bubble > .text", has_text=text))

    async def texts(self) -> list[str]:
        """What the rows in the document say, in the order in which they are read."""
        return await self.page.locator("li.row .text").all_text_contents()

    async def choose(self, text: str, action: str) -> None:
        """An action from the menu of a message."""
        await self.row(text).focus()
        await self.page.keyboard.press("Enter")
        await self.page.get_by_role("menuitem", name=action).click()


class Windows:
    """All windows of a test; closing them holds every console to silence."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self._opened: list[tuple[BrowserContext, Window]] = []

    async def open(self, person: Person | None, name: str = "", **options: Any) -> Window:
        """A window in which somebody is signed in already, or at the door.

        Without motion unless a test asks for it (`reduced_motion="no-preference"`): a third of what the browser does is to draw it.
        """
        options = {
            "viewport": {"width": 1000, "height": 720},
            "locale": "en-GB",
            "timezone_id": "Europe/Berlin",
            "service_workers": "block",  # which requests of a page pass, past the routes of a test; those of the app allow it
            "reduced_motion": "reduce",
            **options,
        }
        context = await self._browser.new_context(**options)
        context.set_default_timeout(30_000)
        window = Window(await context.new_page(), person)
        window.listen()
        self._opened.append((context, window))
        if person is not None:
            session = {"token": person.token, "id": person.account_id, "number": person.number, "name": name}
            await context.add_init_script(
                f"localStorage.getItem('parley.session') ?? localStorage.setItem('parley.session', JSON.stringify({session!r}))"
            )
        await window.page.goto(self._url)
        if person is not None:
            await expect(window.page.locator(".banner.is-online")).to_be_attached()
        return window

    async def again(self, window: Window) -> Page:
        """Another tab of a window's browser, at the same address."""
        page = await window.page.context.new_page()
        page.on("console", window._hear)
        address = window.page.url if not window.page.is_closed() else self._url
        await page.goto(address)
        return page

    @property
    def errors(self) -> list[str]:
        return [error for _, window in self._opened for error in window.errors]

    async def close(self) -> None:
        errors = self.errors
        for context, _ in self._opened:
            await context.close()
        assert errors == [], errors
