"""Pictures of the page, for whoever wants to look at it: in the folder that PAGE_PICTURES names, in two widths."""

import os

from tests.static.browser import Window


async def shoot(window: Window, name: str) -> None:
    """Take a picture of a window as on a phone and on a desk. Does nothing where no folder is named."""
    folder = os.environ.get("PAGE_PICTURES")
    if not folder:
        return
    size = window.page.viewport_size
    for width, height in ((390, 844), (1280, 800)):
        await window.page.set_viewport_size({"width": width, "height": height})
        await window.page.screenshot(path=f"{folder}/{name}-{width}.png")
    if size is not None:
        await window.page.set_viewport_size(size)
