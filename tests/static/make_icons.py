"""Draws the icons of the app from `static/icon.svg`: `python -m tests.static.make_icons`, with Chromium on the machine.

Systems cut what is `maskable`, and what Apple shows, to shapes of their own: there the colour of the mark reaches the edges, and all
else stays inside the circle that none of them cuts.
"""

import asyncio
import re
from pathlib import Path

from playwright.async_api import Browser

from server.http.pages import STATIC
from tests.static.browser import chromium

MARK = STATIC / "icon.svg"
ICONS = STATIC / "icons"
SIZES = {"192.png": (192, 1.0), "512.png": (512, 1.0), "maskable-512.png": (512, 0.8), "apple-180.png": (180, 0.9)}


def draw(mark: str, scale: float) -> str:
    """Returns the mark as it is, or smaller on a ground of its own colour."""
    if scale == 1:
        return mark
    found = re.search(r'<rect[^>]*fill="(#\w+)"', mark)
    assert found, "the mark begins with its ground"
    start, _, inner = mark.partition(">")
    drawn = inner.rpartition("</svg>")[0]
    move = f"translate(16 16) scale({scale}) translate(-16 -16)"
    return f'{start}><rect width="32" height="32" fill="{found[1]}"/><g transform="{move}">{drawn}</g></svg>'


async def make(browser: Browser, folder: Path) -> None:
    """Write all icons into a folder."""
    page = await browser.new_page()
    for name, (size, scale) in SIZES.items():
        await page.set_viewport_size({"width": size, "height": size})
        shown = draw(MARK.read_text("utf-8"), scale).replace("<svg", f'<svg width="{size}" height="{size}"', 1)
        await page.set_content(
            f"<style>body {{ margin: 0; background: transparent }} svg {{ display: block }}</style>{shown}"
        )
        await page.locator("svg").screenshot(path=folder / name, omit_background=True)
    await page.close()


async def main() -> None:
    ICONS.mkdir(exist_ok=True)
    async with chromium() as browser:
        await make(browser, ICONS)


if __name__ == "__main__":
    asyncio.run(main())
