"""The page in Arabic: it runs from right to left, and what has another direction keeps it to itself."""

import pytest
from playwright.async_api import Locator, expect

from tests.static.browser import Window, Windows
from tests.static.chats_with_files import ChatWithFiles, chat_with_files
from tests.static.conftest import Numbers
from tests.support.node import Node
from tests.support.sounds import tone

PDF = b"%PDF-1.4\n"


async def box(locator: Locator) -> dict[str, float]:
    found = await locator.bounding_box()
    assert found is not None
    return dict(found)


@pytest.fixture
async def chat(node: Node, numbers: Numbers) -> ChatWithFiles:
    made = await chat_with_files(node, numbers)
    await node.rest("PATCH", f"/api/contacts/{made.tom.number}/", made.ann, json={"first_name": "Tom"})
    return made


@pytest.fixture
async def window(windows: Windows, chat: ChatWithFiles) -> Window:
    await chat.upload("document", PDF, "The timetable of the ferry.pdf")
    await chat.photo()
    await chat.say("A line that is much longer than there is room for in the list, so that its end is cut off: here.")
    window = await windows.open(chat.ann, "Ann", locale="ar")
    await window.page.evaluate("hash => { location.hash = hash; }", f"#/contact/{chat.tom.number}")
    await expect(window.page.locator(".composer textarea")).to_be_visible()
    return window


async def test_names_stand_where_names_are(window: Window) -> None:
    title, face = (
        window.page.locator("h1.title"),
        window.page.locator(".conversation-header .avatar, .bar .avatar").first,
    )
    await expect(title).to_have_text("Tom")
    assert await title.evaluate("node => getComputedStyle(node).textAlign") == "right"
    assert (await box(face))["x"] > (await box(title))["x"]


async def test_a_line_is_cut_at_its_own_end(window: Window) -> None:
    text = window.page.locator(".chat .chat-text > bdi")
    await expect(text).to_contain_text("A line that is much longer")
    shown = await text.evaluate("""node => {
        const range = document.createRange();
        range.setStart(node.firstChild, 0);
        range.setEnd(node.firstChild, 1);
        const [letter, line] = [range.getBoundingClientRect(), node.getBoundingClientRect()];
        return node.scrollWidth > node.clientWidth && letter.left >= line.left && letter.right <= line.right;
    }""")
    assert shown, "its first letter"


async def test_the_name_of_a_file_keeps_its_order(window: Window) -> None:
    stem, tail = window.page.locator(".name-stem"), window.page.locator(".name-tail")
    await expect(tail).to_have_text("ferry.pdf")
    assert (await box(stem))["x"] < (await box(tail))["x"]


async def test_what_points_along_the_line_points_the_other_way(window: Window) -> None:
    for name in ("send", "back"):
        assert (
            await window.page.locator(f".icon-{name}").first.evaluate("node => getComputedStyle(node).scale") == "-1 1"
        )
    assert await window.page.locator(".icon-mic").first.evaluate("node => getComputedStyle(node).scale") == "none"


async def test_the_arrow_to_the_left_leads_to_what_is_later(window: Window, chat: ChatWithFiles) -> None:
    await chat.photo(colour="navy")
    photos = window.page.locator("button.photo")
    await expect(photos).to_have_count(2)
    await photos.first.click()
    shown = window.page.locator(".viewer img")
    first = await shown.get_attribute("src")
    await window.page.keyboard.press("ArrowLeft")
    await expect(shown).not_to_have_attribute("src", first or "")
    await window.page.keyboard.press("ArrowRight")
    await expect(shown).to_have_attribute("src", first or "")


async def test_the_time_of_a_sound_stands_away_from_its_button(window: Window, chat: ChatWithFiles) -> None:
    await chat.upload("voice", tone(1), "voice.wav")
    row = window.page.locator("li.row", has=window.page.locator(".sound"))
    play, time = await box(row.locator(".sound-play")), await box(row.locator(".meta"))
    assert time["x"] + time["width"] <= play["x"]
