"""The points that the conformance suites of Engine.IO 4 (25) and Socket.IO 5 (32, of which 16 are the same) try, on this server.

It echoes nothing, so what is said is a request, and what comes back is its answer. Its main namespace is `/chat`, and `/typing`
stands for another one. The one difference is what a CONNECT to an unknown namespace is told (docs/protocol.md, "Differences").
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from server.embedded import EmbeddedStores
from tests.support.node import settings_for
from tests.support.raw import BINARY, QUERY, Frames, Polling, frames, open_line, open_polling, request
from tests.support.socket_fixture import Friends, friends_on_a_node, sockets_of, until

PING_INTERVAL_S, PING_TIMEOUT_S = 0.5, 2.0  # short, but for a busy machine
JOIN_WITHIN_S = 4.0
OPENED = {"sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"}
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
ASK = '["nothing"]'

Point = Callable[[Friends], Awaitable[None]]


@pytest.fixture(scope="module")
async def friends(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Friends]:
    sockets = {"ping_interval_s": PING_INTERVAL_S, "ping_timeout_s": PING_TIMEOUT_S, "join_within_s": JOIN_WITHIN_S}
    settings = settings_for(tmp_path_factory.mktemp("node"), sockets=sockets)
    async with friends_on_a_node(stores, settings) as fixture:
        yield fixture


async def status_of(friends: Friends, method: str, path: str, body: bytes | None = None, headers: str = "") -> int:
    return (await request(friends.node.url, method, path, body, headers=headers))[0]


async def joined_polling(friends: Friends) -> Polling:
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    return polling


def opened(text: str, upgrades: list[str]) -> None:
    """Hold the first packet of a session to the handshake."""
    assert text[0] == "0"
    told = json.loads(text[1:])
    assert set(told) == OPENED
    assert isinstance(told["sid"], str)
    assert told["upgrades"] == upgrades
    assert (told["pingInterval"], told["pingTimeout"]) == (PING_INTERVAL_S * 1000, PING_TIMEOUT_S * 1000)
    assert told["maxPayload"] >= 131_072


# How a session of Engine.IO begins.


async def a_poll_opens_a_session(friends: Friends) -> None:
    status, _, body = await request(friends.node.url, "GET", QUERY + "polling")
    assert status == 200
    opened(body.decode(), ["websocket"])


async def a_poll_of_another_version_is_refused(friends: Friends) -> None:
    for path in ("/socket.io/?transport=polling", "/socket.io/?EIO=abc&transport=polling"):
        assert await status_of(friends, "GET", path) == 400


async def a_poll_by_no_transport_is_refused(friends: Friends) -> None:
    for path in ("/socket.io/?EIO=4", "/socket.io/?EIO=4&transport=abc"):
        assert await status_of(friends, "GET", path) == 400


async def a_handshake_by_another_method_is_refused(friends: Friends) -> None:
    for method in ("POST", "PUT"):
        assert await status_of(friends, method, QUERY + "polling") == 400


async def a_websocket_opens_a_session(friends: Friends) -> None:
    async with frames(friends.node.url, open_packet=False) as socket:
        opened(await socket.hear(), [])


async def a_websocket_of_another_version_is_refused(friends: Friends) -> None:
    for path in ("/socket.io/?transport=websocket", "/socket.io/?EIO=abc&transport=websocket"):
        assert await status_of(friends, "GET", path, headers=UPGRADE) == 400


async def a_websocket_by_no_transport_is_refused(friends: Friends) -> None:
    for path in ("/socket.io/?EIO=4", "/socket.io/?EIO=4&transport=abc"):
        assert await status_of(friends, "GET", path, headers=UPGRADE) == 400


# What Engine.IO carries.


async def a_post_carries_one_packet(friends: Friends) -> None:
    polling = await joined_polling(friends)
    _, _, body = await request(friends.node.url, "POST", polling.path, f"42/chat,1{ASK}".encode())
    assert body == b"ok"
    await polling.hear_until("43/chat,1")


async def a_post_carries_several_packets(friends: Friends) -> None:
    polling = await joined_polling(friends)
    assert await polling.post(*[f"42/chat,{n}{ASK}" for n in range(3)]) == 200
    heard = await polling.hear_until("43/chat,2")
    assert [each[:9] for each in heard if each.startswith("43")] == [f"43/chat,{n}" for n in range(3)]


async def a_post_carries_text_and_bytes(friends: Friends) -> None:
    polling = await joined_polling(friends)
    attached = "b" + base64.b64encode(b"\x01\x02\x03\x04").decode()
    assert await polling.post('451-/chat,1["nothing",{"_placeholder":true,"num":0}]', attached) == 200
    await polling.hear_until("43/chat,1")


async def a_post_that_cannot_be_read_ends_the_session(friends: Friends) -> None:
    polling = await joined_polling(friends)
    assert await polling.post("abc") == 400
    assert (await polling.poll())[0] == 400


async def a_second_poll_ends_the_session(friends: Friends) -> None:
    polling = await open_polling(friends.node.url)
    first = asyncio.create_task(polling.poll())
    sockets = sockets_of(friends.node).eio.sockets
    await until(lambda: sockets[polling.sid]._poll is not None)
    assert (await polling.poll())[0] == 400
    assert await first == (200, ["1"])
    assert (await polling.poll())[0] == 400


async def a_poll_that_is_cut_ends_the_session(friends: Friends) -> None:
    polling = await open_polling(friends.node.url)
    _, writer = await open_line(friends.node.url)
    writer.write(f"GET {polling.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    sockets = sockets_of(friends.node).eio.sockets
    await until(lambda: sockets[polling.sid]._poll is not None)
    writer.transport.abort()
    assert (await polling.poll())[0] == 400


async def a_frame_carries_a_packet(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say(f"42/chat,1{ASK}")
        await socket.hear_until("43/chat,1")


async def a_frame_carries_bytes(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say('451-/chat,1["nothing",{"_placeholder":true,"num":0}]')
        await socket.frame(BINARY, b"\x01\x02\x03\x04")
        await socket.hear_until("43/chat,1")


async def a_frame_that_cannot_be_read_ends_the_session(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.say("abc")
        assert await socket.ended() == 1002


# How it lives, ends and moves.


async def polls_bring_pings(friends: Friends) -> None:
    polling = await open_polling(friends.node.url)
    for _ in range(3):
        assert await polling.poll() == (200, ["2"])
        assert await polling.post("3") == 200


async def a_poll_after_an_unanswered_ping_is_refused(friends: Friends) -> None:
    polling = await open_polling(friends.node.url)
    assert await polling.poll() == (200, ["2"])
    while (answer := await polling.poll())[0] == 200:
        assert answer == (200, ["6"])


async def frames_bring_pings(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        for _ in range(3):
            assert await socket.hear() == "2"
            await socket.say("3")


async def a_websocket_ends_with_an_unanswered_ping(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        assert await socket.ended() == 1001


async def a_posted_close_ends_the_session(friends: Friends) -> None:
    polling = await open_polling(friends.node.url)
    waiting = asyncio.create_task(polling.poll())
    sockets = sockets_of(friends.node).eio.sockets
    await until(lambda: sockets[polling.sid]._poll is not None)
    assert await polling.post("1") == 200
    assert await waiting == (200, ["6"])
    assert (await polling.poll())[0] == 400


async def a_close_in_a_frame_ends_the_session(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.say("1")
        await socket.ended()


async def upgraded(socket: Frames, polling: Polling) -> None:
    await socket.say("2probe")
    assert await socket.hear() == "3probe"
    assert await polling.poll() == (200, ["6"])
    await socket.say("5")


async def a_session_moves_to_a_websocket(friends: Friends) -> None:
    polling = await joined_polling(friends)
    async with frames(friends.node.url, sid=polling.sid) as socket:
        await upgraded(socket, polling)
        await socket.say(f"42/chat,1{ASK}")
        await socket.hear_until("43/chat,1")


async def a_session_that_moved_answers_no_request(friends: Friends) -> None:
    polling = await joined_polling(friends)
    async with frames(friends.node.url, sid=polling.sid) as socket:
        await upgraded(socket, polling)
        await until(lambda: sockets_of(friends.node).eio.sockets[polling.sid].upgraded)
        assert (await polling.poll())[0] == 400
        assert await polling.post("3") == 400
        await socket.say(f"42/chat,1{ASK}")
        await socket.hear_until("43/chat,1")


async def a_session_that_moved_takes_no_second_websocket(friends: Friends) -> None:
    polling = await joined_polling(friends)
    async with frames(friends.node.url, sid=polling.sid) as socket:
        await upgraded(socket, polling)
        await until(lambda: sockets_of(friends.node).eio.sockets[polling.sid].upgraded)
        assert await status_of(friends, "GET", f"{QUERY}websocket&sid={polling.sid}", headers=UPGRADE) == 400
        await socket.say(f"42/chat,1{ASK}")
        await socket.hear_until("43/chat,1")


# How a client of Socket.IO comes and goes.


async def connected(socket: Frames, friends: Friends, namespace: str, **more: object) -> None:
    await socket.say(f"40{namespace}," + json.dumps({"token": friends.ann.token, **more}))
    told = json.loads((await socket.hear_until(f"40{namespace},")).partition(",")[2])
    assert set(told) == {"sid"}
    assert isinstance(told["sid"], str)


async def the_main_namespace_lets_in(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await connected(socket, friends, "/chat")
        await socket.hear_until('42/chat,["ready"')


async def the_main_namespace_reads_what_a_connect_carries(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await connected(socket, friends, "/chat", account=friends.ann.number)


async def another_namespace_lets_in(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await connected(socket, friends, "/typing")


async def another_namespace_reads_what_a_connect_carries(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await connected(socket, friends, "/typing", account=friends.ann.number)


async def an_unknown_namespace_refuses(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.say("40/random")
        refusal = json.loads((await socket.hear_until("44/random,")).partition(",")[2])
        assert refusal["message"] == "There is no namespace /random."
        assert refusal["data"]["code"] == "not_found"


async def a_handshake_that_cannot_be_read_ends_the_session(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.say("4abc")
        assert await socket.ended() == 1002


async def nobody_stays_without_a_connect(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        assert set(await _hear_pings(socket)) == {"2"}


async def _hear_pings(socket: Frames) -> list[str]:
    heard: list[str] = []
    try:
        async with asyncio.timeout(30):
            while True:
                heard.append(await socket.hear())
                await socket.say("3")
    except (AssertionError, asyncio.IncompleteReadError, ConnectionError):
        return heard


async def who_leaves_the_main_namespace_is_not_cut_off(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say("41/chat,")
        await socket.hear_until("2")


async def who_leaves_another_namespace_stays_in_the_main_one(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.join(friends.ann.token, "/typing")
        await socket.say("41/typing")
        await socket.say(f"42/chat,1{ASK}")
        await socket.hear_until("43/chat,1")


# What it says, and is told.


async def an_event_is_told(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.tom.token)
        await friends.still_talk()
        assert (await socket.hear_until('42/chat,["message_created",{')).endswith("}]")


async def an_event_with_attachments_is_taken(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say('452-/chat,["nothing",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
        await socket.frame(BINARY, b"\x01\x02\x03")
        await socket.frame(BINARY, b"\x04\x05\x06")
        await socket.say(f"42/chat,1{ASK}")
        await socket.hear_until("43/chat,1")


async def an_event_is_acknowledged(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say('42/chat,456["nothing",1,"2",{"3":[false]}]')
        assert isinstance(json.loads((await socket.hear_until("43/chat,456["))[11:]), list)


async def an_event_with_attachments_is_acknowledged(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say('452-/chat,789["nothing",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')
        await socket.frame(BINARY, b"\x01\x02\x03")
        await socket.frame(BINARY, b"\x04\x05\x06")
        assert isinstance(json.loads((await socket.hear_until("43/chat,789["))[11:]), list)


ENGINE_IO: list[Point] = [
    a_poll_opens_a_session,
    a_poll_of_another_version_is_refused,
    a_poll_by_no_transport_is_refused,
    a_handshake_by_another_method_is_refused,
    a_websocket_opens_a_session,
    a_websocket_of_another_version_is_refused,
    a_websocket_by_no_transport_is_refused,
    a_post_carries_one_packet,
    a_post_carries_several_packets,
    a_post_carries_text_and_bytes,
    a_post_that_cannot_be_read_ends_the_session,
    a_second_poll_ends_the_session,
    a_poll_that_is_cut_ends_the_session,
    a_frame_carries_a_packet,
    a_frame_carries_bytes,
    a_frame_that_cannot_be_read_ends_the_session,
    polls_bring_pings,
    a_poll_after_an_unanswered_ping_is_refused,
    frames_bring_pings,
    a_websocket_ends_with_an_unanswered_ping,
    a_posted_close_ends_the_session,
    a_close_in_a_frame_ends_the_session,
    a_session_moves_to_a_websocket,
    a_session_that_moved_answers_no_request,
    a_session_that_moved_takes_no_second_websocket,
]
SOCKET_IO: list[Point] = [
    the_main_namespace_lets_in,
    the_main_namespace_reads_what_a_connect_carries,
    another_namespace_lets_in,
    another_namespace_reads_what_a_connect_carries,
    an_unknown_namespace_refuses,
    a_handshake_that_cannot_be_read_ends_the_session,
    nobody_stays_without_a_connect,
    who_leaves_the_main_namespace_is_not_cut_off,
    who_leaves_another_namespace_stays_in_the_main_one,
    an_event_is_told,
    an_event_with_attachments_is_taken,
    an_event_is_acknowledged,
    an_event_with_attachments_is_acknowledged,
]
WRONG = {"of no type": "4abc", "that is no list": "42/chat,{}", "with a number that is none": f"42/chat,abc{ASK}"}


@pytest.mark.parametrize("point", ENGINE_IO, ids=lambda point: point.__name__)
async def test_engine_io(friends: Friends, point: Point) -> None:
    await point(friends)


@pytest.mark.parametrize("point", SOCKET_IO, ids=lambda point: point.__name__)
async def test_socket_io(friends: Friends, point: Point) -> None:
    await point(friends)


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
async def test_socket_io_ends_the_session_of_an_event(friends: Friends, text: str) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say(text)
        assert await socket.ended() == 1002
