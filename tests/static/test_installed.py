"""What makes the page an app that can be installed, and how it comes by a new version: whole, at the next start, and never by force."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.async_api import Browser, expect

from server.embedded import EmbeddedStores
from server.http import pages
from server.http.page_files import PageFiles
from tests.static.app import APP, WITHIN_MS, is_offline, place_for, until_app
from tests.static.browser import Windows
from tests.static.make_icons import ICONS, SIZES, make
from tests.support.node import Node

# The versions whose pages are kept, and how much of each.
SHELLS = """async () => {
    const shells = {};
    for (const name of await caches.keys()) shells[name] = (await (await caches.open(name)).keys()).length;
    return shells;
}"""
FORGET_A_MODULE = """async () => {
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) if (request.url.endsWith("/js/client.js")) await cache.delete(request);
    }
}"""
LOOK = "async () => { await (await navigator.serviceWorker.getRegistration()).update(); }"
SHOWN_VERSION = "() => document.querySelector('script[src]').getAttribute('src').split('/')[2]"


async def test_browsers_offer_to_install_it(windows: Windows) -> None:
    window = await windows.open(None, **APP)
    cdp = await window.page.context.new_cdp_session(window.page)
    found = await cdp.send("Page.getAppManifest")
    assert found["errors"] == []
    manifest = json.loads(found["data"])
    assert (manifest["id"], manifest["scope"], manifest["start_url"], manifest["display"]) == (
        "/",
        "/",
        "/",
        "standalone",
    )
    errors = (await cdp.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    # A browser of a test has a profile that installs nothing.
    assert [each["errorId"] for each in errors if each["errorId"] != "in-incognito"] == []


async def test_the_icons_are_drawn_from_the_mark(browser: Browser, tmp_path: Path) -> None:
    await make(browser, tmp_path)
    for name, (size, scale) in SIZES.items():
        with Image.open(ICONS / name) as kept, Image.open(tmp_path / name) as drawn:
            assert kept.size == (size, size)
            apart = ImageChops.difference(kept.convert("RGBA"), drawn.convert("RGBA"))
            assert max(apart.tobytes()) < 48, f"{name}: python -m tests.static.make_icons"
            corner = kept.convert("RGBA").crop((0, 0, 1, 1)).tobytes()
            assert (corner[3] == 255) == (scale < 1), "cut by nobody, or by the system"


async def test_the_worker_is_served_at_the_root_and_names_all_that_the_page_may_load(node: Node) -> None:
    async with node.http.get(f"{node.url}/service_worker.js") as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
        text = await answer.text()
    version = PageFiles.read(pages.STATIC).version
    assert f'VERSION = "{version}"' in text
    for name in (
        "js/app.js",
        "js/client.js",
        "js/views/settings/settings.js",
        "js/views/companion.js",
        "parley.css",
        "icon.svg",
    ):
        assert f"/static/{version}/{name}" in text
    for name in ("js/reference.js", "docs.css", "invitation/"):
        assert f"/static/{version}/{name}" not in text


async def test_a_half_filled_cache_locks_nobody_out_and_is_filled_again(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with place_for(browser, stores, tmp_path) as (place, node, windows):
        ann = await node.sign_in("4930901820")
        window = await windows.open(ann, "Ann", **APP)
        await until_app(window.page)
        whole = await window.page.evaluate(SHELLS)
        await window.page.evaluate(FORGET_A_MODULE)
        assert await window.page.evaluate(SHELLS) != whole
        await window.page.reload()
        await expect(window.page.locator(".banner.is-online")).to_be_attached()
        condition = f"async (whole) => JSON.stringify(await ({SHELLS})()) === whole"
        await window.page.wait_for_function(condition, arg=json.dumps(whole, separators=(",", ":")), timeout=WITHIN_MS)
        window.is_cut = True
        await place.stop()
        await window.page.reload()
        await is_offline(window)


async def test_a_new_version_is_named_and_taken_at_the_next_start_as_a_whole(
    browser: Browser, stores: EmbeddedStores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "static"
    shutil.copytree(pages.STATIC, other)
    (other / "js" / "app.js").write_text((other / "js" / "app.js").read_text() + "void 0;\n")
    before, after = PageFiles.read(pages.STATIC).version, PageFiles.read(other).version
    async with place_for(browser, stores, tmp_path / "data") as (place, node, windows):
        ann = await node.sign_in("4930901820")
        window = await windows.open(ann, "Ann", **APP)
        page = window.page
        await until_app(page)
        second = await page.context.new_page()
        await second.goto(page.url)
        await expect(second.locator(".banner.is-online")).to_be_attached()
        await second.wait_for_function(
            "async (name) => (await navigator.locks.query()).held.filter((lock) => lock.name === name).length === 2",
            arg=f"shell-{before}",
            timeout=WITHIN_MS,
        )
        assert list(await page.evaluate(SHELLS)) == [f"shell-{before}"]
        window.is_cut = True
        await place.stop()
        monkeypatch.setattr(pages, "STATIC", other)
        await place.start()
        line = page.get_by_role("status").filter(has_text="A new version of Parley is there.")
        await expect(line).to_be_visible()  # the page looked when the connection came back
        assert await page.evaluate(SHOWN_VERSION) == before, "nobody is forced"
        assert set(await page.evaluate(SHELLS)) == {f"shell-{before}", f"shell-{after}"}, "a window needs the old one"
        await line.get_by_role("button", name="Reload").click()
        await page.wait_for_function(f"() => ({SHOWN_VERSION})() === '{after}'", timeout=WITHIN_MS)
        await expect(page.locator(".banner.is-online")).to_be_attached()
        await expect(line).to_have_count(0)
        await second.close()
        await page.reload()
        await page.wait_for_function(
            f"async () => Object.keys(await ({SHELLS})()).join() === 'shell-{after}'", timeout=WITHIN_MS
        )
        await place.stop()
        await page.reload()
        await is_offline(window)
        assert await page.evaluate(SHOWN_VERSION) == after
