"""Signing in and out on the page, from the first look to an ended session; its policy, its size, its types."""

import json
import re
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, expect
from yarl import URL

from server.embedded import EmbeddedStores
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node, running_node, settings_for

STATIC = Path(__file__).parents[2] / "static"


def last_code(node: Node) -> str:
    lines = (node.settings.data_dir / node.settings.sms.outbox).read_text().splitlines()
    return str(json.loads(lines[-1])["code"])


async def test_a_newcomer_signs_in_stays_and_signs_out(windows: Windows, node: Node) -> None:
    window = await windows.open(None, locale="en")  # a language of many countries
    page = window.page
    number, alert = page.get_by_label("Phone number"), page.get_by_role("alert")
    await number.fill("hello")
    await page.keyboard.press("Enter")
    await expect(alert).to_contain_text("This is no phone number.")
    await number.fill("(030)\u00a090182\u2011077")
    await page.keyboard.press("Enter")
    await expect(alert).to_contain_text("Choose the country")
    await expect(page.get_by_label("Country")).to_be_focused()
    await page.get_by_label("Country").select_option("DE")
    await expect(page.get_by_role("status")).to_have_text("Germany, +49 30 90182077")
    await number.press("Enter")
    await expect(page.get_by_text("+49 30 90182077")).to_be_visible()
    await expect(page.get_by_text("it writes the code to the file that its setting sms.outbox names")).to_be_visible()
    code = last_code(node)
    await page.get_by_label("Code").fill(str((int(code) + 1) % 10_000).zfill(4))
    window.is_refused = True
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await page.get_by_label("Code").fill(
        f" {code[:2]} {code[2:]}".translate({48 + each: 0x660 + each for each in range(10)})
    )
    await page.keyboard.press("Enter")
    await page.get_by_label("Name").fill("Ann Ravel")
    await page.get_by_label("E-mail").fill("ann@example.org")
    await page.keyboard.press("Enter")
    await expect(page.locator(".banner.is-online")).to_be_attached()
    await page.reload()
    await expect(page.locator(".banner.is-online")).to_be_attached()
    await page.get_by_role("link", name="Settings").click()
    await expect(page.locator(".hero-name")).to_have_text("Ann Ravel")
    await page.get_by_role("link", name="Devices").click()
    await expect(page.get_by_text("This device")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Welcome to Parley")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Welcome to Parley")).to_be_visible()


async def test_an_ended_session_is_at_the_door_at_once(windows: Windows, node: Node, numbers: Numbers) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    again = await node.sign_in_by_code(ann.number)
    at_home, at_work = await windows.open(ann, "Ann"), await windows.open(again, "Ann")
    at_work.is_cut = True  # its socket is refused from now on, and that is noted
    await at_home.page.get_by_role("link", name="Settings").click()
    await at_home.page.get_by_role("link", name="Devices").click()
    await expect(at_home.page.get_by_role("button", name="End")).to_have_count(1)
    await at_home.page.get_by_role("button", name="End").click()
    await at_home.page.get_by_role("dialog").get_by_role("button", name="End").click()
    await expect(at_work.page.get_by_role("heading", name="Welcome to Parley")).to_be_visible()
    await expect(at_work.page.get_by_text("this session was ended on another device")).to_be_visible()
    await expect(at_home.page.get_by_role("button", name="End")).to_have_count(0)


async def at_the_code(windows: Windows, number: str) -> Window:
    window = await windows.open(None)
    await window.page.get_by_label("Phone number").fill(f"+{number}")
    await window.page.keyboard.press("Enter")
    await expect(window.page.get_by_label("Code", exact=True)).to_be_focused()
    return window


async def test_a_code_of_another_length_is_told_before_it_counts_as_a_guess(windows: Windows, node: Node) -> None:
    window = await at_the_code(windows, "4930901890")
    code = window.page.get_by_label("Code", exact=True)
    await code.fill("123456")
    await window.page.keyboard.press("Enter")
    await expect(window.page.get_by_role("alert")).to_have_text("The code has 4 digits; this one has 6.")
    await expect(code).to_have_value("123456")
    await code.fill(last_code(node))
    await window.page.keyboard.press("Enter")
    await expect(window.page.get_by_role("heading", name="What is your name?")).to_be_visible()


async def test_another_code_is_sent_when_asked_for(windows: Windows, node: Node) -> None:
    window = await at_the_code(windows, "4930901891")
    await window.page.get_by_role("button", name="Send the code again").click()
    await expect(window.page.get_by_role("status")).to_contain_text("Another code was sent.")
    await window.page.get_by_label("Code", exact=True).fill(last_code(node))
    await window.page.keyboard.press("Enter")
    await expect(window.page.get_by_role("heading", name="What is your name?")).to_be_visible()


async def test_how_long_to_wait_for_another_code_is_counted_down(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, limits={"enabled": True}, auth={"pin_resend_s": 3})
    async with running_node(stores, settings) as node:
        windows = Windows(browser, node.url)
        window = await at_the_code(windows, "4930901892")
        window.is_refused = True
        again = window.page.get_by_role("button", name="Send the code again")
        await again.click()
        await expect(again).to_be_disabled()
        await expect(again).to_have_text(re.compile(r"Send the code again in \d seconds?"))
        await expect(again).to_be_enabled()
        await again.click()
        await expect(window.page.get_by_role("status")).to_contain_text("Another code was sent.")
        await windows.close()


async def test_the_policy_lets_nothing_inline_and_nothing_foreign_in(node: Node) -> None:
    async with aiohttp.ClientSession() as http:
        for path in ("/", "/static/js/app.js", "/static/parley.css", "/static/icon.svg"):
            async with http.get(node.url + path) as answer:
                assert answer.status == 200
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy
                assert "*" not in policy
                assert "require-trusted-types-for 'script'" in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert answer.headers["Cache-Control"] == "no-cache"
                etag = answer.headers["ETag"]
            async with http.get(node.url + path, headers={"If-None-Match": etag}) as again:
                assert again.status == 304
                assert await again.read() == b""


@pytest.mark.parametrize(
    "path",
    [
        "../run.py",
        "..%2frun.py",
        "js%2f..%2findex.html",
        "js/../../run.py",
        "js",
        "nothing.js",
        "%2e%2e/config.yaml",
        "js/app.js%00",
        "/etc/passwd",
    ],
)
async def test_nothing_but_the_client_is_served(node: Node, path: str) -> None:
    async with aiohttp.ClientSession() as http, http.get(URL(f"{node.url}/static/{path}", encoded=True)) as answer:
        assert answer.status in (401, 404)


def test_no_file_runs_a_string_or_holds_markup() -> None:
    for path in STATIC.rglob("*.js"):
        source = path.read_text()
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\"style\"",
            source,
        ), path
        assert len(source.splitlines()) <= 320, path
        assert source.startswith("// "), path
    assert not re.search(r"style=|onclick=|<script>", (STATIC / "index.html").read_text())


async def test_the_first_paint_is_small(windows: Windows) -> None:
    window = await windows.open(None)
    await expect(window.page.get_by_label("Phone number")).to_be_visible()
    sizes = await window.page.evaluate(
        "() => performance.getEntries().filter(one => 'transferSize' in one).map(one => [one.name, one.transferSize, one.decodedBodySize])"
    )
    assert sum(size for _, size, _ in sizes) < 100_000, sizes
    assert sum(size for _, _, size in sizes) < 110_000, sizes  # also where nobody packs it
