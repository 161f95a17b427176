"""Previews of links in a conversation: what the card shows, where it leads, and how it goes."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from server.embedded import EmbeddedStores
from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.web_pages import PAGE, Pages, open_pages


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    settings = settings_for(
        tmp_path_factory.mktemp("node"),
        link_previews={"enabled": True, "default_ports_only": False, "timeout_s": 60},
        media={"allow_private_addresses": True},
    )
    async with running_node(stores, settings) as running:
        yield running


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    async with open_pages() as opened:
        yield opened


@pytest.fixture
async def pair(node: Node, numbers: Numbers) -> list[Person]:
    people = await numbers.sign_in(node, 2)
    await node.befriend(*people)
    return people


async def open_conversation(windows: Windows, pair: list[Person]) -> tuple[Window, Window]:
    ann, tom = [await windows.open(person) for person in pair]
    await ann.open_contact(pair[1].number)
    await tom.open_contact(pair[0].number)
    return ann, tom


async def test_a_link_in_one_window_has_a_card_in_the_other(
    windows: Windows, pair: list[Person], pages: Pages, axe: str
) -> None:
    link = pages.add("/bread")
    ann, tom = await open_conversation(windows, pair)
    await ann.write(f"look {link}")
    for window in (ann, tom):
        card = window.row("look").locator("a.preview")
        await expect(card).to_have_text("Bread & butterHow to bake it127.0.0.1")
        await expect(card).to_have_attribute("href", link)
        await expect(card).to_have_attribute("rel", "noopener noreferrer nofollow")
        picture = card.locator("img")
        await expect(picture).to_have_attribute("src", "/media/" + (await picture.get_attribute("src") or "")[7:])
        await expect(picture).to_be_visible()
        await expect(card).to_have_js_property("offsetHeight", 88)
    await assert_accessible(tom.page, axe)


async def test_words_of_a_page_are_words(windows: Windows, pair: list[Person], pages: Pages) -> None:
    hostile = "&lt;img src=x onerror=window.hit=1&gt;\u202eevil"
    link = pages.add("/bread", PAGE.replace("Bread &amp; butter", hostile))
    ann, tom = await open_conversation(windows, pair)
    await ann.write(link)
    await expect(tom.page.locator(".preview-title")).to_have_text("<img src=x onerror=window.hit=1>evil")


async def test_an_edit_takes_the_card_away_and_a_deletion_too(
    windows: Windows, node: Node, pair: list[Person], pages: Pages
) -> None:
    ann, tom = await open_conversation(windows, pair)
    device = await node.connect(pair[0])
    for text in ("first", "second"):
        await ann.write(f"{text} {pages.add('/bread')}")
        await expect(tom.row(text).locator("a.preview")).to_be_visible()
    chat = device.told("message_created")[0]["message"]["chat"]
    await device.ask("message_edit", {"chat": chat, "seq": 1, "text": "first without"})
    await expect(tom.row("first without")).to_be_visible()
    await expect(tom.row("first").locator("a.preview")).to_have_count(0)
    second = next(each["message"] for each in device.told("message_created") if "second" in each["message"]["text"])
    await device.ask("message_delete", {"chat": chat, "seq": second["seq"], "scope": "all"})
    await expect(tom.page.locator("a.preview")).to_have_count(0)


async def test_the_card_is_there_after_the_page_is_loaded_again(
    windows: Windows, pair: list[Person], pages: Pages
) -> None:
    ann, tom = await open_conversation(windows, pair)
    await ann.write(pages.add("/bread"))
    await expect(tom.page.locator("a.preview")).to_be_visible()
    await tom.page.reload()
    await expect(tom.page.locator("a.preview")).to_be_visible()


async def test_whoever_wants_no_previews_says_so_in_the_settings(
    windows: Windows, pair: list[Person], pages: Pages, axe: str
) -> None:
    ann, tom = await open_conversation(windows, pair)
    await ann.page.evaluate("() => { location.hash = '#/settings/privacy'; }")
    choice = ann.page.get_by_label("Show previews of links that I send")
    await expect(choice).to_be_checked()
    await choice.uncheck()
    await expect(ann.page.get_by_text("Saved", exact=True)).to_be_visible()
    await assert_accessible(ann.page, axe)
    await ann.open_contact(pair[1].number)
    await ann.write(f"mine {pages.add('/mine')}")
    await tom.write(f"yours {pages.add('/yours')}")
    await expect(ann.row("yours").locator("a.preview")).to_be_visible()
    assert "/mine" not in pages.visits
