"""Takes a picture of each view of the page: `python -m tests.docs.take_views`, with Chromium on the machine.

For each view and language one WebP: four widths side by side, light above dark, all in one height. docs/views.md shows those in English,
and leads to the others. With languages as arguments, such as `de ar`, only those are taken.
"""

import asyncio
import io
import math
import struct
import sys
import wave
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import aiohttp
from PIL import Image, ImageDraw, ImageFilter
from playwright.async_api import Browser, Page, expect

from tests.docs.take_pictures import GROUP, PICTURES, Talk, ask, fill_chats, introduce, on_a_throw_away_server
from tests.static.browser import Window, Windows
from tests.support.films import film
from tests.support.node import Node, Person

WIDTHS = (390, 768, 1280, 1920)
HEIGHT = 860
SHOWN_HEIGHT = 430
GAP = 8
BROWSERS = {"en": "en-GB", "de": "de-DE", "ar": "ar"}  # by the page's language
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:The lake hut\r\nTEL;TYPE=CELL:+4930901877\r\nEND:VCARD\r\n"


def draw_lake() -> bytes:
    """A JPEG of water, hills and an evening sky."""
    picture = Image.new("RGB", (1200, 800))
    draw = ImageDraw.Draw(picture)
    for y in range(800):
        draw.line((0, y, 1200, y), fill=(240 - y // 5, 170 - y // 8, 120 + y // 8))
    draw.ellipse((820, 250, 960, 390), fill="#ffe3b0")
    draw.polygon([(0, 470), (260, 330), (520, 460), (800, 350), (1200, 480), (1200, 520), (0, 520)], fill="#3d4a63")
    draw.rectangle((0, 510, 1200, 800), fill="#4f7190")
    buffer = io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(2)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def sing(seconds: float = 7) -> bytes:
    """A WAV of a tone that swells, as words do."""
    rate = 8000
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        loudness = (abs(math.sin(n / 1900) * math.sin(n / 700)) for n in range(int(rate * seconds)))
        samples = (int(28000 * loud * math.sin(n / 5)) for n, loud in enumerate(loudness))
        out.writeframes(b"".join(struct.pack("<h", each) for each in samples))
    return buffer.getvalue()


async def send_file(node: Node, kind: str, sender: Person, to: Person, name: str, data: bytes, **fields: str) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("filename", data, filename=name)
    for field, value in {"contact": to.number, **fields}.items():
        form.add_field(field, value)
    await ask(node, "POST", f"/api/messages/send-{kind}/", sender, data=form)


async def send_all_kinds(node: Node, talk: Talk, sender: Person, to: Person) -> None:
    await send_file(node, "image", sender, to, "lake.jpg", draw_lake(), caption="This is the *view* from the hut")
    await send_file(node, "voice", to, sender, "voice.wav", sing())
    await send_file(node, "video", sender, to, "boat.webm", film(6, (640, 360)))
    await send_file(node, "document", to, sender, "Timetable of the ferry.pdf", b"%PDF-1.4\n" + b"0" * 240_000)
    await talk.say(to, {"contact": sender.number}, "", type="c", vcard=CARD, name="The lake hut")
    await talk.say(
        sender, {"contact": to.number}, "", type="l", latitude=52.4009, longitude=13.0591, caption="The jetty"
    )


Reach = Callable[[Page], Awaitable[None]]


def at(address: str, ready: str) -> Reach:
    """Returns how a view is reached by its address; it is there when something matches the selector."""

    async def reach(page: Page) -> None:
        await page.evaluate("hash => { location.hash = hash; }", address)
        await expect(page.locator(ready).first).to_be_visible()

    return reach


def then(first: Reach, press: str, ready: str) -> Reach:
    """Returns how a view is reached by a press in another one."""

    async def reach(page: Page) -> None:
        await first(page)
        await page.locator(press).first.click()
        await expect(page.locator(ready).first).to_be_visible()

    return reach


def views(people: Sequence[Person], chats: Mapping[str, int]) -> dict[str, Reach]:
    ben = people[1]
    kinds = at(f"#/chat/{chats['kinds']}", ".card.place")
    return {
        "chats": at("#/", ".chat"),
        "conversation": at(f"#/chat/{chats['group']}", "li.row .reaction"),
        "kinds": kinds,
        "viewer": then(kinds, "li.row button.photo", "dialog img"),
        "emoji": then(at(f"#/chat/{chats['group']}", "li.row"), "button:has(.icon-smile)", ".emoji"),
        "event": then(at(f"#/chat/{chats['event']}", ".event-card"), ".event-card > summary", ".event-title"),
        "events": at("#/events", ".event-row"),
        "contacts": at("#/contacts", ".person"),
        "person": at(f"#/person/{ben.number}", ".hero .avatar"),
        "group": at(f"#/group/{chats['group']}", ".person"),
        "new-event": at("#/new-event", ".choice"),
        "settings": at("#/settings", "a[href='#/settings/privacy']"),
        **{f"settings-{name}": at(f"#/settings/{name}", ".page-body h2, .page-body h3, .page-body label") for name in ("profile", "privacy", "notices", "appearance", "devices", "account")},
    }  # fmt: skip


def join(pictures: Mapping[tuple[Scheme, int], bytes], file: Path) -> None:
    """Save the pictures of one view as one."""
    shown = {}
    for key, picture in pictures.items():
        whole = Image.open(io.BytesIO(picture)).convert("RGB")
        shown[key] = whole.resize(
            (round(whole.width * SHOWN_HEIGHT / whole.height), SHOWN_HEIGHT), Image.Resampling.LANCZOS
        )
    widths = [shown[SCHEMES[0], width].width for width in WIDTHS]
    sheet = Image.new("RGB", (sum(widths) + GAP * (len(WIDTHS) - 1), SHOWN_HEIGHT * 2 + GAP), "#8a9490")
    for row, scheme in enumerate(SCHEMES):
        left = 0
        for width, wide in zip(WIDTHS, widths, strict=True):
            sheet.paste(shown[scheme, width], (left, row * (SHOWN_HEIGHT + GAP)))
            left += wide + GAP
    file.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(file, "WEBP", quality=55, method=6)


def file_of(folder: Path, name: str, language: str) -> Path:
    """Returns the file of a view: English ones lie in the folder itself, others in one of their language."""
    return (folder if language == "en" else folder / language) / f"{name}.webp"


async def take_all(
    node: Node, browser: Browser, folder: Path, languages: Sequence[str] = tuple(BROWSERS)
) -> list[Path]:
    """Take the pictures of all views, and of the door; returns their files."""
    people = await introduce(node)
    talk = Talk(node)
    await fill_chats(node, talk, people)
    await send_all_kinds(node, talk, people[1], people[0])
    windows = Windows(browser, node.url)
    files: list[Path] = []
    try:
        for language in languages:
            for name, pictures in (await take_views(windows, people, language)).items():
                files.append(file_of(folder, name, language))
                join(pictures, files[-1])
    finally:
        await windows.close()
    return files


async def take_views(
    windows: Windows, people: Sequence[Person], language: str
) -> dict[str, dict[tuple[Scheme, int], bytes]]:
    """Take the pictures of all views in one language."""
    taken: dict[str, dict[tuple[Scheme, int], bytes]] = {}
    for scheme in SCHEMES:
        for width in WIDTHS:
            viewport = {"width": width, "height": HEIGHT}
            look: dict[str, Any] = {"viewport": viewport, "color_scheme": scheme, "locale": BROWSERS[language]}
            door = await windows.open(None, **look)
            await expect(door.page.locator("input[type=tel]")).to_be_visible()
            taken.setdefault("door", {})[scheme, width] = await door.page.screenshot(animations="disabled")
            window = await windows.open(people[0], "Ada Moss", **look)
            for name, reach in views(people, await find_chats(window, people)).items():
                await reach(window.page)
                await window.page.wait_for_load_state("networkidle")
                taken.setdefault(name, {})[scheme, width] = await window.page.screenshot(animations="disabled")
                await window.page.keyboard.press("Escape")
    return taken


async def find_chats(window: Window, people: Sequence[Person]) -> dict[str, int]:
    """The ids of the chats that are shown, by their addresses in the list."""
    await expect(window.page.locator(".chat")).to_have_count(5)
    found = {}
    for key, title in (("group", GROUP), ("event", "Midsummer picnic"), ("kinds", "Ben Okafor")):
        href = await window.page.get_by_role("link", name=title).first.get_attribute("href")
        assert href is not None
        found[key] = int(href.rsplit("/", 1)[1])
    return found


if __name__ == "__main__":
    asyncio.run(
        on_a_throw_away_server(partial(take_all, folder=PICTURES / "views", languages=sys.argv[1:] or tuple(BROWSERS)))
    )
