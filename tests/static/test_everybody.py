"""For everybody: no violation of axe's rules in any view, light and dark; a conversation by keyboard alone; motion and zones."""

import os
from typing import Any, Literal

import pytest
from playwright.async_api import expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node, Person


async def show(window: Window, address: str) -> None:
    await window.page.evaluate("hash => { location.hash = hash; }", address)


async def settle(node: Node, numbers: Numbers) -> tuple[Person, int, int]:
    """Somebody with a chat and a group that hold a bit of everything, and the ids of the two."""
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": "Tom", "last_name": "علي"})
    at_ann, at_tom = await node.connect(ann, "/chat"), await node.connect(tom, "/chat")
    _, group = await node.rest(
        "POST", "/api/groups/create-group/", ann, json={"participants": [tom.number], "subject": "Garden"}
    )
    for device, to in ((at_tom, {"contact": ann.number}), (at_ann, {"group": group["groupid"]})):
        for number, text in enumerate(("Hello https://example.org/a", "مرحبا", "👍", "gone")):
            sent = await device.ask("message_send", {**to, "client_id": str(number), "text": text})
            assert sent["ok"], sent
    chat = sent["message"]["chat"]
    first = await at_tom.ask(
        "message_send", {"group": group["groupid"], "client_id": "r", "text": "A reply", "reply_to": 2}
    )
    await at_ann.ask("reaction_set", {"chat": chat, "seq": first["message"]["seq"], "emoji": "🎉"})
    await at_ann.ask("message_delete", {"chat": chat, "seq": sent["message"]["seq"]})
    direct = (await at_ann.ask("history", {"contact": tom.number}))["chat"]
    return ann, direct, chat


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
async def test_no_view_breaks_a_rule_of_accessibility(
    windows: Windows, node: Node, numbers: Numbers, axe: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    look = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "reduced_motion": "reduce"}
    door = await windows.open(None, **look)
    await expect(door.page.get_by_role("heading", level=1)).to_be_visible()
    await assert_accessible(door.page, axe)
    ann, direct, chat = await settle(node, numbers)
    window = await windows.open(ann, "Ann", **look)
    await expect(window.page.locator(".chat")).to_have_count(2)
    await assert_accessible(window.page, axe)
    for address, ready in (
        (f"#/chat/{direct}", "li.row .text >> text=Hello"),
        (f"#/chat/{chat}", "li.row .reaction"),
        (f"#/group/{chat}", ".person >> nth=1"),
        ("#/contacts", ".person"),
        ("#/new-group", ".choice"),
        ("#/new-event", ".choice"),
        ("#/settings", ".settings-link"),
    ):
        await show(window, address)
        await expect(window.page.locator(ready).first).to_be_visible()
        await assert_accessible(window.page, axe)
    await show(window, f"#/chat/{chat}")
    await window.row("A reply").focus()
    await window.page.keyboard.press("Enter")
    await expect(window.page.get_by_role("dialog")).to_be_visible()
    await assert_accessible(window.page, axe)


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
async def test_no_state_of_a_conversation_breaks_a_rule_of_accessibility(
    windows: Windows, node: Node, numbers: Numbers, axe: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    look: dict[str, Any] = {
        "viewport": {"width": width, "height": 800},
        "color_scheme": scheme,
        "reduced_motion": "reduce",
    }
    shown = 0

    async def check(window: Window) -> None:
        nonlocal shown
        shown += 1
        await assert_accessible(window.page, axe)
        if folder := os.environ.get("SHOTS"):
            await window.page.screenshot(path=f"{folder}/state-{shown}-{width}-{scheme}.png")

    door = await windows.open(None, **look)
    await door.page.get_by_label("Phone number").fill("+4930901880")
    await door.page.keyboard.press("Enter")
    await door.page.get_by_label("Code", exact=True).fill("123456")
    await door.page.keyboard.press("Enter")
    await expect(door.page.get_by_role("alert")).not_to_be_empty()
    await check(door)

    ann, direct, chat = await settle(node, numbers)
    window = await windows.open(ann, "Ann", **look)
    window.is_cut = True
    page, text = window.page, window.page.get_by_label("Message", exact=True)
    await show(window, f"#/chat/{chat}")
    await window.choose("A reply", "Reply")
    await text.fill("word " * 4000)
    await expect(page.locator(".counter")).to_contain_text("too many")
    await window.row("A reply").locator(".quote").click()
    await expect(page.locator(".is-marked")).to_be_visible()
    await check(window)
    await text.fill("half a thought")
    await show(window, "#/")
    await expect(page.get_by_text("Draft: half a thought")).to_be_visible()
    await check(window)

    await show(window, f"#/chat/{direct}")
    await expect(window.row("gone")).to_be_visible()
    await page.context.set_offline(True)
    await expect(page.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    await window.write("Are you there?")
    await window.row("gone").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("React with 👍").click()
    await check(window)
    await window.row("Are you there?").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="Take back")).to_be_visible()
    await check(window)
    await page.keyboard.press("Escape")
    await page.context.set_offline(False)
    await expect(page.locator(".banner.is-online")).to_be_attached()

    tom = (await node.rest("GET", "/api/contacts/", ann))[1][0]["contact_id"]
    await node.rest("POST", f"/api/contacts/{tom}/block/", ann)
    await page.reload()
    await expect(page.get_by_role("button", name="Unblock")).to_be_visible()
    await check(window)
    await show(window, "#/chat/123456")
    await expect(page.get_by_role("link", name="Go to your chats")).to_be_visible()
    await check(window)


async def test_a_whole_conversation_by_keyboard_alone(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom)
    first = await phone.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Do you have the key?"})
    chat = first["message"]["chat"]
    window = await windows.open(ann, "Ann", reduced_motion="no-preference")
    keyboard = window.page.keyboard

    async def tab_to(name: str) -> None:
        focused = window.page.locator(":focus")
        for _ in range(30):
            await keyboard.press("Tab")
            label = await focused.evaluate("node => node.getAttribute('aria-label') ?? node.textContent")
            if name in label:
                return
        raise AssertionError(f"Tab never reaches {name}")

    await tab_to(f"+{tom.number}")
    await keyboard.press("Enter")
    await expect(window.page.get_by_label("Message", exact=True)).to_be_focused()
    await keyboard.type("Yes")
    await keyboard.press("Shift+Enter")
    await keyboard.type("I doo")
    await keyboard.press("Enter")
    await expect(window.row("I doo").get_by_label("Sent", exact=True)).to_be_visible()
    await keyboard.press("ArrowUp")  # edits the last own message
    await keyboard.press("Backspace")
    await keyboard.press("Enter")
    (edited,) = await phone.expect("message_edited")
    assert edited["text"] == "Yes\nI do"

    for _ in range(3):  # from the place to write, past emoji and files, to the last message
        await keyboard.press("Shift+Tab")
    await expect(window.row("I do")).to_be_focused()
    await keyboard.press("ArrowUp")
    await expect(window.row("the key")).to_be_focused()
    await keyboard.press("r")
    await keyboard.type("It is under the pot")
    await keyboard.press("Enter")
    heard = await phone.expect("message_created", 3)
    assert heard[-1]["message"]["reply_to"] == first["message"]["seq"]

    for _ in range(3):
        await keyboard.press("Shift+Tab")
    await keyboard.press("Home")
    await keyboard.press("Enter")
    await keyboard.press("Shift+Tab")  # from the menu back to the reactions
    await keyboard.press("Shift+Tab")
    await keyboard.press("Enter")
    (reaction,) = await phone.expect("reaction_changed")
    assert reaction["emoji"] == "🙏"
    await expect(window.row("the key")).to_be_focused()

    await keyboard.press("End")
    await keyboard.press("Delete")
    await keyboard.press("Enter")
    (deleted,) = await phone.expect("message_deleted")
    assert (deleted["chat"], deleted["of"]) == (chat, heard[-1]["message"]["seq"])


async def test_times_are_the_viewers_own(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    sent = await phone.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "now"})
    stamp = sent["message"]["sent_at"]
    for zone in ("Pacific/Auckland", "America/New_York"):
        window = await windows.open(ann, "Ann", timezone_id=zone)
        await window.open_chat(f"+{tom.number}")
        shown = await window.row("now").locator("time").text_content()
        expected = await window.page.evaluate(
            "([at, zone]) => new Intl.DateTimeFormat('en-GB', { hour: 'numeric', minute: '2-digit', timeZone: zone }).format(new Date(at))",
            [stamp, zone],
        )
        assert shown == expected


async def test_the_focus_comes_back_to_a_message_that_changed_meanwhile(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    window = await windows.open(ann, "Ann")
    await window.open_contact(tom.number)
    await window.write("Hello")
    await expect(window.row("Hello").get_by_label("Sent", exact=True)).to_be_visible()
    await window.row("Hello").focus()
    await window.page.keyboard.press("Enter")
    phone = await node.connect(tom, "/receipts")
    await phone.ask("read", {"contact": ann.number, "seq": 1}, "/receipts")
    await expect(window.page.locator("li.row .tick-read")).to_be_attached()
    await window.page.keyboard.press("Escape")
    await expect(window.row("Hello")).to_be_focused()


async def test_keys_of_a_message_leave_its_links_alone(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    window = await windows.open(ann, "Ann")
    await window.open_contact(tom.number)
    await window.write(f"Read {node.url}/healthz.")
    await expect(window.row("Read").get_by_label("Sent", exact=True)).to_be_visible()
    link = window.row("Read").get_by_role("link")
    await link.focus()
    phone = await node.connect(tom, "/receipts")
    await phone.ask("read", {"contact": ann.number, "seq": 1}, "/receipts")
    await expect(window.row("Read").locator(".tick-read")).to_be_attached()
    await expect(link).to_be_focused()  # also in a row that was drawn anew meanwhile
    async with window.page.expect_popup() as popup:
        await window.page.keyboard.press("Enter")
    assert (await popup.value).url == f"{node.url}/healthz"
    await expect(window.page.get_by_role("dialog")).to_have_count(0)
