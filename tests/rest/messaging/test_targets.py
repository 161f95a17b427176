"""What a message is sent to, and what it answers (docs/messaging-api.md, "Targets" and "Sending")."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData

from server.embedded import EmbeddedStores
from tests.support.message_fixture import Talk, open_talk
from tests.support.node import Device, Person
from tests.support.pictures import plain

CARD = "BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nEND:VCARD"
FIELDS: dict[str, dict[str, object]] = {
    "message": {"message": "Hello"},
    "location": {"latitude": "48.8", "longitude": "2.3"},
    "vcard": {"vcard": CARD},
    "image": {},
}


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    async with open_talk(stores, tmp_path_factory.mktemp("targets")) as talk:
        yield talk


async def send(talk: Talk, kind: str, sender: Person, **fields: Any) -> tuple[int, Any]:
    form = FormData({**FIELDS[kind], **{name: str(value) for name, value in fields.items()}})
    if kind == "image":
        form.add_field("filename", BytesIO(plain()), filename="a.png")
    return await talk.node.rest("POST", f"/api/messages/send-{kind}/", sender, data=form)


async def heard(phone: Device, sent: dict[str, Any]) -> dict[str, Any]:
    """The message of an answer, as a device is told of it."""

    def found() -> list[dict[str, Any]]:
        return [each["message"] for each in phone.told("message_created") if each["message"]["id"] == sent["id"]]

    await phone.until(lambda: bool(found()))
    return found()[0]


@pytest.mark.parametrize("kind", sorted(FIELDS))
async def test_a_chat_is_named_by_its_id_and_a_message_by_its_place(talk: Talk, kind: str) -> None:
    ann, tom = await talk.people()
    first = await talk.send(ann, tom, "Which one?")
    phone = await talk.device(ann, "/chat")
    status, sent = await send(talk, kind, tom, chat=first["chat"], reply_to=first["seq"])
    assert status == 200, sent
    assert sent["chat"] == first["chat"]
    told = await heard(phone, sent)
    assert told["reply_to"] == first["seq"]


async def test_a_photo_is_sent_to_the_chat_of_an_event(talk: Talk) -> None:
    ann, tom = await talk.people()
    plan = {
        "title": "Dinner",
        "event_date": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
        "total_spots": 5,
        "invite_phone_numbers": [f"+{tom.number}"],
    }
    status, event = await talk.node.rest("POST", "/api/events", ann, json=plan)
    assert status == 201, event
    phone = await talk.device(tom, "/chat")
    (ready,) = await phone.expect("ready")
    chat = next(head["chat"] for head in ready["chats"] if head["kind"] == "event")
    status, sent = await send(talk, "image", ann, chat=chat)
    assert status == 200, sent
    assert (await heard(phone, sent))["type"] == "i"


async def test_to_somebody_who_is_not_in_it_a_chat_does_not_exist(talk: Talk) -> None:
    ann, tom, eve = await talk.people(3)
    chat = (await talk.send(ann, tom))["chat"]
    for kind in FIELDS:
        status, refusal = await send(talk, kind, eve, chat=chat)
        assert (status, refusal["code"]) == (404, "chat_not_found"), kind


async def test_a_number_wins_over_a_chat(talk: Talk) -> None:
    ann, tom, eve = await talk.people(3)
    chat = (await talk.send(ann, tom))["chat"]
    status, sent = await send(talk, "message", ann, chat=chat, contact=eve.number)
    assert status == 200
    assert sent["chat"] != chat


@pytest.mark.parametrize("fields", [{"chat": "0"}, {"chat": "x"}, {"chat": "9" * 30}, {"chat": "1.0"}, {}])
async def test_what_names_no_chat_is_refused(talk: Talk, fields: dict[str, str]) -> None:
    ann = await talk.stranger()
    status, refusal = await send(talk, "message", ann, **fields)
    assert (status, refusal["code"]) == (400, "malformed")


@pytest.mark.parametrize("reply_to", ["0", "-1", "x", "9" * 30])
async def test_what_names_no_message_is_refused(talk: Talk, reply_to: str) -> None:
    ann, tom = await talk.people()
    status, refusal = await send(talk, "image", ann, contact=tom.number, reply_to=reply_to)
    assert (status, refusal["code"]) == (400, "malformed")


async def test_a_device_is_told_what_the_server_takes(
    stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    media = {"image_max_bytes": 1001, "audio_max_bytes": 1002, "video_max_bytes": 1003}
    folder = tmp_path_factory.mktemp("limits")
    async with open_talk(stores, folder, media=media, chat={"text_max_chars": 100}) as talk:
        phone = await talk.device(await talk.stranger(), "/chat")
        (ready,) = await phone.expect("ready")
    assert ready["limits"].items() >= {**media, "text_max_chars": 100}.items()
