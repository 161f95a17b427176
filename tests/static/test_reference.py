"""The reference at /docs: everything of /openapi.json, found fast, at any width, under the page's strict policy."""

import pytest
from playwright.async_api import expect

from server.http.pages import POLICY
from tests.static.browser import Windows
from tests.support.node import Node

WIDE, PHONE = {"width": 1300, "height": 900}, {"width": 360, "height": 740}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
async def test_everything_in_the_document_is_on_the_page_and_fits(
    windows: Windows, node: Node, viewport: dict[str, int], scheme: str
) -> None:
    async with node.http.get(node.url + "/openapi.json") as answer:
        document = await answer.json()
    window = await windows.open(None, viewport=viewport, color_scheme=scheme)
    page = window.page
    await page.goto(node.url + "/docs")
    await expect(page.locator("details.operation")).to_have_count(sum(map(len, document["paths"].values())))
    for path in ("/o/token/", "/api/messages/send-image/", "/auth/verify_pin", "/api/groups/{group}/info/"):
        summary = page.locator("details.operation > summary", has=page.get_by_text(path, exact=True)).first
        await summary.click()
    await expect(page.locator(".inside")).to_have_count(4)
    await expect(page.locator("#media_message_send_image .field-name", has_text="caption").first).to_be_visible()
    await expect(page.locator("#media_message_send_image")).to_contain_text("not_a_contact")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_search_leaves_what_has_all_of_its_words(windows: Windows, node: Node) -> None:
    page = (await windows.open(None)).page
    await page.goto(node.url + "/docs")
    await page.get_by_label("Search the reference").fill("groups photo delete")
    shown = page.locator("details.operation:visible")
    await expect(shown).to_have_count(1)
    await expect(shown).to_contain_text("/api/groups/{group}/photo/")
    await page.get_by_label("Search the reference").fill("zebra giraffe")
    await expect(page.get_by_text("Nothing here has these words in it.")).to_be_visible()


async def test_a_link_opens_what_it_names(windows: Windows, node: Node) -> None:
    page = (await windows.open(None)).page
    await page.goto(node.url + "/docs#account_show_nickname")
    await expect(page.locator("#account_show_nickname .inside")).to_be_visible()


async def test_it_is_under_the_policy_of_the_page_and_loads_nothing_from_elsewhere(node: Node) -> None:
    async with node.http.get(node.url + "/docs") as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert answer.headers["Content-Security-Policy"] == POLICY
        text = await answer.text()
    assert "//" not in text.replace("<!doctype html>", "")
