"""The places of the page are one press away, wherever one is, and say what is new in them; where there is nothing, there is a way on."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.static.test_events import create, named
from tests.support.node import Node

TARGET_MIN_PX = 44


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Places").get_by_role("link", name=name)


@pytest.mark.parametrize("width", [390, 1280])
async def test_each_place_is_one_press_away_and_is_marked(
    windows: Windows, node: Node, numbers: Numbers, width: int
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    page = (await windows.open(ann, "Ann", viewport={"width": width, "height": 800})).page
    places = {"Events": "#/events", "People": "#/contacts", "Settings": "#/settings", "Chats": "#/"}
    for name, address in places.items():
        await tab(page, name).click()
        await expect(page).to_have_url(page.url.split("#")[0] + address)
        await expect(tab(page, name)).to_have_attribute("aria-current", "page")
        await expect(page.locator(".tab[aria-current]")).to_have_count(1)


async def test_on_a_phone_the_tabs_are_large_and_below_and_leave_a_conversation_its_room(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    window = await windows.open(ann, "Ann", viewport={"width": 390, "height": 800})
    for name in ("Chats", "Events", "People", "Settings"):
        box = await tab(window.page, name).bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= TARGET_MIN_PX
        assert 800 - 80 < box["y"] < 800 - TARGET_MIN_PX
    await window.open_contact(tom.number)
    await expect(tab(window.page, "Chats")).to_be_hidden()
    await window.page.get_by_role("button", name="Back to the chats").click()
    await expect(tab(window.page, "Chats")).to_be_visible()


async def test_a_tab_says_how_much_is_new_in_its_place(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await node.befriend(ann, ben)
    window = await windows.open(ben, "Ben Ode")
    page = window.page
    phone = await node.connect(ann, "/chat")
    await phone.ask("message_send", {"contact": ben.number, "client_id": "1", "text": "Hello"})
    await expect(tab(page, "Chats")).to_have_accessible_name("Chats 1 unread")
    await create(node, ann, ben)
    await expect(tab(page, "Chats")).to_have_accessible_name("Chats 2 unread")
    await expect(tab(page, "Events")).to_have_accessible_name("Events 1 open invitation")
    await page.reload()
    await expect(tab(page, "Events")).to_have_accessible_name("Events 1 open invitation")
    other = await create(node, ann, ben, title="Supper")
    await expect(tab(page, "Events")).to_have_accessible_name("Events 2 open invitations")
    status, _ = await node.rest("PUT", f"/api/events/{other['id']}/cancel_event", ann)
    assert status == 204
    await expect(tab(page, "Events")).to_have_accessible_name("Events 1 open invitation")
    await window.open_chat("Dinner")
    await page.get_by_role("button", name="Going", exact=True).click()
    await expect(tab(page, "Events")).to_have_accessible_name("Events")


async def test_a_chat_a_group_and_an_event_are_begun_by_one_button(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    page = (await windows.open(ann, "Ann")).page
    for entry, heading in (("New chat", "People"), ("New group", "New group"), ("New event", "New event")):
        await page.get_by_role("button", name="New", exact=True).click()
        await page.get_by_role("menuitem", name=entry).click()
        await expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_where_there_is_nothing_there_is_a_way_on(
    windows: Windows, node: Node, numbers: Numbers, axe: str, width: int, scheme: str
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    page = (await windows.open(ann, "Ann", viewport={"width": width, "height": 800}, color_scheme=scheme)).page
    await page.get_by_role("button", name="Add people").click()
    await expect(page.get_by_role("dialog", name="Add contact")).to_be_visible()
    await page.keyboard.press("Escape")
    await assert_accessible(page, axe)
    await page.get_by_role("link", name="Start a chat").first.click()
    await expect(page.get_by_text("Nobody here yet")).to_be_visible()
    await assert_accessible(page, axe)
    await node.befriend(ann, tom)
    await page.reload()
    search = page.get_by_role("searchbox", name="Search people")
    await search.fill("zzz")
    await assert_accessible(page, axe)
    await page.get_by_role("button", name="Clear search").click()
    await expect(search).to_be_focused()
    await expect(page.locator(".person")).to_have_count(1)


async def test_a_search_of_chats_that_finds_nothing_is_cleared_by_a_button(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    await phone.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Hello"})
    page = (await windows.open(ann, "Ann")).page
    search = page.get_by_role("searchbox", name="Search chats")
    await search.fill("zzz")
    await expect(page.get_by_text("No chat has this name.")).to_be_visible()
    await page.get_by_role("button", name="Clear search").click()
    await expect(search).to_be_focused()
    await expect(page.locator(".chat")).to_have_count(1)
