"""What a person sets for a chat, by its menu or a swipe: all of their devices show it at once, and after a reload."""

import pytest
from playwright.async_api import expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.static.test_message_menu import PHONE
from tests.static.test_unread import row_of
from tests.support.node import Node, Person

# A finger on the middle of a node, wherever that is by now, that goes so far.
SWIPE = """async (node, [across, down, isLifted]) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const say = (name, part) => node.dispatchEvent(new PointerEvent(name, { bubbles: true, cancelable: true, pointerId: 7, pointerType: "touch", isPrimary: true, button: 0, buttons: name === "pointerup" ? 0 : 1, clientX: x + across * part, clientY: y + down * part }));
    say("pointerdown", 0);
    for (let turn = 0; turn < 9; turn += 1) await null; // it is heard, and no time passes: a finger that waits is a long press
    say("pointermove", 0.5);
    await new Promise((done) => requestAnimationFrame(done));
    say("pointermove", 1);
    if (isLifted) say("pointerup", 1);
}"""


async def choose(window: Window, title: str, *entries: str) -> None:
    """Entries of the menu of a chat, by a press with the other button."""
    await row_of(window, title).locator("a").click(button="right")
    for entry in entries:
        await window.page.get_by_role("menuitem", name=entry).click()


async def written(node: Node, person: Person, others: list[Person], names: list[str]) -> None:
    """Chats of a person with others, the first one written in last, all of them unread."""
    await node.befriend(person, *others)
    for other, name in zip(others, names, strict=True):
        await node.rest("PATCH", f"/api/contacts/{other.number}/", person, json={"first_name": name})
    for other, name in reversed(list(zip(others, names, strict=True))):
        body = {"contact": person.number, "message": f"I am {name}"}
        status, shown = await node.rest("POST", "/api/messages/send-message/", other, json=body)
        assert status == 200, shown


async def test_a_chat_is_pinned_muted_archived_and_marked_on_all_devices(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, tom, eva = await numbers.sign_in(node, 3)
    await written(node, ann, [tom, eva], ["Tom", "Eva"])
    first, second = await windows.open(ann, "Ann"), await windows.open(ann, "Ann")
    await expect(second.page.locator(".chat-title")).to_have_text(["Tom", "Eva"])
    await choose(first, "Eva", "Pin to the top")
    await expect(second.page.locator(".chat-title")).to_have_text(["Eva", "Tom"])
    await choose(first, "Tom", "Mute", "Always")
    await expect(row_of(second, "Tom").get_by_role("img", name="Muted")).to_be_visible()
    await expect(second.page).to_have_title("(1) Parley")  # what is muted is counted at its row alone
    await shoot(first, "chat-settings")
    await choose(first, "Tom", "Archive")
    await expect(second.page.locator(".chat-title")).to_have_text(["Eva"])
    await second.page.reload()
    await expect(second.page.locator(".chat-title")).to_have_text(["Eva"])
    await second.page.get_by_role("button", name="Archived: one chat").click()
    await expect(second.page.locator(".chat-title")).to_have_text(["Eva", "Tom"])
    await assert_accessible(second.page, axe)
    await choose(second, "Tom", "Unmute")  # its message is older than the archive: it stays there
    await expect(first.page.get_by_role("button", name="Archived: one chat")).to_be_visible()
    body = {"contact": ann.number, "message": "Back again"}
    await node.rest("POST", "/api/messages/send-message/", tom, json=body)
    await expect(first.page.locator(".chat-title")).to_have_text(["Eva", "Tom"])
    await choose(first, "Eva", "Mark as read")
    await expect(row_of(second, "Eva").locator(".badge")).to_have_count(0)
    await choose(first, "Eva", "Mark as unread")
    await expect(row_of(second, "Eva").locator(".badge")).to_have_text("marked as unread")
    await second.open_chat("Eva")
    await expect(row_of(first, "Eva").locator(".badge")).to_have_count(0)
    await second.page.get_by_role("button", name="Chat options").click()
    await expect(second.page.get_by_role("menuitem", name="Unpin")).to_be_focused()


async def test_what_one_is_notified_of_is_chosen_in_the_menu_for_all_devices(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await written(node, ann, [tom], ["Tom"])
    first, second = await windows.open(ann, "Ann"), await windows.open(ann, "Ann")
    await expect(second.page).to_have_title("(1) Parley")
    await choose(first, "Tom", "Notifications")
    choices = first.page.get_by_role("menuitemradio")
    await expect(choices).to_have_text(["All messages", "Only mentions", "None"])
    await expect(first.page.get_by_role("menuitemradio", checked=True)).to_have_text("All messages")
    await shoot(first, "notify")
    await choices.get_by_text("None").click()
    await expect(row_of(second, "Tom").get_by_role("img", name="Muted")).to_be_visible()
    await expect(second.page).to_have_title("Parley")
    await choose(second, "Tom", "Notifications")
    await expect(second.page.get_by_role("menuitemradio", checked=True)).to_have_text("None")


@pytest.mark.parametrize(("direction", "onwards"), [("ltr", 1), ("rtl", -1)])
async def test_a_swipe_over_a_chat_archives_it_or_marks_it(
    windows: Windows, node: Node, numbers: Numbers, direction: str, onwards: int
) -> None:
    ann, tom, eva = await numbers.sign_in(node, 3)
    await written(node, ann, [tom, eva], ["Tom", "Eva"])
    window = await windows.open(ann, "Ann", **PHONE)
    page, label = window.page, window.page.locator(".swipe-label")
    await page.evaluate("dir => { document.dir = dir; }", direction)
    await expect(page.locator(".chat-title")).to_have_text(["Tom", "Eva"])
    address, row = page.url, row_of(window, "Tom").locator("a")

    async def swipe(across: float, down: float = 0, *, is_lifted: bool = True) -> None:
        await row.evaluate(SWIPE, [across, down, is_lifted])

    await swipe(0)  # the first finger loads what this takes
    await page.wait_for_function("() => document.querySelector('.chats-scroller.takes-touch') !== null")
    await swipe(-50 * onwards)  # not far enough
    await swipe(-60 * onwards, 120)  # that scrolls
    await swipe(-100 * onwards, is_lifted=False)
    await row.evaluate("node => node.dispatchEvent(new PointerEvent('contextmenu', { bubbles: true, pointerId: 7 }))")
    await row.evaluate("node => node.dispatchEvent(new PointerEvent('pointerup', { bubbles: true, pointerId: 7 }))")
    await expect(page.get_by_role("menuitem", name="Archive")).to_be_visible()  # what is under a menu stays
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menuitem")).to_have_count(0)
    await expect(label).to_have_count(0)
    assert await row.evaluate("node => node.style.transform") == ""

    await swipe(100 * onwards)
    await expect(row.locator(".badge")).to_have_count(0)
    await swipe(100 * onwards)
    await expect(row.locator(".badge")).to_have_text("marked as unread")
    await swipe(-100 * onwards, is_lifted=False)
    await expect(label).to_have_text("Archive")
    await shoot(window, f"swipe-{direction}")
    await row.evaluate("node => node.dispatchEvent(new PointerEvent('pointerup', { bubbles: true, pointerId: 7 }))")
    await expect(page.locator(".chat-title")).to_have_text(["Eva"])
    await expect(page.get_by_role("button", name="Archived: one chat")).to_be_visible()
    assert page.url == address, "no swipe opens a chat"
