"""Signing in and out on the page, from the first look to an ended session; its policy, its size, its types."""

import gzip
import json
import re
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import expect
from yarl import URL

from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node

STATIC = Path(__file__).parents[2] / "static"


def last_code(node: Node) -> str:
    lines = (node.settings.data_dir / node.settings.sms.outbox).read_text().splitlines()
    return str(json.loads(lines[-1])["code"])


async def test_a_newcomer_signs_in_stays_and_signs_out(windows: Windows, node: Node) -> None:
    window = await windows.open(None)
    page = window.page
    number, alert = page.get_by_label("Phone number"), page.get_by_role("alert")
    await number.fill("hello")
    await page.keyboard.press("Enter")
    await expect(alert).to_contain_text("This is no phone number.")
    await number.fill("(030)\u00a090182\u2011077")
    await page.keyboard.press("Enter")
    await expect(alert).to_contain_text("Choose the country")
    await page.get_by_label("Country").select_option("DE")
    await number.press("Enter")
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
    await page.get_by_role("button", name="Settings").click()
    await expect(page.locator(".hero-name")).to_have_text("Ann Ravel")
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
    await at_home.page.get_by_role("button", name="Settings").click()
    await expect(at_home.page.get_by_role("button", name="End")).to_have_count(1)
    await at_home.page.get_by_role("button", name="End").click()
    await at_home.page.get_by_role("dialog").get_by_role("button", name="End").click()
    await expect(at_work.page.get_by_role("heading", name="Welcome to Parley")).to_be_visible()
    await expect(at_home.page.get_by_role("button", name="End")).to_have_count(0)


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
    assert sum(size for _, _, size in sizes) < 100_000, sizes  # also where nobody packs it
    everything = sum(len(gzip.compress(path.read_bytes())) for path in STATIC.rglob("*") if path.is_file())
    assert everything < 100_000
