"""Polls in a chat: one presses an answer, and everybody's page counts alike."""

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.async_api import Locator, expect

from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.static.test_events import named
from tests.support.node import Node, Person

READY = "() => document.querySelector('.scroller.takes-touch') !== null"


async def send_poll(node: Node, person: Person, other: Person, **fields: Any) -> None:
    body = {"contact": other.number, "question": "Where do we eat?", "options": ["At Ann's", "In the park"], **fields}
    status, shown = await node.rest("POST", "/api/messages/send-poll/", person, json=body)
    assert status == 200, shown


def answer(window: Window, text: str) -> Locator:
    return window.page.get_by_role("group", name="Poll:").get_by_role("button", name=text)


async def test_a_poll_is_asked_for_and_waits_as_any_message(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    at_ann, at_tom = await windows.open(ann, "Ann"), await windows.open(tom, "Tom")
    await at_ann.open_contact(tom.number)
    await at_ann.page.get_by_role("button", name="Attach").click()
    await at_ann.page.get_by_role("menuitem", name="Poll").click()
    dialog = at_ann.page.get_by_role("dialog", name="New poll")
    await dialog.get_by_label("Question").fill("When?")
    await dialog.get_by_label("Answer 1").fill("Monday")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog.get_by_role("alert")).to_have_text("A poll needs at least 2 answers.")
    await dialog.get_by_label("Answer 2").fill("Friday")
    await expect(dialog.get_by_label("Answer 3")).to_be_visible()
    await dialog.get_by_label("Several answers").check()
    await dialog.get_by_label("Open until").fill("2020-05-02T18:30")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog.get_by_role("alert")).to_have_text("This time has passed. Choose a later one.")
    await dialog.get_by_label("Open until").fill("2031-05-02T18:30")
    await shoot(at_ann, "new-poll")
    await dialog.get_by_role("button", name="Send").click()
    await at_tom.open_contact(ann.number)
    await answer(at_tom, "Monday").click()
    await answer(at_tom, "Friday").click()
    for option in ("Monday", "Friday"):
        await expect(answer(at_ann, option)).to_contain_text("one vote")
    line = at_ann.page.locator(".poll-line")
    await expect(line).to_contain_text("one person voted · several answers possible · until ")
    await expect(line).to_contain_text("2 May 2031")
    await expect(line).to_contain_text("18:30")


async def test_a_vote_is_counted_on_every_page_can_be_changed_and_taken_back(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Ode")
    await node.befriend(ann, tom)
    await send_poll(node, ann, tom)
    at_ann, at_tom = await windows.open(ann, "Ann"), await windows.open(tom, "Tom")
    await expect(at_tom.page.locator(".chat-text")).to_have_text("Poll: Where do we eat?")
    await at_ann.open_contact(tom.number)
    await at_tom.open_contact(ann.number)
    await answer(at_tom, "In the park").click()
    for window, is_own in ((at_tom, "true"), (at_ann, "false")):
        await expect(answer(window, "In the park")).to_contain_text("one vote")
        await expect(answer(window, "In the park")).to_have_attribute("aria-pressed", is_own)
    await answer(at_ann, "In the park").click()
    await expect(answer(at_tom, "In the park")).to_contain_text("2 votes")
    await answer(at_tom, "At Ann's").click()
    await expect(answer(at_ann, "At Ann's")).to_contain_text("one vote")
    await expect(answer(at_ann, "In the park")).to_contain_text("one vote")
    await shoot(at_ann, "poll")
    await answer(at_tom, "At Ann's").click()
    await expect(at_ann.page.locator(".poll-line")).to_have_text("one person voted")
    await at_ann.page.reload()
    await expect(answer(at_ann, "In the park")).to_have_attribute("aria-pressed", "true")
    await expect(at_ann.page.locator("li.row.notice")).to_have_count(0)


async def test_a_press_is_not_lost_to_a_vote_that_comes_while_it_is_held(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    device = await node.connect(ann)
    poll = {"type": "p", "question": "Where do we eat?", "options": ["At Ann's", "In the park"]}
    sent = await device.ask("message_send", {"contact": tom.number, "client_id": "a", **poll})
    assert sent["ok"], sent
    message = sent["message"]
    at_tom = await windows.open(tom, "Tom")
    await at_tom.open_contact(ann.number)
    await at_tom.page.wait_for_function(READY)  # what listens to presses came with what listens to fingers
    option, seen = answer(at_tom, "In the park"), at_tom.page.locator(".poll-votes")
    mouse, keyboard = at_tom.page.mouse, at_tom.page.keyboard

    async def vote_for(place: int) -> None:
        """Ann votes, and Tom sees it."""
        before = await seen.all_text_contents()
        voted = await device.ask("vote", {"chat": message["chat"], "seq": message["seq"], "options": [place]})
        assert voted["ok"], voted
        await expect(seen).not_to_have_text(before)

    await option.hover()
    await mouse.down()
    await vote_for(0)
    await mouse.up()
    await expect(seen).to_have_text(["1", "1"])
    await keyboard.down(" ")
    await vote_for(1)
    await keyboard.up(" ")
    await expect(seen).to_have_text(["0", "1"])


async def test_a_poll_that_is_shown_closes_when_its_time_ends(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await send_poll(node, ann, tom, closes_at=(datetime.now(UTC) + timedelta(hours=30)).isoformat())
    at_tom = await windows.open(tom, "Tom", is_new=True)
    await at_tom.page.clock.install()
    await at_tom.open_contact(ann.number)
    await expect(answer(at_tom, "In the park")).to_be_enabled()
    await at_tom.page.clock.fast_forward(31 * 3600 * 1000)
    await expect(answer(at_tom, "In the park")).to_be_disabled(timeout=30_000)
    await expect(at_tom.page.locator(".poll-line")).to_contain_text("closed")
