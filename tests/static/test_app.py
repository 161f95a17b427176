"""The page as an app: it opens without a server, with what was there last, and loses nothing of what is written meanwhile."""

from pathlib import Path

from playwright.async_api import Browser, expect

from server.embedded import EmbeddedStores
from tests.static.app import APP, HOLDS, is_offline, place_for, until_app, until_kept
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Device, Node, Person

# As a page of a later version does it.
UPGRADE = """() => new Promise((resolve) => {
    const asked = indexedDB.open(`parley-${JSON.parse(localStorage["parley.session"]).id}`, 99);
    asked.onsuccess = () => {
        asked.result.close();
        resolve();
    };
})"""
# As a page of an earlier version does it, which closes for nobody.
HOLD = """(account) => new Promise((resolve) => {
    const asked = indexedDB.open(`parley-${account}`, 1);
    asked.onupgradeneeded = () => {
        asked.result.createObjectStore("outbox", { keyPath: "client_id" });
        asked.result.createObjectStore("drafts", { keyPath: "place" });
    };
    asked.onsuccess = () => {
        window.held = asked.result;
        resolve();
    };
})"""
TOM, ANN, EVE = "4930901821", "4930901820", "4930901822"


async def say(device: Device, to: Person, *texts: str) -> None:
    for text in texts:
        sent = await device.ask("message_send", {"contact": to.number, "client_id": f"say {text}", "text": text})
        assert sent["ok"], sent


async def meet(node: Node) -> tuple[Person, Person]:
    """Ann and Tom, who is in her contacts under that name."""
    ann, tom = await node.sign_in(ANN), await node.sign_in(TOM)
    await node.befriend(ann, tom)
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": "Tom"})
    return ann, tom


async def test_it_opens_without_a_server_takes_messages_and_catches_up(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with place_for(browser, stores, tmp_path) as (place, node, windows):
        ann, tom = await meet(node)
        phone = await node.connect(tom, "/chat")
        await say(phone, ann, *(f"line {n}" for n in range(1, 61)))
        window = await windows.open(ann, "Ann", **APP, viewport={"width": 1000, "height": 6000})
        await expect(window.page.locator(".chat")).to_contain_text("line 60")
        await until_app(window.page)
        await until_kept(window.page, ann, "rows.length === 1 && rows[0].entries.length === 50")
        window.is_cut = True
        await place.stop()
        await window.page.reload()
        await is_offline(window)
        await expect(window.page.locator(".chat")).to_contain_text("line 60")
        await window.open_chat("Tom")
        await expect(window.page.locator("li.row .text")).to_have_text([f"line {n}" for n in range(11, 61)])
        await window.write("Into the dark")
        await expect(window.page.locator(".banner")).to_contain_text("Waiting to be sent: one message.")
        await window.page.reload()
        await is_offline(window)
        await expect(window.row("Into the dark").locator(".tick-waiting")).to_be_visible()
        node = await place.start()
        phone = await node.connect(tom, "/chat")
        await say(phone, ann, "While you were away")
        await expect(window.page.locator(".banner.is-online")).to_be_attached()
        await expect(window.row("Into the dark").locator(".tick-stored, .tick-delivered")).to_be_visible()
        history = await phone.ask("history", {"contact": ann.number, "limit": 200})
        texts = [entry["text"] for entry in history["entries"]]
        assert texts[:60] == [f"line {n}" for n in range(1, 61)]
        assert sorted(texts[60:]) == ["Into the dark", "While you were away"]
        await expect(window.page.locator("li.row .text")).to_have_text(texts)


async def test_what_was_deleted_and_who_was_removed_does_not_come_back_from_the_disk(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with place_for(browser, stores, tmp_path) as (place, node, windows):
        ann, tom = await meet(node)
        phone = await node.connect(tom, "/chat")
        await say(phone, ann, "the first", "a slip", "a secret", "the last")
        group = {"subject": "Rowing club", "participants": [ann.number]}
        status, made = await node.rest("POST", "/api/groups/create-group/", tom, json=group)
        assert status == 201, made
        window = await windows.open(ann, "Ann", **APP)
        await window.open_contact(tom.number)
        await expect(window.page.get_by_role("link", name="Rowing club")).to_be_visible()
        await until_app(window.page)
        await until_kept(window.page, ann, "rows.length === 2 && rows.some(({ entries }) => entries.length === 4)")
        await phone.ask("message_delete", {"contact": ann.number, "seq": 2})
        await window.choose("a secret", "Delete")
        await window.page.get_by_role("button", name="Delete for me").click()
        await expect(window.row("a secret")).to_have_count(0)
        await expect(window.row("a slip")).to_have_count(0)
        out = f"/api/groups/{made['groupid']}/remove-participant/"
        status, gone = await node.rest("POST", out, tom, json={"contact": ann.number})
        assert status == 200, gone
        await until_kept(window.page, ann, "rows.length === 1 && !/a slip|a secret/.test(JSON.stringify(rows))")
        window.is_cut = True
        await place.stop()
        await window.page.reload()
        await is_offline(window)
        await expect(window.page.locator(".chat-title")).to_have_text(["Tom"])
        await expect(window.page.locator("li.row .text")).to_have_text(
            ["the first", "This message was deleted", "the last"]
        )


async def with_something_kept(node: Node, windows: Windows) -> tuple[Window, Person, Person]:
    """Ann's window, with what Tom wrote to her on the disk."""
    ann, tom = await meet(node)
    await say(await node.connect(tom, "/chat"), ann, "between us")
    window = await windows.open(ann, "Ann", **APP)
    await expect(window.page.locator(".chat")).to_contain_text("between us")
    await until_app(window.page)
    await until_kept(window.page, ann, "rows.some(({ entries }) => entries.length === 1)")
    assert await window.page.evaluate(HOLDS, "between us")
    return window, ann, tom


async def test_nothing_of_an_account_is_there_after_a_sign_out(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with place_for(browser, stores, tmp_path) as (_, node, windows):
        window, ann, tom = await with_something_kept(node, windows)
        page = window.page
        await page.evaluate("location.hash = '#/settings'")
        await page.get_by_role("button", name="Sign out").click()
        await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        assert not await page.evaluate(HOLDS, "between us")
        assert not await page.evaluate(HOLDS, tom.number)
        eve = await node.sign_in(EVE)
        session = {"token": eve.token, "id": eve.account_id, "number": eve.number, "name": "Eve"}
        await page.evaluate("session => localStorage.setItem('parley.session', JSON.stringify(session))", session)
        await page.reload()
        await expect(page.locator(".banner.is-online")).to_be_attached()
        await expect(page.locator(".chat")).to_have_count(0)


async def test_nor_after_the_session_was_ended_elsewhere_but_for_what_waits(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with place_for(browser, stores, tmp_path) as (_, node, windows):
        window, ann, tom = await with_something_kept(node, windows)
        page = window.page
        window.is_cut = True
        again = await node.sign_in(ANN)
        await page.context.set_offline(True)
        await is_offline(window)
        await window.open_contact(tom.number)
        await window.write("not sent yet")
        await expect(window.row("not sent yet")).to_be_visible()
        _, shown = await node.rest("GET", "/auth/sessions", again)
        for session in shown["sessions"]:
            if not session["current"]:
                await node.rest("DELETE", f"/auth/sessions/{session['id']}", again)
        await page.context.set_offline(False)
        await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
        assert not await page.evaluate(HOLDS, "between us")
        assert await page.evaluate(HOLDS, "not sent yet"), "it is sent after the next sign-in"
        assert ann.account_id == again.account_id


async def test_what_a_later_version_of_the_page_kept_hinders_nobody(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with place_for(browser, stores, tmp_path) as (place, node, windows):
        window, _, tom = await with_something_kept(node, windows)
        page = window.page
        await page.evaluate(UPGRADE)
        await page.reload()
        await expect(page.locator(".chat")).to_contain_text("between us")
        window.is_cut = True
        await place.stop()
        await window.open_contact(tom.number)
        await window.write("Still kept")
        await expect(window.row("Still kept")).to_be_visible()
        await page.reload()
        await expect(window.row("Still kept")).to_be_visible()


async def test_a_window_that_does_not_let_go_of_the_store_keeps_nobody_out(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    [ann] = await numbers.sign_in(node, 1)
    door = await windows.open(None)
    await door.page.evaluate(HOLD, ann.account_id)
    session = {"token": ann.token, "id": ann.account_id, "number": ann.number, "name": "Ann"}
    await door.page.evaluate("session => localStorage.setItem('parley.session', JSON.stringify(session))", session)
    page = await door.page.context.new_page()
    await page.goto(node.url)
    await expect(page.locator(".banner.is-online")).to_contain_text("This browser keeps nothing")
