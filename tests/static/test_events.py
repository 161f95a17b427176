"""An event in its chat: the card shows what is so now, on every device at once, and whoever is asked answers on it."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from playwright.async_api import Locator, Page, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node, Person

SCRIPT = "<img src=x onerror=\"window.hit='markup'\"><script>window.hit='script'</script>"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


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
        await card.locator("summary").click()


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
    await expect(at_ben).to_contain_text("Ann Lee invites · 2 of 2 places left")
    await at_ben.get_by_label("A few words").fill("I'll be there :)")
    await at_ben.get_by_role("button", name="I come").click()
    await expect(at_ben.get_by_role("status")).to_have_text("You come: “I'll be there :)”")
    await unfold(at_ann)
    guest = at_ann.locator(".event-guest", has_text="Ben Ode")
    await expect(guest).to_contain_text("comes: “I'll be there :)”")
    await expect(at_ann).to_contain_text("You invite · 1 of 2 places left")
    await expect(ann_window.page.locator("li.notice", has_text="Ben Ode comes: “I'll be there :)”")).to_be_visible()
    await at_ben.get_by_role("button", name="I cannot").click()
    await expect(guest).to_contain_text("cannot come")
    await expect(at_ann).to_contain_text("2 of 2 places left")


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
    await expect(card.get_by_role("button", name="I come")).to_be_hidden()
    await window.page.reload()
    await unfold(card)
    await expect(card.get_by_text("This event is cancelled.")).to_be_visible()


async def test_a_yes_to_a_full_event_is_refused_in_words_and_a_place_given_back_can_be_had(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben, cem = await named(node, numbers, "Ann Lee", "Ben Ode", "Cem Tan")
    event = await create(node, ann, ben, cem, total_spots=1)
    await node.rest("POST", f"/api/events/{event['id']}/accept", cem, json={})
    window = await windows.open(ben, "Ben Ode")
    await window.open_chat("Dinner")
    card = card_of(window)
    await expect(card).to_contain_text("no places left")
    window.is_refused = True
    await card.get_by_label("A few words").fill("me too")
    await card.get_by_role("button", name="I come").click()
    await expect(card.get_by_role("alert")).not_to_be_empty()
    await expect(card.get_by_label("A few words")).to_have_value("me too")
    await node.rest("POST", f"/api/events/{event['id']}/reject", cem, json={})
    await expect(card).to_contain_text("1 of 1 place left")
    await card.get_by_role("button", name="I come").click()
    await expect(card.get_by_role("status")).to_have_text("You come: “me too”")


async def test_somebody_suggests_another_date_and_everybody_sees_it(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, ben = await named(node, numbers, "Ann Lee", "Ben Ode")
    await create(node, ann, ben)
    ann_window, ben_window = await windows.open(ann, "Ann Lee"), await windows.open(ben, "Ben Ode")
    for window in (ann_window, ben_window):
        await window.open_chat("Dinner")
    await unfold(card_of(ann_window))
    await card_of(ben_window).get_by_role("button", name="Suggest another").click()
    dialog = ben_window.page.get_by_role("dialog")
    await dialog.get_by_label("Another date and time").fill("2031-05-02T20:30")
    await dialog.get_by_label("Another place").fill("Bar Luna")
    await dialog.get_by_role("button", name="Suggest").click()
    for window in (ann_window, ben_window):
        await expect(card_of(window).locator(".event-polls li")).to_have_text("Friday, 2 May 2031, 20:30, Bar Luna")
    await expect(
        ann_window.page.locator("li.notice", has_text="suggests Friday, 2 May 2031, 20:30, Bar Luna")
    ).to_be_visible()


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
    await page.get_by_role("button", name="New event").click()
    await page.get_by_label("What").fill("Picnic")
    await page.get_by_label("Day").fill("2031-05-02")
    await page.get_by_label("Time, if there is one").fill("15:00")
    await page.get_by_label("Place", exact=True).fill("The lake")
    await page.get_by_label("Places for guests").fill("3")
    await page.get_by_label("Benny").check()
    await page.get_by_role("button", name="Create event").click()
    await expect(page.get_by_role("heading", level=1, name="Picnic")).to_be_visible()
    await unfold(card)
    await expect(card.locator("time")).to_have_text("Friday, 2 May 2031, 15:00")
    await expect(card.locator(".event-guest")).to_have_count(1)
    await expect(card.locator(".event-guest", has_text="Benny")).to_contain_text("no answer yet")
    await ben_window.open_chat("Picnic")

    await card.get_by_role("button", name="Invite more").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Benny")).to_be_hidden()
    await dialog.get_by_label(f"+{cem.number}").check()
    await dialog.get_by_role("button", name="Invite").click()
    await expect(card.locator(".event-guest")).to_have_count(2)
    await expect(card_of(ben_window).locator(".event-guest")).to_have_count(2)

    await card.get_by_role("button", name="Edit").click()
    await expect(page.get_by_label("Day")).to_have_value("2031-05-02")
    await expect(page.get_by_label("Time, if there is one")).to_have_value("15:00")
    await page.get_by_label("Time, if there is one").fill("")
    await page.reload()  # which the form survives, with what is stored
    await expect(page.get_by_label("Time, if there is one")).to_have_value("15:00")
    await page.get_by_label("Time, if there is one").fill("")
    await page.get_by_role("button", name="Save").click()
    await expect(card_of(ben_window).locator("time")).to_have_text("Friday, 2 May 2031")
    await unfold(card)
    await expect(card.locator("time")).to_have_text("Friday, 2 May 2031")

    await card.get_by_role("button", name="Cancel event").click()
    await page.get_by_role("button", name="Cancel the event").click()
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
    await expect(card.locator(".event-guest")).to_contain_text("no answer yet")
    window.is_cut = True
    await window.page.context.set_offline(True)
    await expect(window.page.locator(".banner.is-offline")).to_be_visible()
    status, _ = await node.rest("POST", f"/api/events/{event['id']}/accept", ben, json={"rsvp_message": "Yesss!"})
    assert status == 200
    await window.page.context.set_offline(False)
    await expect(card.locator(".event-guest")).to_contain_text("comes: “Yesss!”")
    await window.page.reload()
    await unfold(card)
    await expect(card.locator(".event-guest")).to_contain_text("comes: “Yesss!”")


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
    await expect(card.get_by_role("button", name="I come")).to_be_visible()
    summary = card.locator("summary")
    await summary.focus()
    await keyboard.press("Enter")
    await expect(card.get_by_role("button", name="I come")).to_be_hidden()
    await keyboard.press("Enter")
    for _ in range(10):
        await keyboard.press("Tab")
        if await card.get_by_label("A few words").evaluate("node => node === document.activeElement"):
            break
    await keyboard.type("Maybe next time!")
    await keyboard.press("Tab")
    await expect(card.get_by_role("button", name="I come")).to_be_focused()
    await keyboard.press("Tab")
    await keyboard.press("Enter")
    await expect(card.get_by_role("status")).to_have_text("You cannot come: “Maybe next time!”")
    await expect(card.get_by_role("button", name="I cannot")).to_be_focused()


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "dark")])
async def test_the_card_breaks_no_rule_of_accessibility_and_leaves_room_for_the_talk(
    windows: Windows, node: Node, numbers: Numbers, axe: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    ann, ben, cem, dee = await named(node, numbers, "Ann Lee", "Ben Ode", "Cem Tan", "Dee")
    event = await create(
        node, ann, ben, cem, dee, title="Summer dinner by the lake https://lake.example/way", address="Damm 838, Berlin"
    )
    await node.rest("POST", f"/api/events/{event['id']}/accept", cem, json={"rsvp_message": "I'll be there :)"})
    await node.rest("POST", f"/api/events/{event['id']}/reject", dee, json={})
    poll = {"suggested_date": "2031-05-02T18:30:00Z", "suggested_venue": "Bar Luna"}
    await node.rest("POST", f"/api/events/{event['id']}/polls", cem, json=poll)
    look = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme, "reduced_motion": "reduce"}
    for person in (ben, ann):
        window = await windows.open(person, "", **look)
        await window.open_chat("Summer dinner")
        card = card_of(window)
        await unfold(card)
        await expect(card.locator(".event-guest")).to_have_count(3)
        await assert_accessible(window.page, axe)
        assert await window.page.evaluate("document.documentElement.scrollWidth") <= width
        await shoot(window.page, f"card-{width}-{scheme}-{'guest' if person is ben else 'owner'}")
        assert (await window.page.locator(".stage").bounding_box() or {})["height"] > 150
        await card.locator("summary").click()
        await shoot(window.page, f"card-{width}-{scheme}-{'guest' if person is ben else 'owner'}-folded")
        await assert_accessible(window.page, axe)
    await window.page.evaluate("id => { location.hash = `#/event/${id}`; }", event["id"])
    await expect(window.page.get_by_label("What")).to_have_value("Summer dinner by the lake https://lake.example/way")
    await assert_accessible(window.page, axe)
    await shoot(window.page, f"form-{width}-{scheme}")


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
    read: list[str] = []
    window.page.on("request", lambda request: read.append(request.url))
    await edit(node, ann, event, title="Supper")
    await expect(card.get_by_role("heading", name="Supper")).to_be_visible()
    await expect(card.locator(".event-guest")).to_have_count(2)
    assert not [url for url in read if "/api/events/" in url]
    await edit(node, ann, event, invite_phone_numbers=[f"+{dia.number}"])
    await expect(card.locator(".event-guest")).to_have_count(3)
