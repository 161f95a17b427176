"""Polls in a chat: one presses an answer, and everybody's page counts alike."""

from typing import Any

from playwright.async_api import Locator, expect

from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.shots import shoot
from tests.static.test_events import named
from tests.support.node import Node, Person


async def send_poll(node: Node, person: Person, other: Person, **fields: Any) -> None:
    body = {"contact": other.number, "question": "Where do we eat?", "options": ["At Ann's", "In the park"], **fields}
    status, shown = await node.rest("POST", "/api/messages/send-poll/", person, json=body)
    assert status == 200, shown


def answer(window: Window, text: str) -> Locator:
    return window.page.get_by_role("group", name="Poll:").get_by_role("button", name=text)


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
