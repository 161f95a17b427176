"""The search in one chat: by keys or a finger from hit to hit, each in its place, and its words stand out there."""

from typing import Any

from playwright.async_api import Page, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.support.node import Node, Person

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
PAINTED = "name => [...(CSS.highlights.get(name) ?? [])].map(String)"


async def with_texts(node: Node, reader: Person, writer: Person, *texts: str) -> None:
    """The writer is Tom to the reader, and has written these."""
    await node.befriend(reader, writer)
    await node.rest("PATCH", f"/api/contacts/{writer.number}/", reader, json={"first_name": "Tom"})
    device = await node.connect(writer, "/chat")
    for place, text in enumerate(texts):
        sent = await device.ask("message_send", {"contact": reader.number, "client_id": str(place), "text": text})
        assert sent["ok"], sent


async def until_painted(page: Page, name: str, *words: str) -> None:
    is_so = f"([name, words]) => JSON.stringify(({PAINTED})(name)) === JSON.stringify(words)"
    await page.wait_for_function(is_so, arg=[name, list(words)], timeout=30_000)


def lines(first: int, last: int) -> list[str]:
    return [f"Line {place}" for place in range(first, last)]


async def test_keys_alone_lead_from_hit_to_hit_and_back_into_the_conversation(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    first, second, third = "We had *Café*, not tea", "<b>CAFE</b> 🍝", "See you at the café, decaf or caffè"
    await with_texts(node, ann, tom, first, *lines(0, 80), second, *lines(80, 120), third, *lines(120, 160))
    window = await windows.open(ann, "Ann")
    page = window.page
    await window.open_chat("Tom")
    await expect(window.row("We had Café")).to_be_visible()
    await page.keyboard.press("Control+Shift+f")
    field = page.get_by_role("searchbox", name="Search in Tom")
    await expect(field).to_be_focused()
    said = page.get_by_role("search").get_by_role("status")
    await page.keyboard.type("caf")
    await expect(said).to_contain_text("1 of 3: Tom")
    await expect(said).to_contain_text(third)
    await expect(window.row(third)).to_be_in_viewport()
    await until_painted(page, "found-now", "caf", "caf")
    await assert_accessible(page, axe)
    await shoot(window, "search-in-chat")
    await page.keyboard.press("Enter")
    await expect(said).to_contain_text("2 of 3")
    await expect(window.row("<b>CAFE</b>")).to_be_in_viewport()
    await until_painted(page, "found-now", "CAF")
    await page.keyboard.press("ArrowUp")
    await expect(said).to_contain_text("3 of 3")
    await expect(window.row("We had Café")).to_be_in_viewport()
    await until_painted(page, "found-now", "Caf")
    await page.keyboard.press("Shift+Enter")
    await expect(said).to_contain_text("2 of 3")
    await expect(field).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(field).to_be_hidden()
    await expect(page.get_by_role("heading", level=1, name="Tom")).to_be_visible()
    await expect(window.row("<b>CAFE</b>")).to_be_focused()
    await until_painted(page, "found-now")
    await until_painted(page, "found")


async def test_the_menu_opens_it_on_a_phone_and_what_is_found_may_be_of_one_kind_or_member(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, tom, eve = await numbers.sign_in(node, 3)
    await node.befriend(ann, tom, eve)
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": "Tom"})
    body = {"participants": [tom.number, eve.number], "subject": "Garden"}
    _, group = await node.rest("POST", "/api/groups/create-group/", ann, json=body)
    poll: dict[str, Any] = {"type": "p", "question": "Lunch where?", "options": ["Here", "There"]}
    texts: list[tuple[Person, dict[str, Any]]] = [(tom, {"text": "Lunch at one"}), (eve, {"text": "Or lunch at two"})]
    for person, content in (*texts, (tom, poll)):
        device = await node.connect(person, "/chat")
        target = {"group": group["groupid"], "client_id": "lunch" + content.get("type", "")}
        sent = await device.ask("message_send", target | content)
        assert sent["ok"], sent
    window = await windows.open(ann, "Ann", **PHONE)
    page = window.page
    await window.open_chat("Garden")
    await page.get_by_role("button", name="Chat options").click()
    await page.get_by_role("menuitem", name="Search").click()
    search = page.get_by_role("search")
    count = search.locator(".chat-search-count")
    await search.get_by_role("searchbox").fill("lunch")
    await expect(count).to_have_text("1 of 3")
    await until_painted(page, "found-now", "Lunch")
    await until_painted(page, "found", "Lunch", "lunch")
    await search.get_by_role("button", name="Older").click()
    await expect(count).to_have_text("2 of 3")
    await until_painted(page, "found-now", "lunch")
    await search.get_by_role("button", name="Newer").click()
    await expect(count).to_have_text("1 of 3")
    await shoot(window, "search-on-a-phone")
    await search.get_by_label("Sent by").select_option(label="Tom")
    await expect(count).to_have_text("1 of 2")
    await search.get_by_label("Kind").select_option(label="Polls")
    await expect(count).to_have_text("1 of 1")
    await assert_accessible(page, axe)
    await search.get_by_label("Sent by").select_option(label="You")
    await expect(count).to_have_text("Nothing found")
    await until_painted(page, "found-now")
    await search.get_by_role("button", name="Close the search").click()
    await expect(page.get_by_role("button", name="Chat options")).to_be_focused()


async def test_a_hit_of_all_chats_stands_out_in_its_place_until_the_search_is_over(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await with_texts(node, ann, tom, "Meet me at the *Müller*", *lines(0, 60))
    window = await windows.open(ann, "Ann")
    page = window.page
    field = page.get_by_label("Search chats")
    await field.fill("muller")
    await (
        page.get_by_role("region", name="Messages that were found")
        .get_by_role("listitem")
        .get_by_role("button")
        .click()
    )
    await expect(window.row("Meet me at the")).to_be_in_viewport()
    await until_painted(page, "found-now", "Müller")
    await field.fill("")
    await until_painted(page, "found-now")
