"""Voice messages and audio: one player for the page, which goes on while one reads elsewhere and leads back to what it plays."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Windows
from tests.static.chats_with_files import ChatWithFiles, chat_with_files, refused
from tests.static.conftest import Numbers
from tests.support.node import Node
from tests.support.sounds import tone

# Notes what plays, when the page makes its player.
NOTE_AUDIO = """window.Audio = class extends window.Audio {
    constructor() {
        super();
        window.audio = this;
    }
};"""


@pytest.fixture
async def chat(node: Node, numbers: Numbers) -> ChatWithFiles:
    return await chat_with_files(node, numbers)


def sounds(page: Page) -> Locator:
    return page.locator(".sound")


async def opened(windows: Windows, chat: ChatWithFiles) -> Page:
    window = await windows.open(chat.ann, "Ann", is_new=True)
    await window.page.add_init_script(NOTE_AUDIO)
    await window.page.reload()
    await chat.show(window)
    return window.page


async def test_it_goes_on_in_another_chat_and_leads_back(
    windows: Windows, node: Node, numbers: Numbers, chat: ChatWithFiles, axe: str
) -> None:
    (eve,) = await numbers.sign_in(node, 1)
    await node.befriend(chat.ann, eve)
    at_eve = await node.connect(eve, "/chat")
    await at_eve.ask("message_send", {"contact": chat.ann.number, "client_id": "1", "text": "Hello"})
    await chat.upload("voice", tone(30), "voice.wav")
    for line in range(60):
        await chat.say(f"line {line}")
    page = await opened(windows, chat)
    await page.evaluate("() => { document.querySelector('.scroller').scrollTop = 0; }")
    await page.get_by_role("button", name="Play the voice message").click()
    bar = page.get_by_role("region", name="What plays")
    await expect(bar).to_contain_text("Voice message")
    await expect(bar.get_by_role("button", name="Pause")).to_be_visible()
    await assert_accessible(page, axe)
    await page.get_by_role("link", name=f"+{eve.number}").click()
    await expect(page.locator("li.row").filter(has_text="Hello")).to_be_visible()
    await page.wait_for_function(
        "() => { window.before ??= window.audio.currentTime; return window.audio.currentTime > window.before + 0.2; }"
    )
    await bar.get_by_role("button", name=f"+{chat.tom.number} Voice message Show the message").click()
    row = page.locator("li.row").filter(has=page.locator(".sound"))
    await expect(row).to_be_focused()
    await expect(row).to_be_in_viewport()
    await expect(row.get_by_role("button", name="Pause the voice message")).to_be_visible()
    await bar.get_by_role("button", name="Stop playing").click()
    await expect(bar).to_have_count(0)
    assert await page.evaluate("() => window.audio.paused")


async def test_a_recording_is_gone_through_by_keys(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.upload("voice", tone(30), "voice.wav")
    page = await opened(windows, chat)
    button = page.get_by_role("button", name="Play the voice message")
    await button.focus()
    await page.keyboard.press("Enter")
    slider = page.get_by_role("slider", name="Position in the voice message")
    await expect(slider).to_be_enabled()
    await page.keyboard.press("Enter")  # pauses
    await page.keyboard.press("Tab")
    await expect(slider).to_be_focused()
    await page.keyboard.press("Home")
    await expect(slider).to_have_attribute("aria-valuetext", "0 seconds of 30 seconds")
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    await expect(slider).to_have_attribute("aria-valuetext", "3 seconds of 30 seconds")
    assert await page.evaluate("() => window.audio.currentTime") == 3
    await expect(page.locator(".sound-time")).to_have_text("0:03 / 0:30")


async def test_the_speed_is_chosen_and_kept_for_the_next(windows: Windows, chat: ChatWithFiles) -> None:
    for _ in range(2):
        await chat.upload("voice", tone(30), "voice.wav")
    page = await opened(windows, chat)
    await sounds(page).nth(0).get_by_role("button").first.click()
    for speed in ("1×", "1.5×"):
        await page.get_by_role("button", name=f"Speed: {speed}", exact=True).click()
    await expect(page.get_by_role("button", name="Speed: 2×")).to_be_visible()
    await sounds(page).nth(1).get_by_role("button").first.click()
    await page.wait_for_function("() => !window.audio.paused && window.audio.playbackRate === 2")


async def test_the_next_of_a_run_plays_and_the_run_ends_with_a_word(windows: Windows, chat: ChatWithFiles) -> None:
    for seconds in (0.4, 0.6):
        await chat.upload("voice", tone(seconds), "voice.wav")
    await chat.say("a word")
    await chat.upload("voice", tone(0.4), "voice.wav")
    page = await opened(windows, chat)
    await page.evaluate(
        "() => { window.played = []; window.audio.addEventListener('play', () => window.played.push(window.audio.src)); }"
    )
    await sounds(page).nth(0).get_by_role("button").first.click()
    await page.wait_for_function("() => window.played.length === 2 && window.audio.paused", timeout=20_000)
    await expect(page.get_by_role("region", name="What plays")).to_have_count(0)
    assert len(set(await page.evaluate("() => window.played"))) == 2


async def test_what_cannot_be_played_says_so_and_can_be_tried_again(
    windows: Windows, chat: ChatWithFiles, axe: str
) -> None:
    url = await chat.upload("voice", tone(20), "voice.wav")
    window = await chat.open(windows)
    window.is_refused = True
    page = window.page
    async with refused(page, f"**{url}"):
        await page.get_by_role("button", name="Play the voice message").click()
        await expect(sounds(page)).to_contain_text("This voice message cannot be played here.")
        await assert_accessible(page, axe)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("button", name="Pause the voice message")).to_be_visible()
    await expect(page.get_by_text("cannot be played")).to_be_hidden()


async def test_how_long_and_how_loud_it_is_is_seen_before_it_plays(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.upload("voice", tone(12.4), "voice.wav")
    page = (await chat.open(windows)).page
    await expect(page.get_by_role("button", name="Play the voice message, 12 seconds")).to_be_visible()
    await expect(page.locator(".sound-time")).to_have_text("0:12")
    heights = await page.locator(".wave-all path").evaluate(
        "path => [...path.getAttribute('d').matchAll(/v(\\d+)/g)].map(([, height]) => Number(height))"
    )
    assert len(heights) == 48
    assert heights[24] > 2 * heights[0], "the tone swells and fades"
    await page.evaluate("() => { location.hash = '#/'; }")
    await expect(page.locator(".chat-text")).to_have_text("Voice message 0:12")


async def test_nothing_is_loaded_before_somebody_asks_for_it(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.upload("voice", tone(3), "voice.wav")
    await chat.upload("audio", tone(3), "song.wav")
    window = await windows.open(chat.ann, "Ann")
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    await chat.show(window)
    await expect(sounds(window.page)).to_have_count(2)
    assert not [url for url in asked if "/media/" in url]
