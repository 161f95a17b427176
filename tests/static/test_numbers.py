"""Wherever a number is asked for, the page says what it understood, and asks for what is missing."""

from playwright.async_api import expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node


async def test_the_door_shows_the_country_and_the_number_that_it_understood(windows: Windows) -> None:
    page = (await windows.open(None, locale="en-GB")).page
    number, country, note = page.get_by_label("Phone number"), page.get_by_label("Country"), page.get_by_role("status")
    await expect(country).to_have_value("GB")  # as the browser's language says
    await number.fill("07400 123777")
    await expect(note).to_have_text("United Kingdom, +44 7400 123777")
    await country.select_option("DE")
    await expect(note).to_contain_text("Germany, +49 7400 123777")
    await number.fill("+1 202 555 0123")
    await expect(note).to_have_text("United States, +1 202-555-0123")
    await expect(country).to_be_hidden()  # the number says it
    await number.fill("+1 202 555")
    await expect(note).to_contain_text("is too short or too long")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("(United States) is too short or too long.")
    await expect(page.get_by_role("heading", name="Welcome to Parley")).to_be_visible()


async def test_a_contact_is_added_by_a_number_as_it_is_dialled_at_home(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    page = (await windows.open(ann, "Ann")).page
    await page.evaluate("location.hash = '#/contacts'")
    await page.get_by_role("button", name="Add contact").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Country")).to_have_value("DE")  # as ann's own number says
    number = dialog.get_by_label("Phone number")
    await number.fill("hello")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("This is no phone number.")
    await number.fill(f"0{tom.number[2:]}")
    await expect(dialog.get_by_role("status")).to_contain_text(f"Germany, +49 30 {tom.number[4:]}")
    await assert_accessible(page, axe)
    await dialog.get_by_label("First name").fill("Tom")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Tom")).to_be_visible()
