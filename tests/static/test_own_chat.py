"""The chat with oneself: notes that only one's own devices show, without ticks, and without anything that is unread."""

from playwright.async_api import expect

from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.static.test_unread import row_of
from tests.support.node import Node


async def test_notes_to_oneself_are_on_all_devices_and_have_no_ticks(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    first, second = await windows.open(ann, "Ann"), await windows.open(ann, "Ann")
    await expect(first.page.get_by_text("No chats yet")).to_be_visible()  # what holds nothing is not listed
    await first.page.get_by_role("button", name="New", exact=True).click()
    await first.page.get_by_role("menuitem", name="Saved messages").click()
    await expect(first.page.get_by_role("heading", level=1, name="Saved messages")).to_be_visible()
    await first.write("Buy bread")
    await expect(row_of(second, "Saved messages").locator(".chat-text")).to_have_text("Buy bread")
    await second.open_chat("Saved messages")
    await second.write("And milk")
    await expect(first.row("And milk")).to_be_visible()
    for window in (first, second):
        await expect(window.page.locator("li.row.is-waiting")).to_have_count(0)
        await expect(window.page.locator(".tick")).to_have_count(0)
        await expect(window.page.locator(".chats .badge")).to_have_count(0)
        await expect(window.page).to_have_title("Parley")
    await shoot(first, "own-chat")
