"""How messages look: the time in the last line, who says it, and which day it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import expect

from models.documents.entry import Draft, Message
from models.stores.database import open_database
from models.stores.entry_rows import ENTRIES, entry_row
from server.embedded import EmbeddedStores
from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.chats_with_files import ChatWithFiles, chat_with_files
from tests.static.conftest import Numbers
from tests.support.node import Node, Person

# Where the words of a row end in their last line, where its time is, and whether one lies on the other.
PLACES = """row => {
    const words = row.querySelector(".caption, .text");
    const range = document.createRange();
    range.selectNodeContents(words);
    const last = [...range.getClientRects()].at(-1);
    const time = row.querySelector(".meta").getBoundingClientRect();
    const bubble = row.querySelector(".bubble").getBoundingClientRect();
    const isOver = last.left < time.right && time.left < last.right && last.top < time.bottom && time.top < last.bottom;
    const isWithin = time.left >= bubble.left && time.right <= bubble.right && time.bottom <= bubble.bottom;
    return { isInLine: time.top < last.bottom, isOver, isWithin, isAtLeft: time.left < last.left };
}"""


@pytest.fixture
async def chat(node: Node, numbers: Numbers) -> ChatWithFiles:
    return await chat_with_files(node, numbers)


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_time_stands_in_the_last_line_where_there_is_room_and_never_on_a_word(
    windows: Windows, chat: ChatWithFiles, width: int
) -> None:
    for length in range(1, 40):
        await chat.say("a" + " word" * length)
    edited = await chat.say("edited")
    await chat.phone.ask("message_edit", {"chat": edited["chat"], "seq": edited["seq"], "text": "is it so? " * 7})
    await chat.say("مرحبا")
    await chat.photo(caption="A caption")
    await chat.photo(caption="صورة")
    window = await chat.open(windows, viewport={"width": width, "height": 3200})
    rows = window.page.locator("li.row:has(.bubble)")
    await expect(window.row("a word")).not_to_have_count(0)
    await window.write("mine is short")
    await expect(window.row("mine is short").locator(".tick-stored, .tick-delivered, .tick-read")).to_be_visible()
    places = [await row.evaluate(PLACES) for row in await rows.all()]
    assert all(each["isWithin"] and not each["isOver"] for each in places), places
    assert any(not each["isInLine"] for each in places), "where a line is full, the time takes another one"
    for text in ("مرحبا", "A caption", "صورة", "mine is short"):
        place = await window.row(text).evaluate(PLACES)
        assert place["isInLine"], text
        assert place["isAtLeft"] == (text in {"مرحبا", "صورة"}), text


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_over_a_picture_the_time_is_white_on_dark(windows: Windows, chat: ChatWithFiles, scheme: str) -> None:
    await chat.photo(colour="white")
    window = await chat.open(windows, color_scheme=scheme)
    row = window.page.locator("li.row:has(.photo.is-there)")
    await expect(row).to_be_visible()
    where = "node => { const { left, top, right, bottom } = node.getBoundingClientRect(); return [left, top, right, bottom]; }"
    photo, time = [await row.locator(each).evaluate(where) for each in (".photo", ".meta")]
    assert photo[0] < time[0] < time[2] < photo[2]
    assert photo[1] < time[1] < time[3] < photo[3]
    look = await row.locator(".meta").evaluate(
        "node => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]"
    )
    assert look == ["rgb(255, 255, 255)", "rgba(0, 0, 0, 0.65)"]


async def in_group(node: Node, numbers: Numbers) -> tuple[list[Person], int]:
    """Eight people in a group of Ann's, each of whom has said two things; and the chat."""
    people = await numbers.sign_in(node, 9)
    await node.befriend(*people)
    names = ("Tom", "Eve", "Cem", "Ida", "Jo", "Kai", "Lea", "Max")
    for person, name in zip(people[1:], names, strict=True):
        await node.rest("PATCH", f"/api/contacts/{person.number}/", people[0], json={"first_name": name})
    members = [each.number for each in people[1:]]
    _, group = await node.rest(
        "POST", "/api/groups/create-group/", people[0], json={"participants": members, "subject": "Garden"}
    )
    for person, name in zip(people[1:], names, strict=True):
        device = await node.connect(person, "/chat")
        for number in (1, 2):
            sent = await device.ask(
                "message_send", {"group": group["groupid"], "client_id": str(number), "text": f"{name} says {number}"}
            )
            assert sent["ok"], sent
        await device.client.disconnect()
    return people, sent["message"]["chat"]


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
async def test_each_sender_in_a_group_has_a_face_and_a_colour_that_stay(
    windows: Windows, node: Node, numbers: Numbers, axe: str, width: int, scheme: str
) -> None:
    people, chat = await in_group(node, numbers)
    window = await windows.open(people[0], "Ann", viewport={"width": width, "height": 1600}, color_scheme=scheme)

    async def show() -> list[tuple[str, str]]:
        await window.page.evaluate("chat => { location.hash = `#/chat/${chat}`; }", chat)
        await expect(window.row("Max says 2")).to_be_visible()
        found: list[tuple[str, str]] = await window.page.locator(".sender").evaluate_all(
            "all => all.map((one) => [one.textContent, getComputedStyle(one).color])"
        )
        return found

    first = await show()
    assert [name for name, _ in first] == ["Tom", "Eve", "Cem", "Ida", "Jo", "Kai", "Lea", "Max"]
    assert len({colour for _, colour in first}) >= 4
    await expect(window.page.locator(".row-face")).to_have_count(8)
    await expect(window.row("Tom says 1").locator(".row-face")).to_have_text("T")
    await expect(window.row("Tom says 2").locator(".row-face")).to_have_count(0)
    one, other = [await window.row(f"Tom says {number}").locator(".bubble").bounding_box() for number in (1, 2)]
    assert one
    assert other
    assert one["x"] == other["x"]
    await assert_accessible(window.page, axe)
    await window.page.reload()
    assert await show() == first


async def write_in_the_past(node: Node, stores: EmbeddedStores, chat: ChatWithFiles, days: int, each_day: int) -> None:
    """Rows as the journal writes them: some messages on each of the days up to yesterday."""
    first = await chat.say("before them all")
    rows = []
    for seq in range(first["seq"] + 1, first["seq"] + 1 + days * each_day):
        day = (seq - first["seq"] - 1) // each_day
        draft = Draft(
            chat.chat, chat.tom.account_id, chat.tom.number, f"seed {seq}", Message(text=f"day {day} message {seq}")
        )
        rows.append(entry_row(draft, seq, datetime.now(UTC) - timedelta(days=days - day)))
    async with open_database(stores.mongodb_url, node.settings.mongodb.database) as database:
        await database.collection(ENTRIES).insert_many(rows)
    device = await node.connect(chat.ann, "/receipts")
    answer = await device.ask("read", {"chat": chat.chat, "seq": seq}, "/receipts")
    assert answer["ok"], answer


async def scroll(window: Window, by: int) -> None:
    await window.page.evaluate("by => { document.querySelector('.scroller').scrollTop += by; }", by)


async def test_while_one_scrolls_the_day_of_what_is_on_top_is_told(
    windows: Windows, node: Node, stores: EmbeddedStores, chat: ChatWithFiles
) -> None:
    await write_in_the_past(node, stores, chat, days=3, each_day=30)
    look: dict[str, Any] = {"reduced_motion": "reduce"}
    window = await windows.open(chat.ann, "Ann", **look)
    await chat.show(window)
    chip = window.page.locator(".day-chip")
    await expect(window.row("day 2 message 91")).to_be_visible()
    await expect(chip).to_have_css("opacity", "0")
    await scroll(window, -500)
    await expect(chip).to_have_css("opacity", "1")
    await expect(chip).to_have_text("Yesterday")
    assert await chip.get_attribute("aria-hidden") == "true"
    await expect(chip).to_have_css("opacity", "0")
    await scroll(window, -1000)
    await expect(chip).not_to_have_text("Yesterday")
    heading = window.page.get_by_role("heading", name="Yesterday")
    await heading.evaluate("node => node.scrollIntoView()")
    await expect(chip).to_have_css("opacity", "0")
