"""What was begun is there again: beside an edit, in another chat, after a reload, and in the list."""

from playwright.async_api import expect

from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node, Person

# Resolves once the draft on the disk says this; the page keeps it a moment after the last key.
DRAFT_SAYS = """(text) => new Promise((done) => {
    const asked = indexedDB.open(`parley-${JSON.parse(localStorage["parley.session"]).id}`);
    asked.onsuccess = () => {
        const look = () => {
            const found = asked.result.transaction("drafts").objectStore("drafts").getAll();
            found.onsuccess = () => (found.result.some((draft) => draft.text === text) ? done() : look());
        };
        look();
    };
})"""


async def at_two_chats(windows: Windows, node: Node, numbers: Numbers) -> tuple[Window, Person, Person]:
    """Ann's window, with a message of each of the others in their chats."""
    ann, tom, eve = await numbers.sign_in(node, 3)
    await node.befriend(ann, tom, eve)
    for person, name in ((tom, "Tom"), (eve, "Eve")):
        await node.rest("PATCH", f"/api/contacts/{person.number}/", ann, json={"first_name": name})
        device = await node.connect(person, "/chat")
        await device.ask("message_send", {"contact": ann.number, "client_id": "1", "text": f"{name} is here"})
    window = await windows.open(ann, "Ann")
    await window.open_chat("Tom")
    await expect(window.row("Tom is here")).to_be_visible()
    return window, tom, eve


async def test_a_draft_comes_back_after_an_edit_that_is_saved_and_one_that_is_not(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, _ = await at_two_chats(windows, node, numbers)
    text = window.page.get_by_label("Message", exact=True)
    await window.write("Helo")
    await expect(window.row("Helo").locator(".tick-stored, .tick-delivered, .tick-read")).to_be_visible()
    await window.choose("Tom is here", "Reply")
    await text.fill("half a thought")
    await window.choose("Helo", "Edit")
    await expect(text).to_have_value("Helo")
    await text.fill("Hello")
    await window.page.keyboard.press("Enter")
    await expect(window.row("Hello").get_by_text("edited")).to_be_visible()
    await expect(text).to_have_value("half a thought")
    await expect(window.page.locator(".mode")).to_contain_text("Tom is here")
    await window.choose("Hello", "Edit")
    await text.fill("something else")
    await window.page.keyboard.press("Escape")
    await expect(text).to_have_value("half a thought")
    await window.page.keyboard.press("Enter")
    await expect(window.row("half a thought").locator(".quote")).to_contain_text("Tom is here")


async def test_a_draft_and_what_it_replies_to_survive_other_chats_and_a_reload(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, _ = await at_two_chats(windows, node, numbers)
    page, text = window.page, window.page.get_by_label("Message", exact=True)
    await window.choose("Tom is here", "Reply")
    await text.fill("half a thought")
    await window.open_chat("Eve")
    await expect(text).to_have_value("")
    await expect(page.locator(".mode")).to_be_hidden()
    in_list = page.get_by_role("navigation", name="Chats").get_by_role("link", name="Tom")
    await expect(in_list).to_contain_text("Draft: half a thought")
    await page.evaluate(DRAFT_SAYS, "half a thought")
    await page.reload()
    await expect(in_list).to_contain_text("Draft: half a thought")
    await window.open_chat("Tom")
    await expect(text).to_have_value("half a thought")
    await expect(page.locator(".mode")).to_contain_text("Tom is here")
    await expect(in_list).not_to_contain_text("Draft")
    await page.keyboard.press("Enter")
    await expect(window.row("half a thought").locator(".quote")).to_contain_text("Tom is here")
    await window.open_chat("Eve")
    await expect(in_list).not_to_contain_text("Draft")


async def test_a_draft_is_on_the_other_device_both_ways_until_it_is_sent(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    first, _, _ = await at_two_chats(windows, node, numbers)
    second = await windows.open(first.person, "Ann")
    in_list = second.page.get_by_role("navigation", name="Chats").get_by_role("link", name="Tom")
    here, there = (window.page.get_by_label("Message", exact=True) for window in (first, second))
    await first.choose("Tom is here", "Reply")
    await here.press_sequentially("half a thought")
    await expect(in_list).to_contain_text("Draft: half a thought")
    await second.open_chat("Tom")
    await expect(there).to_have_value("half a thought")
    await expect(second.page.locator(".mode")).to_contain_text("Tom is here")
    await there.press("End")
    await there.press_sequentially(", and the rest")
    await second.open_chat("Eve")
    await expect(here).to_have_value("half a thought, and the rest")
    await here.press("Enter")
    await expect(first.row("half a thought, and the rest").locator(".quote")).to_contain_text("Tom is here")
    await expect(in_list).not_to_contain_text("Draft")
    await expect(first.row("half a thought").locator(".tick-stored, .tick-delivered, .tick-read")).to_be_visible()
    await first.choose("half a thought", "Edit")
    await here.fill("a whole thought")
    await first.open_chat("Eve")  # what is edited is told to nobody, and would be told now
    await here.fill("for Eve")
    await expect(there).to_have_value("for Eve")
    await expect(in_list).not_to_contain_text("Draft")


async def test_an_edit_that_was_left_for_another_chat_is_no_draft(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, _ = await at_two_chats(windows, node, numbers)
    text = window.page.get_by_label("Message", exact=True)
    await window.write("Helo")
    await expect(window.row("Helo").locator(".tick-stored, .tick-delivered, .tick-read")).to_be_visible()
    await text.fill("half a thought")
    await window.choose("Helo", "Edit")
    await text.fill("Hello")
    await window.open_chat("Eve")
    await window.open_chat("Tom")
    await expect(text).to_have_value("half a thought")
    await expect(window.page.locator(".mode")).to_be_hidden()
