"""Photos of people and groups on the page, where the server has them."""

import io

from PIL import Image
from playwright.async_api import FilePayload, expect

from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node


def picture(colour: str) -> FilePayload:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(buffer, "PNG")
    return {"name": "photo.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


async def test_ones_own_photo_is_seen_by_contacts(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    at_ann = await windows.open(ann, "Ann")
    await at_ann.page.get_by_role("button", name="Settings").click()
    await at_ann.page.get_by_label("Choose a photo").set_input_files(picture("teal"))
    shown = at_ann.page.locator(".hero .avatar img")
    await expect(shown).to_have_js_property("naturalWidth", 480)
    at_tom = await windows.open(tom, "Tom")
    await at_tom.page.get_by_role("button", name="New chat").click()
    await expect(at_tom.page.locator(".person img")).to_have_js_property("naturalWidth", 96)
    await at_ann.page.get_by_role("button", name="Remove photo").click()
    await expect(shown).to_have_count(0)


async def test_a_groups_photo_is_changed_by_a_member(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    group = {"participants": [tom.number], "subject": "Garden"}
    await node.rest("POST", "/api/groups/create-group/", ann, json=group)
    window = await windows.open(tom, "Tom")
    await window.open_chat("Garden")
    await window.page.get_by_role("button", name="About this group").click()
    await window.page.get_by_label("Choose a picture").set_input_files(picture("navy"))
    await expect(window.page.locator(".hero .avatar img")).to_have_js_property("naturalWidth", 96)
    at_ann = await windows.open(ann, "Ann")
    await at_ann.open_chat("Garden")
    await expect(at_ann.page.locator(".conversation .avatar img")).to_have_js_property("naturalWidth", 96)
    await expect(at_ann.page.locator(".chat img")).to_have_js_property("naturalWidth", 96)
