"""The page of a person and of a group: who they are, what one has in common, what can be done."""

import os
import re
from typing import Any, Literal

import pytest
from aiohttp import FormData
from PIL import Image
from playwright.async_api import expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.test_events import named
from tests.static.test_strangers import writes_to
from tests.static.test_unread import found
from tests.support.node import Node, Person
from tests.support.pictures import encoded, halves


async def go(window: Window, address: str) -> None:
    await window.page.evaluate("hash => { location.hash = hash; }", address)


async def shot(window: Window, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        await window.page.screenshot(path=f"{folder}/{name}.png")


async def send_photo(node: Node, sender: Person, colour: int, caption: str, **to: str) -> None:
    form = FormData({**to, "caption": caption})
    form.add_field("filename", encoded(Image.new("RGB", (120, 80), (colour, 90, 120)), "JPEG"), filename="photo.jpg")
    status, sent = await node.rest("POST", "/api/messages/send-image/", sender, data=form)
    assert status == 200, sent


async def set_photo(node: Node, person: Person) -> None:
    form = FormData()
    form.add_field("photo", encoded(halves()), filename="photo.png")
    status, answer = await node.rest("POST", "/api/account/profile-photo/", person, data=form)
    assert status == 200, answer


async def say(node: Node, sender: Person, count: int, **to: str) -> None:
    device = await node.connect(sender, "/chat")
    for place in range(count):
        sent = await device.ask("message_send", {**to, "client_id": f"t{place}", "text": f"line {place}"})
        assert sent["ok"], sent


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
async def test_neither_page_breaks_a_rule_of_accessibility(
    windows: Windows, node: Node, numbers: Numbers, axe: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    ann, tom, eve = await named(node, numbers, "Ann Lee", "Tom Poe", "Eve Ray")
    await node.befriend(ann, tom, eve)
    await node.rest("POST", "/api/account/status-message/", tom, json={"status_message": "At sea"})
    await set_photo(node, tom)
    group = await found(node, ann, tom, eve)
    for place in range(3):
        await send_photo(node, tom, 70 * place, f"photo {place}", contact=ann.number)
        await send_photo(node, tom, 70 * place, f"photo {place}", group_id=group)
    window = await windows.open(
        ann, "Ann Lee", viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = window.page
    await go(window, f"#/person/{tom.number}")
    await expect(page.get_by_text("At sea")).to_be_visible()
    await expect(page.locator(".media-item")).to_have_count(3)
    await expect(page.get_by_role("link", name="Garden")).to_have_count(1 if width < 768 else 2)
    await shot(window, f"person-{width}-{scheme}")
    await assert_accessible(page, axe)
    await page.get_by_role("button", name="Show the photo").click()
    await expect(page.get_by_role("dialog").get_by_role("img")).to_have_js_property("naturalWidth", 640)
    await shot(window, f"person-photo-{width}-{scheme}")
    await assert_accessible(page, axe)
    await page.keyboard.press("Escape")
    await page.locator(".page-body").get_by_role("link", name="Garden").click()
    await page.get_by_role("button", name="About this group").click()
    await expect(page.locator(".media-item")).to_have_count(3)
    await shot(window, f"group-{width}-{scheme}")
    await assert_accessible(page, axe)


async def test_a_person_is_reached_from_chats_groups_and_contacts(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom, eve = await named(node, numbers, "Ann Lee", "Tom Poe", "Eve Ray")
    await node.befriend(ann, tom)
    await node.befriend(eve, ann, tom)
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": "Tommy"})
    group = await found(node, eve, ann, tom)
    await say(node, tom, 1, group=group)
    await say(node, tom, 1, contact=ann.number)
    window = await windows.open(ann, "Ann Lee")
    page = window.page
    title = page.get_by_role("heading", level=2, name="Tommy")
    await window.open_contact(tom.number)
    await page.get_by_role("button", name="About this person").click()
    await expect(title).to_be_visible()
    await expect(page.locator(".hero")).to_contain_text("~Tom Poe")
    await expect(page.locator(".hero")).to_contain_text(f"+{tom.number}")
    await page.get_by_role("button", name="Back", exact=True).click()
    await expect(page.get_by_label("Message", exact=True)).to_be_visible()
    await window.open_chat("Garden")
    await window.row("line 0").locator(".sender").click()
    await expect(title).to_be_visible()
    await page.get_by_role("button", name="Back", exact=True).click()
    await page.get_by_role("button", name="About this group").click()
    await page.locator(".person-link", has_text="Tommy").click()
    await expect(title).to_be_visible()
    await page.get_by_role("button", name="Back", exact=True).click()
    await expect(page.get_by_role("heading", name="3 members")).to_be_visible()
    await go(window, "#/contacts")
    await page.get_by_role("button", name="Actions for Tommy").click()
    await page.get_by_role("menuitem", name="About this person").click()
    await expect(title).to_be_visible()
    await page.get_by_role("link", name="Message").click()
    await expect(page.get_by_label("Message", exact=True)).to_be_visible()


async def test_a_stranger_is_added_renamed_blocked_and_removed_on_their_page(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.rest("POST", "/api/account/status-message/", ann, json={"status_message": "At sea"})
    await writes_to(node, ann, tom, "Hello Tom")
    window = await windows.open(tom, "Tom Poe")
    page, dialog = window.page, window.page.get_by_role("dialog")
    await go(window, f"#/person/{ann.number}")
    await expect(page.get_by_role("heading", level=2, name="~Ann Lee")).to_be_visible()
    await expect(page.get_by_text("At sea")).to_be_visible()
    await page.get_by_role("button", name="Add to contacts").click()
    await dialog.get_by_role("button", name="Add").click()
    await expect(page.get_by_role("heading", level=2, name="Ann Lee", exact=True)).to_be_visible()
    await page.get_by_role("button", name="Rename").click()
    await dialog.get_by_label("First name").fill("Anna")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("heading", level=2, name="Anna Lee")).to_be_visible()
    await page.get_by_role("button", name="Block", exact=True).click()
    await dialog.get_by_role("button", name="Block").click()
    await expect(page.get_by_text("You blocked this person.")).to_be_visible()
    assert (await node.rest("GET", "/api/contacts/blocked-list/", tom))[1] == {"numbers": [ann.number]}
    await page.get_by_role("button", name="Unblock").click()
    await expect(page.get_by_text("You blocked this person.")).to_be_hidden()
    await page.get_by_role("button", name="Remove from contacts").click()
    await dialog.get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("heading", level=2, name="~Ann Lee")).to_be_visible()
    assert (await node.rest("GET", "/api/contacts/", tom))[1] == []


async def test_what_somebody_hides_is_not_on_their_page(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(ann, tom)
    await node.rest("POST", "/api/account/status-message/", ann, json={"status_message": "At sea"})
    await set_photo(node, ann)
    hidden = {"status_message": "none", "photo": "none", "last_seen": "none"}
    await node.rest("POST", "/api/account/privacy-settings/", ann, json=hidden)
    window = await windows.open(tom, "Tom Poe")
    async with window.page.expect_response("**/photo-url/"):
        await go(window, f"#/person/{ann.number}")
    await expect(window.page.get_by_role("link", name="Message")).to_be_visible()
    await expect(window.page.locator(".hero img")).to_have_count(0)
    await expect(window.page.locator(".hero")).not_to_contain_text("At sea")
    await expect(window.page.locator(".hero")).not_to_contain_text("last seen")


async def test_a_favourite_is_marked_and_comes_first_among_contacts(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom, eve = await named(node, numbers, "Ann Lee", "Tom Poe", "Eve Ray")
    await node.befriend(ann, tom, eve)
    for person, name in ((tom, "Tom"), (eve, "Eve")):
        await node.rest("PATCH", f"/api/contacts/{person.number}/", ann, json={"first_name": name})
    window = await windows.open(ann, "Ann Lee")
    page = window.page
    star = page.get_by_role("button", name="Favourite")
    await go(window, f"#/person/{tom.number}")
    await star.click()
    await expect(star).to_have_attribute("aria-pressed", "true")
    _, listed = await node.rest("GET", "/users/favorite_contacts", ann)
    assert [each["phone_number"] for each in listed] == [f"+{tom.number}"]
    await go(window, "#/contacts")
    await expect(page.locator(".person-name")).to_have_text(["Tom", "Eve"])
    await go(window, f"#/person/{tom.number}")
    await star.click()
    await expect(star).to_have_attribute("aria-pressed", "false")
    assert (await node.rest("GET", "/users/favorite_contacts", ann))[1] == []


async def test_earlier_photos_and_status_messages_are_shown_when_asked_for(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(ann, tom)
    for text in ("At sea", "At home"):
        await node.rest("POST", "/api/account/status-message/", tom, json={"status_message": text})
    await set_photo(node, tom)
    window = await windows.open(ann, "Ann Lee")
    await go(window, f"#/person/{tom.number}")
    earlier = window.page.locator(".earlier")
    await earlier.locator("summary").click()
    await expect(earlier.locator(".plain li")).to_contain_text(["At home", "At sea"])
    await expect(earlier.locator("img")).to_have_js_property("naturalWidth", 640)


async def test_a_number_that_is_not_here_can_be_managed_but_not_written_to(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    await node.rest("POST", "/api/contacts/add-contact/", ann, json={"contact_id": "4930555001", "first_name": "Zoe"})
    window = await windows.open(ann, "Ann")
    await go(window, "#/contacts")
    await window.page.get_by_role("link", name="Zoe").click()
    await expect(window.page.get_by_text("This number is not on this server yet.")).to_be_visible()
    await expect(window.page.get_by_role("link", name="Message")).to_be_hidden()
    await expect(window.page.get_by_role("button", name="Rename")).to_be_visible()


async def test_older_photos_of_a_chat_are_loaded_when_asked_for(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(ann, tom)
    await send_photo(node, tom, 10, "the oldest", contact=ann.number)
    await say(node, tom, 620, contact=ann.number)
    await send_photo(node, tom, 200, "the newest", contact=ann.number)
    window = await windows.open(ann, "Ann Lee")
    page = window.page
    await go(window, f"#/person/{tom.number}")
    items = page.locator(".media-item")
    more = page.get_by_role("button", name="Load more")
    await expect(more).to_be_enabled()
    await expect(items).to_have_count(1)
    await more.click()
    await expect(items).to_have_count(2)
    await expect(items.last).to_have_attribute("title", re.compile("the oldest"))
    await expect(more).to_be_hidden()
    await items.first.click()
    viewer = page.get_by_role("dialog", name="Tom Poe")
    await expect(viewer).to_contain_text("the newest")
    await page.keyboard.press("ArrowLeft")
    await expect(viewer).to_contain_text("the oldest")


async def test_several_members_are_added_at_once_and_found_by_name(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    people = await named(node, numbers, "Ann Lee", *(f"Guest {place:02}" for place in range(13)))
    ann, first, *others = people
    await node.befriend(*people)
    for place, other in enumerate([first, *others]):
        await node.rest("PATCH", f"/api/contacts/{other.number}/", ann, json={"first_name": f"Guest {place:02}"})
    group = await found(node, ann, first)
    window = await windows.open(ann, "Ann Lee")
    page, dialog = window.page, window.page.get_by_role("dialog")
    await window.open_chat("Garden")
    await page.get_by_role("button", name="About this group").click()
    await expect(page.get_by_label("Search members")).to_be_hidden()
    await page.get_by_role("button", name="Add members").click()
    await expect(dialog.get_by_role("checkbox")).to_have_count(12)
    await dialog.get_by_role("button", name="Add").click()
    await expect(dialog.get_by_role("alert")).to_have_text("Choose at least one.")
    await dialog.get_by_label("Search").fill("guest 1")
    await expect(dialog.get_by_role("checkbox")).to_have_count(3)
    await dialog.get_by_label("Search").fill("")
    for box in await dialog.get_by_role("checkbox").all():
        await box.check()
    await dialog.get_by_role("button", name="Add").click()
    await expect(page.get_by_role("heading", name="14 members")).to_be_visible()
    _, shown = await node.rest("GET", f"/api/groups/{group}/info/", others[-1])
    assert set(shown["participants"]) == {each.number for each in people}
    names = page.locator(".person-name")
    await expect(names.first).to_have_text("You")
    await page.get_by_label("Search members").fill("guest 12")
    await expect(names).to_have_text(["Guest 12"])


async def test_a_group_s_picture_is_cut_removed_and_shown_large(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(ann, tom)
    await found(node, ann, tom)
    window = await windows.open(ann, "Ann Lee")
    page, dialog = window.page, window.page.get_by_role("dialog")
    await window.open_chat("Garden")
    await page.get_by_role("button", name="About this group").click()
    picture: Any = {"name": "photo.png", "mimeType": "image/png", "buffer": encoded(halves((900, 700)))}
    await page.get_by_label("Choose a picture").set_input_files(picture)
    await dialog.get_by_role("button", name="Use photo").click()
    await expect(page.locator(".hero .avatar img")).to_have_js_property("naturalWidth", 640)
    await page.get_by_role("button", name="Show the photo").click()
    await expect(dialog.get_by_role("img")).to_have_js_property("naturalWidth", 640)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Remove picture").click()
    await dialog.get_by_role("button", name="Remove").click()
    await expect(page.locator(".hero .avatar img")).to_have_count(0)
