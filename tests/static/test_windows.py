"""A tab that is used again tells nobody of those who had it before."""

from playwright.async_api import Browser, expect

from tests.static.browser import Tabs, Windows
from tests.static.conftest import Numbers
from tests.support.node import Node

LEAVE_TRACES = """async () => {
    localStorage.setItem("trace", "1");
    sessionStorage.setItem("trace", "1");
    document.cookie = "trace=1";
    await caches.open("trace");
    history.pushState(null, "", "#/settings");
}"""
TRACES = """async () => [
    localStorage.length, sessionStorage.length, document.cookie, history.length, await caches.keys(),
    (await indexedDB.databases()).map(({ name }) => name), location.hash,
]"""


async def test_the_next_one_finds_nothing_and_is_somebody_else(browser: Browser, node: Node, numbers: Numbers) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    tabs = Tabs(browser)
    before = Windows(browser, node.url, tabs)
    window = await before.open(ann, "Ann", viewport={"width": 390, "height": 800}, color_scheme="dark")
    await window.page.evaluate(LEAVE_TRACES)
    await window.page.route("**/*", lambda route: route.abort())
    await window.page.context.set_offline(True)
    window.is_cut = True
    await before.close()

    after = Windows(browser, node.url, tabs)
    again = await after.open(None)
    assert again.page == window.page
    await expect(again.page.get_by_role("heading", name="Welcome to Parley")).to_be_visible()
    assert await again.page.evaluate(TRACES) == [0, 0, "", 2, [], [], ""]
    assert again.page.viewport_size == {"width": 1000, "height": 720}
    assert await again.page.evaluate("() => matchMedia('(prefers-color-scheme: light)').matches")
    await after.close()
    await window.page.context.close()


async def test_a_profile_is_used_again_by_its_like_alone_and_never_with_another_clock(
    browser: Browser, node: Node
) -> None:
    tabs, taken = Tabs(browser), []
    for options in ({"locale": "ar"}, {}, {"locale": "ar"}, {"locale": "ar"}):
        windows = Windows(browser, node.url, tabs)
        window = await windows.open(None, **options)
        assert await window.page.evaluate("() => navigator.language") == options.get("locale", "en-GB")
        taken.append(window.page)
        if len(taken) == 3:
            await window.page.clock.install()
        await windows.close()
    first, usual, again, after = taken
    assert (first == again, usual in (first, after), after == first) == (True, False, False)
