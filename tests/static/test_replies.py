"""A reply shows what it replies to, also where that is far away, and leads there."""

from playwright.async_api import expect

from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Device, Node

LINES = 160  # three pages of history, of which the first and the last are far from each other


async def with_far_replies(windows: Windows, node: Node, numbers: Numbers) -> tuple[Window, Device, int]:
    """Ann's window on a long chat whose last messages reply to its line 5, and to its line 7, which is deleted."""
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    device = await node.connect(tom, "/chat", "/receipts")
    for number in range(1, LINES + 1):
        sent = await device.ask(
            "message_send", {"contact": ann.number, "client_id": f"{number}", "text": f"line {number}."}
        )
    for of in (5, 7):
        await device.ask(
            "message_send", {"contact": ann.number, "client_id": f"r{of}", "text": f"reply to {of}", "reply_to": of}
        )
    chat = sent["message"]["chat"]
    await device.ask("message_edit", {"chat": chat, "seq": 5, "text": "line 5 was changed."})
    await device.ask("message_delete", {"chat": chat, "seq": 7})
    phone = await node.connect(ann, "/receipts")
    await phone.ask("read", {"chat": chat, "seq": LINES + 4}, "/receipts")
    window = await windows.open(ann, "Ann")
    await window.open_chat(f"+{tom.number}")
    return window, device, chat


async def test_a_reply_to_what_is_not_loaded_shows_its_text(windows: Windows, node: Node, numbers: Numbers) -> None:
    window, device, chat = await with_far_replies(windows, node, numbers)
    await expect(window.row("reply to 5").locator(".quote-text")).to_have_text("line 5 was changed.")
    await expect(window.row("reply to 7").locator(".quote-text")).to_have_text("Deleted message")
    await device.ask("message_edit", {"chat": chat, "seq": 5, "text": "And once more."})
    await expect(window.row("reply to 5").locator(".quote-text")).to_have_text("And once more.")


async def test_a_jump_to_what_is_not_loaded_shows_it_and_puts_the_focus_on_it(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, _ = await with_far_replies(windows, node, numbers)
    await window.row("reply to 5").locator(".quote").click()
    target = window.page.locator("li.row[data-seq='5']")
    await expect(target).to_be_focused()
    await expect(target).to_be_in_viewport()
    await expect(target).to_have_class("row theirs next is-heard is-marked")
    await expect(window.row("line 9.")).to_be_visible()  # what stands around it is loaded, too
    await expect(target).to_be_in_viewport()
    await expect(window.page.locator(".is-marked")).to_have_count(0)
    await expect(target).to_be_focused()


async def test_a_jump_to_what_is_deleted_for_oneself_says_so(windows: Windows, node: Node, numbers: Numbers) -> None:
    window, _, chat = await with_far_replies(windows, node, numbers)
    assert window.person is not None
    phone = await node.connect(window.person, "/chat")
    await phone.ask("message_delete", {"chat": chat, "seq": 5, "scope": "me"})
    await expect(window.row("reply to 5").locator(".quote-text")).to_have_text("no longer there")
    await window.choose("reply to 5", "Show what this replies to")
    await expect(window.page.get_by_role("alert")).to_have_text("This message is no longer there.")
