"""The largest that each request permits gets through in the longest form that JSON has for it; more is refused by name."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from handlers.sockets.base import BaseNamespace
from handlers.sockets.chat import ChatNamespace
from handlers.sockets.events import EventsNamespace
from handlers.sockets.presence import PresenceNamespace
from handlers.sockets.receipts import ReceiptsNamespace
from handlers.sockets.typing import TypingNamespace
from handlers.wire.sockets.largest import ENVELOPE_MAX_BYTES, largest_message, largest_requests
from server.sockets.intake import UNAUTHENTICATED_MAX_BYTES
from tests.support.raw import QUERY, TEXT, frames, open_polling, request
from tests.support.socket_fixture import Friends, sockets_of, until

EMOJI = "\N{OK HAND SIGN}"
TEXT_MAX, CARD_MAX = 16_384, 163_840
NAMESPACES: tuple[type[BaseNamespace], ...] = (
    ChatNamespace, EventsNamespace, PresenceNamespace, ReceiptsNamespace, TypingNamespace,
)  # fmt: skip
PHOTO = "A" * 136_536  # 100 kB in base64
CARD = "BEGIN:VCARD\r\nFN:Zoe\r\nPHOTO;ENCODING=b;TYPE=JPEG:" + "\r\n ".join(
    PHOTO[at : at + 74] for at in range(0, len(PHOTO), 74)
)


def escaped(value: object) -> str:
    """JSON with every character of a text as an escape, one beyond the first plane as two."""
    match value:
        case str():
            units = value.encode("utf-16-be", "surrogatepass")
            return '"' + "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)) + '"'
        case dict():
            return "{" + ",".join(f"{escaped(name)}:{escaped(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ",".join(map(escaped, value)) + "]"
        case _:
            return json.dumps(value)


LARGEST: Mapping[str, tuple[str, dict[str, Any]]] = {
    "text": ("message_send", {"text": EMOJI * TEXT_MAX}),
    "card": ("message_send", {"type": "c", "vcard": EMOJI * CARD_MAX, "name": EMOJI * 256}),
    "picture": (
        "message_send",
        {
            "type": "i",
            "url": "https://example.org/" + "x" * 2028,
            "hash": EMOJI * 128,
            "mime_type": EMOJI * 128,
            "caption": EMOJI * 256,
        },
    ),
    "edit": ("message_edit", {"seq": 1, "text": EMOJI * TEXT_MAX}),
    "cursors": ("sync", {"cursors": {str(2**31 - 2 - n): 2**32 - 1 for n in range(5000)}}),
    "watched": ("presence_watch", {"contacts": ["+" * 113 + str(10**14 + n) for n in range(1000)]}),
}


MENTIONS = [{"number": EMOJI * 128, "offset": 16_383, "length": 16_384}] * 50
LISTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "mentions": ("message_send", {"text": EMOJI * TEXT_MAX, "mentions": MENTIONS}),
    "new mentions": ("message_edit", {"seq": 1, "text": EMOJI * TEXT_MAX, "mentions": MENTIONS}),
    "forward": ("message_forward", {"seq": 2**32 - 1, "to": [{"contact": EMOJI * 128}] * 20}),
}


@pytest.mark.parametrize("name", [*LARGEST, *LISTS])
def test_it_is_no_longer_than_was_computed(name: str) -> None:
    event, body = {**LARGEST, **LISTS}[name]
    named = body if event in ("sync", "presence_watch") else {"contact": "1" * 128, "client_id": EMOJI * 64, **body}
    assert len(escaped(named)) <= largest_requests(TEXT_MAX)[event]


def test_every_request_has_its_size() -> None:
    events = {name[3:] for kind in NAMESPACES for name in dir(kind) if name.startswith("on_")}
    assert events == set(largest_requests(TEXT_MAX))
    assert largest_message(TEXT_MAX) == max(largest_requests(TEXT_MAX).values()) + ENVELOPE_MAX_BYTES


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("name", LARGEST)
async def test_it_is_answered(friends: Friends, name: str, transport: str) -> None:
    event, body = LARGEST[name]
    namespace = "/presence" if event == "presence_watch" else "/chat"
    if event.startswith("message"):
        client_id = (name + transport).ljust(64, EMOJI)
        body = {"contact": friends.tom.number, "client_id": client_id, **body}
    asked = f"42{namespace},7[{escaped(event)},{escaped(body)}]"
    if transport == "websocket":
        async with frames(friends.node.url, limit=2**22) as socket:
            await socket.join(friends.ann.token, namespace)
            await socket.say(asked)
            answer = await socket.hear_until(f"43{namespace},7[")
    else:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token, namespace)
        assert await polling.post(asked) == 200
        heard = await polling.hear_until(f"43{namespace},7[")
        answer = next(each for each in heard if each.startswith("43"))
    shown = json.loads(answer.partition("[")[2].removesuffix("]"))
    assert shown["ok"], shown
    if event == "message_send":
        assert {key: shown["message"][key] for key in body if key != "contact"} == {
            key: value for key, value in body.items() if key != "contact"
        }


async def test_a_card_with_a_photo_of_100_kb_gets_through_by_rest_and_socket(friends: Friends) -> None:
    body = {"contact": friends.tom.number, "client_id": "card", "type": "c", "vcard": CARD}
    answer = await friends.ann_phone.ask("message_send", body)
    assert answer["ok"], answer["error"]
    status, _ = await friends.node.rest(
        "POST", "/api/messages/send-vcard/", friends.ann, json={"contact": friends.tom.number, "vcard": CARD}
    )
    assert status == 200
    status, _ = await friends.node.rest(
        "POST", "/api/messages/send-vcard/", friends.ann, data={"contact": friends.tom.number, "vcard": CARD}
    )
    assert status == 200
    heard = friends.tom_phone.told
    await friends.tom_phone.until(
        lambda: [event["message"].get("vcard") for event in heard("message_created")].count(CARD) == 3
    )


@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize(
    "body",
    [
        {"text": EMOJI * (TEXT_MAX + 1)},
        {"text": "x" * 1_000_000},
        {"type": "c", "vcard": "x" * (CARD_MAX + 1)},
        {"type": "i", "url": "https://example.org/", "caption": EMOJI * 100_000},
    ],
    ids=["text", "long text", "card", "caption"],
)
async def test_what_is_too_long_is_refused_and_the_line_stays(
    friends: Friends, body: dict[str, Any], transport: str
) -> None:
    body = {"contact": friends.tom.number, "client_id": "too long", **body}
    asked, then = f'42/chat,7["message_send",{json.dumps(body)}]', '42/chat,8["chats",{}]'
    if transport == "websocket":
        async with frames(friends.node.url) as socket:
            await socket.join(friends.ann.token)
            await socket.say(asked)
            assert '"code":"too_long"' in await socket.hear_until("43/chat,7")
            await socket.say(then)
            assert '"ok":true' in await socket.hear_until("43/chat,8")
    else:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        assert await polling.post(asked) == 200
        assert any('"code":"too_long"' in each for each in await polling.hear_until("43/chat,7"))
        assert await polling.post(then) == 200
        await polling.hear_until("43/chat,8")


async def test_a_handshake_says_how_long_a_body_may_be(friends: Friends) -> None:
    _, _, body = await request(friends.node.url, "GET", QUERY + "polling")
    most = json.loads(body[1:])["maxPayload"]
    assert most == largest_message(friends.node.settings.chat.text_max_chars)
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    last = '42/chat,9["chats",{}]'
    many = ["3"] * ((most - len(last)) // 2)
    assert await polling.post(*many, last) == 200
    await polling.hear_until("43/chat,9")


class TestStrangers:
    """Whoever is in no namespace may send what a CONNECT needs, and holds no more than that in memory."""

    async def test_a_long_message_ends_the_connection(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            await socket.frame(TEXT, b"4" + b"x" * UNAUTHENTICATED_MAX_BYTES)
            assert await socket.ended() == 1009

    async def test_a_long_body_ends_the_session(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        assert await polling.post_bytes(b"4" + b"x" * UNAUTHENTICATED_MAX_BYTES) in (400, 413)
        assert (await polling.poll())[0] == 400

    async def test_a_refused_one_is_a_stranger_again(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            await socket.say('40/chat,{"token":"nobody\'s"}')
            await socket.hear_until("44/chat,")
            await until(lambda: all(each.settled is None for each in sockets_of(friends.node).eio.sockets.values()))
            await socket.frame(TEXT, b"4" + b"x" * UNAUTHENTICATED_MAX_BYTES)
            assert await socket.ended() == 1009

    async def test_what_a_refused_one_has_begun_is_not_kept(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            begun = bytes([0x81, 0xFF]) + (1_000_000).to_bytes(8, "big") + bytes(4) + b"x" * 1000
            join = b'40/chat,{"token":"nobody\'s"}'
            socket.writer.write(bytes([0x81, 0x80 | len(join)]) + bytes(4) + join + begun)
            assert await socket.ended() == 1009

    async def test_one_who_left_is_a_stranger_again(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            await socket.join(friends.ann.token)
            await socket.hear_until('42/chat,["ready"')
            await socket.say("41/chat,")
            await socket.frame(TEXT, b"4" + b"x" * UNAUTHENTICATED_MAX_BYTES)
            assert await socket.ended() == 1009

    async def test_what_comes_right_behind_a_good_connect_may_be_long(self, friends: Friends) -> None:
        async with frames(friends.node.url) as socket:
            await socket.say("40/chat," + json.dumps({"token": friends.ann.token}))
            await socket.say('42/chat,7["chats",{"x":"' + "x" * 1_000_000 + '"}]')
            assert '"ok":true' in await socket.hear_until("43/chat,7")
