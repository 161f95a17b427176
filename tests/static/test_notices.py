"""Notices of the system: for whoever asked for them, about what nobody has read, from one window, and gone when it is read."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, expect

from tests.static.accessibility import assert_accessible
from tests.static.app import APP, WITHIN_MS, until_app
from tests.static.browser import WHOLE_CHROMIUM, Tabs, Window, Windows, chromium
from tests.static.conftest import Numbers
from tests.support.node import Device, Node, Person

# Every notice that any window of this browser showed, and whether one asked for the permission.
COUNT = """
const show = ServiceWorkerRegistration.prototype.showNotification;
ServiceWorkerRegistration.prototype.showNotification = async function (title, options) {
    await show.call(this, title, options);
    localStorage.told = JSON.stringify([...JSON.parse(localStorage.told ?? "[]"), { title, body: options.body }]);
};
const ask = Notification.requestPermission;
Notification.requestPermission = (...given) => {
    localStorage.asked = "yes";
    return ask.apply(Notification, given);
};
"""
TOLD = "() => JSON.parse(localStorage.told ?? '[]')"
SHOWN = """async () => {
    const registration = await navigator.serviceWorker.ready;
    return (await registration.getNotifications()).map(({ title, body, silent }) => ({ title, body, silent }));
}"""
CLICK = """async () => {
    const [notice] = await registration.getNotifications();
    dispatchEvent(new NotificationEvent("notificationclick", { notification: notice }));
}"""


@dataclass
class Scene:
    """Ann's window, in which notices are on, with the devices of two people who write to her, and one of her own."""

    window: Window
    ann: Person
    tom: Device
    eve: Device
    own: Device
    sent: int = 0

    @property
    def page(self) -> Page:
        return self.window.page

    async def say(self, device: Device, text: str) -> None:
        self.sent += 1
        body = {"contact": self.ann.number, "client_id": str(self.sent), "text": text}
        answer = await device.ask("message_send", body)
        assert answer["ok"], answer

    async def until_told(self, *bodies: str) -> None:
        """Wait until these notices, and no others, have been shown one after the other."""
        condition = f"bodies => ({TOLD})().map(({{ body }}) => body).join('|') === bodies"
        try:
            await self.page.wait_for_function(condition, arg="|".join(bodies), timeout=WITHIN_MS)
        except Exception as error:
            raise AssertionError(f"told: {await self.page.evaluate(TOLD)}") from error


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The whole browser: the one without windows of its own allows no notices, whatever a test allows."""
    async with chromium(WHOLE_CHROMIUM) as opened:
        yield opened


@pytest.fixture(scope="module")
def tabs(browser: Browser) -> Tabs:
    return Tabs(browser)


@pytest.fixture
async def scene(windows: Windows, node: Node, numbers: Numbers) -> Scene:
    ann, tom, eve = await numbers.sign_in(node, 3)
    await node.befriend(ann, tom, eve)
    for person, name in ((tom, "Tom"), (eve, "Eve")):
        await node.rest("PATCH", f"/api/contacts/{person.number}/", ann, json={"first_name": name})
    at_tom, at_eve, own = [await node.connect(each, "/chat", "/receipts") for each in (tom, eve, ann)]
    window = await windows.open(ann, "Ann", **APP, permissions=["notifications"])
    await window.page.context.add_init_script(COUNT)
    await window.page.reload()
    await until_app(window.page)
    await window.page.evaluate("location.hash = '#/settings/notices'")
    assert await window.page.evaluate("localStorage.asked") is None, "nobody is asked at the start"
    await window.page.get_by_role("button", name="Turn notifications on").click()
    await expect(window.page.get_by_role("button", name="Turn notifications off")).to_be_visible()
    return Scene(window, ann, at_tom, at_eve, own)


async def test_a_notice_says_who_wrote_what_and_a_press_opens_the_chat(scene: Scene) -> None:
    page = scene.page
    await scene.say(scene.tom, "Are you coming?")
    await scene.until_told("Are you coming?")
    assert await page.evaluate(SHOWN) == [{"title": "Tom", "body": "Are you coming?", "silent": True}]
    [worker] = page.context.service_workers
    await worker.evaluate(CLICK)
    await expect(page.get_by_role("heading", level=1, name="Tom")).to_be_visible()
    assert await page.evaluate(SHOWN) == []


async def test_of_what_is_looked_at_or_read_on_another_device_there_is_none(scene: Scene) -> None:
    await scene.window.open_contact(scene.tom.person.number)
    await scene.say(scene.tom, "one")
    await expect(scene.window.row("one")).to_be_visible()
    await scene.say(scene.eve, "two")
    await scene.own.expect("message_created", 2)
    await scene.own.ask("read", {"contact": scene.eve.person.number, "seq": 1}, "/receipts")
    await expect(scene.page.get_by_role("link", name="Eve").locator(".badge")).to_have_count(0)
    await scene.say(scene.eve, "three")
    await scene.until_told("three")  # which came last


async def test_it_goes_when_it_is_read_elsewhere(scene: Scene) -> None:
    await scene.say(scene.tom, "Hello")
    await scene.until_told("Hello")
    await scene.own.ask("read", {"contact": scene.tom.person.number, "seq": 1}, "/receipts")
    await scene.page.wait_for_function(f"async () => (await ({SHOWN})()).length === 0", timeout=WITHIN_MS)


async def test_none_stays_after_a_sign_out(scene: Scene) -> None:
    page = scene.page
    await scene.say(scene.tom, "Hello")
    await scene.until_told("Hello")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Welcome")).to_be_visible()
    assert await page.evaluate(SHOWN) == []
    assert await page.title() == "Parley"


async def test_one_window_of_several_tells(scene: Scene) -> None:
    other = await scene.page.context.new_page()
    await other.goto(scene.page.url)
    await expect(other.locator(".banner.is-online")).to_be_attached()
    lock = "async () => (await navigator.locks.query()).pending.some(({ name }) => name.startsWith('notices-'))"
    await other.wait_for_function(lock, timeout=WITHIN_MS)
    await scene.say(scene.tom, "one")
    await scene.until_told("one")
    await scene.page.close()
    scene.window.page = other
    await scene.say(scene.tom, "two")
    await scene.until_told("one", "two")


async def test_it_keeps_to_itself_what_was_written_where_that_is_wanted(scene: Scene, axe: str) -> None:
    await scene.page.get_by_label("Show what was written").uncheck()
    await assert_accessible(scene.page, axe)
    await scene.say(scene.tom, "a secret")
    await scene.until_told("A new message")


async def test_what_is_unread_stands_on_the_icon_of_the_tab(scene: Scene) -> None:
    icon = scene.page.locator("link[rel=icon]")
    await scene.say(scene.tom, "Hello")
    await expect(icon).to_have_attribute("type", "image/png")
    assert await scene.page.title() == "(1) Parley"
    size = "async ({ href }) => { const icon = new Image(); icon.src = href; await icon.decode(); return icon.naturalWidth; }"
    assert await icon.evaluate(size) == 64
    await scene.window.open_contact(scene.tom.person.number)
    await expect(icon).to_have_attribute("type", "image/svg+xml")
    assert await scene.page.title() == "Parley"
