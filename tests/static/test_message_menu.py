"""What one does with a message: a menu at its bubble, a bar under a mouse, and what a finger does."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Device, Node, Person

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
READY = "() => document.querySelector('.scroller.takes-touch') !== null"
BOX = "node => { const { left, top, right, bottom } = node.getBoundingClientRect(); return { left, top, right, bottom }; }"
POINTERS = """async ([kind, points, heldMs]) => {
    const [x, y] = points[0];
    const target = document.elementFromPoint(x, y);
    const say = (name, [clientX, clientY]) => target.dispatchEvent(new PointerEvent(name, { bubbles: true, cancelable: true, composed: true, pointerId: 7, pointerType: kind, isPrimary: true, button: 0, clientX, clientY }));
    say("pointerdown", points[0]);
    for (const point of points.slice(1)) {
        await new Promise((done) => requestAnimationFrame(done));
        say("pointermove", point);
    }
    if (heldMs) await new Promise((done) => setTimeout(done, heldMs));
    say("pointerup", points.at(-1));
}"""


@pytest.fixture
async def friends(node: Node, numbers: Numbers) -> list[Person]:
    people = await numbers.sign_in(node, 2)
    await node.befriend(*people)
    return people


async def read(
    windows: Windows, node: Node, friends: list[Person], *texts: str, **options: Any
) -> tuple[Window, Device]:
    """Ann's window on her chat with Tom, who wrote these; and Tom's device."""
    ann, tom = friends
    phone = await node.connect(tom, "/chat")
    for number, text in enumerate(texts):
        sent = await phone.ask("message_send", {"contact": ann.number, "client_id": str(number), "text": text})
        assert sent["ok"], sent
    window = await windows.open(ann, "Ann", **options)
    await window.open_contact(tom.number)
    await expect(window.page.locator("li.row").first).to_be_visible()
    await window.page.evaluate("() => { document.querySelector('.scroller').scrollTop = 1e6; }")
    await expect(window.row(texts[-1])).to_be_in_viewport()
    await window.page.wait_for_function(READY)
    return window, phone


async def box_of(place: Locator) -> dict[str, float]:
    box: dict[str, float] = await place.evaluate(BOX)
    return box


async def touch(page: Page, *points: tuple[float, float], held_ms: int = 0) -> None:
    await page.evaluate(POINTERS, ["touch", points, held_ms])


async def middle_of(window: Window, text: str) -> tuple[float, float]:
    box = await box_of(window.row(text).locator(".bubble"))
    return (box["left"] + box["right"]) / 2, (box["top"] + box["bottom"]) / 2


@pytest.mark.parametrize("key", ["Enter", " ", "ContextMenu"])
async def test_a_key_on_a_message_opens_its_menu_and_escape_leads_back(
    windows: Windows, node: Node, friends: list[Person], key: str
) -> None:
    window, _ = await read(windows, node, friends, "Hello")
    await window.row("Hello").focus()
    await window.page.keyboard.press(key)
    menu = window.page.get_by_role("menu", name="Hello")
    await expect(menu.get_by_role("menuitem", name="Reply")).to_be_focused()
    await window.page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)
    await expect(window.row("Hello")).to_be_focused()


async def test_arrows_go_through_the_entries_and_the_reactions(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    window, phone = await read(windows, node, friends, "Hello")
    page, press = window.page, window.page.keyboard.press
    await window.row("Hello").focus()
    await press("Enter")
    await expect(page.get_by_role("menuitem", name="Reply")).to_be_focused()
    await press("End")
    await expect(page.get_by_role("menuitem", name="Delete…")).to_be_focused()
    await press("ArrowDown")
    await expect(page.get_by_label("React with 👍")).to_be_focused()
    await press("ArrowLeft")
    await expect(page.get_by_role("button", name="React with another emoji")).to_be_focused()
    await press("ArrowRight")
    await press("ArrowRight")
    await press("Enter")
    (reaction,) = await phone.expect("reaction_changed")
    assert reaction["emoji"] == "❤️"
    await expect(window.row("Hello")).to_be_focused()


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (1280, "ar"), (390, "en"), (390, "ar")])
async def test_the_menu_lies_at_its_bubble_and_within_the_view_at_every_edge(
    windows: Windows, node: Node, friends: list[Person], axe: str, width: int, language: str
) -> None:
    texts = [f"line {number}" for number in range(10)] + ["long " * 900, "the last"]
    window, _ = await read(windows, node, friends, *texts, viewport={"width": width, "height": 640})
    page = window.page
    await page.evaluate("dir => { document.dir = dir; }", "rtl" if language == "ar" else "ltr")
    await window.row("the last").focus()
    for key, text in (("End", "the last"), ("ArrowUp", "long"), ("Home", "line 0")):
        await page.keyboard.press(key)
        row = window.row(text)
        await expect(row).to_be_focused()
        await page.keyboard.press("Enter")
        menu, bubble = await box_of(page.get_by_role("dialog")), await box_of(row.locator(".bubble"))
        assert 0 <= menu["left"] < menu["right"] <= width
        assert 0 <= menu["top"] < menu["bottom"] <= 640
        if width > 768:
            side = "right" if language == "ar" else "left"
            assert abs(menu[side] - bubble[side]) < 2
            assert menu["top"] < bubble["bottom"] + 8
            assert menu["bottom"] > bubble["top"] - 8
        else:
            assert menu["bottom"] == 640
        await assert_accessible(page, axe)
        await page.keyboard.press("Escape")


async def test_a_right_press_opens_the_menu_there_and_a_press_or_a_wheel_beside_it_closes_it(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    window, _ = await read(windows, node, friends, "Hello", "and so on")
    page = window.page
    x, y = await middle_of(window, "Hello")
    await page.mouse.click(x, y, button="right")
    menu = page.get_by_role("dialog")
    box = await box_of(menu)
    assert abs(box["left"] - x) < 2
    await page.mouse.click(box["right"] + 40, box["top"])
    await expect(menu).to_have_count(0)
    await page.mouse.click(x, y, button="right")
    await expect(menu).to_be_visible()
    await page.mouse.move(box["right"] + 40, box["top"])
    await page.mouse.wheel(0, -40)
    await expect(menu).to_have_count(0)


async def test_deleting_from_the_menu_still_asks(windows: Windows, node: Node, friends: list[Person]) -> None:
    window, _ = await read(windows, node, friends, "Hello")
    await window.choose("Hello", "Delete")
    await (
        window.page.get_by_role("dialog", name="Delete this message for you?")
        .get_by_role("button", name="Cancel")
        .click()
    )
    await expect(window.row("Hello")).to_be_focused()


@asynccontextmanager
async def held_back(page: Page) -> AsyncIterator[Any]:
    """What the server says of a message is held back until it is let through: first that it is stored, then the message itself."""
    waiting: list[tuple[str, Any]] = []
    line: list[WebSocketRoute] = []
    held = {"answer", "message"}

    def hear(route: WebSocketRoute) -> None:
        server = route.connect_to_server()
        line.append(route)

        def pass_on(frame: Any) -> None:
            text = frame if isinstance(frame, str) else ""
            is_answer = text.startswith("43") and '"ok":true,"message":' in text  # no answer of sync or history
            kind = "message" if '"message_created"' in text else "answer" if is_answer else ""
            if kind in held:
                waiting.append((kind, frame))
            else:
                route.send(frame)

        server.on_message(pass_on)

    def let_through(kind: str) -> None:
        held.discard(kind)
        for each, frame in waiting:
            if each == kind:
                line[-1].send(frame)

    await page.route_web_socket(re.compile("socket.io"), hear)
    await page.reload()
    yield let_through


async def test_a_key_on_a_message_that_is_on_its_way_is_not_lost(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    ann, tom = friends
    phone = await node.connect(tom, "/chat")
    await phone.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Hello"})
    window = await windows.open(ann, "Ann", is_new=True)
    await window.open_contact(tom.number)
    page = window.page
    async with held_back(page) as let_through:
        await expect(window.row("Hello")).to_be_visible()
        await window.write("On its way")
        await expect(window.row("On its way").get_by_label("Waiting to be sent")).to_be_visible()
        await window.row("On its way").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("This message is on its way…")).to_be_visible()
        await expect(page.get_by_role("menuitem", name="Copy text")).to_be_focused()
        let_through("answer")
        await expect(page.get_by_label("React with 👍")).to_be_visible()
        await expect(page.get_by_role("menuitem", name="Copy text")).to_be_focused()
        await page.get_by_label("React with 👍").click()
        let_through("message")
        await expect(window.row("On its way").locator(".reaction")).to_have_text("👍")


async def test_under_a_mouse_a_message_has_a_bar_that_moves_nothing_and_is_no_stop_for_tab(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    window, phone = await read(windows, node, friends, "Hello", "Who waters on Sunday?")
    page = window.page
    places = "() => [...document.querySelectorAll('li.row')].map((row) => [row.offsetTop, row.offsetHeight, row.querySelector('.bubble')?.offsetWidth])"
    before = await page.evaluate(places)
    await window.row("Who waters").locator(".text").hover()
    bar = window.row("Who waters").get_by_role("group", name="Actions")
    await expect(bar).to_be_visible()
    assert await page.evaluate(places) == before
    assert await bar.locator("button").evaluate_all("all => all.map(({ tabIndex }) => tabIndex)") == [-1, -1, -1]
    await bar.get_by_role("button", name="React").click()
    await page.get_by_label("React with 😂").click()
    (reaction,) = await phone.expect("reaction_changed")
    assert reaction["emoji"] == "😂"
    await window.row("Hello").locator(".text").hover()
    await expect(page.locator(".row-bar")).to_have_count(1)
    await window.row("Hello").get_by_role("button", name="Reply").click()
    await expect(page.locator(".mode")).to_contain_text("Hello")
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    await page.locator("header.bar h1.title").hover()
    await expect(page.locator(".row-bar")).to_have_count(0)


async def test_a_long_press_opens_the_menu_and_a_finger_that_moves_does_not(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    window, _ = await read(windows, node, friends, "Hello", **PHONE)
    page = window.page
    x, y = await middle_of(window, "Hello")
    await touch(page, (x, y), (x, y + 30), held_ms=600)
    await touch(page, (x, y), held_ms=50)
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await touch(page, (x, y), (x + 3, y + 3), held_ms=600)
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert (
        not await window.row("Hello")
        .locator(".bubble")
        .evaluate(
            "node => node.dispatchEvent(new PointerEvent('contextmenu', { bubbles: true, cancelable: true, pointerType: 'touch' }))"
        )
    ), "the system's menu must not open"
    await page.touchscreen.tap(x, 40)
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_double_tap_gives_a_heart_and_takes_it_away(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    window, phone = await read(windows, node, friends, "Hello", **PHONE)
    point = await middle_of(window, "Hello")
    await touch(window.page, point)
    await touch(window.page, point)
    await expect(window.row("Hello").locator(".reaction")).to_have_text("❤️")
    (reaction,) = await phone.expect("reaction_changed")
    assert reaction["emoji"] == "❤️"
    await touch(window.page, point)
    await touch(window.page, point)
    await expect(window.row("Hello").locator(".reaction")).to_have_count(0)


@pytest.mark.parametrize(("direction", "onwards"), [("ltr", 1), ("rtl", -1)])
async def test_a_swipe_onwards_replies(
    windows: Windows, node: Node, friends: list[Person], direction: str, onwards: int
) -> None:
    window, _ = await read(windows, node, friends, "Hello", **PHONE)
    page, mode = window.page, window.page.locator(".mode")
    await page.evaluate("dir => { document.dir = dir; }", direction)
    await expect(window.row("Hello")).to_be_visible()
    x, y = await middle_of(window, "Hello")

    async def swipe(across: float, down: float = 0) -> None:
        await touch(page, (x, y), (x + across / 2, y + down / 2), (x + across, y + down))

    await swipe(-90 * onwards)
    await swipe(40 * onwards)
    await swipe(60 * onwards, 120)
    await expect(mode).to_be_hidden()
    assert await window.row("Hello").locator(".line").evaluate("node => node.style.transform") == ""
    await swipe(90 * onwards)
    await expect(mode).to_contain_text("Hello")
    await expect(page.locator(".swipe-sign")).to_have_count(0)


async def test_a_message_that_waits_can_be_taken_back_and_not_answered(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    ann, tom = friends
    window = await windows.open(ann, "Ann")
    window.is_cut = True
    page, mode = window.page, window.page.locator(".mode")
    await window.open_contact(tom.number)
    await page.wait_for_function(READY)
    await page.context.set_offline(True)
    await expect(page.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    await window.write("First words")
    await window.row("First words").focus()
    await page.keyboard.press("r")
    x, y = await middle_of(window, "First words")
    await touch(page, (x, y), (x + 40, y), (x + 90, y))
    await touch(page, (x, y))
    await touch(page, (x, y))
    await window.row("First words").locator(".text").hover()
    bar = window.row("First words").get_by_role("group", name="Actions")
    await expect(bar.get_by_role("button")).to_have_count(1)
    await bar.get_by_role("button", name="More").click()
    await expect(page.get_by_role("menuitem", name="Take back…")).to_be_visible()
    await expect(mode).to_be_hidden()
    await expect(page.locator(".banner")).to_contain_text("Waiting to be sent: one message.")


async def test_the_reactions_close_when_their_message_is_deleted(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    window, phone = await read(windows, node, friends, "Hello")
    await window.row("Hello").locator(".text").hover()
    await window.row("Hello").get_by_role("button", name="React").click()
    await expect(window.page.get_by_role("dialog")).to_be_visible()
    await phone.ask("message_delete", {"contact": friends[0].number, "client_id": "9", "seq": 1, "scope": "all"})
    await expect(window.page.get_by_role("dialog")).to_have_count(0)


async def test_a_finger_answers_a_link_and_code_and_a_keyboard_of_other_letters_replies(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    window, _ = await read(windows, node, friends, "```\ncode\n```", "http://one.test/", "http://two.test/", **PHONE)
    page, mode = window.page, window.page.locator(".mode")
    stops = await page.locator("li.row a").evaluate_all("all => all.map(({ tabIndex }) => tabIndex)")
    assert stops == [-1, 0], "one message is a stop for Tab, and its link another"
    link = await box_of(window.row("one.test").locator("a"))
    x, y = link["left"] + 10, (link["top"] + link["bottom"]) / 2
    click = (
        "([node, detail]) => node.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, detail }))"
    )
    # The page must swallow the click of the finger, and leave that of a key to the link: what is left to it is held here.
    await page.evaluate(
        "() => addEventListener('click', (event) => { window.left = !event.defaultPrevented; event.preventDefault(); })"
    )
    node_of_link = await window.row("one.test").locator("a").element_handle()
    await touch(page, (x, y), (x + 40, y), (x + 90, y))
    await expect(mode).to_contain_text("one.test")
    await page.evaluate("() => { window.left = null; }")
    await page.evaluate(click, [node_of_link, 0])
    assert await page.evaluate("window.left") is True
    await page.get_by_role("button", name="Do not reply").click()
    await window.row("two.test").focus()
    await window.row("two.test").evaluate(
        "node => node.dispatchEvent(new KeyboardEvent('keydown', { key: 'ق', code: 'KeyR', bubbles: true, cancelable: true }))"
    )
    await expect(mode).to_contain_text("two.test")
    code = await box_of(window.page.locator("li.row pre"))
    await touch(page, (code["left"] + 5, (code["top"] + code["bottom"]) / 2), held_ms=600)
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_touch_that_could_not_be_loaded_comes_with_the_connection(
    windows: Windows, node: Node, friends: list[Person]
) -> None:
    ann, tom = friends
    phone = await node.connect(tom, "/chat")
    await phone.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Hello"})
    window = await windows.open(ann, "Ann")
    window.is_cut = True
    page = window.page
    await page.route("**/row_pointer.js", lambda route: route.abort("connectionreset"))
    async with page.expect_event("requestfailed", lambda request: "row_pointer" in request.url):
        await window.open_contact(tom.number)
    await (
        window.row("Hello")
        .locator(".text")
        .evaluate(
            "node => node.dispatchEvent(new PointerEvent('contextmenu', { bubbles: true, cancelable: true, pointerType: 'touch' }))"
        )
    )
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.unroute_all()
    await page.context.set_offline(True)
    await expect(page.get_by_role("status").filter(has_text="No connection")).to_be_visible()
    await page.context.set_offline(False)
    await page.wait_for_function(READY)
