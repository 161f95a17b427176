"""What a message's menu does beyond its chat: pins that all see, copies in other chats, earlier wordings, and stars of one's own."""

from playwright.async_api import expect

from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.static.test_unread import row_of
from tests.support.node import Node


async def test_a_message_is_pinned_forwarded_and_its_wordings_are_read(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom, eva = await numbers.sign_in(node, 3)
    await node.befriend(ann, tom, eva)
    for other, name in ((tom, "Tom"), (eva, "Eva")):
        await node.rest("PATCH", f"/api/contacts/{other.number}/", ann, json={"first_name": name})
    await node.rest("PATCH", f"/api/contacts/{ann.number}/", tom, json={"first_name": "Ann"})
    at_ann, at_tom = await windows.open(ann, "Ann"), await windows.open(tom, "Tom")
    await at_ann.open_contact(eva.number)
    await at_ann.write("Hello Eva")
    await at_ann.open_contact(tom.number)
    await at_ann.write("Lunch at one")
    await expect(at_ann.row("Lunch at one").locator(".tick-stored, .tick-delivered")).to_be_visible()
    await at_tom.open_chat("Ann")
    await at_ann.choose("Lunch at one", "Pin")
    await expect(at_tom.page.locator("li.row.notice")).to_have_text("Ann pinned a message")
    await expect(at_tom.row("Lunch at one").get_by_role("img", name="Pinned")).to_be_visible()
    await at_tom.page.get_by_role("button", name="Ann pinned a message").click()
    await expect(at_tom.row("Lunch at one")).to_be_focused()
    await at_ann.choose("Lunch at one", "Forward")
    dialog = at_ann.page.get_by_role("dialog", name="Forward to")
    await dialog.get_by_label("Search chats").fill("ev")
    await expect(dialog.get_by_label("Tom")).to_be_hidden()
    await dialog.get_by_label("Eva").check()
    await shoot(at_ann, "forward")
    await dialog.get_by_role("button", name="Forward").click()
    await expect(dialog).to_have_count(0)
    await expect(row_of(at_ann, "Eva").locator(".chat-text")).to_have_text("Lunch at one")
    await at_ann.choose("Lunch at one", "Edit")
    await at_ann.page.get_by_label("Message", exact=True).fill("Lunch at two")
    await at_ann.page.keyboard.press("Enter")
    await expect(at_tom.row("Lunch at two")).to_be_visible()
    await at_tom.choose("Lunch at two", "Earlier wordings")
    await expect(at_tom.page.get_by_role("dialog").locator("li p").first).to_have_text("Lunch at one")
    await at_tom.page.keyboard.press("Escape")
    await at_ann.open_chat("Eva")
    await expect(at_ann.page.locator(".bubble", has_text="Lunch at one").locator(".forwarded")).to_have_text(
        "Forwarded"
    )


async def test_stars_are_ones_own_on_all_devices_and_lead_to_their_messages(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": "Tom"})
    first, second = await windows.open(ann, "Ann"), await windows.open(ann, "Ann")
    await first.open_contact(tom.number)
    await first.write("The code is 7")
    await expect(first.row("The code is 7").locator(".tick-stored, .tick-delivered")).to_be_visible()
    await first.open_contact(ann.number)
    await first.write("Mine")
    await expect(row_of(second, "Saved messages")).to_be_visible()
    await first.open_chat("Tom")
    await first.choose("The code is 7", "Star")
    await expect(first.row("The code is 7").get_by_role("img", name="Starred")).to_be_visible()
    await second.open_chat("Saved messages")
    await second.page.get_by_role("button", name="Chat options").click()
    await second.page.get_by_role("menuitem", name="Starred messages").click()
    found = second.page.get_by_role("dialog", name="Starred messages").get_by_role("listitem")
    await expect(found).to_have_count(1)
    await expect(found).to_contain_text("The code is 7")
    await shoot(second, "starred")
    await found.get_by_role("button").click()
    await expect(second.page.get_by_role("heading", level=1, name="Tom")).to_be_visible()
    await expect(second.row("The code is 7").get_by_role("img", name="Starred")).to_be_visible()
    await second.row("The code is 7").focus()
    await second.page.keyboard.press("Enter")
    await expect(second.page.get_by_role("menuitem", name="Take the star away")).to_be_visible()
