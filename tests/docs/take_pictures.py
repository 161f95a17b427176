"""Takes the picture of the page that the README shows: `python -m tests.docs.take_pictures`, with Chromium on the machine.

A throw-away server with throw-away stores is started, four invented people talk on it, and one of them looks at a group.
"""

import asyncio
import io
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image, ImageDraw
from playwright.async_api import Browser, expect

from server.embedded import throw_away_stores
from tests.static.browser import Windows, chromium
from tests.support.node import Device, Node, Person, running_node, settings_for

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = {"width": 1120, "height": 700}
NAMES = {"Ada Moss": "#2a7f9e", "Ben Okafor": "#a35c1f", "Chloé Martin": "#7a4aa0", "Deniz Kaya": "#3f7d3a"}
GROUP = "Lake weekend"


def draw_face(colour: str) -> bytes:
    """A JPEG of a head and shoulders."""
    picture = Image.new("RGB", (400, 400), colour)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((60, 270, 340, 560), fill="#f4f1ea")
    draw.ellipse((125, 80, 275, 260), fill="#e9b98f")
    draw.pieslice((115, 65, 285, 235), 180, 360, fill="#3a2a22")
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def photo_form(content: bytes) -> aiohttp.FormData:
    form = aiohttp.FormData()
    form.add_field("photo", content, filename="photo.jpg", content_type="image/jpeg")
    return form


async def ask(node: Node, method: str, path: str, person: Person, **options: Any) -> Any:
    """The JSON of an answer that is no refusal."""
    status, body = await node.rest(method, path, person, **options)
    assert status < 300, (path, body)
    return body


async def introduce(node: Node) -> list[Person]:
    """People with names and photos, who have each other as contacts."""
    people = [await node.sign_in(str(4930901820 + n)) for n in range(len(NAMES))]
    for person, (name, colour) in zip(people, NAMES.items(), strict=True):
        await ask(node, "POST", "/auth/register", person, json={"full_name": name, "email": "nobody@example.com"})
        book = [
            {"contact_id": other.number, "first_name": theirs}
            for other, theirs in zip(people, NAMES, strict=True)
            if other is not person
        ]
        await ask(node, "POST", "/api/contacts/import-contacts/", person, json={"contacts": book})
        if name != "Deniz Kaya":  # who has none is shown by initials
            await ask(node, "POST", "/api/account/profile-photo/", person, data=photo_form(draw_face(colour)))
    return people


class Talk:
    """Sends messages in order, each under a client id of its own."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._devices: dict[str, Device] = {}
        self._sent = 0

    async def _ask(self, person: Person, name: str, body: Mapping[str, Any], namespace: str = "/chat") -> Any:
        if person.number not in self._devices:
            self._devices[person.number] = await self._node.connect(person)
        answer = await self._devices[person.number].ask(name, body, namespace)
        assert answer["ok"], answer
        return answer

    async def say(self, person: Person, to: Mapping[str, Any], text: str, **fields: Any) -> int:
        """The seq of the message."""
        self._sent += 1
        body = {**to, "client_id": f"message {self._sent}", "text": text, **fields}
        return int((await self._ask(person, "message_send", body))["message"]["seq"])

    async def react(self, person: Person, to: Mapping[str, Any], seq: int, emoji: str) -> None:
        await self._ask(person, "reaction_set", {**to, "seq": seq, "emoji": emoji})

    async def read(self, person: Person, to: Mapping[str, Any], seq: int) -> None:
        await self._ask(person, "read", {**to, "seq": seq}, "/receipts")

    async def appear(self, person: Person) -> None:
        await self._ask(person, "presence_set", {"status": "online"}, "/presence")

    async def type_in(self, person: Person, to: Mapping[str, Any]) -> None:
        await self._ask(person, "typing_start", to, "/typing")


async def fill_chats(node: Node, talk: Talk, people: list[Person]) -> dict[str, Any]:
    """Fill the chats of the first of these people; returns the group as requests name it."""
    ada, ben, chloe, deniz = people
    for person in people:
        await talk.appear(person)
    await talk.say(deniz, {"contact": ada.number}, "The parcel is at my place, come by any time")
    await talk.say(ada, {"contact": chloe.number}, "Did the tickets arrive?")
    await talk.say(chloe, {"contact": ada.number}, "Yes! Two for Friday, row five")
    await talk.say(chloe, {"contact": ada.number}, "I will bring them along 😊")
    picnic = await plan_picnic(node, ada, [ben, chloe, deniz])
    await talk.say(ben, picnic, "I bring the blankets, and a kite")
    question = await talk.say(ada, {"contact": ben.number}, "Can I borrow your tent next week?")
    await talk.read(ben, {"contact": ada.number}, question)

    founded = {"participants": [one.number for one in (ben, chloe, deniz)], "subject": GROUP}
    group = {"group": (await ask(node, "POST", "/api/groups/create-group/", ada, json=founded))["groupid"]}
    await talk.say(ben, group, "Saturday looks good: 24° and no wind ☀")
    room = await talk.say(chloe, group, "And my aunt says the hut is ours. Room for six, and two boats!")
    await talk.react(ben, group, room, "😍")
    await talk.react(deniz, group, room, "😍")
    train = await talk.say(ada, group, "Lovely! Shall we take the 9:12 train? Then we are there before noon.")
    await talk.react(ben, group, train, "❤")
    await talk.say(deniz, group, "9:12 works for me, I bring the coffee ☕", reply_to=train)
    await talk.say(chloe, group, "The hut is ten minutes from the station")
    last = await talk.say(ada, group, "Perfect. I have the key and the map")
    for person in people:
        await talk.read(person, group, last)
    return group


async def plan_picnic(node: Node, owner: Person, guests: list[Person]) -> dict[str, Any]:
    """Invite to an event, of which some have answered; returns its chat as requests name it."""
    plan = {
        "title": "Midsummer picnic",
        "event_date": (datetime.now(UTC) + timedelta(days=12)).replace(hour=14, minute=0).isoformat(),
        "total_spots": 8,
        "venue_name": "Meadow by the old mill",
        "invite_phone_numbers": [f"+{guest.number}" for guest in guests],
    }
    event = await ask(node, "POST", "/api/events", owner, json=plan)
    for guest, words in zip(guests, ("With cake", "See you there"), strict=False):
        await ask(node, "POST", f"/api/events/{event['id']}/accept", guest, json={"rsvp_message": words})
    return {"chat": event["chat"]}


def save(picture: bytes, file: Path) -> Path:
    """Save a PNG in 256 colours, a third of its size."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(colors=256).save(file, optimize=True)
    return file


async def take(node: Node, browser: Browser, folder: Path) -> Path:
    """Take the picture of a conversation in a group; returns its file."""
    people = await introduce(node)
    talking = Talk(node)
    group = await fill_chats(node, talking, people)
    windows = Windows(browser, node.url)
    try:
        window = await windows.open(people[0], "Ada Moss", viewport=SIZE, device_scale_factor=2, color_scheme="light")
        page = window.page
        await window.open_chat(GROUP)
        await expect(window.row("I have the key").get_by_label("Read")).to_be_visible()
        await talking.type_in(people[1], group)
        await expect(page.locator(".subtitle", has_text="typing…")).to_be_visible()
        return save(await page.screenshot(animations="disabled"), folder / "conversation.png")
    finally:
        await windows.close()


async def on_a_throw_away_server(work: Callable[[Node, Browser], Awaitable[object]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        async with (
            throw_away_stores() as stores,
            chromium() as browser,
            running_node(stores, settings_for(Path(place))) as node,
        ):
            await work(node, browser)


if __name__ == "__main__":
    asyncio.run(on_a_throw_away_server(partial(take, folder=PICTURES)))
