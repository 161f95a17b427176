"""Photos of people and groups on the page, where the server has them."""

import io

from aiohttp import FormData
from PIL import Image
from playwright.async_api import FilePayload, expect

from tests.static.browser import Windows
from tests.static.conftest import Numbers
from tests.support.node import Node, Person


def picture(colour: str) -> FilePayload:
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(buffer, "PNG")
    return {"name": "photo.png", "mimeType": "image/png", "buffer": buffer.getvalue()}


async def set_photo(node: Node, person: Person, group: str, colour: str) -> None:
    form = FormData()
    form.add_field("photo", picture(colour)["buffer"], filename="group.png")
    status, answer = await node.rest("POST", f"/api/groups/{group}/photo/", person, data=form)
    assert status == 200, answer


async def make_group(node: Node, founder: Person, other: Person) -> str:
    """A group with a photo; returns its public id."""
    fields = {"participants": [other.number], "subject": "Garden"}
    _, made = await node.rest("POST", "/api/groups/create-group/", founder, json=fields)
    group: str = made["groupid"]
    await set_photo(node, founder, group, "navy")
    return group


async def test_ones_own_photo_is_seen_by_contacts(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    at_ann = await windows.open(ann, "Ann")
    await at_ann.page.get_by_role("link", name="Settings").click()
    await at_ann.page.get_by_label("Choose a photo").set_input_files(picture("teal"))
    await at_ann.page.get_by_role("button", name="Use photo").click()
    shown = at_ann.page.locator(".hero .avatar img")
    await expect(shown).to_have_js_property("naturalWidth", 480)
    at_tom = await windows.open(tom, "Tom")
    await at_tom.page.get_by_role("link", name="People").click()
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
    await window.page.get_by_role("button", name="Use photo").click()
    await expect(window.page.locator(".hero .avatar img")).to_have_js_property("naturalWidth", 480)
    at_ann = await windows.open(ann, "Ann")
    await at_ann.open_chat("Garden")
    await expect(at_ann.page.locator(".conversation .avatar img")).to_have_js_property("naturalWidth", 96)
    await expect(at_ann.page.locator(".chat img")).to_have_js_property("naturalWidth", 96)


async def test_a_groups_photo_is_seen_without_opening_the_group(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await make_group(node, ann, tom)
    window = await windows.open(tom, "Tom")
    await expect(window.page.locator(".chat img")).to_have_js_property("naturalWidth", 96)
    await window.open_chat("Garden")
    await expect(window.page.locator(".conversation .avatar img")).to_have_js_property("naturalWidth", 96)


async def test_another_photo_of_a_group_is_seen_at_once_and_told_in_words(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    group = await make_group(node, ann, tom)
    window = await windows.open(tom, "Tom")
    await window.open_chat("Garden")
    shown = [window.page.locator(".conversation .avatar img"), window.page.locator(".chat img")]
    first = [await one.get_attribute("src") for one in shown]
    await set_photo(node, ann, group, "olive")
    for one, former in zip(shown, first, strict=True):
        await expect(one).not_to_have_attribute("src", former or "")
        await expect(one).to_have_js_property("naturalWidth", 96)
    notices = window.page.locator("li.notice")
    await expect(notices.filter(has_text=f"+{ann.number} changed the photo of the group")).to_have_count(2)
    status, _ = await node.rest("DELETE", f"/api/groups/{group}/photo/", ann)
    assert status == 200
    for one in shown:
        await expect(one).to_have_count(0)
    await expect(notices.filter(has_text=f"+{ann.number} removed the photo of the group")).to_be_visible()
    await expect(window.page.get_by_text("does not know yet")).to_have_count(0)


async def test_a_photo_that_a_group_took_away_meanwhile_is_gone_after_a_break(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    group = await make_group(node, ann, tom)
    window = await windows.open(tom, "Tom")
    await expect(window.page.locator(".chat img")).to_be_visible()
    window.is_cut = True
    await window.page.context.set_offline(True)
    await expect(window.page.locator(".banner.is-offline")).to_be_visible()
    await node.rest("DELETE", f"/api/groups/{group}/photo/", ann)
    await window.page.context.set_offline(False)
    await expect(window.page.locator(".banner.is-online")).to_be_attached()
    await expect(window.page.locator(".chat img")).to_have_count(0)


async def test_until_a_face_has_come_its_initials_are_shown(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await make_group(node, ann, tom)
    window = await windows.open(tom, "Tom")
    face = window.page.locator(".chat .avatar")
    await expect(face.locator("img")).to_have_js_property("naturalWidth", 96)
    # a press on what is in a row goes to the row's link, so what is at a point would be the link
    covered = "node => { node.style.pointerEvents = 'auto'; const { left, top } = node.getBoundingClientRect(); return document.elementFromPoint(left + 22, top + 22).tagName; }"
    assert await face.evaluate(covered) == "IMG"
    await expect(face).to_have_text("G")
