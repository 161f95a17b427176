"""Photos in a conversation: each has its place before it has come, and none ever lies on another message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import FormData
from PIL import Image
from playwright.async_api import Page, Route, expect

from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.support.node import Device, Node, Person
from tests.support.pictures import encoded

SIZES = [(1600, 1200), (600, 2400), (2400, 300), (40, 30), (800, 800), (300, 3000)]
ORIENTATION = 0x0112

# Looks at the rows as they are painted: an observer that was made after those of the page is called after them in each frame.
WATCH = """() => {
    const seen = (window.seen = { frames: 0, overlap: 0, where: "", heights: {}, tops: [] });
    const scroller = document.querySelector(".scroller");
    const probe = document.body.appendChild(document.createElement("div"));
    probe.style.cssText = "position: fixed; width: 1px; height: 1px; visibility: hidden";
    const look = () => {
        seen.frames += 1;
        const rows = [...document.querySelectorAll("li.row")].map((row) => [row.getBoundingClientRect(), row]).sort(([one], [other]) => one.top - other.top);
        rows.forEach(([box, row], place) => {
            const overlap = place ? rows[place - 1][0].bottom - box.top : 0;
            if (overlap > seen.overlap) Object.assign(seen, { overlap, where: row.textContent });
            const heights = (seen.heights[row.dataset.seq] ??= []);
            if (heights.at(-1) !== box.height) heights.push(box.height);
        });
        const edge = scroller.getBoundingClientRect().top;
        const [box, row] = rows.find(([{ top }]) => top >= edge) ?? [];
        if (row) seen.tops.push([row.dataset.seq, box.top]);
    };
    new ResizeObserver(look).observe(probe);
    const tick = () => {
        probe.style.height = `${1 + (seen.frames % 2)}px`;
        requestAnimationFrame(tick);
    };
    tick();
}"""
ALL_THERE = """() => {
    const pictures = [...document.querySelectorAll("li.row img")];
    return pictures.length && pictures.every((one) => one.complete && one.naturalWidth) ? pictures.length : 0;
}"""
SOME_FRAMES = "() => { const until = window.seen.frames + 4; return new Promise((done) => { const look = () => (window.seen.frames >= until ? done(true) : requestAnimationFrame(look)); look(); }); }"


@asynccontextmanager
async def held_back(page: Page) -> AsyncIterator[asyncio.Event]:
    """Pictures of messages wait until the event is set."""
    come = asyncio.Event()

    async def wait(route: Route) -> None:
        await come.wait()
        await route.continue_()

    await page.route("**/media/**", wait)
    yield come
    come.set()
    await page.unroute("**/media/**", wait)


async def send_photo(node: Node, sender: Person, to: Person, place: int, *, is_turned: bool = False) -> str:
    """Send a photo of one of the sizes, and return where it is kept."""
    width, height = SIZES[place % len(SIZES)]
    exif = Image.Exif()
    exif[ORIENTATION] = 6 if is_turned else 1
    picture = Image.new("RGB", (width, height), (place * 37 % 256, place * 91 % 256, 120))
    form = FormData({"contact": to.number, "caption": f"photo {place}"})
    form.add_field("filename", encoded(picture, "JPEG", exif=exif), filename="photo.jpg")
    status, sent = await node.rest("POST", "/api/messages/send-image/", sender, data=form)
    assert status == 200, sent
    url: str = sent["url"]
    return url[url.index("/media/") :]


async def say(device: Device, to: Person, text: str) -> None:
    sent = await device.ask("message_send", {"contact": to.number, "client_id": text[:20], "text": text})
    assert sent["ok"], sent


async def opened(windows: Windows, ann: Person, tom: Person) -> Window:
    window = await windows.open(ann, "Ann")
    await window.page.emulate_media(reduced_motion="reduce")
    return window


@pytest.mark.parametrize("has_sizes", [True, False], ids=["of-this-version", "of-an-earlier-version"])
async def test_no_photo_ever_lies_on_another_message(
    windows: Windows, node: Node, numbers: Numbers, *, has_sizes: bool
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    for place in range(14):
        url = await send_photo(node, tom, ann, place, is_turned=place % 2 == 1)
        if not has_sizes:
            photo = {"contact": ann.number, "client_id": f"p{place}", "type": "i", "url": url}
            assert (await phone.ask("message_send", photo))["ok"]
        await say(phone, ann, f"line {place}")
    window = await opened(windows, ann, tom)
    page = window.page
    async with held_back(page) as come:
        await window.open_chat(f"+{tom.number}")
        await page.evaluate("() => { document.querySelector('.scroller').scrollTop = 1e6; }")
        await expect(window.row("line 13")).to_be_in_viewport()
        await page.evaluate(WATCH)
        await page.evaluate(SOME_FRAMES)
        before = await page.evaluate("() => window.seen.heights")
        come.set()
        await page.wait_for_function(ALL_THERE, timeout=30_000)
        await page.evaluate(SOME_FRAMES)
        await expect(window.row("line 13")).to_be_in_viewport()
        after = await page.evaluate("() => window.seen")
        if has_sizes:
            for seq, heights in before.items():
                assert after["heights"].get(seq, heights) == heights, "a row grew when its photo came"
        for _ in range(12):
            await page.evaluate("() => { document.querySelector('.scroller').scrollTop -= 350; }")
            await page.evaluate(SOME_FRAMES)
        await page.wait_for_function(ALL_THERE, timeout=30_000)
        await page.evaluate(SOME_FRAMES)
        seen = await page.evaluate("() => window.seen")
    assert seen["overlap"] <= 1, seen["where"]
    assert seen["frames"] > 20


async def test_photos_that_come_late_do_not_move_what_is_being_read(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    phone = await node.connect(tom, "/chat")
    urls = [await send_photo(node, tom, ann, place) for place in range(6)]
    for place in range(30):
        photo = {"contact": ann.number, "client_id": f"p{place}", "type": "i", "url": urls[place % 6]}
        assert (await phone.ask("message_send", photo))["ok"]  # it does not say how large it is
        await say(phone, ann, f"line {place} " + "long " * 60)
    window = await opened(windows, ann, tom)
    page = window.page
    async with held_back(page) as come:
        await window.open_chat(f"+{tom.number}")
        await page.evaluate("() => { document.querySelector('.scroller').scrollTop = 1e6; }")
        await expect(window.row("line 29")).to_be_in_viewport()
        for _ in range(8):
            await page.mouse.move(600, 400)
            await page.mouse.wheel(0, -300)
            await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        await page.evaluate(WATCH)
        await page.evaluate(SOME_FRAMES)
        come.set()
        await page.wait_for_function(ALL_THERE, timeout=30_000)
        await page.evaluate(SOME_FRAMES)
        seen = await page.evaluate("() => window.seen")
    (first, top), *_ = seen["tops"]
    grown = [seq for seq, heights in seen["heights"].items() if len(heights) > 1 and int(seq) < int(first)]
    assert grown, "no photo above what is being read has come"
    held = [place for seq, place in seen["tops"] if seq == first]
    assert max(abs(place - top) for place in held) <= 1
    assert seen["tops"][-1][0] == first


async def test_until_a_photo_has_come_a_blur_of_it_is_shown(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await send_photo(node, tom, ann, 4)
    window = await opened(windows, ann, tom)
    async with held_back(window.page) as come:
        await window.open_chat(f"+{tom.number}")
        blur = window.page.locator(".photo .blur")
        await expect(blur).to_be_visible()
        colour = await blur.evaluate(
            "(canvas) => [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]"
        )
        assert all(abs(one - other) <= 12 for one, other in zip(colour, (148, 108, 120, 255), strict=True)), colour
        come.set()
        await expect(blur).to_be_hidden()
        await expect(window.page.locator(".photo img")).to_have_js_property("naturalWidth", 800)
