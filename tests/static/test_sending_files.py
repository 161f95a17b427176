"""Everything that can be sent from the page: by button, pasted and dropped, several at once, and what is refused in words."""

import re
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Page, expect

from tests.static.accessibility import assert_accessible
from tests.static.browser import Window, Windows
from tests.static.conftest import Numbers
from tests.static.test_events import create
from tests.support.node import Device, Node, Person
from tests.support.pictures import encoded, halves

GPS_IFD, ORIENTATION = 0x8825, 0x0112
DROP = """([node, files]) => {
    const carried = new DataTransfer();
    for (const [name, type, text] of files) carried.items.add(new File([text], name, { type }));
    for (const kind of ["dragenter", "dragover"]) node.dispatchEvent(new DragEvent(kind, { dataTransfer: carried, bubbles: true, cancelable: true }));
    return carried;
}"""
PASTE = """([node, files, texts]) => {
    const carried = new DataTransfer();
    for (const [type, text] of texts) carried.setData(type, text);
    for (const [name, type, text] of files) carried.items.add(new File([text], name, { type }));
    node.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carried, bubbles: true, cancelable: true }));
}"""
# Remembers what the page was given of the microphone.
WATCH_MICROPHONE = """() => {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    window.streams = [];
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await ask(wanted);
        window.streams.push(stream);
        return stream;
    };
}"""
ARE_GIVEN_BACK = "() => window.streams.length > 0 && window.streams.every((stream) => stream.getTracks().every((track) => track.readyState === 'ended'))"


def payload(name: str, kind: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": data}


def photo(colour: str = "teal", name: str = "photo.png") -> FilePayload:
    return payload(name, "image/png", encoded(Image.new("RGB", (64, 48), colour)))


async def at_ann(windows: Windows, node: Node, numbers: Numbers, **options: Any) -> tuple[Window, Device, list[Person]]:
    """Ann's window on her chat with Tom, and Tom's device."""
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await node.rest("PATCH", f"/api/contacts/{tom.number}/", ann, json={"first_name": "Tom", "last_name": "Ray; Jr."})
    device = await node.connect(tom, "/chat")
    window = await windows.open(ann, "Ann", **options)
    await window.open_contact(tom.number)
    return window, device, [ann, tom]


async def attach(page: Page, label: str, *files: FilePayload) -> None:
    async with page.expect_file_chooser() as chosen:
        await page.get_by_role("button", name="Attach").click()
        await page.get_by_role("menuitem", name=label).click()
    await (await chosen.value).set_files(list(files))
    await expect(page.locator(".tray-file")).to_have_count(len(files))


async def received(device: Device, count: int = 1) -> list[dict[str, Any]]:
    return [body["message"] for body in await device.expect("message_created", count)]


async def load(node: Node, message: dict[str, Any]) -> bytes:
    async with node.http.get(node.url + message["url"]) as answer:
        assert answer.status == 200
        return await answer.read()


async def test_a_large_photo_arrives_upright_small_and_without_its_place(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, device, _ = await at_ann(windows, node, numbers)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS_IFD)[1] = "N"
    taken = encoded(halves((3000, 1500)), "JPEG", exif=exif)
    assert Image.open(BytesIO(taken)).getexif().get_ifd(GPS_IFD)
    await attach(window.page, "Photo or video", payload("Beach.JPEG", "image/jpeg", taken))
    await window.write("Look!")
    (message,) = await received(device)
    assert (message["type"], message["caption"]) == ("i", "Look!")
    sent = Image.open(BytesIO(await load(node, message)))
    assert sent.size == (1024, 2048), "it was turned, and its long side is at most 2048"
    assert not dict(sent.getexif())
    top, bottom = sent.convert("RGB").getpixel((512, 100)), sent.convert("RGB").getpixel((512, 1900))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 200) != (bottom[0] > 200), "what was left of right is above below"
    await expect(window.page.locator(".tray-file")).to_have_count(0)
    await expect(window.page.get_by_label("Message", exact=True)).to_have_value("")
    await expect(window.page.locator("li.row .picture")).to_have_js_property("naturalWidth", 1024)


async def test_what_is_small_moves_or_is_seen_through_arrives_as_it_was(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, device, _ = await at_ann(windows, node, numbers)
    small = encoded(halves((200, 100)), "JPEG")
    clear = encoded(Image.new("RGBA", (2500, 20), (200, 0, 0, 100)))
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    files = [
        payload("a.jpg", "image/jpeg", small),
        payload("b.png", "image/png", clear),
        payload("c.gif", "image/gif", moving),
    ]
    await attach(window.page, "Photo or video", *files)
    await window.page.keyboard.press("Enter")
    messages = await received(device, 3)
    assert [await load(node, each) for each in messages] == [small, clear, moving]


async def test_several_files_and_texts_arrive_in_their_order(windows: Windows, node: Node, numbers: Numbers) -> None:
    window, device, _ = await at_ann(windows, node, numbers)
    await window.write("first")
    song = payload("song.mp3", "audio/mpeg", b"ID3" + bytes(3000))
    film = payload("film.mp4", "video/mp4", b"\0\0\0\x18ftypmp42" + bytes(5000))
    await attach(window.page, "Photo or video", photo("red"), film, photo("blue"))
    await window.write("second")
    await attach(window.page, "File", song)
    await window.write("third")
    messages = await received(device, 6)
    said = [(each["type"], each.get("text") or each.get("caption")) for each in messages]
    assert said == [("t", "first"), ("i", "second"), ("v", None), ("i", None), ("a", None), ("t", "third")]
    assert [each["seq"] for each in messages] == sorted(each["seq"] for each in messages)


async def test_a_file_of_any_kind_arrives_as_it_was_under_its_name(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, device, _ = await at_ann(windows, node, numbers)
    picture = encoded(halves((3000, 300)), "JPEG")
    files = [payload("Plan (2).pdf", "application/pdf", b"%PDF-1.7"), payload("Übersicht.jpg", "image/jpeg", picture)]
    await attach(window.page, "File", *files)
    await window.write("Both")
    plan, overview = await received(device, 2)
    assert [plan["type"], plan["file_name"], plan["caption"]] == ["d", "Plan (2).pdf", "Both"]
    assert [overview["type"], overview["file_name"]] == ["d", "Übersicht.jpg"]
    assert [await load(node, plan), await load(node, overview)] == [b"%PDF-1.7", picture]


async def test_a_text_that_is_longer_than_a_caption_goes_behind_the_photo(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, device, _ = await at_ann(windows, node, numbers)
    await attach(window.page, "Photo or video", photo())
    await window.write("long " * 60)
    first, second = await received(device, 2)
    assert (first["type"], first.get("caption")) == ("i", None)
    assert second["text"].startswith("long long")


async def test_a_photo_answers_what_is_replied_to(windows: Windows, node: Node, numbers: Numbers) -> None:
    window, device, (ann, _) = await at_ann(windows, node, numbers)
    said = await device.ask("message_send", {"contact": ann.number, "client_id": "1", "text": "Show me"})
    await window.choose("Show me", "Reply")
    await attach(window.page, "Photo or video", photo())
    await window.page.keyboard.press("Enter")
    _, answer = await received(device, 2)
    assert answer["reply_to"] == said["message"]["seq"]
    await expect(window.page.locator(".mode")).to_be_hidden()


async def test_one_is_taken_out_before_they_go(windows: Windows, node: Node, numbers: Numbers, axe: str) -> None:
    window, device, _ = await at_ann(windows, node, numbers)
    await attach(
        window.page, "Photo or video", photo("red", "one.png"), photo("lime", "two.png"), photo("blue", "three.png")
    )
    await assert_accessible(window.page, axe)
    await window.page.get_by_role("button", name="Do not send two.png").click()
    await expect(window.page.locator(".tray-file")).to_have_count(2)
    await window.page.get_by_role("button", name="Send", exact=True).click()
    messages = await received(device, 2)
    colours = [Image.open(BytesIO(await load(node, each))).convert("RGB").getpixel((5, 5)) for each in messages]
    assert colours == [(255, 0, 0), (0, 0, 255)]


async def test_what_is_dropped_is_sent(windows: Windows, node: Node, numbers: Numbers, axe: str) -> None:
    window, device, _ = await at_ann(windows, node, numbers)
    page = window.page
    stage = await page.query_selector(".conversation")
    carried = await page.evaluate_handle(
        DROP, [stage, [["a.mp3", "audio/mpeg", "ID3 one"], ["b.mp3", "audio/mpeg", "ID3 two"]]]
    )
    target = page.locator(".drop-target")
    await expect(target).to_be_visible()
    await expect(target).to_have_text("Drop to send to Tom Ray; Jr.")
    await assert_accessible(page, axe)
    await page.evaluate(
        "([node, carried]) => node.dispatchEvent(new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true }))",
        [stage, carried],
    )
    await expect(target).to_be_hidden()
    await expect(page.locator(".tray-file")).to_have_count(2)
    await page.keyboard.press("Enter")
    assert [await load(node, each) for each in await received(device, 2)] == [b"ID3 one", b"ID3 two"]


async def test_what_is_dropped_beside_the_conversation_does_not_replace_the_page(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, _ = await at_ann(windows, node, numbers)
    is_kept = "node => !node.dispatchEvent(new DragEvent('drop', { dataTransfer: (() => { const one = new DataTransfer(); one.items.add(new File(['x'], 'x')); return one; })(), bubbles: true, cancelable: true }))"
    assert await window.page.locator(".side").evaluate(is_kept)
    await expect(window.page.locator(".tray-file")).to_have_count(0)


async def test_a_picture_is_pasted_and_text_stays_text(windows: Windows, node: Node, numbers: Numbers) -> None:
    window, device, _ = await at_ann(windows, node, numbers)
    page = window.page
    text = await page.query_selector(".composer textarea")
    await page.evaluate(PASTE, [text, [["table.png", "image/png", "x"]], [["text/plain", "a table"]]])
    await expect(page.locator(".tray-file")).to_have_count(0)
    await page.evaluate(PASTE, [text, [["image.png", "image/png", "GIF89a"]], []])
    await expect(page.locator(".tray-file")).to_have_count(1)
    await page.keyboard.press("Enter")
    (message,) = await received(device)
    assert message["type"] == "i"


async def test_too_large_and_empty_files_are_refused_in_words_at_once(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, _ = await at_ann(windows, node, numbers)
    page = window.page
    for label, file, sentence in (
        ("Photo or video", payload("none.png", "image/png", b""), "“none.png” is empty, so there is nothing to send."),
        (
            "File",
            payload("long.mp3", "audio/mpeg", bytes(10_485_760)),
            "“long.mp3” has 10.5 MB and cannot be sent. A sound file must be smaller than 10.5 MB.",
        ),
    ):
        async with page.expect_file_chooser() as chosen:
            await page.get_by_role("button", name="Attach").click()
            await page.get_by_role("menuitem", name=label).click()
        await (await chosen.value).set_files(file)
        await expect(page.get_by_role("alert")).to_have_text(sentence)
        await expect(page.locator(".tray-file")).to_have_count(0)


async def test_a_photo_is_sent_to_the_chat_of_an_event(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await create(node, ann, tom)
    device = await node.connect(tom, "/chat")
    window = await windows.open(ann, "Ann")
    await window.open_chat("Dinner")
    await attach(window.page, "Photo or video", photo())
    await window.write("The menu")
    (message,) = await received(device)
    assert (message["type"], message["caption"]) == ("i", "The menu")


async def test_a_photo_is_sent_to_a_group(windows: Windows, node: Node, numbers: Numbers) -> None:
    ann, tom = await numbers.sign_in(node, 2)
    await node.befriend(ann, tom)
    await node.rest("POST", "/api/groups/create-group/", ann, json={"participants": [tom.number], "subject": "Garden"})
    device = await node.connect(tom, "/chat")
    window = await windows.open(ann, "Ann")
    await window.open_chat("Garden")
    await attach(window.page, "Photo or video", photo())
    await window.page.keyboard.press("Enter")
    (message,) = await received(device)
    assert message["type"] == "i"


async def test_a_place_is_sent_after_a_sentence_about_it(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    where = {"latitude": 52.5163, "longitude": 13.3777}
    window, device, _ = await at_ann(windows, node, numbers, geolocation=where, permissions=["geolocation"])
    page = window.page
    await page.get_by_role("button", name="Attach").click()
    await page.get_by_role("menuitem", name="Location").click()
    dialog = page.get_by_role("dialog", name="Send your location?")
    await expect(dialog).to_contain_text("Tom Ray; Jr. gets the place")
    await assert_accessible(page, axe)
    await dialog.get_by_role("button", name="Send location").click()
    (message,) = await received(device)
    assert message["type"] == "l"
    assert {name: message[name] for name in where} == where


async def test_a_place_that_the_browser_does_not_tell_is_explained(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, _ = await at_ann(windows, node, numbers, permissions=[])
    page = window.page
    await page.evaluate("() => { navigator.geolocation.getCurrentPosition = (_, failed) => failed({ code: 1 }); }")
    await page.get_by_role("button", name="Attach").click()
    await page.get_by_role("menuitem", name="Location").click()
    await page.get_by_role("button", name="Send location").click()
    await expect(page.get_by_role("alert").filter(has_text="may not know where this device is")).to_be_visible()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator("li.row")).to_have_count(0)


async def test_a_contact_is_sent_as_a_card(windows: Windows, node: Node, numbers: Numbers, axe: str) -> None:
    window, device, (_, tom) = await at_ann(windows, node, numbers)
    page = window.page
    await page.get_by_role("button", name="Attach").click()
    await page.get_by_role("menuitem", name="Contact").click()
    dialog = page.get_by_role("dialog", name="Send a contact")
    await dialog.get_by_role("searchbox").fill("ray")
    await assert_accessible(page, axe)
    await dialog.get_by_role("button", name="Tom Ray; Jr.").click()
    (message,) = await received(device)
    assert (message["type"], message["name"]) == ("c", "Tom Ray; Jr.")
    lines = message["vcard"].split("\r\n")
    assert f"TEL;TYPE=CELL:+{tom.number}" in lines
    assert "N:Ray\\; Jr.;Tom;;;" in lines


async def recording(window: Window) -> None:
    await expect(window.page.get_by_role("timer", name="Length")).to_have_text(re.compile("0:0[1-9]"))


@pytest.mark.parametrize("way", ["pressed", "held", "by-keys"])
async def test_a_voice_note_is_recorded_and_sent(
    windows: Windows, node: Node, numbers: Numbers, axe: str, way: str
) -> None:
    window, device, _ = await at_ann(windows, node, numbers)
    page = window.page
    await page.evaluate(WATCH_MICROPHONE)
    button = page.get_by_role("button", name="Record a voice note")
    if way == "held":
        await button.hover()
        await page.mouse.down()
    elif way == "by-keys":
        await button.focus()
        await page.keyboard.press("Enter")
    else:
        await button.click()
    await recording(window)
    if way == "held":
        await page.mouse.up()
    elif way == "by-keys":
        await expect(page.get_by_role("button", name="Send voice note")).to_be_focused()
        await page.keyboard.press("Enter")
    else:
        await assert_accessible(page, axe)
        await page.get_by_role("button", name="Send voice note").click()
    (message,) = await received(device)
    assert message["type"] == "s"
    assert len(await load(node, message)) > 1000
    await page.wait_for_function(ARE_GIVEN_BACK)
    await expect(button).to_be_visible()


async def test_a_voice_note_is_heard_before_it_is_discarded(
    windows: Windows, node: Node, numbers: Numbers, axe: str
) -> None:
    window, _, _ = await at_ann(windows, node, numbers)
    page = window.page
    await page.evaluate(WATCH_MICROPHONE)
    await page.get_by_role("button", name="Record a voice note").click()
    await recording(window)
    await page.get_by_role("button", name="Stop and listen").click()
    player = page.locator(".voice-player")
    await expect(player).to_be_visible()
    await page.wait_for_function(ARE_GIVEN_BACK)
    await player.evaluate(
        "node => new Promise((done, failed) => { node.onplaying = done; node.onerror = () => failed(node.error); node.muted = true; node.play().catch(failed); })"
    )
    await assert_accessible(page, axe)
    await page.get_by_role("button", name="Discard voice note").click()
    await expect(page.get_by_role("button", name="Record a voice note")).to_be_visible()
    await expect(page.locator("li.row")).to_have_count(0)


async def test_whoever_leaves_the_chat_gives_the_microphone_back(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, _ = await at_ann(windows, node, numbers)
    await window.page.evaluate(WATCH_MICROPHONE)
    await window.page.get_by_role("button", name="Record a voice note").click()
    await recording(window)
    await window.page.evaluate("() => { location.hash = '#/contacts'; }")
    await window.page.wait_for_function(ARE_GIVEN_BACK)


async def test_a_microphone_that_is_denied_is_explained(windows: Windows, node: Node, numbers: Numbers) -> None:
    window, _, _ = await at_ann(windows, node, numbers)
    page = window.page
    await page.evaluate(
        "() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); }; }"
    )
    await page.get_by_role("button", name="Record a voice note").click()
    await expect(page.get_by_role("alert").filter(has_text="may not use the microphone")).to_be_visible()
    await expect(page.get_by_role("button", name="Record a voice note")).to_be_visible()


async def test_the_microphone_stands_in_place_of_send_while_there_is_nothing_to_send(
    windows: Windows, node: Node, numbers: Numbers
) -> None:
    window, _, _ = await at_ann(windows, node, numbers)
    page = window.page
    send, microphone = (
        page.get_by_role("button", name="Send", exact=True),
        page.get_by_role("button", name="Record a voice note"),
    )
    await expect(microphone).to_be_visible()
    await expect(send).to_be_hidden()
    await page.get_by_label("Message", exact=True).fill("a")
    await expect(send).to_be_visible()
    await expect(microphone).to_be_hidden()
    await page.get_by_label("Message", exact=True).fill("")
    await attach(page, "Photo or video", photo())
    await expect(send).to_be_visible()
