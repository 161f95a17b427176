"""Without a connection: what is written moves its chat up, can be changed and taken back, and alters nothing that was sent before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import expect

from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Device, Node, Person


async def at_tom(windows: Windows, node: Node, numbers: Numbers) -> tuple[Window, Device, list[Person]]:
    """Ann's window on her chat with Tom, who has read her "Hello", and Tom's device; Eve has written since, Cem never."""
    ann, tom, eve, cem = await numbers.sign_in(node, 4)
    await node.befriend(ann, tom, eve, cem)
    for person, name in ((tom, "Tom"), (eve, "Eve"), (cem, "Cem")):
        await node.rest("PATCH", f"/api/contacts/{person.number}/", ann, json={"first_name": name})
    device = await node.connect(tom, "/chat", "/receipts")
    window = await windows.open(ann, "Ann")
    window.is_cut = True
    await window.open_contact(tom.number)
    await window.write("Hello")
    await expect(window.row("Hello").locator(".tick-stored, .tick-delivered")).to_be_visible()
    await device.ask("read", {"contact": ann.number, "seq": 1}, "/receipts")
    await expect(window.row("Hello").get_by_label("Read")).to_be_visible()
    at_eve = await node.connect(eve, "/chat")
    await at_eve.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Eve is here"})
    await expect(window.page.locator(".chat-title")).to_have_text(["Eve", "Tom"])
    return window, device, [ann, tom, eve, cem]


@asynccontextmanager
async def without_connection(window: Window) -> AsyncIterator[None]:
    await window.page.context.set_offline(True)
    await expect(window.page.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    yield
    await window.page.context.set_offline(False)
    await expect(window.page.locator(".banner.is-online")).to_be_attached()


async def react(window: Window, text: str) -> None:
    await window.row(text).focus()
    await window.page.keyboard.press("Enter")
    await window.page.get_by_label("React with 👍").click()


async def test_a_chat_moves_up_with_what_is_written_and_not_with_a_reaction(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, (_, _, _, cem) = await at_tom(windows, node, numbers)
    titles, status = window.page.locator(".chat-title"), window.page.locator(".banner")
    async with without_connection(window):
        await react(window, "Hello")
        await expect(status).to_contain_text("Waiting to be sent: one reaction.")
        await expect(titles).to_have_text(["Eve", "Tom"])
        await window.write("Are you there?")
        await expect(titles).to_have_text(["Tom", "Eve"])
        await expect(status).to_contain_text("Waiting to be sent: one message and one reaction.")
        await window.open_contact(cem.number)
        await window.write("And you?")
        await expect(titles).to_have_text(["Cem", "Tom", "Eve"])
        await expect(window.page.locator(".chat").first).to_contain_text("And you?")
    await expect(window.row("And you?").get_by_label("Sent", exact=True)).to_be_visible()
    await expect(window.page.get_by_role("navigation", name="Chats").get_by_role("link", name="Cem")).to_have_count(1)


async def test_a_change_that_waits_leaves_the_ticks_of_its_message_as_they_were(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, device, _ = await at_tom(windows, node, numbers)
    async with without_connection(window):
        await react(window, "Hello")
        await window.choose("Hello", "Edit")
        await window.page.get_by_label("Message", exact=True).fill("Hello!")
        await window.page.keyboard.press("Enter")
        row = window.row("Hello!")
        await expect(row.get_by_label("Read")).to_be_visible()
        await expect(row.get_by_label("A change waits to be sent")).to_be_visible()
    await device.expect("message_edited")
    await expect(row.get_by_label("A change waits to be sent")).to_have_count(0)
    await expect(row.get_by_label("Read")).to_be_visible()


async def test_what_waits_is_changed_and_taken_back_and_the_rest_is_sent_once(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, device, (ann, *_) = await at_tom(windows, node, numbers)
    page, text = window.page, window.page.get_by_label("Message", exact=True)
    async with without_connection(window):
        for line in ("one", "two", "three", "four"):
            await window.write(line)
        await window.choose("two", "Edit")
        await expect(text).to_have_value("two")
        await text.fill("second")
        await page.keyboard.press("Enter")
        await window.choose("three", "Take back")
        await page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
        await window.choose("three", "Take back")
        await page.get_by_role("dialog").get_by_role("button", name="Take back").click()
        await expect(window.row("three")).to_have_count(0)
        await text.focus()
        await page.keyboard.press("ArrowUp")  # the last one of one's own
        await expect(text).to_have_value("four")
        await text.fill("third")
        await page.keyboard.press("Enter")
        await expect(page.locator("li.row .text")).to_have_text(["Hello", "one", "second", "third"])
        await expect(page.locator(".banner")).to_contain_text("Waiting to be sent: 3 messages")
    await expect(window.row("third").locator(".tick-stored, .tick-delivered")).to_be_visible()
    history = await device.ask("history", {"contact": ann.number})
    assert [entry["text"] for entry in history["entries"]] == ["Hello", "one", "second", "third"]


async def test_a_deletion_that_waits_can_be_taken_back(windows: Windows, node: Node, numbers: Numbers) -> None:
    window, device, (ann, *_) = await at_tom(windows, node, numbers)
    async with without_connection(window):
        await window.choose("Hello", "Delete")
        await window.page.get_by_role("button", name="Delete for everyone").click()
        await window.choose("This message was deleted", "Take the deletion back")
        await expect(window.row("Hello")).to_be_visible()
    await window.write("Still there")
    await expect(window.row("Still there").locator(".tick-stored, .tick-delivered")).to_be_visible()
    history = await device.ask("history", {"contact": ann.number})
    assert [entry.get("text") for entry in history["entries"]] == ["Hello", "Still there"]
