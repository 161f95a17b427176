"""Keys of the whole page lead to any chat, to the search and to where one writes."""

from playwright.async_api import expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node


async def with_chats(windows: Windows, node: Node, numbers: Numbers, *names: str) -> Window:
    """Ann's window; each of these has written to her, the last one last."""
    ann, *others = await numbers.sign_in(node, len(names) + 1)
    await node.befriend(ann, *others)
    for person, name in zip(others, names, strict=True):
        await node.rest("PATCH", f"/api/contacts/{person.number}/", ann, json={"first_name": name})
        device = await node.connect(person, "/chat")
        await device.ask("message_send", {"contact": ann.number, "client_id": "1", "text": f"{name} is here"})
    window = await windows.open(ann, "Ann")
    await expect(window.page.locator(".chat-title")).to_have_text(list(reversed(names)))
    return window


async def test_keys_lead_from_chat_to_chat_and_what_is_typed_is_written(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    window = await with_chats(windows, node, numbers, "Tom", "Eve", "Cem")
    page, keyboard, title = window.page, window.page.keyboard, window.page.locator("h1.title")
    await keyboard.press("Alt+ArrowDown")
    await expect(title).to_have_text("Cem")
    await keyboard.press("Alt+ArrowDown")
    await expect(title).to_have_text("Eve")
    await keyboard.press("Alt+ArrowUp")
    await expect(title).to_have_text("Cem")
    await keyboard.press("Control+k")
    await assert_accessible(page, axe)
    await keyboard.type("to")
    await expect(page.get_by_role("option")).to_have_text(["Tom"])
    await keyboard.press("Enter")
    await expect(title).to_have_text("Tom")
    text = page.get_by_label("Message", exact=True)
    await text.evaluate("node => node.blur()")
    await keyboard.type("Hi / there?")
    await expect(text).to_have_value("Hi / there?")
    await page.evaluate(
        "() => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'ن', code: 'KeyK', ctrlKey: true, bubbles: true, cancelable: true }))"
    )
    await expect(page.get_by_role("dialog", name="Go to a chat")).to_be_visible()  # from an Arabic keyboard, too


async def test_the_keys_are_listed_and_single_ones_can_be_turned_off(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    window = await with_chats(windows, node, numbers, "Tom")
    page, keyboard = window.page, window.page.keyboard
    search = page.get_by_role("searchbox", name="Search chats")
    await keyboard.press("/")
    await expect(search).to_be_focused()
    await expect(search).to_have_value("")
    await search.evaluate("node => node.blur()")
    await keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    await assert_accessible(page, axe)
    await page.get_by_label("Single keys").uncheck()
    await keyboard.press("Escape")
    await keyboard.press("/")
    await keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(search).not_to_be_focused()
