"""Whoever has set a registration PIN signs in on the page with it."""

from playwright.async_api import expect

from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node


async def test_the_page_asks_for_the_registration_pin_behind_the_code(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    assert (await node.rest("PUT", "/auth/registration_pin", ann, json={"registration_pin": "271828"}))[0] == 204
    window = await windows.open(None)
    page = window.page
    await page.get_by_label("Phone number").fill("+" + ann.number)
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Code", exact=True)).to_be_visible()
    await page.get_by_label("Code", exact=True).fill(node.read_code("+" + ann.number))
    window.is_refused = True
    await page.keyboard.press("Enter")
    await page.get_by_label("Registration PIN").fill("271828")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="What is your name?")).to_be_visible()
