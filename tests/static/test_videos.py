"""Videos in a conversation: a first picture and a length, no bytes before they are asked for, and one that goes on while its row changes."""

import pytest
from playwright.async_api import expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Windows
from tests.static.chats_with_files import ChatWithFiles, chat_with_files, refused
from tests.static.conftest import Numbers
from tests.support.films import film
from tests.support.node import Node
from tests.support.sounds import tone


@pytest.fixture
async def chat(node: Node, numbers: Numbers) -> ChatWithFiles:
    return await chat_with_files(node, numbers)


async def test_its_place_and_first_picture_are_there_and_no_byte_of_it(
    windows: Windows, chat: ChatWithFiles, axe: str
) -> None:
    url = await chat.upload("video", film(2), "film.webm", caption="A film")
    window = await windows.open(chat.ann, "Ann")
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    await chat.show(window)
    frame = window.page.locator(".video .photo")
    await expect(frame.locator("img")).to_have_js_property("naturalWidth", 320)
    await expect(window.page.get_by_role("button", name="Play the video, 0:02")).to_be_visible()
    box = await frame.bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (320, 180)
    assert not [each for each in asked if each.endswith(url)]
    await assert_accessible(window.page, axe)


async def test_it_plays_in_its_place_and_goes_on_while_its_row_is_drawn_anew(
    windows: Windows, chat: ChatWithFiles
) -> None:
    await chat.upload("video", film(8, (64, 36)), "film.webm", caption="A film")
    last = await chat.say("look")
    page = (await chat.open(windows)).page
    row = page.locator("li.row").filter(has_text="A film")
    await expect(page.get_by_role("button", name="Play the video")).to_be_visible()
    before = await row.bounding_box()
    await page.get_by_role("button", name="Play the video").click()
    await page.wait_for_function("() => document.querySelector('li video').currentTime > 0.1")
    await page.evaluate("() => { document.querySelector('li video').isTheSame = true; }")
    after = await row.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] == before["height"]
    reaction = {"chat": chat.chat, "seq": last["seq"] - 1, "emoji": "🎬"}
    assert (await chat.phone.ask("reaction_set", reaction))["ok"]
    await expect(row.get_by_role("button", name="🎬")).to_be_visible()
    assert await page.evaluate(
        "() => { const video = document.querySelector('li video'); return video.isTheSame && !video.paused; }"
    )
    await expect(page.locator("li video")).to_be_focused()


async def test_one_thing_plays_at_a_time(windows: Windows, chat: ChatWithFiles) -> None:
    for seconds in (8, 9):
        await chat.upload("video", film(seconds, (64, 36)), "film.webm")
    await chat.upload("voice", tone(20), "voice.wav")
    page = (await chat.open(windows)).page
    playing = "() => [...document.querySelectorAll('li video')].map((one) => !one.paused)"
    await page.get_by_role("button", name="Play the video").nth(0).click()
    await page.wait_for_function(f"() => ({playing})()[0]")
    await page.get_by_role("button", name="Play the video").click()
    await page.wait_for_function(f"() => ({playing})().join() === 'false,true'")
    await page.get_by_role("button", name="Play the voice message").click()
    await page.wait_for_function(f"() => ({playing})().join() === 'false,false'")
    await page.locator("li video").nth(1).evaluate("video => video.play()")
    await expect(page.get_by_role("button", name="Play the voice message")).to_be_visible()


async def test_it_opens_over_the_window_among_the_photos(windows: Windows, chat: ChatWithFiles, axe: str) -> None:
    await chat.photo(caption="a photo")
    await chat.upload("video", film(2), "film.webm", caption="a film")
    page = (await chat.open(windows)).page
    await page.get_by_role("button", name="Open the video").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("video")).to_be_visible()
    await expect(dialog.locator(".viewer-when")).to_contain_text("Video, ")
    await assert_accessible(page, axe)
    await dialog.locator("video").evaluate("video => video.play()")
    await page.wait_for_function("() => document.querySelector('dialog video').currentTime > 0")
    await page.get_by_role("button", name="Previous").click()
    await expect(dialog.locator("img")).to_be_visible()
    await expect(dialog.locator("video")).to_have_count(0)


async def test_one_that_cannot_be_played_says_so_and_can_be_tried_again(
    windows: Windows, chat: ChatWithFiles, axe: str
) -> None:
    url = await chat.upload("video", film(8, (64, 36)), "film.webm")
    window = await chat.open(windows)
    window.is_refused = True
    page = window.page
    async with refused(page, f"**{url}"):
        await page.get_by_role("button", name="Play the video").click()
        await expect(page.locator(".broken")).to_contain_text("This video cannot be played here.")
        await assert_accessible(page, axe)
    await page.get_by_role("button", name="Try again").click()
    await page.wait_for_function("() => document.querySelector('li video').currentTime > 0")
