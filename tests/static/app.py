"""Helpers of the tests of the page as an app: a server that goes and comes back, and what a browser has kept."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, expect

from server.embedded import EmbeddedStores
from server.embedded.ports import choose_port
from tests.static.browser import Window, Windows
from tests.support.node import Node, Person, running_node, settings_for

WITHIN_MS = 20_000
APP: dict[str, Any] = {"service_workers": "allow"}

# All rows of a table of an account's database.
ROWS = """([account, table]) => new Promise((resolve, reject) => {
    const asked = indexedDB.open(`parley-${account}`);
    asked.onerror = () => reject(asked.error);
    asked.onsuccess = () => {
        const database = asked.result;
        const found = database.transaction(table).objectStore(table).getAll();
        found.onsuccess = () => {
            database.close();
            resolve(found.result);
        };
    };
})"""
# Whether a text stands in any row, any address or any body that this origin keeps.
HOLDS = """async (text) => {
    const places = [JSON.stringify(localStorage), document.documentElement.outerHTML];
    for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((resolve) => (indexedDB.open(name).onsuccess = ({ target }) => resolve(target.result)));
        for (const table of database.objectStoreNames) {
            const rows = database.transaction(table).objectStore(table).getAll();
            places.push(JSON.stringify(await new Promise((resolve) => (rows.onsuccess = () => resolve(rows.result)))));
        }
        database.close();
    }
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) places.push(request.url, await (await cache.match(request)).text());
    }
    return places.some((place) => place.includes(text));
}"""


class Place:
    """An address at which a server comes and goes; what it knows stays."""

    def __init__(self, stores: EmbeddedStores, folder: Path) -> None:
        self._stores = stores
        self._settings = settings_for(folder)
        self._port = choose_port()
        self._running = AsyncExitStack()
        self.url = f"http://127.0.0.1:{self._port}/"

    async def start(self) -> Node:
        return await self._running.enter_async_context(running_node(self._stores, self._settings, port=self._port))

    async def stop(self) -> None:
        await self._running.aclose()


@asynccontextmanager
async def place_for(
    browser: Browser, stores: EmbeddedStores, folder: Path
) -> AsyncIterator[tuple[Place, Node, Windows]]:
    """A server that may go, and windows that know its address."""
    place = Place(stores, folder)
    windows = Windows(browser, place.url)
    try:
        yield place, await place.start(), windows
        await windows.close()
    except BaseException as error:
        error.add_note(f"errors of the windows: {windows.errors}")
        raise
    finally:
        await place.stop()


async def until_app(page: Page) -> None:
    """Wait until the page would open without a server."""
    await page.evaluate("navigator.serviceWorker.ready")
    await page.wait_for_function("() => navigator.serviceWorker.controller !== null", timeout=WITHIN_MS)


async def until_kept(page: Page, person: Person, is_so: str) -> None:
    """Wait until something is so of the rows of chats on the disk: the body of a function of `rows`."""
    condition = f"async (asked) => {{ const rows = await ({ROWS})(asked); return {is_so}; }}"
    await page.wait_for_function(condition, arg=[person.account_id, "chats"], timeout=WITHIN_MS)


async def is_offline(window: Window) -> None:
    await expect(window.page.locator(".banner.is-offline")).to_contain_text("No connection")
