"""Names, titles and words are kept by one rule at every door: on one line or on several, and never blank where one is needed."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import icalendar
import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import new_number
from tests.support.node import Device, Node, Person, running_node, settings_for
from tests.support.parts import parts_of

PASTED, LINE = " Ann\t \u202eLee\u2028\u0007\r\n", "Ann Lee"
UNSEEN = "\u200b\u2800\u3164\ufe0f \n"
EMAIL = "ann@example.com"


@dataclass
class Scene:
    """Two people who know each other, of whom Ann does everything; Tom has been invited to her event."""

    node: Node
    ann: Person
    tom: Person
    phone: Device
    group: str
    event: dict[str, Any]

    async def ask(self, method: str, path: str, body: object, person: Person | None = None) -> tuple[int, Any]:
        return await self.node.rest(method, path, person or self.ann, json=body)

    async def shown_event(self) -> dict[str, Any]:
        event: dict[str, Any] = (await self.ask("GET", f"/events/{self.event['id']}", None))[1]
        return event

    async def said(self) -> dict[str, Any]:
        """The newest message between the two."""
        answer = await self.phone.ask("history", {"contact": self.tom.number, "limit": 1})
        message: dict[str, Any] = answer["entries"][0]
        return message


@pytest.fixture(scope="module")
async def scene(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"))) as node:
        ann, tom = [await node.sign_in(new_number()) for _ in range(2)]
        await node.befriend(ann, tom)
        group = {"participants": [tom.number], "subject": "Cooks"}
        _, made = await node.rest("POST", "/api/groups/create-group/", ann, json=group)
        plan = {"title": "Dinner", "event_date": "2040-01-01T12:00:00Z", "invite_phone_numbers": ["+" + tom.number]}
        _, event = await node.rest("POST", "/events", ann, json=plan)
        yield Scene(node, ann, tom, await node.connect(ann), made["groupid"], event)


Door = Callable[[Scene, str], Awaitable[tuple[int, Any]]]  # gives a text; the status, and the text as others see it


async def register(scene: Scene, text: str) -> tuple[int, Any]:
    status, shown = await scene.ask("POST", "/auth/register", {"full_name": text, "email": EMAIL})
    return status, shown.get("full_name")


async def change_user(scene: Scene, text: str) -> tuple[int, Any]:
    status, shown = await scene.ask("PATCH", f"/users/{scene.ann.account_id}", {"full_name": text})
    return status, shown["full_name"]


async def nickname(scene: Scene, text: str) -> tuple[int, Any]:
    status, _ = await scene.ask("POST", "/api/account/nickname/", {"nickname": text})
    return status, (await scene.ask("GET", "/api/account/nickname/", None))[1]["nickname"]


async def status_message(scene: Scene, text: str) -> tuple[int, Any]:
    status, _ = await scene.ask("POST", "/api/account/status-message/", {"status_message": text})
    return status, (await scene.ask("GET", "/api/account/status-message/", None))[1]["status_message"]


async def new_subject(scene: Scene, text: str) -> tuple[int, Any]:
    body = {"participants": [scene.tom.number], "subject": text}
    status, made = await scene.ask("POST", "/api/groups/create-group/", body)
    groups = (await scene.ask("GET", "/api/groups/info-all/", None))[1]["grouplist"]
    return status, next((each["subject"] for each in groups if each["id"] == made.get("id")), None)


async def subject(scene: Scene, text: str) -> tuple[int, Any]:
    status, _ = await scene.ask("POST", "/api/groups/subject/", {"group_id": scene.group, "subject": text})
    return status, (await scene.ask("GET", f"/api/groups/{scene.group}/info/", None))[1]["subject"]


async def new_contact(scene: Scene, text: str) -> tuple[int, Any]:
    number = new_number()
    status, _ = await scene.ask("POST", "/api/contacts/add-contact/", {"contact_id": number, "first_name": text})
    return status, (await scene.ask("GET", f"/api/contacts/{number}/", None))[1].get("first_name")


async def contact(scene: Scene, text: str) -> tuple[int, Any]:
    path = f"/api/contacts/{scene.tom.number}/"
    status, _ = await scene.ask("PATCH", path, {"last_name": text})
    return status, (await scene.ask("GET", path, None))[1]["last_name"]


async def address_book(scene: Scene, text: str) -> tuple[int, Any]:
    book = [{"contact_id": scene.ann.number, "first_name": text}]
    status, _ = await scene.ask("POST", "/api/contacts/import-contacts/", {"contacts": book}, scene.tom)
    return status, (await scene.ask("GET", "/api/contacts/", None, scene.tom))[1][0]["first_name"]


async def new_title(scene: Scene, text: str) -> tuple[int, Any]:
    status, shown = await scene.ask("POST", "/events", {"title": text, "event_date": "2040-01-01T12:00:00Z"})
    return status, shown["title"]


async def title(scene: Scene, text: str) -> tuple[int, Any]:
    status, _ = await scene.ask("PATCH", f"/events/{scene.event['id']}", {"title": text})
    return status, (await scene.shown_event())["title"]


async def venue(scene: Scene, text: str) -> tuple[int, Any]:
    status, _ = await scene.ask("PATCH", f"/events/{scene.event['id']}", {"venue_name": text})
    return status, (await scene.shown_event())["venue_name"]


async def poll(scene: Scene, text: str) -> tuple[int, Any]:
    _, made = await scene.ask("POST", "/events", {"title": "Poll", "event_date": "2040-01-01T12:00:00Z"})
    body = {"suggested_date": "2040-01-02T12:00:00Z", "suggested_venue": text}
    status, shown = await scene.ask("POST", f"/events/{made['id']}/polls", body)
    return status, shown["suggested_venue"]


async def answer(scene: Scene, text: str) -> tuple[int, Any]:
    status, _ = await scene.ask("POST", f"/events/{scene.event['id']}/accept", {"rsvp_message": text}, scene.tom)
    return status, (await scene.shown_event())["invitees"][0]["rsvp_message"]


async def favourite(scene: Scene, text: str) -> tuple[int, Any]:
    body = [{"phone_number": "+" + scene.tom.number, "contact_name": text}]
    status, shown = await scene.ask("POST", "/users/favorite_contacts", body)
    return status, shown[0]["contact_name"] if status == 200 else shown


async def card_by_rest(scene: Scene, text: str) -> tuple[int, Any]:
    body = {"contact": scene.tom.number, "vcard": "BEGIN:VCARD\r\nEND:VCARD", "name": text}
    status, _ = await scene.ask("POST", "/api/messages/send-vcard/", body)
    return status, (await scene.said()).get("name")


async def card_by_socket(scene: Scene, text: str) -> tuple[int, Any]:
    body = {"contact": scene.tom.number, "type": "c", "vcard": "BEGIN:VCARD\r\nEND:VCARD", "name": text}
    sent = await scene.phone.ask("message_send", body | {"client_id": new_number()})
    return 200 if sent["ok"] else 400, sent.get("message", {}).get("name")


async def device(scene: Scene, text: str) -> tuple[int, Any]:
    status, shown = await scene.ask("POST", "/notifications/add_ios_device", {"token": text})
    return status, shown["token"]


REQUIRED: list[Door] = [register, status_message, new_subject, subject, new_title, title, device]
OPTIONAL: list[Door] = [
    nickname,
    new_contact,
    contact,
    address_book,
    venue,
    poll,
    favourite,
    card_by_rest,
    card_by_socket,
]
LINES: list[Door] = [*REQUIRED, *OPTIONAL, change_user, answer]


@pytest.mark.parametrize("door", LINES, ids=lambda door: door.__name__)
async def test_a_pasted_line_is_one_line(scene: Scene, door: Door) -> None:
    status, shown = await door(scene, PASTED)
    assert (status // 100, shown) == (2, LINE)


@pytest.mark.parametrize("door", LINES, ids=lambda door: door.__name__)
async def test_a_nul_is_refused(scene: Scene, door: Door) -> None:
    await door(scene, LINE)
    assert (await door(scene, "Ann\0Lee"))[0] == 400


@pytest.mark.parametrize("door", REQUIRED, ids=lambda door: door.__name__)
async def test_what_cannot_be_seen_is_no_name(scene: Scene, door: Door) -> None:
    assert (await door(scene, UNSEEN))[0] == 400


@pytest.mark.parametrize("door", OPTIONAL, ids=lambda door: door.__name__)
async def test_what_cannot_be_seen_leaves_an_optional_name_empty(scene: Scene, door: Door) -> None:
    status, shown = await door(scene, UNSEEN)
    assert status // 100 == 2
    assert not shown


async def message_by_socket(scene: Scene, text: str) -> tuple[int, Any]:
    body = {"contact": scene.tom.number, "text": text, "client_id": new_number()}
    sent = await scene.phone.ask("message_send", body)
    return 200 if sent["ok"] else 400, sent.get("message", {}).get("text")


async def message_by_rest(scene: Scene, text: str) -> tuple[int, Any]:
    status, _ = await scene.ask("POST", "/api/messages/send-message/", {"contact": scene.tom.number, "message": text})
    return status, (await scene.said()).get("text")


async def edit(scene: Scene, text: str) -> tuple[int, Any]:
    await message_by_socket(scene, "Hello")
    body = {"contact": scene.tom.number, "seq": (await scene.said())["seq"], "text": text}
    changed = await scene.phone.ask("message_edit", body)
    return 200 if changed["ok"] else 400, changed.get("message", {}).get("text")


async def caption(scene: Scene, text: str) -> tuple[int, Any]:
    body = {"contact": scene.tom.number, "caption": text, "latitude": 1, "longitude": 1}
    status, _ = await scene.ask("POST", "/api/messages/send-location/", body)
    return status, (await scene.said()).get("caption")


async def caption_by_socket(scene: Scene, text: str) -> tuple[int, Any]:
    body = {"contact": scene.tom.number, "type": "l", "latitude": 1, "longitude": 1, "caption": text}
    sent = await scene.phone.ask("message_send", body | {"client_id": new_number()})
    return 200 if sent["ok"] else 400, sent.get("message", {}).get("caption")


async def event_message(scene: Scene, text: str) -> tuple[int, Any]:
    _, made = await scene.ask("POST", "/events", {"title": "Talk", "event_date": "2040-01-01T12:00:00Z"})
    status, shown = await scene.ask("POST", f"/events/{made['id']}/messages", {"body": text})
    return status, shown["body"]


async def address(scene: Scene, text: str) -> tuple[int, Any]:
    status, _ = await scene.ask("PATCH", f"/events/{scene.event['id']}", {"address": text})
    return status, (await scene.shown_event())["address"]


async def description(scene: Scene, text: str) -> tuple[int, Any]:
    status, _ = await scene.ask("PATCH", f"/events/{scene.event['id']}", {"description": text})
    return status, (await scene.shown_event())["description"]


OPTIONAL_WORDS: list[Door] = [caption, caption_by_socket, address, description]
WORDS: list[Door] = [message_by_socket, message_by_rest, edit, event_message, *OPTIONAL_WORDS]


@pytest.mark.parametrize("door", WORDS, ids=lambda door: door.__name__)
async def test_words_keep_their_lines_and_lose_their_controls(scene: Scene, door: Door) -> None:
    status, shown = await door(scene, "Markt 1\n\u0007\tBerlin\x1b")
    assert (status // 100, shown) == (2, "Markt 1\n\tBerlin")


@pytest.mark.parametrize(
    "door", [message_by_socket, message_by_rest, edit, event_message], ids=lambda door: door.__name__
)
async def test_words_that_cannot_be_seen_are_refused(scene: Scene, door: Door) -> None:
    assert (await door(scene, UNSEEN))[0] == 400


@pytest.mark.parametrize("door", OPTIONAL_WORDS, ids=lambda door: door.__name__)
async def test_words_that_cannot_be_seen_are_none_where_none_are_needed(scene: Scene, door: Door) -> None:
    status, shown = await door(scene, UNSEEN)
    assert (status, shown or None) == (200, None)


async def test_a_place_s_own_fields_hold_text(scene: Scene) -> None:
    for location in ({"name": "a\0b"}, {"a\0b": 1}, {"list": ["a\0b"]}):
        status, shown = await scene.ask("PATCH", f"/events/{scene.event['id']}", {"location": location})
        assert (status, shown) == (400, {"location": ["Not a valid string."]})


async def test_a_device_is_named_in_one_line(scene: Scene) -> None:
    number = "+" + new_number()
    assert (await scene.node.rest("POST", "/auth", scene.ann, json={"phone_number": number}))[0] == 204
    proof = {"phone_number": number, "pin": scene.node.read_code(number)}
    headers = {"User-Agent": "My\u200b  iPhone\u202e"}
    async with scene.node.http.post(f"{scene.node.url}/auth/verify_pin", json=proof, headers=headers) as response:
        user = await response.json()
    person = Person(number, user["id"], user["auth_token"])
    _, shown = await scene.ask("GET", "/auth/sessions", None, person)
    assert [each["device"] for each in shown["sessions"]] == ["My iPhone"]


async def test_what_earlier_versions_kept_is_shown_in_one_line(scene: Scene) -> None:
    database = parts_of(scene.node).database
    number = new_number()
    title = "Your bank\n\nPay now\u202e"
    plan = {"title": "x", "event_date": "2040-01-01T12:00:00Z", "invite_phone_numbers": ["+" + number]}
    _, event = await scene.ask("POST", "/events", plan)
    await database.collection("events").update_one({"_id": event["id"]}, {"$set": {"title": title}})
    await database.collection("accounts").update_one(
        {"_id": scene.ann.account_id}, {"$set": {"full_name": "A\0nn\nLee"}}
    )
    await database.collection("chats").update_one({"group": scene.group}, {"$set": {"subject": "\u200b"}})
    _, shown = await scene.ask("GET", f"/events/{event['id']}", None)
    assert (shown["title"], shown["owner"]["full_name"]) == ("Your bank Pay now", "Ann Lee")
    body = await texted(scene.node, number)
    link = urlsplit(next(word for word in body.split() if "token=" in word)).query
    async with scene.node.http.get(f"{scene.node.url}/invitation/calendar/?{link}") as response:
        (entry,) = icalendar.Calendar.from_ical(await response.read()).walk("VEVENT")
    assert (entry["SUMMARY"], entry["ORGANIZER"].params["CN"]) == ("Your bank Pay now", "Ann Lee")


async def test_a_long_title_does_not_take_an_sms_out_of_gsm_7_bit(scene: Scene) -> None:
    number = new_number()
    plan = {
        "title": "Dinner at Ann’s " * 9,
        "event_date": "2040-01-01T12:00:00Z",
        "invite_phone_numbers": ["+" + number],
    }
    await scene.ask("POST", "/events", plan)
    body = await texted(scene.node, number)
    assert "Dinner at Ann's" in body
    assert body.isascii()


async def texted(node: Node, number: str) -> str:
    """The invitation to a number, as soon as it is sent."""
    outbox = node.settings.data_dir / node.settings.sms.outbox
    for _ in range(600):
        for line in outbox.read_text("utf-8").splitlines():
            sent = json.loads(line)
            if sent["to"] == "+" + number and sent["code"] is None:
                return str(sent["body"])
        await node.http.get(f"{node.url}/healthz")
    raise AssertionError("no SMS")


async def test_users_are_listed_in_the_order_of_a_telephone_book(scene: Scene) -> None:
    wanted = ["emil", "Emil", "Émile", "Łukasz", "Ömer", "Zoë", "Анна"]
    people = []
    for name in reversed(wanted):
        one = await scene.node.sign_in(new_number())
        await scene.ask("POST", "/auth/register", {"full_name": name, "email": EMAIL}, one)
        people.append(one)
    viewer = await scene.node.sign_in(new_number())
    await scene.ask("POST", "/auth/register", {"full_name": "Ärger", "email": EMAIL}, viewer)
    numbers = {"phone_numbers": ["+" + one.number for one in people]}
    _, found = await scene.ask("POST", "/users/from_phone_numbers", numbers, viewer)
    assert [each["user"]["full_name"] for each in found] == wanted
    _, page = await scene.ask("GET", "/users", None, viewer)
    assert [each["full_name"] for each in page["results"]] == ["Ärger", *wanted]
    plan = {"title": "All", "event_date": "2040-01-01T12:00:00Z", "invite_phone_numbers": numbers["phone_numbers"]}
    _, event = await scene.ask("POST", "/events", plan, viewer)
    assert [each["full_name"] for each in event["invitees"]] == wanted


async def test_a_snippet_ends_between_characters(scene: Scene) -> None:
    await message_by_socket(scene, "x" * 63 + "🇩🇪🇫🇷")
    _, shown = await scene.ask("GET", "/api/messages/chats/", None)
    (snippet,) = [each["snippet"] for each in shown["chats"] if each["id"] == scene.tom.number]
    assert snippet == "x" * 63


async def test_registering_again_leaves_the_token_good_as_the_reference_says(scene: Scene) -> None:
    async with scene.node.http.get(f"{scene.node.url}/openapi.json") as response:
        document: Any = await response.json()
    said = document["paths"]["/auth/register"]["post"]["description"]
    assert "stays good" in said
    for _ in range(2):
        status, shown = await scene.ask("POST", "/auth/register", {"full_name": "Ann Lee", "email": EMAIL})
        assert (status, shown["auth_token"]) == (200, scene.ann.token)
    assert (await scene.ask("GET", "/auth/sessions", None))[0] == 200
