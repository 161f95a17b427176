"""An event in its chat: the card shows what is so now, on every device at once, and whoever is asked answers on it."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from aiohttp import FormData
from playwright.async_api import Locator, Page, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node, Person
from tests.support.pictures import plain

SCRIPT = "<img src=x onerror=\"window.hit='markup'\"><script>window.hit='script'</script>"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

FOLDED = """async () => {
    const frame = () => new Promise(requestAnimationFrame);
    const scroller = document.querySelector(".scroller");
    scroller.scrollTop = 600;
    for (let count = 0; count < 3; count++) await frame();
    const { top, bottom } = scroller.getBoundingClientRect();
    const row = [...document.querySelectorAll("li.row")].find((one) => one.getBoundingClientRect().top > top && one.getBoundingClientRect().bottom < bottom);
    const places = [row.getBoundingClientRect().top];
    document.querySelector(".event-card > summary").click();
    await frame();
    for (let count = 0; count < 4; count++) {
        await frame();
        places.push(row.getBoundingClientRect().top);
    }
    return places;
}"""


async def named(node: Node, numbers: Numbers, *names: str) -> list[Person]:
    """People with these names, who have each other as contacts."""
    people = await numbers.sign_in(node, len(names))
    for person, name in zip(people, names, strict=True):
        status, shown = await node.rest(
            "POST", "/auth/register", person, json={"full_name": name, "email": "somebody@example.com"}
        )
        assert status == 200, shown
    return people


async def create(node: Node, owner: Person, *guests: Person, **fields: Any) -> dict[str, Any]:
    plan: dict[str, Any] = {
        "title": "Dinner",
        "event_date": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
        "total_spots": 5,
        "venue_name": "Café Sol",
        "invite_phone_numbers": [f"+{guest.number}" for guest in guests],
    }
    status, event = await node.rest("POST", "/api/events", owner, json=plan | fields)
    assert status == 201, event
    shown: dict[str, Any] = event
    return shown


async def edit(node: Node, owner: Person, event: dict[str, Any], **fields: Any) -> None:
    status, shown = await node.rest("PATCH", f"/api/events/{event['id']}", owner, json=fields)
    assert status == 200, shown


def card_of(window: Window) -> Locator:
    return window.page.locator(".event-card")


async def unfold(card: Locator) -> None:
    """The card, once it is known what to show on it, with all that is on it."""
    await expect(card.locator(".event-line")).not_to_have_text("Loading the event…")
    if await card.get_attribute("open") is None:
        await card.locator("> summary").click()


async def show_guests(card: Locator) -> None:
    await card.locator(".event-guests > summary").click()


async def test_an_answer_in_one_window_is_seen_at_once_in_the_other(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben, cem = await named(node, numbers, "Ann Lee", "Ben Ode", "Cem Tan")
    await create(node, ann, ben, cem, total_spots=2)
    ann_window, ben_window = await windows.open(ann, "Ann Lee"), await windows.open(ben, "Ben Ode")
    for window in (ann_window, ben_window):
        await window.open_chat("Dinner")
    at_ann, at_ben = card_of(ann_window), card_of(ben_window)
    await expect(at_ben.get_by_role("heading", name="Dinner")).to_be_visible()
    await expect(at_ben.get_by_role("link", name="Café Sol on a map")).to_have_attribute(
        "href", "https://maps.google.com/?q=Caf%C3%A9%20Sol"
    )
    await expect(at_ben).to_contain_text("2 of 2 places left")
    await expect(at_ben.locator(".event-line")).to_have_text("~Ann Lee invites you")
    await at_ben.get_by_role("button", name="Add a note").click()
    await at_ben.get_by_label("A few words").fill("I'll be there :)")
    await at_ben.get_by_role("button", name="Going", exact=True).click()
    await expect(at_ben.locator(".event-line")).to_contain_text(" · Going · 1 going")
    await unfold(at_ben)
    await expect(at_ben.get_by_role("status")).to_have_text("You are going: “I'll be there :)”")
    await expect(at_ben.get_by_role("button", name="Going", exact=True)).to_have_attribute("aria-pressed", "true")
    await unfold(at_ann)
    await show_guests(at_ann)
    guest = at_ann.locator(".event-guest", has_text="Ben Ode")
    await expect(guest).to_contain_text("“I'll be there :)”")
    await expect(at_ann.locator(".event-counts")).to_have_text("1 going · 1 not answered")
    await expect(at_ann).to_contain_text("1 of 2 places left")
    await expect(ann_window.page.locator("li.notice", has_text="Ben Ode is going: “I'll be there :)”")).to_be_visible()
    await at_ben.get_by_role("button", name="Not going").click()
    await expect(at_ann.locator(".event-people h3")).to_have_text(["1 not answered", "1 can’t go"])
    await expect(guest).not_to_contain_text("I'll be there")
    await expect(at_ann).to_contain_text("2 of 2 places left")


async def test_a_guest_says_no_and_hides_the_event_in_one_step(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    event = await create(node, ann, ben)
    window = await windows.open(ben, "Ben Ode")
    await window.open_chat("Dinner")
    await unfold(card_of(window))
    await card_of(window).get_by_role("button", name="Hide event").click()
    dialog = window.page.get_by_role("dialog", name="Hide this event?")
    await expect(dialog.get_by_label("Say that I am not going")).to_be_checked()
    await dialog.get_by_role("button", name="Hide").click()
    await expect(window.page.get_by_role("button", name="Archived: one chat")).to_be_visible()
    await expect(window.page.locator(".chat-title")).to_have_count(0)
    status, shown = await node.rest("GET", f"/api/events/{event['id']}", ann)
    assert (status, [each["is_attending"] for each in shown["invitees"]]) == (200, ["False"])


async def test_what_the_owner_changes_is_seen_at_once(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    event = await create(node, ann, ben)
    window = await windows.open(ben, "Ben Ode")
    await window.open_chat("Dinner")
    card = card_of(window)
    await expect(card).to_contain_text("Café Sol")
    await edit(node, ann, event, title="Supper", venue_name="Bar Luna", event_date="2031-05-02T18:30:00Z")
    await expect(card.get_by_role("heading", name="Supper")).to_be_visible()
    await expect(card.get_by_role("link", name="Bar Luna")).to_be_visible()
    await expect(card.locator("time")).to_have_text("Friday, 2 May 2031, 20:30")  # in Berlin
    await expect(window.page.get_by_role("heading", level=1, name="Supper")).to_be_visible()
    await expect(window.page.locator("li.notice", has_text="Ann Lee changed the title to “Supper”")).to_be_visible()
    changed = "Ann Lee changed the title, the date, and the place"
    now = "Friday, 2 May 2031, 20:30, Bar Luna"
    await expect(window.page.locator("li.notice", has_text=f"{changed}: now {now}")).to_be_visible()
    status, _ = await node.rest("PUT", f"/api/events/{event['id']}/cancel_event", ann)
    assert status == 204
    await expect(card.get_by_text("This event is cancelled.")).to_be_visible()
    await expect(card.get_by_role("button", name="Going", exact=True)).to_be_hidden()
    await window.page.reload()
    await unfold(card)
    await expect(card.get_by_text("This event is cancelled.")).to_be_visible()


async def test_an_event_that_is_over_says_so_and_is_answered_as_the_server_allows(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await create(node, ann, ben, event_date="2021-05-02T18:30:00Z")
    window = await windows.open(ben, "Ben Ode")
    await window.open_chat("Dinner")
    card = card_of(window)
    await expect(card.locator(".event-badge")).to_have_text("Over")
    await expect(card.locator(".event-line")).to_have_text("Sun, 2 May 2021, 20:30 · 0 said yes")
    await expect(card).not_to_have_attribute("open", "")
    await card.locator("> summary").click()
    await expect(card.get_by_text("This event is over.")).to_be_visible()
    await card.get_by_role("button", name="Going", exact=True).click()
    await expect(card.locator(".event-line")).to_have_text("Sun, 2 May 2021, 20:30 · You said yes · 1 said yes")


async def test_dates_have_the_words_of_the_page_in_the_order_of_the_reader(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await create(node, ann, ben, event_date="2031-05-02T18:30:00Z")
    for locale, shown in (("nl-NL", "Friday, 2 May 2031, 20:30"), ("en-US", "Friday, May 2, 2031, 8:30 PM")):
        window = await windows.open(ben, "Ben Ode", locale=locale)
        await window.open_chat("Dinner")
        await expect(card_of(window).locator("time")).to_have_text(shown)
        await expect(window.page.locator(".day")).to_have_text("Today")


async def test_a_yes_to_a_full_event_is_refused_in_words_and_a_place_given_back_can_be_had(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben, cem = await named(node, numbers, "Ann Lee", "Ben Ode", "Cem Tan")
    event = await create(node, ann, ben, cem, total_spots=1)
    await node.rest("POST", f"/api/events/{event['id']}/accept", cem, json={})
    window = await windows.open(ben, "Ben Ode")
    await window.open_chat("Dinner")
    card = card_of(window)
    await expect(card).to_contain_text("No places left")
    window.is_refused = True
    await card.get_by_role("button", name="Add a note").click()
    await card.get_by_label("A few words").fill("me too")
    await card.get_by_role("button", name="Going", exact=True).click()
    await expect(card.locator(".event-answer").get_by_role("alert")).not_to_be_empty()
    await expect(card.get_by_label("A few words")).to_have_value("me too")
    await node.rest("POST", f"/api/events/{event['id']}/reject", cem, json={})
    await expect(card).to_contain_text("1 of 1 place left")
    await card.get_by_role("button", name="Going", exact=True).click()
    await expect(card.locator(".event-line")).to_contain_text("Going")
    await unfold(card)
    await expect(card.get_by_role("status")).to_have_text("You are going: “me too”")


async def test_a_guest_suggests_another_date_and_the_owner_takes_it_over(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await create(node, ann, ben)
    ann_window, ben_window = await windows.open(ann, "Ann Lee"), await windows.open(ben, "Ben Ode")
    both = (ann_window, ben_window)
    for window in both:
        await window.open_chat("Dinner")
    await unfold(card_of(ann_window))
    await card_of(ben_window).get_by_role("button", name="Suggest a change").click()
    dialog = ben_window.page.get_by_role("dialog")
    await dialog.get_by_label("Another date and time").fill("2031-05-02T20:30")
    await dialog.get_by_label("Another place").fill("Bar Luna")
    await dialog.get_by_role("button", name="Suggest").click()
    suggested = "Friday, 2 May 2031, 20:30, Bar Luna"
    for window in both:
        await expect(card_of(window).locator(".event-polls li > span")).to_have_text(suggested)
    await expect(ann_window.page.locator("li.notice", has_text=f"suggested {suggested}")).to_be_visible()
    await expect(card_of(ben_window).get_by_role("button", name="Use this")).to_have_count(0)
    await card_of(ann_window).get_by_role("button", name="Use this").click()
    await ann_window.page.get_by_role("dialog").get_by_role("button", name="Change it").click()
    for window in both:
        await expect(card_of(window).locator("time")).to_have_text("Friday, 2 May 2031, 20:30")
        await expect(card_of(window).get_by_role("link", name="Bar Luna on a map")).to_be_visible()
    await expect(card_of(ann_window).get_by_role("button", name="Use this")).to_have_count(0)


async def test_an_event_is_made_changed_and_cancelled_in_the_page(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben, cem = await named(node, numbers, "Ann Lee", "Ben Ode", "Cem Tan")
    await node.befriend(ann, ben, cem)
    await node.rest("PATCH", f"/api/contacts/{ben.number}/", ann, json={"first_name": "Benny"})
    ben_window = await windows.open(ben, "Ben Ode")
    # Fourteen hours ahead of UTC: of the instant alone, nobody could tell the day.
    window = await windows.open(ann, "Ann Lee", **PHONE, timezone_id="Pacific/Kiritimati")
    page, card = window.page, card_of(window)
    await page.get_by_role("link", name="Events").click()
    await page.get_by_role("button", name="New event").click()
    await page.get_by_label("Title").fill("Picnic")
    await page.get_by_label("Date").fill("2031-05-02")
    await page.get_by_label("Time (optional)").fill("15:00")
    await page.get_by_label("Place", exact=True).fill("The lake")
    await page.get_by_label("Description").fill("Bring *bread*.")
    await page.get_by_label("Places for guests").fill("3")
    await page.get_by_label("Benny").check()
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_role("heading", level=1, name="Picnic")).to_be_visible()
    await unfold(card)
    await show_guests(card)
    await expect(card.locator("time")).to_have_text("Friday, 2 May 2031, 15:00")
    await expect(card.locator(".event-guest")).to_have_count(1)
    await expect(card.locator(".event-people h3")).to_have_text("1 not answered")
    await expect(card.locator(".event-guest")).to_have_text("BBenny")
    await ben_window.open_chat("Picnic")
    await show_guests(card_of(ben_window))
    await expect(card_of(ben_window).locator(".event-description strong")).to_have_text("bread")

    await card.get_by_role("button", name="Invite people").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Benny")).to_be_hidden()
    await dialog.get_by_label(f"+{cem.number}").check()
    await dialog.get_by_role("button", name="Invite").click()
    await expect(card.locator(".event-guest")).to_have_count(2)
    await expect(card_of(ben_window).locator(".event-guest")).to_have_count(2)

    await card.get_by_role("button", name="Edit").click()
    await expect(page.get_by_label("Date")).to_have_value("2031-05-02")
    await expect(page.get_by_label("Time (optional)")).to_have_value("15:00")
    await page.get_by_label("Time (optional)").fill("")
    await page.reload()  # which the form survives, with what is stored
    await expect(page.get_by_label("Time (optional)")).to_have_value("15:00")
    await page.get_by_label("Time (optional)").fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(card_of(ben_window).locator("time")).to_have_text("Friday, 2 May 2031")
    await unfold(card)
    await expect(card.locator("time")).to_have_text("Friday, 2 May 2031")

    cancel, dialog = card.get_by_role("button", name="Cancel event"), page.get_by_role("dialog")
    await cancel.click()
    await expect(dialog.get_by_role("button")).to_have_text(["Keep it", "Cancel event"])
    await dialog.get_by_role("button", name="Keep it").click()
    await expect(cancel).to_be_visible()
    await cancel.click()
    await dialog.get_by_role("button", name="Cancel event").click()
    await expect(card_of(ben_window).get_by_text("This event is cancelled.")).to_be_visible()
    await expect(card.get_by_role("button", name="Edit")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390


async def test_a_window_that_was_away_shows_what_happened_meanwhile(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    event = await create(node, ann, ben)
    window = await windows.open(ann, "Ann Lee")
    await window.open_chat("Dinner")
    card = card_of(window)
    await unfold(card)
    await show_guests(card)
    await expect(card.locator(".event-counts")).to_have_text("1 not answered")
    window.is_cut = True
    await window.page.context.set_offline(True)
    await expect(window.page.locator(".banner.is-offline")).to_be_visible()
    status, _ = await node.rest("POST", f"/api/events/{event['id']}/accept", ben, json={"rsvp_message": "Yesss!"})
    assert status == 200
    await window.page.context.set_offline(False)
    await expect(card.locator(".event-guest")).to_contain_text("“Yesss!”")
    await window.page.reload()
    await unfold(card)
    await show_guests(card)
    await expect(card.locator(".event-guest")).to_contain_text("“Yesss!”")


async def test_hostile_words_are_shown_as_text(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, ben = await named(node, numbers, SCRIPT, "Ben Ode")
    event = await create(
        node,
        ann,
        ben,
        title=SCRIPT,
        venue_name=SCRIPT,
        address="javascript:window.hit='link' https://example.org/?q=\">",
    )
    await node.rest("POST", f"/api/events/{event['id']}/polls", ben, json={"suggested_venue": SCRIPT})
    await node.rest("POST", f"/api/events/{event['id']}/accept", ben, json={"rsvp_message": SCRIPT[:60]})
    window = await windows.open(ben, "Ben Ode")
    page, card = window.page, card_of(window)
    await window.open_chat("<img")
    await unfold(card)
    await expect(card.get_by_role("heading", level=2)).to_have_text(SCRIPT)
    await expect(card.locator(".event-polls li")).to_have_text(SCRIPT)
    await expect(card.get_by_role("status")).to_contain_text(SCRIPT[:60])
    links = await card.locator("a").evaluate_all("all => all.map(one => one.protocol + one.host)")
    assert set(links) == {"https:maps.google.com"}
    assert await page.evaluate("() => window.hit ?? null") is None
    assert await page.locator("#app img[src=x], #app script").count() == 0


async def test_the_card_is_used_by_keyboard_alone(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await create(node, ann, ben)
    window = await windows.open(ben, "Ben Ode")
    await window.open_chat("Dinner")
    card, keyboard = card_of(window), window.page.keyboard
    await expect(card.get_by_role("button", name="Going", exact=True)).to_be_visible()
    summary = card.locator("> summary")
    await summary.focus()
    await keyboard.press("Enter")
    await expect(card.get_by_role("button", name="Going", exact=True)).to_be_hidden()
    await keyboard.press("Enter")
    await press_until(window, "Add a note")
    await keyboard.type("Maybe next time!")
    await keyboard.press("Enter")  # which answer it goes with is not said yet
    await expect(card.locator(".event-answer").get_by_role("alert")).to_contain_text("Choose “Going” or “Not going”")
    await expect(card.get_by_role("button", name="Going", exact=True)).to_be_focused()
    await keyboard.press("Tab")
    await expect(card.get_by_role("button", name="Not going", exact=True)).to_be_focused()
    await keyboard.press("Enter")
    await expect(summary).to_be_focused()
    await expect(card).not_to_have_attribute("open", "")
    await keyboard.press("Enter")
    await expect(card.get_by_role("status")).to_have_text("You are not going: “Maybe next time!”")
    await press_until(window, "1 can’t go")
    await expect(card.locator(".event-guest")).to_contain_text("Maybe next time!")


async def test_a_ready_answer_leaves_the_focus_on_the_card(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await create(node, ann, ben)
    window = await windows.open(ben, "Ben Ode")
    await window.open_chat("Dinner")
    card = card_of(window)
    await card.locator(".chips .chip").nth(1).focus()
    await window.page.keyboard.press("Enter")
    await expect(card).not_to_have_attribute("open", "")
    await expect(card.locator("> summary")).to_be_focused()


async def test_the_card_makes_room_as_soon_as_one_reads_or_writes_below_it(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await create(node, ann, ben)
    window = await windows.open(ben, "Ben Ode", viewport={"width": 390, "height": 844})
    await window.open_chat("Dinner")
    card, page = card_of(window), window.page
    await expect(card).to_have_attribute("open", "")
    await window.write("Can I bring somebody?")
    await expect(card).not_to_have_attribute("open", "")
    await expect(card.locator(".event-line")).to_contain_text("Not answered")
    for number in range(30):
        await window.write(f"and number {number}")
    await expect(window.row("and number 29")).to_be_visible()
    await card.locator("> summary").click()
    before, *after = await page.evaluate(FOLDED)
    assert after == [pytest.approx(before, abs=1)] * len(after), "what is read stays where it is when the card folds"
    await expect(card).not_to_have_attribute("open", "")
    await card.locator("> summary").click()
    await card.get_by_role("button", name="Add a note").click()
    await page.keyboard.type("Perhaps")
    await expect(card).to_have_attribute("open", "")  # which its own field leaves as it is
    await page.locator(".stage").hover()
    await page.mouse.wheel(0, -400)
    await expect(card).not_to_have_attribute("open", "")
    await expect(card.locator("> summary")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(card.get_by_label("A few words")).to_have_value("Perhaps")


async def press_until(window: Window, text: str) -> None:
    """Go on with Tab to what says this, and press it."""
    for _ in range(15):
        await window.page.keyboard.press("Tab")
        if text in await window.page.evaluate("document.activeElement.textContent"):
            break
    await window.page.keyboard.press("Enter")


async def test_the_card_breaks_no_rule_of_accessibility_and_leaves_room_for_the_talk(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, ben, cem, dee = await named(node, numbers, "Ann Lee", "Ben Ode", "Cem Tan", "Dee")
    event = await create(
        node, ann, ben, cem, dee, title="Summer dinner by the lake https://lake.example/way", address="Damm 838, Berlin"
    )
    await node.rest("POST", f"/api/events/{event['id']}/accept", cem, json={"rsvp_message": "I'll be there :)"})
    await node.rest("POST", f"/api/events/{event['id']}/reject", dee, json={})
    poll = {"suggested_date": "2031-05-02T18:30:00Z", "suggested_venue": "Bar Luna"}
    await node.rest("POST", f"/api/events/{event['id']}/polls", cem, json=poll)
    for person, role in ((ben, "guest"), (ann, "owner")):
        window = await windows.open(person, "", viewport={"width": 390, "height": 844})
        page, card = window.page, card_of(window)
        await window.open_chat("Summer dinner")
        await unfold(card)
        await show_guests(card)
        await expect(card.locator(".event-guest")).to_have_count(3)
        async for look in looks(page):
            await assert_accessible(page, axe)
            await shoot(page, f"card-{role}-{look}")
            stage = await page.locator(".stage").bounding_box()
            assert stage is not None
            assert stage["height"] > 150
        await card.locator("> summary").click()
        async for look in looks(page):
            await assert_accessible(page, axe)
            await shoot(page, f"card-{role}-{look}-folded")
    await page.evaluate("id => { location.hash = `#/event/${id}`; }", event["id"])
    await expect(page.get_by_label("Title")).to_have_value("Summer dinner by the lake https://lake.example/way")
    async for look in looks(page):
        await assert_accessible(page, axe)
        await shoot(page, f"form-{look}")


async def looks(page: Page) -> AsyncIterator[str]:
    """A phone's width and a desktop's, by day and by night; nothing is wider than the page in any of them."""
    for width in (390, 1280):
        for scheme in SCHEMES:
            await page.set_viewport_size({"width": width, "height": 844})
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            assert await page.evaluate("document.documentElement.scrollWidth") <= width
            yield f"{width}-{scheme}"


async def shoot(page: Page, name: str) -> None:
    """A picture for whoever asks for some."""
    if folder := os.environ.get("SHOTS"):
        await page.screenshot(path=f"{folder}/{name}.png")


async def test_of_a_large_event_a_change_is_seen_and_new_guests_are_read(
    windows: Windows, node: Node, numbers: Numbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sockets leave out its guests: those who are known stay, and are read again where there are others."""
    monkeypatch.setattr("handlers.wire.events.live.LISTED_MAX", 1)
    ann, ben, cem, dia = await named(node, numbers, "Ann Lee", "Ben Ode", "Cem Tan", "Dia Roy")
    event = await create(node, ann, ben, cem)
    window = await windows.open(ben, "Ben Ode")
    await window.open_chat("Dinner")
    card = card_of(window)
    await unfold(card)
    await show_guests(card)
    read: list[str] = []
    window.page.on("request", lambda request: read.append(request.url))
    await edit(node, ann, event, title="Supper")
    await expect(card.get_by_role("heading", name="Supper")).to_be_visible()
    await expect(card.locator(".event-guest")).to_have_count(2)
    assert not [url for url in read if "/api/events/" in url]
    await edit(node, ann, event, invite_phone_numbers=[f"+{dia.number}"])
    await expect(card.locator(".event-guest")).to_have_count(3)


async def test_the_card_shows_the_faces_of_guests_who_are_no_contacts(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom, eve = await named(node, numbers, "Ann", "Tom", "Eve")
    form = FormData()
    form.add_field("photo", plain(), filename="me.png")
    status, shown = await node.rest("POST", "/api/account/profile-photo/", tom, data=form)
    assert status == 200, shown
    event = await create(node, ann, tom, eve)
    window = await windows.open(eve, "Eve")
    await window.open_chat("Dinner")
    await show_guests(card_of(window))
    guests = card_of(window).locator(".event-guest")
    await expect(guests).to_have_count(2)
    await expect(guests.filter(has_text="Tom").locator("img")).to_have_js_property("naturalWidth", 60)
    await expect(guests.locator("img")).to_have_count(1)  # whoever has none has initials
    await node.rest("POST", f"/api/events/{event['id']}/accept", tom, json={})
    await expect(guests.filter(has_text="Tom").locator("img")).to_be_visible()
