"""Photos and videos over the whole window: by keys, buttons, fingers and wheel, through all of the chat and back to where one was."""

import pytest
from playwright.async_api import Download, Page, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Windows
from tests.static.chats_with_files import ChatWithFiles, chat_with_files, refused
from tests.static.conftest import Numbers
from tests.support.node import Node
from tests.support.sounds import tone

LINES = 230  # more than two pages of the log

SCALE = "() => new DOMMatrix(getComputedStyle(document.querySelector('.viewer-picture')).transform).a"
PLACE = "() => { const { x, y } = document.querySelector('.viewer-picture').getBoundingClientRect(); return [x, y]; }"
# A finger, or two, from where to where; in steps, as fingers move.
TOUCH = """async (fingers) => {
    const stage = document.querySelector(".viewer-stage");
    const box = stage.getBoundingClientRect();
    const send = (name, pointerId, [x, y]) =>
        stage.firstChild.dispatchEvent(new PointerEvent(name, { pointerId, pointerType: "touch", bubbles: true, clientX: box.x + x, clientY: box.y + y, button: 0, isPrimary: pointerId === 1 }));
    stage.setPointerCapture = () => {}; // which knows real fingers alone
    fingers.forEach(([from], place) => send("pointerdown", place + 1, from));
    for (let step = 1; step <= 10; step++)
        fingers.forEach(([from, to], place) => send("pointermove", place + 1, [0, 1].map((side) => from[side] + ((to[side] - from[side]) * step) / 10)));
    fingers.forEach(([, to], place) => send("pointerup", place + 1, to));
}"""


@pytest.fixture
async def chat(node: Node, numbers: Numbers) -> ChatWithFiles:
    return await chat_with_files(node, numbers)


async def open_first(page: Page, name: str) -> None:
    await page.get_by_role("button", name=f"Open the photo: {name}").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def expect_shown(page: Page, caption: str) -> None:
    await expect(page.locator(".viewer-caption")).to_have_text(caption)


async def test_a_photo_is_opened_and_left_by_keys_and_the_focus_comes_back(
    windows: Windows, chat: ChatWithFiles, axe: str
) -> None:
    for place in range(3):
        await chat.photo(caption=f"photo {place}")
    window = await chat.open(windows)
    page, keyboard = window.page, window.page.keyboard
    await page.get_by_label("Message", exact=True).focus()
    for _ in range(3):  # past emoji and files
        await keyboard.press("Shift+Tab")
    opened = page.get_by_role("button", name="Open the photo: photo 2")
    await expect(opened).to_be_focused()
    await keyboard.press("Shift+Tab")
    await expect(page.locator("li.row:focus")).to_contain_text("photo 2")
    await keyboard.press("ArrowUp")
    await keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Open the photo: photo 1")).to_be_focused()
    await keyboard.press("ArrowDown")
    await expect(page.locator("li.row:focus")).to_contain_text("photo 2")
    await keyboard.press("Tab")
    await expect(opened).to_be_focused()
    await keyboard.press("Enter")
    await expect(page.get_by_role("dialog", name=f"+{chat.tom.number}")).to_be_visible()
    await expect_shown(page, "photo 2")
    await assert_accessible(page, axe)
    for _ in range(8):
        await keyboard.press("Tab")
        assert await page.evaluate(
            "() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null"
        )
    await keyboard.press("ArrowLeft")
    await expect_shown(page, "photo 1")
    await keyboard.press("ArrowRight")
    await expect_shown(page, "photo 2")
    await expect(page.get_by_role("button", name="Next")).to_be_hidden()
    await keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(opened).to_be_focused()


async def test_older_photos_are_loaded_when_one_comes_to_them(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.photo(caption="the first")
    for number in range(LINES):
        await chat.say(f"line {number}")
    await chat.photo(caption="the last")
    window = await chat.open(windows)
    await open_first(window.page, "the last")
    await window.page.get_by_role("button", name="Previous").click()
    await expect_shown(window.page, "the first")
    await expect(window.page.get_by_role("button", name="Previous")).to_be_hidden()
    await window.page.get_by_role("button", name="Next").click()
    await expect_shown(window.page, "the last")


async def test_without_a_line_older_photos_are_looked_for_again_later(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.photo(caption="the first")
    for number in range(LINES):
        await chat.say(f"line {number}")
    await chat.photo(caption="the last")
    window = await chat.open(windows)
    await open_first(window.page, "the last")
    window.is_cut = True
    await window.page.context.set_offline(True)
    await expect(window.page.locator(".banner.is-offline")).to_be_attached()
    await window.page.get_by_role("button", name="Previous").click()
    await expect(window.page.get_by_role("dialog").get_by_role("status")).to_have_text("There may be more: try again.")
    await window.page.context.set_offline(False)
    await expect(window.page.locator(".banner.is-online")).to_be_attached()
    await window.page.get_by_role("button", name="Previous").click()
    await expect_shown(window.page, "the first")


async def test_a_photo_is_enlarged_by_wheel_keys_and_double_click_and_moved(
    windows: Windows, chat: ChatWithFiles
) -> None:
    await chat.photo((2000, 1500), caption="large")
    page = (await chat.open(windows)).page
    await open_first(page, "large")
    assert await page.evaluate(SCALE) == 1
    await page.mouse.move(500, 360)
    await page.mouse.wheel(0, -500)
    await page.wait_for_function(f"() => ({SCALE})() > 2")
    before = await page.evaluate(PLACE)
    await page.mouse.down()
    await page.mouse.move(560, 400, steps=5)
    await page.mouse.up()
    after = await page.evaluate(PLACE)
    assert [after[0] - before[0], after[1] - before[1]] == [pytest.approx(60, abs=2), pytest.approx(40, abs=2)]
    await page.keyboard.press("0")
    await page.wait_for_function(f"() => ({SCALE})() === 1")
    await page.keyboard.press("+")
    await page.wait_for_function(f"() => ({SCALE})() === 1.5")
    await page.keyboard.press("0")
    await page.mouse.dblclick(500, 360)
    await page.wait_for_function(f"() => ({SCALE})() === 2.5")
    await page.mouse.dblclick(500, 360)
    await page.wait_for_function(f"() => ({SCALE})() === 1")


async def test_fingers_swipe_pinch_and_throw_it_away(windows: Windows, chat: ChatWithFiles) -> None:
    for place in range(2):
        await chat.photo(caption=f"photo {place}")
    look = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    page = (await chat.open(windows, **look)).page
    await page.get_by_role("button", name="Open the photo: photo 1").tap()
    await expect_shown(page, "photo 1")
    await page.evaluate(TOUCH, [[[100, 300], [250, 310]]])
    await expect_shown(page, "photo 0")
    await page.evaluate(TOUCH, [[[250, 300], [100, 310]]])
    await expect_shown(page, "photo 1")
    await page.evaluate(TOUCH, [[[150, 300], [50, 300]], [[240, 300], [340, 300]]])
    scale = await page.evaluate(SCALE)
    assert scale > 2
    await page.evaluate(TOUCH, [[[250, 300], [100, 310]]])  # which moves what is enlarged
    await expect_shown(page, "photo 1")
    assert await page.evaluate(SCALE) == scale
    await page.keyboard.press("0")
    await page.evaluate(TOUCH, [[[200, 200], [205, 420]]])
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_it_says_who_sent_it_when_and_saves_it(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.photo(caption="the garden")
    page = (await chat.open(windows)).page
    await open_first(page, "the garden")
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading")).to_have_text(f"+{chat.tom.number}")
    await expect(dialog.locator(".viewer-when")).to_contain_text("Photo, ")
    async with page.expect_download() as saved:
        await dialog.get_by_role("link", name="Download").click()
    assert (await saved.value).suggested_filename.startswith("Photo 2")
    assert (await saved.value).suggested_filename.endswith(".jpg")


async def test_a_photo_that_is_deleted_meanwhile_is_no_longer_shown(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.photo(caption="a mistake")
    last = await chat.say("the end")
    page = (await chat.open(windows)).page
    await open_first(page, "a mistake")
    await chat.phone.ask("message_delete", {"chat": chat.chat, "seq": last["seq"] - 1, "scope": "all"})
    await expect(page.get_by_role("dialog")).to_contain_text("This message was deleted.")
    await expect(page.get_by_role("dialog").locator("img")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_photo_that_cannot_be_shown_says_so_and_can_be_tried_again(
    windows: Windows, chat: ChatWithFiles, axe: str
) -> None:
    url = await chat.photo(caption="broken")
    await chat.say("the end")
    window = await windows.open(chat.ann, "Ann")
    window.is_refused = True
    page = window.page
    async with refused(page, f"**{url}"):
        await chat.show(window)
        row = window.row("broken")
        await expect(row).to_contain_text("This photo cannot be shown.")
        box = await row.locator(".broken").bounding_box()
        assert box is not None
        assert box["height"] >= 300, "it takes as much room as the photo"
        await assert_accessible(page, axe)
    await row.get_by_role("button", name="Try again").click()
    await expect(row.locator("img")).to_have_js_property("naturalWidth", 640)
    await expect(row.locator("button.photo")).to_be_focused()


async def test_photos_that_failed_come_with_the_line_and_nothing_else_happens(
    windows: Windows, chat: ChatWithFiles
) -> None:
    url = await chat.photo(caption="broken")
    await chat.upload("voice", tone(3), "voice.wav")
    await chat.upload("document", b"12345", "notes.txt")
    window = await windows.open(chat.ann, "Ann")
    window.is_refused = window.is_cut = True
    page = window.page
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))
    async with refused(page, f"**{url}"):
        await chat.show(window)
        await expect(window.row("broken")).to_contain_text("This photo cannot be shown.")
        await page.context.set_offline(True)
        await expect(page.locator(".banner.is-offline")).to_be_attached()
    await page.context.set_offline(False)
    await expect(page.locator(".banner.is-online")).to_be_attached()
    await expect(window.row("broken").locator("img")).to_have_js_property("naturalWidth", 640)
    await expect(page.get_by_role("region", name="What plays")).to_have_count(0)
    await expect(page.get_by_role("button", name="Play the voice message")).to_be_visible()
    assert downloads == []


async def test_the_way_back_of_the_browser_leaves_the_chat_and_the_photo(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.photo(caption="the garden")
    window = await windows.open(chat.ann, "Ann")
    await chat.show(window)
    await open_first(window.page, "the garden")
    await window.page.go_back()
    await expect(window.page.get_by_role("dialog")).to_have_count(0)
