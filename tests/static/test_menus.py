"""Menus stand beside what they belong to, are used by keys alone, and go away when one looks elsewhere."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node


@pytest.fixture
async def open_contacts(windows: Windows, node: Node, numbers: Numbers) -> Any:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)

    async def open_window(**options: Any) -> Window:
        window = await windows.open(ann, "Ann", **options)
        await window.page.evaluate("() => { location.hash = '#/contacts'; }")
        await expect(button(window.page)).to_be_visible()
        return window

    return open_window


def button(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^Actions for "))


async def test_a_menu_is_used_by_keys_and_gives_the_focus_back(open_contacts: Any) -> None:
    page = (await open_contacts()).page
    await button(page).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name="About this person")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("menuitem", name="Remove")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("b")
    await expect(page.get_by_role("menuitem", name="Block")).to_be_focused()
    await page.keyboard.press("Home")
    await expect(page.get_by_role("menuitem", name="About this person")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("menu")).to_have_count(0)
    await expect(button(page)).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("r")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name="Rename contact")).to_be_visible()


async def test_a_press_elsewhere_closes_a_menu_and_one_on_its_button_does_not_open_it_again(open_contacts: Any) -> None:
    page = (await open_contacts()).page
    await button(page).click()
    await expect(button(page)).to_have_attribute("aria-expanded", "true")
    await button(page).click()
    await expect(page.get_by_role("menu")).to_have_count(0)
    await expect(button(page)).not_to_have_attribute("aria-expanded", "true")
    await button(page).click()
    await expect(page.get_by_role("menu")).to_be_visible()
    await page.get_by_role("searchbox", name="Search people").click()
    await expect(page.get_by_role("menu")).to_have_count(0)
    await expect(page.get_by_role("searchbox", name="Search people")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_a_menu_is_inside_the_window_and_without_a_violation(
    open_contacts: Any, axe: str, width: int, scheme: str
) -> None:
    page = (await open_contacts(viewport={"width": width, "height": 500}, color_scheme=scheme)).page
    await button(page).click()
    box = await page.locator(".popover").bounding_box()
    assert box
    assert box["x"] >= 8
    assert box["x"] + box["width"] <= width - 8
    await assert_accessible(page, axe)


async def test_a_menu_goes_with_its_page(open_contacts: Any) -> None:
    page = (await open_contacts()).page
    await button(page).click()
    await expect(page.get_by_role("menu")).to_be_visible()
    await page.evaluate("() => { location.hash = '#/settings'; }")
    await expect(page.get_by_role("heading", level=1, name="Settings")).to_be_visible()
    await expect(page.get_by_role("menu")).to_have_count(0)


async def test_a_menu_goes_with_what_it_belongs_to(open_contacts: Any) -> None:
    page = (await open_contacts()).page
    await button(page).click()
    await button(page).evaluate("button => button.remove()")
    await expect(page.get_by_role("menu")).to_have_count(0)


async def test_the_focus_is_where_it_was_after_a_deed_of_the_menu(open_contacts: Any) -> None:
    page = (await open_contacts()).page
    await button(page).click()
    await page.get_by_role("menuitem", name="Rename").click()
    await page.get_by_label("First name").fill("Zoe")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name=re.compile("^Actions for Zoe"))).to_be_focused()
    await page.keyboard.press("Enter")
    await page.get_by_role("menuitem", name="Remove").click()
    await page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("heading", level=1, name="People")).to_be_focused()


async def test_a_menu_has_the_side_of_the_language(open_contacts: Any) -> None:
    page = (await open_contacts(viewport={"width": 1920, "height": 700})).page
    await page.evaluate("() => { document.documentElement.dir = 'rtl'; }")
    await button(page).click()
    menu, place = await page.locator(".popover").bounding_box(), await button(page).bounding_box()
    assert menu
    assert place
    assert menu["x"] + menu["width"] == pytest.approx(place["x"] + place["width"], abs=1)


async def test_a_press_and_an_open_menu_outlast_what_changes_in_their_row(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/presence")
    page = (await windows.open(ann, "Ann")).page
    await page.evaluate("() => { location.hash = '#/contacts'; }")
    line = page.locator(".person-line")
    await expect(line).to_have_text("online")
    await button(page).hover()
    await page.mouse.down()
    await phone.ask("presence_set", {"status": "offline"}, "/presence")
    await expect(line).not_to_have_text("online")
    await page.mouse.up()
    await expect(page.get_by_role("menu")).to_be_visible()
    await phone.ask("presence_set", {"status": "online"}, "/presence")
    await expect(line).to_have_text("online")
    await expect(page.get_by_role("menuitem", name="About this person")).to_be_focused()
