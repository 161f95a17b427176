"""What people write: signs around words, addresses, emoji."""

from typing import Literal

import pytest
from playwright.async_api import expect

from models.documents.reaction import find_emoji
from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.make_emoji import FOLDER, make
from tests.support.node import Node, Person


@pytest.fixture
async def friends(node: Node, numbers: Numbers) -> list[Person]:
    people = await numbers.sign_in(node, 2)
    await node.befriend(*people)
    return people


async def open_chat(windows: Windows, friends: list[Person], text: str, name: str = "Ann") -> Window:
    ann, tom = friends
    window = await windows.open(ann, name)
    await window.open_contact(tom.number)
    await window.write(text)
    await expect(window.page.locator("li.row .tick-stored")).to_be_visible()
    return window


async def test_signs_around_words_are_shown_as_what_they_mean(windows: Windows, friends: list[Person]) -> None:
    text = "*bold* _italic_ ~struck~ `a*b*` www.example.org ada@example.org\n```\nlines\n  of code\n```"
    window = await open_chat(windows, friends, text)
    shown = window.page.locator("li.row .text")
    for tag, part in (
        ("strong", "bold"),
        ("em", "italic"),
        ("s", "struck"),
        ("code", "a*b*"),
        ("pre", "lines\n  of code"),
    ):
        assert await shown.locator(tag).inner_text() == part
    addresses = await shown.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert addresses == ["https://www.example.org", "mailto:ada@example.org"]


async def test_the_line_of_a_chat_has_no_signs_and_an_edit_has_them(windows: Windows, friends: list[Person]) -> None:
    window = await open_chat(windows, friends, "*now* or `never`")
    await expect(window.page.locator(".chat-text")).to_contain_text("now or never")
    await window.page.get_by_label("Message", exact=True).press("ArrowUp")
    await expect(window.page.get_by_label("Message", exact=True)).to_have_value("*now* or `never`")


async def test_an_emoji_is_found_by_its_name_and_put_where_one_writes(windows: Windows, friends: list[Person]) -> None:
    window = await open_chat(windows, friends, "hi")
    page = window.page
    field = page.get_by_label("Message", exact=True)
    await field.fill("ab")
    await field.evaluate("node => node.setSelectionRange(1, 1)")
    await page.get_by_role("button", name="Emoji", exact=True).click()
    await page.get_by_role("searchbox", name="Search emoji").fill("rocket")
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("a🚀b")
    await expect(field).to_be_focused()
    await page.get_by_role("button", name="Emoji", exact=True).click()
    lately = page.get_by_role("region", name="Used lately").get_by_role("button")
    await expect(lately).to_have_text("🚀")
    await lately.click()
    await expect(field).to_have_value("a🚀🚀b")


async def test_a_skin_tone_is_kept(windows: Windows, friends: list[Person]) -> None:
    window = await open_chat(windows, friends, "hi")
    page = window.page
    await page.get_by_role("button", name="Emoji", exact=True).click()
    await page.get_by_role("radio", name="Medium skin tone", exact=True).check(force=True)
    await page.keyboard.press("Escape")
    await page.reload()
    await page.get_by_role("button", name="Emoji", exact=True).click()
    await page.get_by_role("searchbox", name="Search emoji").fill("waving hand")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Message", exact=True)).to_have_value("👋🏽")


async def test_any_emoji_can_be_a_reaction(windows: Windows, friends: list[Person]) -> None:
    window = await open_chat(windows, friends, "hi")
    await window.row("hi").focus()
    await window.page.keyboard.press("Enter")
    await window.page.get_by_role("button", name="React with another emoji").click()
    await window.page.get_by_role("searchbox", name="Search emoji").fill("unicorn")
    await window.page.get_by_role("button", name="unicorn", exact=True).click()
    await expect(window.page.locator("li.row .reaction")).to_have_text("🦄")


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
async def test_the_picker_is_for_everybody(
    windows: Windows, node: Node, numbers: Numbers, axe: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    window = await windows.open(
        ann, "Ann", viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
    )
    await window.open_contact(tom.number)
    page = window.page
    await page.get_by_role("button", name="Emoji", exact=True).click()
    await expect(page.locator(".emoji").first).to_be_visible()
    await assert_accessible(page, axe)
    await page.keyboard.press("ArrowDown")
    await expect(page.locator(".emoji").first).to_be_focused()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator(".emoji").nth(1)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator(".emoji").nth(1)).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await expect(page.get_by_role("searchbox", name="Search emoji")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()


async def test_the_names_of_emoji_are_those_of_their_source_and_each_may_be_a_reaction() -> None:
    made = await make()
    assert made == {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert find_emoji("🦄") == "🦄"
