"""Pinned messages above a conversation, the newest first: they lead to their places, and whoever may pin takes them off."""

from typing import Any

from playwright.async_api import Locator, expect

from tests.static.accessibility import assert_accessible
from tests.static.app import until_kept
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.static.test_unread import act, found
from tests.support.node import Device, Node

LINES = 120  # more than a page: the first ones are not loaded where the last ones are looked at


def bar_of(window: Window) -> Locator:
    return window.page.get_by_role("complementary", name="Pinned messages")


async def done(device: Device, request: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = await device.ask(request, body)
    assert answer["ok"], answer
    return answer


async def test_the_bar_leads_from_pin_to_pin_and_holds_none_that_is_gone(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": "Tom"})
    phone = await node.connect(tom, "/chat")
    for number in range(1, LINES + 1):
        body = {"contact": ann.number, "client_id": f"{number}", "text": f"line {number}."}
        chat = (await done(phone, "message_send", body))["message"]["chat"]
    await done(phone, "message_pin", {"chat": chat, "seq": LINES, "pinned": True})
    window = await windows.open(ann, "Ann")
    await window.open_chat("Tom")
    bar, page = bar_of(window), window.page
    await expect(bar).to_contain_text(f"Tom: line {LINES}.")
    await done(phone, "message_pin", {"chat": chat, "seq": 3, "pinned": True})
    shown = bar.get_by_role("button").first
    await expect(shown).to_have_accessible_name("Pinned 1 of 2 Tom: line 3.")
    await assert_accessible(page, axe)
    await shown.click()
    await expect(page.locator("li.row[data-seq='3']")).to_be_focused()
    await expect(page.locator("li.row[data-seq='3']")).to_be_in_viewport()
    await expect(window.row("line 4.")).to_be_visible()  # what stands around it is loaded, too
    await shoot(window, "pinned-bar")
    await expect(shown).to_have_accessible_name(f"Pinned 2 of 2 Tom: line {LINES}.")
    await shown.click()
    await expect(page.locator(f"li.row[data-seq='{LINES}']")).to_be_focused()
    await done(phone, "message_edit", {"chat": chat, "seq": 3, "text": "Line three"})
    await expect(shown).to_have_accessible_name("Pinned 1 of 2 Tom: Line three")

    await bar.get_by_role("button", name="Pinned messages").click()
    listed = page.get_by_role("dialog", name="Pinned messages").get_by_role("listitem")
    await expect(listed).to_have_count(2)
    await expect(listed.get_by_role("button", name="Unpin")).to_have_count(2)
    await assert_accessible(page, axe)
    await shoot(window, "pinned-list")
    await listed.nth(1).get_by_role("button", name="Unpin").click()
    await expect(listed).to_have_count(1)
    await listed.get_by_role("button", name="Line three").click()
    await expect(page.locator("li.row[data-seq='3']")).to_be_focused()
    await expect(shown).to_have_accessible_name("Pinned Tom: Line three")

    await until_kept(
        page, ann, "rows.some(({ pins, pinned }) => pins?.join() === '3' && pinned[0]?.text === 'Line three')"
    )
    await page.reload()
    await expect(shown).to_have_accessible_name("Pinned Tom: Line three")
    await done(phone, "message_delete", {"chat": chat, "seq": 3, "scope": "all"})
    await expect(bar).to_be_hidden()


async def test_on_its_page_an_admin_lets_all_members_of_a_group_pin(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    group = await found(node, ann, tom)
    at_ann, at_tom = await windows.open(ann, "Ann"), await windows.open(tom, "Tom")
    await at_ann.open_chat("Garden")
    await at_ann.write("Bring seeds")
    await expect(at_ann.row("Bring seeds").locator(".tick-stored, .tick-delivered")).to_be_visible()
    await at_ann.choose("Bring seeds", "Pin")
    await at_tom.open_chat("Garden")
    everything = bar_of(at_tom).get_by_role("button", name="Pinned messages")
    listed = at_tom.page.get_by_role("dialog", name="Pinned messages").get_by_role("listitem")
    async with at_tom.page.expect_response(lambda answer: answer.url.endswith("/info/")):
        await everything.click()
    await expect(listed).to_have_count(1)
    await expect(listed.get_by_role("button", name="Unpin")).to_have_count(0)
    await at_tom.page.keyboard.press("Escape")
    await act(node, ann, group, "remove-participant", tom)
    await expect(bar_of(at_tom)).to_be_hidden()
    await act(node, ann, group, "add-participant", tom)
    await expect(bar_of(at_tom)).to_contain_text("Bring seeds")  # who is added again is told what is pinned
    await at_tom.row("Bring seeds").focus()
    await at_tom.page.keyboard.press("Enter")
    await expect(at_tom.page.get_by_role("menuitem", name="Reply")).to_be_focused()
    await expect(at_tom.page.get_by_role("menuitem", name="Unpin")).to_have_count(0)
    await at_tom.page.keyboard.press("Escape")

    await at_ann.page.get_by_role("button", name="About this group").click()
    who = at_ann.page.get_by_label("Who may pin messages")
    await expect(who).to_be_enabled()
    await shoot(at_ann, "pinners")
    await who.select_option(label="All members")
    await expect(at_tom.page.locator("li.row.notice", has_text="let all members pin messages")).to_be_visible()
    await everything.click()
    await listed.get_by_role("button", name="Unpin").click()
    await expect(listed).to_have_count(0)
    await expect(bar_of(at_tom)).to_be_hidden()
    await at_tom.page.get_by_role("button", name="About this group").click()
    await expect(at_tom.page.get_by_label("Who may pin messages")).to_have_value("all")
    await expect(at_tom.page.get_by_label("Who may pin messages")).to_be_disabled()
    await assert_accessible(at_tom.page, axe)
