"""Windows of headless Chromium, each a browser profile of its own, that remember every error of their console."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    async_playwright,
    expect,
)

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
    _listened: Page = field(init=False)  # of a test that goes on in another tab, the one it began in

    def listen(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", self._fail)
        self._listened = self.page

    def ignore(self) -> None:
        """Hear nothing more."""
        self._listened.remove_listener("console", self._hear)
        self._listened.remove_listener("pageerror", self._fail)

    def _fail(self, error: Error) -> None:
        self.errors.append(str(error))

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


# Without motion unless a test asks for it (`reduced_motion="no-preference"`): a third of what the browser does is to draw it.
LOOK: dict[str, Any] = {
    "viewport": {"width": 1000, "height": 720},
    "color_scheme": "light",
    "reduced_motion": "reduce",
}
USUAL: dict[str, Any] = {
    "locale": "en-GB",
    "timezone_id": "Europe/Berlin",
    "service_workers": "block",  # which requests of a page pass, past the routes of a test; those of the app allow it
}


@dataclass
class Tab:
    """The one tab of a browser profile, its debugging session, and what the profile was made with."""

    page: Page
    session: CDPSession
    profile: dict[str, Any]

    @property
    def context(self) -> BrowserContext:
        return self.page.context

    async def look(self, look: dict[str, Any]) -> None:
        await self.page.set_viewport_size(look["viewport"])
        await self.page.emulate_media(color_scheme=look["color_scheme"], reduced_motion=look["reduced_motion"])


OTHERS_MAX = 6  # free tabs of profiles that are not the usual one: each is a process that holds memory


HAS_ITS_OWN_CLOCK = "() => [Date, setTimeout].every((each) => String(each).includes('[native code]'))"


class Tabs:
    """Tabs of profiles that are used again: to make one costs more than most tests do in it.

    A language, a time zone or a finger are a profile's own, so there are free tabs of each such profile. Whoever comes next finds nothing of those before: no address, no history, nothing stored, no route. What the browser has of the page's
    own files stays, as it does for everybody who comes a second time.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: list[Tab] = []

    async def take(self, look: dict[str, Any], profile: dict[str, Any]) -> Tab:
        """Returns an empty tab of such a profile that looks so."""
        tab = next((each for each in reversed(self._free) if each.profile == profile), None)
        if tab is not None:
            self._free.remove(tab)
            await tab.look(look)
            return tab
        context = await self._browser.new_context(**profile, **look)
        context.set_default_timeout(30_000)
        page = await context.new_page()
        return Tab(page, await context.new_cdp_session(page), profile)

    async def give_back(self, tab: Tab, origin: str) -> None:
        """Take everything of `origin` out of a tab; one that a test closed, that goes elsewhere meanwhile, or whose clock is another, is gone."""
        try:
            await self._empty(tab, origin)
            is_whole = await tab.page.evaluate(HAS_ITS_OWN_CLOCK)
        except Error:
            is_whole = False
        if not is_whole:
            await tab.context.close()
        else:
            self._free.append(tab)
            others = [each for each in self._free if each.profile != USUAL]
            for other in others[:-OTHERS_MAX]:
                self._free.remove(other)
                await other.context.close()

    async def _empty(self, tab: Tab, origin: str) -> None:
        for page in tab.context.pages:
            if page != tab.page:
                await page.close()
        await tab.context.set_offline(False)
        await tab.context.unroute_all(behavior="ignoreErrors")
        await tab.page.unroute_all(behavior="ignoreErrors")
        await tab.page.goto(f"{origin}/healthz")  # the page of a test ends here, and notes what it has to
        await tab.page.evaluate("() => sessionStorage.clear()")
        await tab.session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        await tab.session.send("Page.resetNavigationHistory")


class Windows:
    """All windows of a test; closing them holds every console to silence."""

    def __init__(self, browser: Browser, url: str, tabs: Tabs | None = None) -> None:
        self._browser = browser
        self._url = url
        self._tabs = tabs
        self._opened: list[tuple[BrowserContext, Window]] = []
        self._taken: list[tuple[Tab, Window]] = []
        self._scripts = AsyncExitStack()

    async def open(self, person: Person | None, name: str = "", *, is_new: bool = False, **options: Any) -> Window:
        """A window in which somebody is signed in already, or at the door.

        `is_new` is for what cannot be undone: scripts before the page's own, routes of sockets, another clock. Service workers
        stay where they are, so a page that has one is in a new profile, too.
        """
        options = {**LOOK, **USUAL, **options}
        look = {key: value for key, value in options.items() if key in LOOK}
        profile = {key: value for key, value in options.items() if key not in LOOK}
        tab = None
        if self._tabs is not None and not is_new and profile["service_workers"] == "block":
            tab = await self._tabs.take(look, profile)
            context, page = tab.context, tab.page
        else:
            context = await self._browser.new_context(**options)
            context.set_default_timeout(30_000)
            page = await context.new_page()
        window = Window(page, person)
        window.listen()
        self._opened.append((context, window))
        if tab is not None:
            self._taken.append((tab, window))
        if person is not None:
            session = {"token": person.token, "id": person.account_id, "number": person.number, "name": name}
            script = await context.add_init_script(
                f"localStorage.getItem('parley.session') ?? localStorage.setItem('parley.session', JSON.stringify({session!r}))"
            )
            if tab is not None:
                await self._scripts.enter_async_context(script)
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
        await self._scripts.aclose()
        kept = []
        for tab, window in self._taken:
            assert self._tabs is not None
            window.ignore()
            kept.append(tab.context)
            await self._tabs.give_back(tab, self._url.rstrip("/"))
        for context, _ in self._opened:
            if context not in kept:
                await context.close()
        assert errors == [], errors
