"""The invitation page on a phone: no script is needed, nothing is wider than the screen, and everybody can read it."""

import os
from datetime import datetime, timedelta, timezone
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, expect

from tests.static.accessibility import assert_accessible
from tests.static.conftest import Numbers
from tests.support.invitations import Invitations
from tests.support.node import Node

TITLE = "Summer dinner by the lake with everybody, https://lake.example/how-to-get-there?by=train"
GUEST = "4930000002"  # who has no app: for others a link is there to read
VENUE, ADDRESS = "Strandbad Müggelsee", "Fürstenwalder Damm 838\n12589 Berlin"


async def page_of(node: Node, numbers: Numbers, **fields: Any) -> str:
    """The address of an invitation to an event with some guests."""
    ann, ben, cem = await numbers.sign_in(node, 3)
    for person, name in ((ann, "Ann Marie Lee"), (ben, "Ben Ode"), (cem, "Cem")):
        await node.rest("POST", "/auth/register", person, json={"full_name": name, "email": "a@example.com"})
    invitations = Invitations(node)
    event = await invitations.create(
        ann, ben.number, cem.number, "4930000001", GUEST,
        title=TITLE, venue_name=VENUE, address=ADDRESS, total_spots=4, **fields,
    )  # fmt: skip
    return f"{node.url}/invitation/?token={await invitations.link(event, GUEST)}"


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "dark"), (320, "light")])
async def test_the_page_fits_and_breaks_no_rule_of_accessibility(
    browser: Browser, node: Node, numbers: Numbers, axe: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    address = await page_of(node, numbers)
    page = await browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    await page.goto(address)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Summer dinner")
    await assert_accessible(page, axe)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    if folder := os.environ.get("SHOTS"):
        await page.screenshot(path=f"{folder}/invitation-{width}-{scheme}.png", full_page=True)
    await page.get_by_label("A few words").fill("I'll be there :)")
    async with page.expect_navigation():  # with its style sheet, on which the contrast depends
        await page.get_by_role("button", name="Yes, I come").click()
    await expect(page.get_by_role("status")).to_contain_text("You are coming.")
    await assert_accessible(page, axe)
    if folder:
        await page.screenshot(path=f"{folder}/invitation-{width}-{scheme}-yes.png", full_page=True)
    await page.context.close()
    assert errors == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
@pytest.mark.parametrize(
    ("locale", "yes", "direction"), [("ar-EG", "نعم، سأحضر", "rtl"), ("de-DE", "Ja, ich komme", "ltr")]
)
async def test_the_page_fits_in_the_readers_language_and_runs_in_its_direction(
    browser: Browser,
    node: Node,
    numbers: Numbers,
    axe: str,
    width: int,
    scheme: Literal["light", "dark"],
    locale: str,
    yes: str,
    direction: str,
) -> None:
    address = await page_of(
        node, numbers, event_date=datetime(2027, 1, 10, 20, 30, tzinfo=timezone(timedelta(hours=1)))
    )
    context = await browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme=scheme, locale=locale, timezone_id="Europe/Berlin"
    )
    page = await context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    await page.goto(address)
    await expect(page.get_by_role("button", name=yes)).to_be_visible()
    await assert_accessible(page, axe)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    begins = "[...document.querySelectorAll('.lead, h1, dd b')].map((each) => getComputedStyle(each).textAlign)"
    sides = {"start", "right" if direction == "rtl" else "left"}
    assert set(await page.evaluate(begins)) <= sides, "a title in Latin letters stands where the page begins"
    assert await page.evaluate("document.dir") == direction
    if folder := os.environ.get("SHOTS"):
        await page.screenshot(path=f"{folder}/invitation-{locale}-{width}-{scheme}.png", full_page=True)
    await context.close()
    assert errors == []


async def test_the_page_is_answered_without_javascript(browser: Browser, node: Node, numbers: Numbers) -> None:
    address = await page_of(node, numbers)
    context = await browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    await page.goto(address)
    await page.get_by_role("button", name="No, I cannot").click()
    await expect(page.get_by_text("You are not coming.")).to_be_visible()
    await page.get_by_role("button", name="Yes, I come").click()
    await expect(page.get_by_text("You are coming.")).to_be_visible()
    await context.close()


@pytest.mark.parametrize(
    ("zone", "locale", "own"),
    [
        ("America/Los_Angeles", "en-US", "Sat, Jan 9, 2027, 11:30 PM PST, your time"),
        ("Pacific/Auckland", "en-US", "Sun, Jan 10, 2027, 8:30 PM GMT+13, your time"),
        ("Asia/Kolkata", "en-US", "Sun, Jan 10, 2027, 1:00 PM GMT+5:30, your time"),
        ("Europe/Berlin", "en-GB", "Sun, 10 Jan 2027, 08:30 CET, your time"),
    ],
)
async def test_a_time_is_said_in_the_readers_own_zone_above_the_owners_and_a_day_is_left_as_it_is(
    browser: Browser, node: Node, numbers: Numbers, zone: str, locale: str, own: str
) -> None:
    there = timezone(timedelta(hours=13))
    timed = await page_of(node, numbers, event_date=datetime(2027, 1, 10, 20, 30, tzinfo=there))
    untimed = await page_of(node, numbers, event_date=datetime(2027, 1, 10, tzinfo=there), is_time_specified=False)
    context = await browser.new_context(timezone_id=zone, locale=locale, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    await page.goto(timed)
    await expect(page.locator("time b")).to_have_text(own)
    await expect(page.locator("time .below")).to_have_text("Sunday, 10 January 2027, 20:30 (UTC+13)")
    if folder := os.environ.get("SHOTS"):
        await page.screenshot(path=f"{folder}/invitation-{zone.replace('/', '-')}.png", full_page=True)
    await page.goto(untimed)
    await expect(page.locator("time b")).to_have_text("Sun Jan 10")
    await expect(page.locator("time .below")).to_have_text("Sunday, 10 January 2027")
    await context.close()
    assert errors == []
