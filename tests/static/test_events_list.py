"""All events of a person: a month with its days, what comes, and what may be answered with one touch."""

from datetime import UTC, datetime, timedelta

from playwright.async_api import Locator, expect

from tests.static.accessibility import assert_accessible
from tests.static.app import until_kept
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.test_events import card_of, create, edit, looks, named, unfold
from tests.support.node import Node

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


async def show_events(window: Window) -> None:
    await window.page.get_by_role("link", name="Events").click()
    await expect(window.page.get_by_role("heading", level=1, name="Events")).to_be_visible()


async def test_what_comes_stands_in_its_order_with_ones_own_answer(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Ode")
    later = await create(node, ann, tom, title="Later", event_date=(NOON + timedelta(days=40)).isoformat())
    await create(node, ann, tom, title="Soon", event_date=(NOON + timedelta(days=2)).isoformat())
    gone = await create(node, ann, tom, title="Off", event_date=(NOON + timedelta(days=3)).isoformat())
    await create(node, ann, tom, title="Over", event_date=(NOON - timedelta(days=2)).isoformat())
    await node.rest("POST", f"/api/events/{later['id']}/accept", tom)
    await node.rest("PUT", f"/api/events/{gone['id']}/cancel_event", ann)
    window = await windows.open(tom, "Tom Ode")
    await show_events(window)
    rows = window.page.locator(".event-row")
    await expect(rows.locator(".event-row-title")).to_have_text(["Soon", "Off", "Later"])
    await expect(rows.locator(".event-row-answer")).to_have_text(["Not answered", "Cancelled", "Going"])
    await create(node, ann, tom, title="Between", event_date=(NOON + timedelta(days=5)).isoformat())
    await expect(rows.locator(".event-row-title")).to_have_text(["Soon", "Off", "Between", "Later"])
    await rows.first.click()
    await expect(window.page.get_by_role("heading", level=1, name="Soon")).to_be_visible()


async def test_a_day_of_another_month_shows_its_events(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Ode")
    await create(node, ann, tom, title="New Year", event_date="2031-01-01T00:00:00+01:00", is_time_specified=False)
    window = await windows.open(tom, "Tom Ode")
    await show_events(window)
    page = window.page
    turns = (2031 - NOON.year) * 12 + 1 - NOON.month
    for _ in range(turns):
        await page.get_by_role("button", name="Next month").click()
    day = page.get_by_role("button", name="Wednesday, 1 January 2031, 1 event")
    await day.click()
    await expect(page.get_by_role("heading", level=2, name="Wednesday, 1 January 2031")).to_be_visible()
    await expect(page.locator(".event-row")).to_have_count(1)
    await expect(page.locator(".event-row-line")).to_contain_text("All day")
    await day.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("button", name="Tuesday, 31 December 2030")).to_be_focused()
    await expect(page.get_by_role("heading", level=2, name="December 2030").first).to_be_visible()


async def test_what_is_pressed_and_chosen_is_not_lost_to_an_answer_that_comes_meanwhile(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Ode")
    await create(node, ann, tom, title="One", event_date="2031-01-01T12:00:00Z")
    window = await windows.open(tom, "Tom Ode")
    await show_events(window)
    page = window.page
    await expect(page.locator(".event-list[aria-busy=false] .event-row")).to_have_count(1)
    for _ in range((2031 - NOON.year) * 12 + 1 - NOON.month):
        await page.get_by_role("button", name="Next month").click()

    async def press_while(place: Locator, title: str, day: int, shown: str) -> None:
        """Press, let an event come and be drawn, and only then let go."""
        await place.hover()
        await page.mouse.down()
        await create(node, ann, tom, title=title, event_date=f"2031-01-{day:02}T12:00:00Z")
        await expect(page.get_by_role("button", name=shown)).to_be_visible()
        await page.mouse.up()

    heading = page.get_by_role("heading", level=2, name="Wednesday, 1 January 2031")
    await press_while(
        page.get_by_role("button", name="Wednesday, 1 January 2031, 1 event"), "Two", 2, "2 January 2031, 1 event"
    )
    await expect(heading).to_be_visible()
    await create(node, ann, tom, title="Three", event_date="2031-01-03T12:00:00Z")
    await expect(page.get_by_role("button", name="3 January 2031, 1 event")).to_be_visible()
    await expect(heading).to_be_visible()
    await press_while(page.locator(".event-row-title"), "Four", 4, "4 January 2031, 1 event")
    await expect(page.get_by_role("heading", level=1, name="One")).to_be_visible()


async def test_the_chat_of_an_event_has_its_day_where_others_have_a_face(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Ode")
    event = await create(node, ann, tom, event_date="2031-05-02T18:00:00Z")
    window = await windows.open(tom, "Tom Ode")
    tile = window.page.locator(".chats .date-tile")
    await expect(tile.locator("span, strong")).to_have_text(["May", "2"])
    await edit(node, ann, event, event_date="2031-06-30T23:00:00Z")  # the next day where Tom is
    await expect(tile.locator("span, strong")).to_have_text(["Jul", "1"])
    await window.open_chat("Dinner")
    await expect(window.page.locator(".bar .date-tile strong")).to_have_text("1")
    await until_kept(window.page, tom, "rows[0].day === '2031-07-01'")


async def test_a_new_event_begins_with_the_next_full_hour_and_not_in_the_past(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await named(node, numbers, "Ann Lee")
    window = await windows.open(ann, "Ann Lee", is_new=True)
    page = window.page
    await show_events(window)
    await page.clock.set_fixed_time("2031-05-02T21:40:00Z")  # 23:40 where Ann is
    await page.get_by_role("link", name="Plan an event").click()
    await expect(page.get_by_label("Date")).to_have_value("2031-05-03")
    await expect(page.get_by_label("Time (optional)")).to_have_value("00:00")
    await page.get_by_label("Title").fill("Breakfast")
    await page.get_by_label("Date").fill("2031-05-02")
    await page.get_by_label("Time (optional)").fill("08:00")
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_role("alert").filter(has_text="This time has passed")).to_be_visible()
    await page.get_by_label("Description").fill("a" * 3990)
    await expect(page.get_by_text("10 left")).to_be_visible()


async def test_a_ready_answer_is_given_with_one_touch_and_enter_still_sends_own_words(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Ode")
    await create(node, ann, tom)
    window = await windows.open(tom, "Tom Ode")
    await window.open_chat("Dinner")
    card = card_of(window)
    await card.get_by_role("button", name="Have fun without me!").click()
    await expect(card.locator(".event-line")).to_contain_text("Not going")
    await unfold(card)
    await expect(card.locator(".event-mine")).to_have_text("You are not going: “Have fun without me!”")
    await card.get_by_role("button", name="Change the note").click()
    note = card.get_by_label("A few words with your answer")
    await expect(note).to_be_focused()
    await note.fill("What a pity")
    await note.press("Enter")
    await unfold(card)
    await expect(card.locator(".event-mine")).to_have_text("You are not going: “What a pity”")


async def test_the_list_is_for_everybody(windows: Windows, node: Node, numbers: Numbers, axe: str) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Ode")
    window = await windows.open(tom, "Tom Ode", viewport={"width": 390, "height": 844})
    await show_events(window)
    await expect(window.page.get_by_role("link", name="Plan an event")).to_be_visible()
    async for _ in looks(window.page):
        await assert_accessible(window.page, axe)
    await create(node, ann, tom)
    await create(node, tom, ann, title="مرحبا", event_date=(NOON + timedelta(days=9)).isoformat())
    await expect(window.page.locator(".event-row")).to_have_count(2)
    async for _ in looks(window.page):
        await assert_accessible(window.page, axe)
