"""Files on their way: the line breaks in the middle, the page is loaded anew, the server is killed; each arrives once, in its place.

What had arrived of one when the line broke is not sent once more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from server.embedded import EmbeddedStores
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.test_never_lost import machine
from tests.static.test_sending_files import attach, load, payload, photo, received
from tests.support.held_line import HeldLine, held_line
from tests.support.node import Device, Node, Person
from tests.support.stores import pool

FILM = b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 32_000  # 8 MB: more than what lies between a browser and a server
HELD_BYTES = 1_500_000
ARRIVED_BYTES = 1_400_000  # of these at least; the rest are heads and other requests
# The browser says that all bytes have left when it comes to that, perhaps after the server has them.
WATCH_LEAVING = """() => {
    const { send } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.send = function (...body) {
        this.upload.addEventListener("load", () => { window.hasLeft = true; });
        return send.apply(this, body);
    };
}"""
FILES_KEPT = """() => new Promise((done) => {
    const asked = indexedDB.open(`parley-${JSON.parse(localStorage["parley.session"]).id}`);
    asked.onsuccess = () => {
        const counted = asked.result.transaction("files").objectStore("files").count();
        counted.onsuccess = () => (asked.result.close(), done(counted.result));
    };
})"""


@asynccontextmanager
async def opened(browser: Browser, port: int) -> AsyncIterator[tuple[HeldLine, Windows]]:
    async with held_line(port) as line:
        windows = Windows(browser, line.url)
        yield line, windows
        await windows.close()


def port_of(node: Node) -> int:
    return int(node.url.rpartition(":")[2])


async def at_ann(windows: Windows, node: Node, people: list[Person]) -> tuple[Window, Device]:
    """Ann's window on her chat with Tom, and Tom's device, which has a line of its own."""
    ann, tom = people
    await node.befriend(ann, tom)
    device = await node.connect(tom, "/chat")
    window = await windows.open(ann, "Ann")
    window.is_cut = True
    window.is_refused = True  # of what may have arrived the page asks whether it has
    await window.open_contact(tom.number)
    return window, device


async def begin(window: Window, line: HeldLine) -> None:
    """A film of which some has gone out, and no more does; and a text behind it."""
    line.hold(HELD_BYTES)
    await attach(window.page, "Photo or video", payload("film.mp4", "video/mp4", FILM))
    await window.write("A film")
    await expect(window.page.locator(".upload-text")).to_contain_text("of 8.2 MB")
    await window.write("Have you seen it?")
    await expect(window.row("Have you seen it?").locator(".tick-waiting")).to_be_visible()


async def until_stored(stores: EmbeddedStores, node: Node, sender: Person) -> None:
    """Wait until the server has what was sent of a film."""
    arrived = {"account_id": sender.account_id, "is_sent": False, "received": {"$gte": ARRIVED_BYTES}}
    async with pool.opened(stores.mongodb_url, node.settings.mongodb.database) as database, asyncio.timeout(30):
        while await database.raw["uploads"].find_one(arrived) is None:  # noqa: ASYNC110 (nobody is told of it)
            await asyncio.sleep(0.05)


def assert_sent_once(line: HeldLine) -> None:
    """What had arrived was not sent once more: half of it leaves room for all else that a browser asks."""
    assert line.sent_bytes < len(FILM) + ARRIVED_BYTES / 2


async def assert_arrived_once(node: Node, device: Device, ann: Person) -> None:
    film, text = await received(device, 2)
    assert [film["type"], film["caption"], text["text"]] == ["v", "A film", "Have you seen it?"]
    assert await load(node, film) == FILM
    history = await device.ask("history", {"contact": ann.number})
    assert [entry["seq"] for entry in history["entries"]] == [film["seq"], text["seq"]]


@pytest.mark.parametrize("is_loaded_anew", [False, True], ids=["in-one-visit", "loaded-anew"])
async def test_a_film_whose_line_breaks_in_the_middle_arrives_once_and_in_its_place(
    browser: Browser, node: Node, numbers: Numbers, stores: EmbeddedStores, *, is_loaded_anew: bool
) -> None:
    people = await numbers.sign_in(node, 2)
    async with opened(browser, port_of(node)) as (line, windows):
        window, device = await at_ann(windows, node, people)
        page = window.page
        await begin(window, line)
        await until_stored(stores, node, people[0])
        line.cut()
        await expect(page.locator(".banner.is-offline")).to_contain_text("Waiting to be sent: 2 messages")
        line.mend()
        if is_loaded_anew:
            await page.reload()
            await expect(page.locator(".upload-text")).to_contain_text("8.2 MB")
            await expect(window.row("Have you seen it?")).to_be_visible()
        line.release()
        await assert_arrived_once(node, device, people[0])
        assert_sent_once(line)
        await expect(page.locator(".tick-waiting")).to_have_count(0)
        await expect(page.locator(".upload")).to_have_count(0)
        assert await page.evaluate(FILES_KEPT) == 0
        await device.client.disconnect()


async def test_a_film_whose_server_is_killed_in_the_middle_arrives_once_and_in_its_place(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with machine(tmp_path / "data", stores) as (server, node):
        people = [await node.sign_in(number) for number in ("4930901820", "4930901821")]
        async with opened(browser, port_of(node)) as (line, windows):
            window, device = await at_ann(windows, node, people)
            await begin(window, line)
            await until_stored(stores, node, people[0])
            await server.kill()
            await expect(window.page.locator(".banner.is-offline")).to_be_visible()
            await window.page.close()  # and the tab is closed
            line.release()
            await server.start()
            again = await node.connect(people[1], "/chat")
            window.page = await windows.again(window)
            await assert_arrived_once(node, again, people[0])
            for one in (device, again):
                await one.client.disconnect()


async def test_a_film_that_is_stopped_in_the_middle_is_gone_and_what_is_behind_it_goes(
    browser: Browser, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    async with opened(browser, port_of(node)) as (line, windows):
        window, device = await at_ann(windows, node, [ann, tom])
        await begin(window, line)
        await window.page.get_by_role("button", name="Do not send").click()
        await expect(window.page.locator(".upload")).to_have_count(0)
        line.release()
        (text,) = await received(device)
        assert text["text"] == "Have you seen it?"
        await expect(window.page.locator("li.row")).to_have_count(1)
        assert await window.page.evaluate(FILES_KEPT) == 0
        history = await device.ask("history", {"contact": ann.number})
        assert len(history["entries"]) == 1


async def test_of_a_photo_that_has_arrived_it_is_said_that_it_is_too_late(
    browser: Browser, node: Node, numbers: Numbers
) -> None:
    people = await numbers.sign_in(node, 2)
    async with opened(browser, port_of(node)) as (line, windows):
        window, device = await at_ann(windows, node, people)
        await attach(window.page, "Photo or video", photo())
        await window.page.keyboard.press("Enter")
        await received(device)
        await attach(window.page, "Photo or video", photo())
        line.hold_answers()
        await window.page.evaluate(WATCH_LEAVING)
        await window.page.keyboard.press("Enter")
        _, message = await received(device, 2)
        await window.page.wait_for_function("() => window.hasLeft")
        await window.page.get_by_role("button", name="Do not send").click()
        await expect(window.page.get_by_role("alert")).to_contain_text("may have been sent already")
        line.release()
        await expect(window.page.get_by_role("alert")).to_contain_text("sent before it could be stopped")
        await expect(window.page.locator(f"li.row[data-seq='{message['seq']}']")).to_be_visible()


async def test_of_two_windows_one_uploads(browser: Browser, node: Node, numbers: Numbers) -> None:
    people = await numbers.sign_in(node, 2)
    async with opened(browser, port_of(node)) as (line, windows):
        window, device = await at_ann(windows, node, people)
        await begin(window, line)
        other = await windows.again(window)
        await expect(other.locator(".upload-text")).to_contain_text("8.2 MB")
        line.release()
        await assert_arrived_once(node, device, people[0])
        for page in (window.page, other):
            await expect(page.locator(".tick-waiting")).to_have_count(0)
        assert line.sent_bytes < 1.5 * len(FILM)


async def test_what_is_chosen_without_a_connection_is_shown_and_goes_when_it_is_back(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    device = await node.connect(tom, "/chat")
    window = await windows.open(ann, "Ann")
    async with window.page.expect_request_finished(lambda request: request.url.endswith("/uploads.js")):
        await window.open_contact(tom.number)  # all that sending takes is loaded
    await window.page.wait_for_load_state("networkidle")
    window.is_cut = True
    await window.page.context.set_offline(True)
    await expect(window.page.locator(".banner.is-offline")).to_be_visible()
    await attach(window.page, "Photo or video", photo())
    await window.write("Later")
    await expect(window.page.locator("li.row .picture")).to_have_js_property("naturalWidth", 64)
    await expect(window.page.locator(".chat").first).to_contain_text("Later")
    await expect(window.page.locator(".banner")).to_contain_text("Waiting to be sent: one message")
    await window.page.context.set_offline(False)
    (message,) = await received(device)
    assert (message["type"], message["caption"]) == ("i", "Later")


async def test_what_a_former_version_of_the_page_kept_is_sent(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    device = await node.connect(tom, "/chat")
    window = await windows.open(None)
    item = {"client_id": "1", "lane": f"contact:{tom.number}", "event": "message_send", "body": {"contact": tom.number, "type": "t", "text": "from before"}, "order": 1, "made_at": "2026-01-01T10:00:00.000Z", "isUnsent": True, "stored": None, "failed": None}  # fmt: skip
    session = {"token": ann.token, "id": ann.account_id, "number": ann.number, "name": "Ann"}
    await window.page.evaluate(
        """([item, session]) => new Promise((done) => {
            localStorage.setItem("parley.session", JSON.stringify(session));
            const asked = indexedDB.open(`parley-${session.id}`, 1);
            asked.onupgradeneeded = () => {
                asked.result.createObjectStore("outbox", { keyPath: "client_id" }).put(item);
                asked.result.createObjectStore("drafts", { keyPath: "place" });
            };
            asked.onsuccess = () => (asked.result.close(), done());
        })""",
        [item, session],
    )
    await window.page.reload()
    (message,) = await received(device)
    assert message["text"] == "from before"
    await window.open_contact(tom.number)
    await attach(window.page, "Photo or video", photo())
    await window.page.keyboard.press("Enter")
    assert (await received(device, 2))[1]["type"] == "i"


async def test_where_there_is_no_room_nothing_is_sent_and_the_file_is_still_there(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    window, device = await at_ann(windows, node, [ann, tom])
    page = window.page
    await page.evaluate(
        "() => { window.put = IDBObjectStore.prototype.put; IDBObjectStore.prototype.put = function (...row) { if (!['outbox', 'files'].includes(this.name)) return window.put.apply(this, row); throw new DOMException('full', 'QuotaExceededError'); }; }"
    )
    await attach(page, "Photo or video", photo())
    await window.write("Look")
    await expect(page.get_by_role("alert")).to_contain_text("no room left")
    await expect(page.locator(".tray-file")).to_have_count(1)
    await expect(page.get_by_label("Message", exact=True)).to_have_value("Look")
    await expect(page.locator("li.row")).to_have_count(0)
    await page.evaluate("() => { IDBObjectStore.prototype.put = window.put; }")
    await page.keyboard.press("Enter")
    (message,) = await received(device)
    assert message["caption"] == "Look"


async def test_a_browser_that_keeps_nothing_says_so_and_sends_all_the_same(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    device = await node.connect(tom, "/chat")
    window = await windows.open(ann, "Ann", is_new=True)
    await window.page.context.add_init_script("indexedDB.open = () => { throw new Error('none here'); };")
    await window.page.reload()
    await expect(window.page.locator(".banner")).to_contain_text("This browser keeps nothing")
    await window.open_contact(tom.number)
    await attach(window.page, "Photo or video", photo())
    await window.page.keyboard.press("Enter")
    (message,) = await received(device)
    assert message["type"] == "i"
