"""Settings: what is chosen in one window is what others see, also in another window; every section has an address, narrow and wide."""

import asyncio
import io
import os
import re
from typing import Any, Literal

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Route, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.test_events import named
from tests.support.node import Node, Person
from tests.support.pictures import encoded, halves

ORIENTATION = 0x0112
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}}
SECTIONS = ("profile", "privacy", "notices", "appearance", "devices", "account")
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"


async def go(window: Window, address: str) -> None:
    await window.page.evaluate("hash => { location.hash = hash; }", address)


async def open_section(window: Window, name: str) -> None:
    await go(window, f"#/settings/{name.lower()}")
    await expect(window.page.get_by_role("heading", level=1, name=name, exact=True)).to_be_focused()


async def shot(window: Window, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        await window.page.screenshot(path=f"{folder}/{name}.png")


def photo_of(picture: Image.Image, **options: Any) -> FilePayload:
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": encoded(picture, "JPEG", quality=95, **options)}


async def stored_photo(node: Node, person: Person) -> Image.Image:
    headers = {"Authorization": f"Bearer {person.token}"}
    async with node.http.get(f"{node.url}/api/account/profile-photo/", headers=headers) as answer:
        assert answer.status == 200
        return Image.open(io.BytesIO(await answer.read())).convert("RGB")


def is_red(pixel: Any) -> bool:
    red, green, blue = pixel
    return bool(red > 180 and green < 90 and blue < 90)


async def shown(node: Node, viewer: Person, contact: Person, what: str) -> Any:
    status, answer = await node.rest("GET", f"/api/contacts/{contact.number}/{what}/", viewer)
    assert status == 200, answer
    return answer


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
async def test_no_section_breaks_a_rule_of_accessibility(
    windows: Windows, node: Node, numbers: Numbers, axe: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(ann, tom)
    await node.rest("POST", f"/api/contacts/{tom.number}/block/", ann)
    window = await windows.open(
        ann, "Ann Lee", viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    for name in ("", *SECTIONS):
        await go(window, f"#/settings/{name}" if name else "#/settings")
        await expect(window.page.locator(".settings [aria-busy]")).to_have_count(0)
        await expect(window.page.locator(".settings :is(h2, fieldset, nav):visible").first).to_be_visible()
        await shot(window, f"settings-{name or 'list'}-{width}-{scheme}")
        await assert_accessible(window.page, axe)


@pytest.mark.parametrize("width", [390, 1280])
async def test_choosing_the_part_of_a_photo_breaks_no_rule_of_accessibility(
    windows: Windows, node: Node, numbers: Numbers, axe: str, width: int
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann", viewport={"width": width, "height": 800}, reduced_motion="reduce")
    await open_section(window, "Profile")
    await window.page.get_by_label("Choose a photo").set_input_files(photo_of(halves((1600, 800))))
    await expect(window.page.get_by_role("application")).to_be_focused()
    await shot(window, f"crop-{width}")
    await assert_accessible(window.page, axe)


async def test_a_page_that_cannot_be_loaded_says_so_and_is_loaded_again(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann")
    window.is_cut = True
    await window.page.route("**/settings/settings.js", lambda route: route.abort("internetdisconnected"))
    await window.page.get_by_role("link", name="Settings").click()
    await expect(window.page.get_by_role("heading", name="This page could not be loaded")).to_be_visible()
    await window.page.unroute("**/settings/settings.js")
    await window.page.get_by_role("button", name="Try again").click()
    await expect(window.page.get_by_role("navigation", name="Settings")).to_be_visible()


async def test_a_narrow_window_has_the_list_first_and_a_wide_one_both(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann", **PHONE)
    page = window.page
    await page.get_by_role("link", name="Settings").click()
    links = page.get_by_role("navigation", name="Settings").get_by_role("link")
    title = page.get_by_role("heading", level=1, name="Privacy", exact=True)
    await expect(links).to_have_text(["Profile", "Privacy", "Notifications", "Appearance", "Devices", "Account"])
    await expect(page.get_by_role("heading", level=1, name="Profile", exact=True)).to_be_hidden()
    await links.filter(has_text="Privacy").click()
    await expect(title).to_be_focused()
    await expect(links.first).to_be_hidden()
    await page.get_by_role("button", name="Back to all settings").click()
    await expect(links.filter(has_text="Privacy")).to_be_focused()
    await page.set_viewport_size({"width": 1280, "height": 800})
    await expect(page.get_by_role("heading", level=1, name="Profile", exact=True)).to_be_visible()
    await expect(links.filter(has_text="Profile")).to_have_attribute("aria-current", "page")
    await go(window, "#/settings/privacy")
    await page.reload()
    await expect(title).to_be_visible()
    await expect(links.filter(has_text="Privacy")).to_have_attribute("aria-current", "page")


async def test_a_name_a_nickname_and_a_status_message_reach_others(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(ann, tom)
    device = await node.connect(tom, "/chat")
    assert (await device.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Hello"}))["ok"]
    window = await windows.open(ann, "Ann Lee")
    page = window.page
    await open_section(window, "Profile")
    await expect(page.get_by_label("E-mail")).to_have_value("somebody@example.com")
    await page.get_by_label("Name", exact=True).fill("Ann Ray")
    await page.get_by_role("button", name="Save name").click()
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    await expect(page.locator(".hero-name")).to_have_text("Ann Ray")
    await page.get_by_label("Status message").fill("At sea")
    await page.get_by_role("button", name="Save status").click()
    await expect(page.get_by_text("Saved", exact=True)).to_have_count(2)
    await page.get_by_label("Nickname").fill("Annie")
    await page.get_by_role("button", name="Save nickname").click()
    await expect(page.get_by_text("Saved", exact=True)).to_have_count(3)
    assert (await shown(node, tom, ann, "status-message"))["statuses_messages"][0]["status_message"] == "At sea"
    assert (await node.rest("GET", "/api/account/nickname/", ann))[1] == {"nickname": "Annie"}
    at_tom = await windows.open(tom, "Tom Poe")
    await node.rest("DELETE", f"/api/contacts/{ann.number}/", tom)
    await at_tom.page.reload()
    await expect(at_tom.page.locator(".chat-title")).to_have_text("~Ann Ray")


async def test_another_name_is_not_announced_as_if_somebody_had_joined(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await named(node, numbers, "Ann Lee")
    window = await windows.open(ann, "Ann Lee")
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(f"{request.method} {request.url.removeprefix(node.url)}"))
    await open_section(window, "Profile")
    await window.page.get_by_label("Name", exact=True).fill("Ann Ray")
    await window.page.get_by_role("button", name="Save name").click()
    await expect(window.page.get_by_text("Saved", exact=True)).to_be_visible()
    assert f"PATCH /api/users/{ann.account_id}" in asked
    assert "POST /auth/register" not in asked


async def test_the_part_of_a_photo_that_is_chosen_by_keys_is_what_others_get(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann")
    page = window.page
    await open_section(window, "Profile")
    await page.get_by_label("Choose a photo").set_input_files(photo_of(halves((1600, 800))))
    stage = page.get_by_role("application", name="Part of the picture")
    await expect(stage).to_be_focused()
    await shot(window, "crop")
    for _ in range(20):
        await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("+")
    await expect(page.get_by_role("slider", name="Zoom")).to_have_value("1.15")
    await page.get_by_role("button", name="Use photo").click()
    await expect(page.locator(".hero .avatar img")).to_have_js_property("naturalWidth", 640)
    photo = await stored_photo(node, ann)
    assert photo.size == (640, 640)
    assert all(is_red(photo.getpixel(place)) for place in ((5, 5), (634, 5), (320, 320), (634, 634)))
    await page.get_by_role("button", name="Remove photo").click()
    await expect(page.locator(".hero .avatar img")).to_have_count(0)
    assert (await node.rest("GET", f"/api/users/{ann.account_id}", ann))[0] == 200


async def test_a_turned_photo_is_upright_and_dragged_to_its_place(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann")
    page = window.page
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be shown a quarter turned to the right: what lies left is above
    await open_section(window, "Profile")
    await page.get_by_label("Choose a photo").set_input_files(photo_of(halves((1600, 800)), exif=exif))
    stage = page.get_by_role("application", name="Part of the picture")
    box = await stage.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x, y + 2 * box["height"], steps=4)
    await page.mouse.up()
    await page.get_by_role("button", name="Use photo").click()
    await expect(page.locator(".hero .avatar img")).to_have_js_property("naturalWidth", 640)
    photo = await stored_photo(node, ann)
    assert all(is_red(photo.getpixel(place)) for place in ((5, 5), (634, 5), (5, 634), (634, 634)))


async def test_what_is_hidden_from_others_is_hidden_at_once(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(ann, tom)
    await node.rest("POST", "/api/account/status-message/", ann, json={"status_message": "At sea"})
    window = await windows.open(ann, "Ann Lee")
    page = window.page
    await open_section(window, "Privacy")
    for label in ("Photo", "Status message", "Last seen", "Read receipts"):
        await expect(page.get_by_label(label)).to_have_value("all")
        await page.get_by_label(label).select_option(label="Nobody")
    await expect(page.get_by_text("Saved", exact=True)).to_have_count(4)
    status, held = await node.rest("GET", "/api/account/privacy-settings/", ann)
    assert (status, set(held.values())) == (200, {"none"})
    assert (await shown(node, tom, ann, "status-message"))["statuses_messages"][0]["status_message"] is None
    await page.reload()
    await expect(page.get_by_label("Status message")).to_have_value("none")


async def test_a_setting_that_is_refused_goes_back_and_says_why(windows: Windows, node: Node, numbers: Numbers) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann")
    window.is_refused = True
    await open_section(window, "Privacy")
    photo = window.page.get_by_label("Photo")
    await expect(photo).to_have_value("all")

    async def refuse(route: Route) -> None:
        await route.fulfill(status=429, headers={"Retry-After": "30"}, json={"error": "Too many requests."})

    await window.page.route("**/api/account/privacy-settings/", refuse)
    await photo.select_option(label="Nobody")
    await expect(window.page.get_by_text("Not saved: Too many requests. Try again in 30 seconds.")).to_be_visible()
    await expect(photo).to_have_value("all")


async def test_somebody_who_appears_offline_is_offline_for_others_until_they_do_not(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(ann, tom)
    at_tom = await windows.open(tom, "Tom Poe")
    window = await windows.open(ann, "Ann Lee")
    await go(at_tom, f"#/person/{ann.number}")
    await expect(at_tom.page.get_by_text("online", exact=True)).to_be_visible()
    await open_section(window, "Privacy")
    hiding = window.page.get_by_label("Appear offline")
    await hiding.check()
    await expect(at_tom.page.get_by_text(re.compile("^last seen"))).to_be_visible()
    await window.page.reload()
    await expect(hiding).to_be_checked()
    await hiding.uncheck()
    await expect(at_tom.page.get_by_text("online", exact=True)).to_be_visible()
    await window.page.close()  # and is offline again when they go, as before
    await expect(at_tom.page.get_by_text(re.compile("^last seen"))).to_be_visible()


async def test_a_number_is_blocked_and_unblocked(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(tom, ann)
    window = await windows.open(ann, "Ann Lee")
    page = window.page
    await open_section(window, "Privacy")
    await expect(page.get_by_text("You have not blocked anyone.")).to_be_visible()
    await page.get_by_role("button", name="Block a number").click()
    await page.get_by_role("dialog").get_by_label("Phone number").fill(f"+{tom.number}")
    await page.get_by_role("dialog").get_by_role("button", name="Block").click()
    await expect(page.locator(".person", has_text=tom.number)).to_be_visible()
    assert (await node.rest("GET", "/api/contacts/blocked-list/", ann))[1] == {"numbers": [tom.number]}
    await page.get_by_role("button", name=re.compile("^Unblock ")).click()
    await expect(page.get_by_text("You have not blocked anyone.")).to_be_visible()
    assert (await node.rest("GET", "/api/contacts/blocked-list/", ann))[1] == {"numbers": []}


async def test_which_notices_go_to_the_phone_is_kept(windows: Windows, node: Node, numbers: Numbers) -> None:
    (ann,) = await named(node, numbers, "Ann Lee")
    window = await windows.open(ann, "Ann Lee")
    await go(window, "#/settings/notices")
    await expect(window.page.get_by_role("heading", level=1, name="Notifications")).to_be_focused()
    await window.page.get_by_label("My event is full").uncheck()
    await expect(window.page.get_by_text("Saved", exact=True)).to_be_visible()
    _, user = await node.rest("GET", f"/api/users/{ann.account_id}", ann)
    assert (user["notify_event_full"], user["notify_new_invite"], user["full_name"]) == (False, True, "Ann Lee")


async def test_colours_are_there_before_the_page_is_and_in_every_window(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann", color_scheme="light")
    other = await window.page.context.new_page()
    await other.goto(f"{node.url}/docs")
    await expect(other.get_by_role("heading", level=1)).to_be_visible()
    light = await other.evaluate(BACKGROUND)
    await open_section(window, "Appearance")
    await window.page.get_by_label("Dark", exact=True).check()
    dark = await window.page.evaluate(BACKGROUND)
    assert dark != light
    await other.wait_for_function(f"dark => ({BACKGROUND})() === dark", arg=dark, timeout=30_000)
    again = await window.page.context.new_page()
    await again.route(
        "**/*.js", lambda route: route.continue_() if "first_paint" in route.request.url else route.abort()
    )
    await again.goto(node.url, wait_until="domcontentloaded")
    assert await again.evaluate(BACKGROUND) == dark, "before any module has run"
    await window.page.get_by_label("As the system", exact=True).check()
    await other.wait_for_function(f"light => ({BACKGROUND})() === light", arg=light, timeout=30_000)


async def test_the_size_of_the_text_is_chosen(windows: Windows, node: Node, numbers: Numbers) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann")
    size = "() => parseFloat(getComputedStyle(document.body).fontSize)"
    await open_section(window, "Appearance")
    before = await window.page.evaluate(size)
    await window.page.get_by_label("Largest", exact=True).check()
    assert await window.page.evaluate(size) == pytest.approx(before * 1.3125)
    await window.page.reload()
    await expect(window.page.get_by_label("Largest", exact=True)).to_be_checked()
    assert await window.page.evaluate(size) == pytest.approx(before * 1.3125)


async def test_times_follow_the_chosen_clock_in_every_window(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    device = await node.connect(tom, "/chat")
    assert (await device.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Hello"}))["ok"]
    window = await windows.open(ann, "Ann")
    await open_section(window, "Appearance")
    other = Window(await window.page.context.new_page(), ann)
    await other.page.goto(node.url)
    await other.open_chat(f"+{tom.number}")
    time = other.row("Hello").locator("time")
    await expect(time).to_have_text(re.compile(r"^\d{1,2}:\d\d$"))
    await window.page.get_by_label("12 hours", exact=True).check()
    await expect(time).to_have_text(re.compile(r"^\d{1,2}:\d\d\s[ap]m$"))
    await expect(other.page.locator(".chat-time")).to_have_text(re.compile(r"[ap]m$"))
    await window.page.get_by_label("24 hours", exact=True).check()
    await expect(time).to_have_text(re.compile(r"^\d{1,2}:\d\d$"))


async def test_enter_begins_a_line_where_that_was_chosen(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    at_tom = await node.connect(tom, "/chat")
    window = await windows.open(ann, "Ann")
    await open_section(window, "Appearance")
    await window.page.get_by_label("Begins a line").check()
    await window.open_contact(tom.number)
    keyboard = window.page.keyboard
    await window.page.get_by_label("Message", exact=True).focus()
    for key in ("H", "i", "Enter", "y", "o", "Control+Enter"):
        await keyboard.press(key)
    (heard,) = await at_tom.expect("message_created")
    assert heard["message"]["text"] == "Hi\nyo"


async def test_signing_out_everywhere_else_leaves_this_window(windows: Windows, node: Node, numbers: Numbers) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    others = [await windows.open(await node.sign_in(ann.number), "Ann") for _ in range(2)]
    for each in others:
        each.is_cut = True  # its socket is refused from now on, and that is noted
    window = await windows.open(ann, "Ann")
    page = window.page
    await open_section(window, "Devices")
    await expect(page.get_by_role("button", name="End", exact=True)).to_have_count(2)
    await page.get_by_role("button", name="Sign out everywhere else").click()
    await expect(page.get_by_role("dialog")).to_contain_text("2 other devices are signed out at once.")
    await page.get_by_role("dialog").get_by_role("button", name="Sign out", exact=True).click()
    for each in others:
        await expect(each.page.get_by_role("heading", name="Welcome to Parley")).to_be_visible()
    await expect(page.get_by_text("You are signed in nowhere else.")).to_be_visible()
    await expect(page.locator(".banner.is-online")).to_be_attached()


async def test_a_registration_pin_is_set_and_removed(windows: Windows, node: Node, numbers: Numbers) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann")
    window.is_refused = True
    page, dialog = window.page, window.page.get_by_role("dialog")
    await open_section(window, "Account")
    await page.get_by_role("button", name="Set PIN").click()
    await dialog.get_by_label("6 to 32 digits").fill("271")
    await dialog.get_by_role("button", name="Set").click()
    await expect(dialog.get_by_role("alert")).not_to_be_empty()
    await dialog.get_by_label("6 to 32 digits").fill("271 828")
    await dialog.get_by_role("button", name="Set").click()
    await expect(page.get_by_text("A registration PIN is set")).to_be_visible()
    assert (await node.rest("GET", "/auth/registration_pin", ann))[1] == {"is_set": True}
    await page.get_by_role("button", name="Remove PIN").click()
    await dialog.get_by_role("button", name="Remove").click()
    await expect(page.get_by_text("None is set.")).to_be_visible()
    assert (await node.rest("GET", "/auth/registration_pin", ann))[1] == {"is_set": False}


async def test_an_account_is_removed_when_its_number_is_written_and_the_door_says_so(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    ann, tom = await named(node, numbers, "Ann Lee", "Tom Poe")
    await node.befriend(ann, tom)
    window = await windows.open(ann, "Ann Lee")
    window.is_cut = True  # its socket is refused from now on, and that is noted
    page, dialog = window.page, window.page.get_by_role("dialog")
    await open_section(window, "Account")
    await page.get_by_role("button", name="Remove my account").click()
    await dialog.get_by_label("To confirm, write your number").fill(tom.number)
    await dialog.get_by_role("button", name="Remove my account").click()
    await expect(dialog.get_by_role("alert")).to_have_text("This is not the number of your account.")
    assert (await node.rest("GET", "/auth/sessions", ann))[0] == 200

    is_answered = asyncio.Event()

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        await expect(page.get_by_role("heading", name="Welcome to Parley")).to_be_visible()  # the socket was first
        await route.fulfill(response=answer)
        is_answered.set()

    await page.route("**/remove-account/", answer_late)
    await dialog.get_by_label("To confirm, write your number").fill(f"+{ann.number[:2]} {ann.number[2:]}")
    await dialog.get_by_role("button", name="Remove my account").click()
    await asyncio.wait_for(is_answered.wait(), 60)  # what is cut off by the end of a test fails the next one
    await expect(page.get_by_role("heading", name="Welcome to Parley")).to_be_visible()
    await expect(page.get_by_text("Your account was removed.")).to_be_visible()
    await expect(dialog).to_have_count(0)
    (contact,) = (await node.rest("GET", "/api/contacts/", tom))[1]
    assert contact["exists"] is False
    kept = "async () => (await indexedDB.databases()).map(({ name }) => name)"
    assert await page.evaluate(kept) == []


async def test_a_section_that_cannot_be_read_says_so_and_is_read_again(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    (ann,) = await numbers.sign_in(node, 1)
    window = await windows.open(ann, "Ann")
    await open_section(window, "Privacy")
    await open_section(window, "Appearance")
    window.is_cut = True
    await window.page.context.set_offline(True)
    await go(window, "#/settings/privacy")
    await expect(
        window.page.get_by_role("alert").filter(has_text="The server cannot be reached.").first
    ).to_be_visible()
    await window.page.context.set_offline(False)
    await window.page.get_by_role("button", name="Try again").first.click()
    await expect(window.page.get_by_label("Status message")).to_have_value("all")
