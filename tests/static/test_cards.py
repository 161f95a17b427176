"""Places, contact cards and documents in a conversation: what they show, and where they lead."""

import pytest
from playwright.async_api import expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Windows
from tests.static.chats_with_files import ChatWithFiles, chat_with_files, refused
from tests.static.conftest import Numbers
from tests.support.node import Node

ADA = (
    "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Lovelace\r\nTEL;TYPE=CELL:{number}\r\nTEL;TYPE=HOME:030 1234567\r\nEND:VCARD"
)
HOSTILE = 'BEGIN:VCARD\r\nFN:<img src=x onerror="window.hit=1">\u202eevil\r\nTEL:javascript:window.hit=1\r\nTEL:+49 30 901999\r\nURL:javascript:window.hit=1\r\nEND:VCARD'


@pytest.fixture
async def chat(node: Node, numbers: Numbers) -> ChatWithFiles:
    return await chat_with_files(node, numbers)


async def test_a_place_is_words_numbers_and_a_way_to_a_map(windows: Windows, chat: ChatWithFiles, axe: str) -> None:
    await chat.send(type="l", latitude=52.52, longitude=-13.405, caption="By the lake")
    page = (await chat.open(windows)).page
    card = page.locator(".place")
    await expect(card).to_contain_text("52.52000° N, 13.40500° W")
    await expect(page.locator("li.row")).to_contain_text("By the lake")
    link = card.get_by_role("link", name="Open in OpenStreetMap")
    await expect(link).to_have_attribute(
        "href", "https://www.openstreetmap.org/?mlat=52.52&mlon=-13.405#map=16/52.52/-13.405"
    )
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(card.get_by_role("link")).to_have_count(1)
    await assert_accessible(page, axe)


async def test_a_phone_opens_a_place_in_its_own_map(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.send(type="l", latitude=1.5, longitude=2)
    page = (await chat.open(windows, viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)).page
    await expect(page.get_by_role("link", name="Open in a map app")).to_have_attribute("href", "geo:1.5,2?q=1.5,2")


async def test_a_contact_card_is_added_and_written_to(
    windows: Windows, node: Node, numbers: Numbers, chat: ChatWithFiles, axe: str
) -> None:
    (ada,) = await numbers.sign_in(node, 1)
    await chat.send(type="c", vcard=ADA.format(number=f"+{ada.number}"))
    page = (await chat.open(windows)).page
    card = page.locator(".contact")
    await expect(card).to_contain_text("Ada Lovelace")
    await expect(card).to_contain_text("030 1234567")
    await expect(card.get_by_role("button", name="Message Ada Lovelace")).to_have_count(0)
    await expect(page.locator(".chat-text")).to_have_text("Contact: Ada Lovelace")
    await assert_accessible(page, axe)
    await card.get_by_role("button", name="Add Ada Lovelace").first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Phone number")).to_have_value(f"+{ada.number}")
    await expect(dialog.get_by_label("Last name")).to_have_value("Lovelace")
    await dialog.get_by_role("button", name="Add").click()
    await card.get_by_role("button", name="Message Ada Lovelace").click()
    await expect(page.get_by_role("heading", level=1, name="Ada Lovelace")).to_be_visible()


async def test_a_number_without_a_country_is_asked_about(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.send(type="c", vcard=ADA.format(number="0301234568"))
    page = (await chat.open(windows)).page
    await page.get_by_role("button", name="Add Ada Lovelace").first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_label("Country")).to_be_visible()
    await dialog.get_by_role("button", name="Add").click()
    await expect(dialog).to_have_count(0)


async def test_a_card_that_means_harm_is_text(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.send(type="c", vcard=HOSTILE)
    page = (await chat.open(windows)).page
    card = page.locator(".contact")
    await expect(card).to_contain_text('<img src=x onerror="window.hit=1"> evil')
    await expect(card.locator("img, a")).to_have_count(0)
    await page.get_by_role("button", name="Add").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await page.evaluate("() => window.hit ?? null") is None


async def test_ones_own_card_has_nothing_to_add(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.send(type="c", vcard=f"FN:Ann\nTEL:+{chat.ann.number}")
    page = (await chat.open(windows)).page
    await expect(page.locator(".contact")).to_contain_text("Ann")
    await expect(page.locator(".contact").get_by_role("button")).to_have_count(0)


async def test_a_document_is_saved_under_its_name_and_never_opened(
    windows: Windows, chat: ChatWithFiles, axe: str
) -> None:
    name = "The long report of the year with all that has happened.pdf"
    await chat.upload("document", b"%PDF-1.7 not really", name, caption="Please read")
    window = await chat.open(windows, viewport={"width": 390, "height": 800})
    page = window.page
    link = page.get_by_role("link", name=f"Download {name} PDF · 19 byte")
    await expect(link).to_be_visible()
    await expect(link.locator(".name-tail")).to_have_text("ppened.pdf")
    await expect(link.locator(".name-tail")).to_be_in_viewport()
    await assert_accessible(page, axe)
    async with page.expect_download() as saved:
        await link.click()
    assert (await saved.value).suggested_filename == name
    assert "/media/" not in page.url
    await page.evaluate("() => { location.hash = '#/'; }")
    await expect(page.locator(".chat-text")).to_have_text(f"{name}: Please read")


async def test_a_document_that_is_gone_says_so(windows: Windows, chat: ChatWithFiles) -> None:
    url = await chat.upload("document", b"12345", "notes.txt")
    window = await chat.open(windows)
    window.is_refused = True
    async with refused(window.page, f"**{url}"):
        await window.page.get_by_role("link", name="Download notes.txt").click()
        await expect(window.page.locator("li.row")).to_contain_text("This file is no longer there.")
    await window.page.get_by_role("button", name="Try again").click()
    await expect(window.page.get_by_text("no longer there")).to_be_hidden()


async def test_a_name_does_not_turn_its_ending_round(windows: Windows, chat: ChatWithFiles) -> None:
    await chat.send(type="d", url=await chat.upload("document", b"MZ", "x.exe"), file_name="photo\u202egnp.exe")
    page = (await chat.open(windows)).page
    await expect(page.get_by_role("link", name="Download photognp.exe")).to_be_visible()
