"""The page in the reader's language: that of the device, or the one that was chosen here; what was begun survives the choice."""

import json
import re
from pathlib import Path

from playwright.async_api import Browser, Page, Route, expect

from server.embedded import EmbeddedStores
from tests.static.app import APP, WITHIN_MS, place_for, until_app
from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.static.page_words import LANGUAGES, STATIC, read_table
from tests.support.node import Node

GERMAN = {
    "Message": "Nachricht",
    "Language": "Sprache",
    "As the device says": "Wie das Gerät",
    "Chats": "Unterhaltungen",
}
RATE_LIMITED = {"code": "rate_limited", "error": "Too many requests."}
HOLD_BACK = "() => { WebSocket.prototype.send = () => {}; }"
KEPT_TABLES = """async () => {
    const kept = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return kept.flat().map(({ url }) => url.split("/languages/")[1]).filter(Boolean);
}"""

REMOVE_TABLES = """async () => {
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) if (request.url.includes("/languages/")) await cache.delete(request);
    }
}"""


async def speak_german(page: Page) -> None:
    async def answer(route: Route) -> None:
        await route.fulfill(json=GERMAN)

    await page.context.route("**/languages/de.json", answer)


def test_all_parts_of_the_page_know_the_same_languages() -> None:
    source = {
        name: (STATIC / "js" / f"{name}.js").read_text("utf-8") for name in ("first_paint", "language", "preferences")
    }
    known = ["en", *LANGUAGES]
    listed = json.dumps(known)[1:-1]
    assert f"LANGUAGES = [{listed}];" in source["first_paint"]
    assert f'language: ["system", {listed}]' in source["preferences"]
    table = re.search(r"LANGUAGES = \{(.*)\};", source["language"])
    assert table is not None
    assert re.findall(r"(\w+): ", table[1]) == known
    assert sorted(path.stem for path in (STATIC / "languages").glob("*.json")) == sorted(LANGUAGES)


async def test_it_is_read_in_the_language_of_the_device(windows: Windows) -> None:
    for locale, language, direction in [("de-AT", "de", "ltr"), ("ar-EG", "ar", "rtl"), ("fi-FI", "en", "ltr")]:
        window = await windows.open(None, locale=locale)
        await expect(window.page.locator(f"html[lang={language}][dir={direction}]")).to_be_attached()
        await expect(window.page.locator("h1")).to_be_visible()


async def test_another_is_chosen_in_the_settings_and_what_was_begun_survives(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    window = await windows.open(ann, "Ann")
    page = window.page
    await speak_german(page)
    await window.open_contact(tom.number)
    await window.write("This goes")
    await expect(window.row("This goes").locator(".tick-stored, .tick-delivered")).to_be_visible()
    await page.evaluate(HOLD_BACK)
    await window.write("This waits")
    await expect(window.row("This waits")).to_be_visible()
    await page.get_by_label("Message", exact=True).fill("half a thought")
    chat = page.url
    await page.evaluate("location.hash = '#/settings/appearance'")
    language = page.get_by_role("combobox", name="Language")
    await expect(language).to_have_value("system")
    await expect(language.locator("option[lang=ar]")).to_have_text("العربية")
    await language.select_option("Deutsch")
    await expect(page.locator("html[lang=de]")).to_be_attached()
    await expect(page.get_by_role("combobox", name="Sprache")).to_have_value("de")
    assert await node.rest("GET", "/api/account/language/", ann) == (
        200,
        {"language": "de"},
    )  # in which it is written to, too
    await page.goto(chat)
    await expect(page.get_by_label("Nachricht", exact=True)).to_have_value("half a thought")
    await expect(window.row("This waits").locator(".tick-stored, .tick-delivered")).to_be_visible()
    assert await window.texts() == ["This goes", "This waits"]
    await page.evaluate("location.hash = '#/settings/appearance'")
    await page.get_by_role("combobox", name="Sprache").select_option("Wie das Gerät")
    await expect(page.locator("html[lang=en]")).to_be_attached()


async def test_another_is_chosen_at_the_door(windows: Windows) -> None:
    window = await windows.open(None)
    await window.page.get_by_role("combobox", name="Language").select_option("العربية")
    await expect(window.page.locator("html[lang=ar][dir=rtl]")).to_be_attached()
    await expect(window.page.get_by_role("combobox").last).to_have_value("ar")
    async with window.page.expect_request("**/auth") as asked:
        await window.page.locator("input[type=tel]").fill("+49 30 901820")
        await window.page.keyboard.press("Enter")
    assert (await (await asked.value).all_headers())["accept-language"] == "ar", "the code comes in these words"


async def test_what_was_written_at_the_door_is_there_in_the_language_that_is_chosen(windows: Windows) -> None:
    page = (await windows.open(None)).page
    await page.locator("input[type=tel]").fill("030 901820")
    await page.get_by_label("Country").select_option("AT")
    await page.get_by_role("combobox", name="Language").select_option("Deutsch")
    await expect(page.locator("html[lang=de]")).to_be_attached()
    await expect(page.locator("input[type=tel]")).to_have_value("030 901820")
    await expect(page.get_by_role("combobox", name="Land")).to_have_value("AT")


async def test_the_first_refusal_is_in_the_language_of_the_page(windows: Windows) -> None:
    window = await windows.open(None, locale="de-DE")
    window.is_refused = True
    await window.page.route("**/auth/phone_number", lambda route: route.fulfill(status=429, json=RATE_LIMITED))
    await window.page.locator("input[type=tel]").fill("+4930901820")
    await window.page.keyboard.press("Enter")
    german = read_table("de")["This was too much in too short a time. Wait a moment."]
    assert isinstance(german, str)
    await expect(window.page.get_by_role("alert")).to_have_text(german)


async def test_where_the_words_do_not_come_it_is_in_english(windows: Windows) -> None:
    window = await windows.open(None)
    await window.page.route("**/languages/ar.json", lambda route: None)  # which is never answered
    await window.page.get_by_role("combobox", name="Language").select_option("العربية")
    await expect(window.page.locator("html[lang=en][dir=ltr]")).to_be_attached(timeout=WITHIN_MS)
    await expect(window.page.get_by_role("heading", level=1)).to_be_visible(timeout=WITHIN_MS)


async def test_where_the_words_cannot_be_had_it_is_in_english_as_a_whole(windows: Windows) -> None:
    window = await windows.open(None)
    window.is_refused = True
    await window.page.route("**/languages/ar.json", lambda route: route.fulfill(status=404))
    async with window.page.expect_request("**/languages/ar.json"):
        await window.page.get_by_role("combobox", name="Language").select_option("العربية")
    await expect(window.page.locator("html[lang=en][dir=ltr]")).to_be_attached()
    await expect(window.page.get_by_role("heading", level=1)).to_be_visible()


async def test_it_opens_without_a_server_in_its_language_and_keeps_no_other(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with place_for(browser, stores, tmp_path) as (place, node, windows):
        ann = await node.sign_in("4930901820")
        window = await windows.open(ann, "Ann", **APP, locale="de-DE")
        page = window.page
        await until_app(page)
        await page.wait_for_function(f"async () => (await ({KEPT_TABLES})()).join() === 'de.json'", timeout=WITHIN_MS)
        await page.evaluate(REMOVE_TABLES)
        session = await page.context.new_cdp_session(page)
        await session.send("Page.reload", {"ignoreCache": True})  # past the worker
        await page.wait_for_function(f"async () => (await ({KEPT_TABLES})()).join() === 'de.json'", timeout=WITHIN_MS)
        await page.evaluate("location.hash = '#/settings/appearance'")
        await page.locator(".language-choice select").select_option("Français")
        await expect(page.locator("html[lang=fr]")).to_be_attached()
        await page.wait_for_function(f"async () => (await ({KEPT_TABLES})()).join() === 'fr.json'", timeout=WITHIN_MS)
        window.is_cut = True
        await place.stop()
        await page.reload()
        await expect(page.locator(".banner.is-offline")).to_be_attached()
        await expect(page.locator("html[lang=fr]")).to_be_attached()
