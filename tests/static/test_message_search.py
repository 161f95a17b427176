"""The search of the chat list finds messages, too: a press leads to the one that was found, in its place."""

from playwright.async_api import expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.support.node import Node


async def test_a_message_is_found_by_its_words_and_shown_in_its_place(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": "Tom"})
    device = await node.connect(tom)
    texts = ["We meet at the Café 🍝 <b>Müller</b>", *(f"Line {place}" for place in range(40))]
    for place, text in enumerate(texts):
        sent = await device.ask("message_send", {"contact": ann.number, "client_id": str(place), "text": text})
        assert sent["ok"], sent
    at_ann = await windows.open(ann, "Ann")
    page = at_ann.page
    await page.get_by_label("Search chats").fill("muller caf")
    found = page.get_by_role("region", name="Messages that were found")
    await expect(found.get_by_role("listitem")).to_have_count(1)
    await expect(found.locator("mark")).to_have_text(["Caf", "Müller"])
    await expect(found.locator(".found-text")).to_contain_text("🍝 <b>Müller</b>")
    await expect(page.get_by_text("No chat has this name.")).to_be_hidden()
    await assert_accessible(page, axe)
    await shoot(at_ann, "search")
    await found.get_by_role("button", name="Photos").click()
    await expect(found.get_by_text("Nothing found")).to_be_visible()
    await expect(found.get_by_role("button", name="Photos")).to_have_attribute("aria-pressed", "true")
    await expect(found.get_by_role("listitem")).to_have_count(0)
    await found.get_by_role("button", name="Everything").click()
    await expect(found.get_by_role("listitem")).to_have_count(1)
    await found.get_by_role("listitem").get_by_role("button").click()
    await expect(page.get_by_role("heading", level=1, name="Tom")).to_be_visible()
    await expect(at_ann.row("We meet at the Café")).to_be_in_viewport()
    await page.get_by_label("Search chats").fill("nowhere to be found")
    await expect(page.get_by_text("No chat has this name.")).to_be_visible()
    await expect(found).to_be_hidden()
    await page.get_by_label("Search chats").fill("")
    await expect(page.get_by_role("link", name="Tom")).to_be_visible()
