"""Whatever bytes a client sends, it is answered or closed with a stated code, and nobody else notices."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from handlers.wire.sockets.largest import largest_message
from server.config import ChatSettings
from tests.support.raw import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    QUERY,
    TEXT,
    Frames,
    frames,
    open_line,
    open_polling,
    request,
)
from tests.support.socket_fixture import Friends, sign_in_friends, sockets_of, until

FRAME_MAX = largest_message(ChatSettings().text_max_chars)


@pytest.fixture(autouse=True)
async def nobody_else_notices(friends: Friends) -> AsyncIterator[None]:
    """After each of these tests the two friends still talk, on the connections they had before."""
    yield
    await friends.still_talk()


async def _invalid_utf8(socket: Frames) -> None:
    await socket.frame(TEXT, b'42/chat,1["chats",{"x":"\xff\xfe"}]')


async def _oversize(socket: Frames) -> None:
    await socket.frame(TEXT, b"4" + b"x" * FRAME_MAX)


async def _oversize_in_fragments(socket: Frames) -> None:
    await socket.frame(TEXT, b"4", is_final=False)
    for _ in range(4):
        await socket.frame(CONTINUATION, b"x" * (FRAME_MAX // 3), is_final=False)


async def _reserved_opcode(socket: Frames) -> None:
    await socket.frame(0x3, b"what")


async def _lonely_continuation(socket: Frames) -> None:
    await socket.frame(CONTINUATION, b"of nothing")


def _text(text: str) -> Callable[[Frames], Awaitable[None]]:
    async def send(socket: Frames) -> None:
        await socket.say(text)

    return send


async def _text_bytes(socket: Frames) -> None:
    await socket.frame(BINARY, b"nobody announced these")


async def _text_for_an_attachment(socket: Frames) -> None:
    await socket.say('451-/chat,1["chats",{"_placeholder":true,"num":0}]')
    await socket.say('42/chat,2["chats",{}]')


@pytest.mark.parametrize(
    ("send", "codes"),
    [
        pytest.param(_invalid_utf8, {1007}, id="invalid UTF-8"),
        pytest.param(_oversize, {1009}, id="oversize frame"),
        pytest.param(_oversize_in_fragments, {1009}, id="oversize in fragments"),
        pytest.param(_reserved_opcode, {1002}, id="reserved opcode"),
        pytest.param(_lonely_continuation, {1002}, id="continuation of nothing"),
        pytest.param(_text(""), {1002}, id="empty Engine.IO packet"),
        pytest.param(_text("9"), {1002}, id="unknown Engine.IO packet"),
        pytest.param(_text("x"), {1002}, id="Engine.IO packet without a type"),
        pytest.param(_text("2"), {1002}, id="PING from a client"),
        pytest.param(_text("bäöü"), {1002}, id="base64 that is none"),
        pytest.param(_text("4"), {1002}, id="empty Socket.IO packet"),
        pytest.param(_text("49"), {1002}, id="unknown Socket.IO packet"),
        pytest.param(_text("4{}"), {1002}, id="JSON where a packet should be"),
        pytest.param(_text("44/chat,{}"), {1002}, id="CONNECT_ERROR from a client"),
        pytest.param(_text("42/chat,1"), {1002}, id="event without data"),
        pytest.param(_text("42/chat,1[]"), {1002}, id="event without a name"),
        pytest.param(_text('42/chat,1{"a":1}'), {1002}, id="event that is an object"),
        pytest.param(_text("42/chat,1[nonsense"), {1002}, id="event that is no JSON"),
        pytest.param(_text('42/chat,1["chats",{"a":NaN}]'), {1002}, id="NaN"),
        pytest.param(_text('42/chat,1["chats",{"a":"\\ud83d","b":NaN}]'), {1002}, id="NaN beside half an emoji"),
        pytest.param(_text('42/chat,1["\\ud83d",' + "[" * 60_000), {1002}, id="depths beside half an emoji"),
        pytest.param(_text('42/chat,1["chats",' + "[" * 50_000 + "]" * 50_000 + "]"), {1002}, id="50,000 deep"),
        pytest.param(_text('42/chat,1["chats",' + '{"a":' * 1100 + "1" + "}" * 1100 + "]"), {1002}, id="1,100 deep"),
        pytest.param(_text("42/chat," + "9" * 101 + '["chats",{}]'), {1002}, id="ack id of 101 digits"),
        pytest.param(_text('42/chat,²["chats",{}]'), {1002}, id="ack id that is no number"),
        pytest.param(_text('450-/chat,1["chats",{}]'), {1002}, id="no attachment"),
        pytest.param(_text('45/chat,1["chats",{}]'), {1002}, id="attachments without a number"),
        pytest.param(_text("43/chat,1{}"), {1002}, id="ACK that is no list"),
        pytest.param(_text("43/chat,1"), {1002}, id="ACK without data"),
        pytest.param(_text('41/chat,{"a":1}'), {1002}, id="DISCONNECT with data"),
        pytest.param(_text('451000000000-/chat,1["chats",{}]'), {1002}, id="10**9 attachments"),
        pytest.param(_text('4511-/chat,1["chats",{}]'), {1002}, id="one attachment too many"),
        pytest.param(_text('459999999999999-/chat,1["chats",{}]'), {1002}, id="10**13 attachments"),
        pytest.param(_text_bytes, {1002}, id="bytes that nobody announced"),
        pytest.param(_text_for_an_attachment, {1002}, id="text where an attachment was announced"),
    ],
)
async def test_what_cannot_be_read_closes_its_sender_with_a_code(
    friends: Friends, send: Callable[[Frames], Awaitable[None]], codes: set[int]
) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await send(socket)
        assert await socket.ended() in codes


@pytest.mark.parametrize(
    "packet",
    [
        "9",
        "x",
        "2",
        "",
        "4",
        "49",
        "42/chat,1[nonsense",
        '451000000000-/chat,1["chats",{}]',
        "b!",
        "4{}",
        "d=4",
        "\x1e",
    ],
)
async def test_what_cannot_be_read_closes_a_polling_sender_too(friends: Friends, packet: str) -> None:
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    waiting = asyncio.create_task(_poll_to_the_end(polling.poll))
    status = await polling.post_bytes(packet.encode())
    if packet:
        assert status == 400
        await asyncio.wait_for(waiting, 30)
        assert (await polling.poll())[0] == 400
    else:
        assert status == 200
        waiting.cancel()


@pytest.mark.parametrize("packet", ["6", "6x", "5", "0{}"])
async def test_what_means_nothing_is_ignored(friends: Friends, packet: str) -> None:
    """A NOOP is what the official Swift client sends while it moves to a WebSocket."""
    polling = await open_polling(friends.node.url)
    await polling.join(friends.ann.token)
    assert await polling.post(packet) == 200
    assert await polling.post(packet, '42/chat,1["chats",{}]', packet) == 200
    await polling.hear_until("43/chat,1")
    async with frames(friends.node.url) as socket:
        await socket.say(packet)
        await socket.join(friends.ann.token)
        await socket.say(packet)
        await socket.say('42/chat,1["chats",{}]')
        await socket.hear_until("43/chat,1")


async def _poll_to_the_end(poll: Callable[[], Awaitable[tuple[int, list[str]]]]) -> None:
    while True:
        status, packets = await poll()
        if status != 200 or "1" in packets:
            return


async def test_an_unmasked_frame_is_read_or_refused(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.frame(TEXT, b'42/chat,1["chats",{}]', is_masked=False)
        opcode, _ = await socket.read_frame()
        assert opcode in (TEXT, 0x8)


async def test_a_fragmented_message_is_one_message(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.frame(TEXT, b"42/chat,1", is_final=False)
        await socket.frame(PING, b"between")
        await socket.frame(CONTINUATION, b'["chats",', is_final=False)
        await socket.frame(CONTINUATION, b"{}]")
        while (frame := await socket.read_frame())[0] != PONG:
            pass
        assert frame == (PONG, b"between")
        assert '"ok":true' in await socket.hear_until("43/chat,1")


async def test_pings_and_pongs_of_websocket_are_taken(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.hear_until('42/chat,["ready"')
        await socket.frame(PONG, b"unasked")
        await socket.say("3")  # a PONG of Engine.IO that nobody asked for
        await socket.frame(PING, b"hello")
        assert await socket.read_frame() == (PONG, b"hello")


@pytest.mark.parametrize("ack", ["0", "9007199254740993", "9" * 99])
async def test_an_ack_id_of_any_size_comes_back(friends: Friends, ack: str) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say(f'42/chat,{ack}["chats",{{}}]')
        assert (await socket.hear_until("43")).startswith(f"43/chat,{ack}[")


@pytest.mark.parametrize(
    ("event", "attachments"),
    [
        ('1-/chat,7["message_send",{"_placeholder":true,"num":0}]', 1),
        ('2-/chat,7["message_send",{"contact":{"_placeholder":true,"num":1},"text":{"_placeholder":true,"num":0}}]', 2),
        ('1-/chat,7["message_send",{"_placeholder":true,"num":-1}]', 1),
    ],
)
async def test_a_binary_event_is_answered_as_malformed(friends: Friends, event: str, attachments: int) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say("45" + event)
        for _ in range(attachments):
            await socket.frame(BINARY, b"\x00\xff" * 1000)
        assert '"code":"malformed"' in await socket.hear_until("43/chat,7")


@pytest.mark.parametrize("number", ["5", '"a"', "{}"])
async def test_an_attachment_that_is_not_there_closes_its_sender(friends: Friends, number: str) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        await socket.say(f'451-/chat,7["message_send",{{"_placeholder":true,"num":{number}}}]')
        await socket.frame(BINARY, b"x")
        assert await socket.ended() == 1002


async def test_half_an_emoji_is_refused_and_the_connection_stays(friends: Friends) -> None:
    async with frames(friends.node.url) as socket:
        await socket.join(friends.ann.token)
        body = f'{{"contact":"{friends.tom.number}","client_id":"half","text":"cut \\ud83d"}}'
        await socket.say(f'42/chat,1["message_send",{body}]')
        assert '"code":"malformed"' in await socket.hear_until("43/chat,1")
        await socket.say('42/chat,2["chats",{}]')
        assert '"ok":true' in await socket.hear_until("43/chat,2")


class TestHandshakes:
    @pytest.mark.parametrize(
        ("path", "code"),
        [
            (QUERY + "polling&sid=nobody", 1),
            (QUERY + "carrier-pigeon", 0),
            (QUERY + "websocket", 3),
            ("/socket.io/?EIO=4", 0),
            ("/socket.io/?EIO=4&transport=", 0),
            (QUERY + "polling&transport=websocket", 0),
            ("/socket.io/?EIO=4&sid=nobody", 0),
            ("/socket.io/?EIO=3&transport=polling", 5),
            ("/socket.io/?transport=polling", 5),
            (QUERY + "polling&j=0", 3),
            (QUERY + "polling&j=x", 3),
        ],
    )
    async def test_a_refusal_has_the_code_of_engine_io(self, friends: Friends, path: str, code: int) -> None:
        status, headers, body = await request(friends.node.url, "GET", path)
        assert status == 400
        assert headers["content-type"].startswith("application/json")
        shown = json.loads(body)
        assert shown["code"] == code
        assert isinstance(shown["message"], str)

    async def test_a_post_to_nobody_is_refused(self, friends: Friends) -> None:
        for path, code in ((QUERY + "polling&sid=nobody", 1), (QUERY + "polling", 2), (QUERY + "polling&sid=", 2)):
            status, _, body = await request(friends.node.url, "POST", path, b"40/chat,")
            assert (status, json.loads(body)["code"]) == (400, code)

    async def test_other_methods_are_refused(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        for method in ("PUT", "DELETE", "PATCH", "TRACE"):
            for path in (QUERY + "polling", polling.path):
                status, shown, body = await request(
                    friends.node.url, method, path, b"", headers="Origin: https://a.example\r\n"
                )
                assert (status, json.loads(body)["code"]) == (400, 2)
                assert shown["access-control-allow-origin"] == "https://a.example"

    async def test_head_is_told_what_is_allowed(self, friends: Friends) -> None:
        status, shown, _ = await request(friends.node.url, "HEAD", QUERY + "polling")
        assert (status, shown["allow"]) == (405, "GET, POST, OPTIONS")

    async def test_no_answer_is_kept_for_anybody_else(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        for method, path, body in (
            ("GET", QUERY + "polling", None),
            ("POST", polling.path, b""),
            ("POST", polling.path, b"x"),
            ("GET", polling.path, None),
            ("OPTIONS", QUERY + "polling", None),
        ):
            for headers in ("", "Origin: https://a.example\r\n"):
                _, shown, _ = await request(friends.node.url, method, path, body, headers=headers)
                assert "no-store" in shown["cache-control"]
                assert "origin" in shown["vary"].lower()

    @pytest.mark.parametrize("version", ["EIO=3&", "", "EIO=4&EIO=3&", "EIO=x&"])
    async def test_a_session_is_not_continued_in_another_version(self, friends: Friends, version: str) -> None:
        polling = await open_polling(friends.node.url)
        path = f"/socket.io/?{version}transport=polling&sid={polling.sid}"
        for method, body in (("GET", None), ("POST", b"3")):
            status, _, shown = await request(friends.node.url, method, path, body)
            assert (status, json.loads(shown)["code"]) == (400, 3)
        await polling.join(friends.ann.token)

    @pytest.mark.parametrize("version", ["99", "12", "7", "", "13, 12"])
    @pytest.mark.parametrize("is_new", [True, False])
    async def test_another_version_of_websocket_is_told_which_there_is(
        self, friends: Friends, version: str, is_new: bool
    ) -> None:
        path = QUERY + "websocket" + ("" if is_new else f"&sid={(await open_polling(friends.node.url)).sid}")
        headers = (
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"Sec-WebSocket-Version: {version}\r\n"
        )
        status, shown, body = await request(friends.node.url, "GET", path, headers=headers)
        assert (status, shown["sec-websocket-version"], shown["upgrade"]) == (426, "13", "websocket")
        assert json.loads(body)["code"] == 3

    @pytest.mark.parametrize(
        "headers",
        [
            "Upgrade: websocket\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n",
        ],
    )
    async def test_a_bad_websocket_handshake_leaves_nothing(self, friends: Friends, headers: str) -> None:
        before = set(sockets_of(friends.node).eio.sockets)
        status, _, _ = await request(friends.node.url, "GET", QUERY + "websocket", headers=headers)
        assert status in (400, 426)
        assert set(sockets_of(friends.node).eio.sockets) == before

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            (b"GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
            (b"GET /socket.io/?EIO=4&transport=polling&sid=nobody HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
            (b"POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", b"400"),
            (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
        ],
        ids=["a handshake", "a poll", "REST", "HTTP/1.0"],
    )
    async def test_who_has_no_more_to_say_is_answered(self, friends: Friends, asked: bytes, status: bytes) -> None:
        reader, writer = await open_line(friends.node.url)
        writer.write(asked)
        writer.write_eof()
        async with asyncio.timeout(30):
            answer = await reader.read()
        assert answer.split()[1] == status
        assert answer.partition(b"\r\n\r\n")[2], "with its body, and then the line closes"
        writer.transport.abort()

    async def test_half_a_request_is_not_waited_for(self, friends: Friends) -> None:
        reader, writer = await open_line(friends.node.url)
        writer.write(b"POST /auth HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{}")
        writer.write_eof()
        async with asyncio.timeout(30):
            answer = await reader.read()
        writer.transport.abort()
        assert not answer.startswith(b"HTTP/1.1 2"), "half of it may ask for something else than all of it"

    async def test_a_client_that_goes_in_the_middle_leaves_nothing(self, friends: Friends) -> None:
        sockets = sockets_of(friends.node)
        before = set(sockets.eio.sockets)
        for _ in range(5):
            async with frames(friends.node.url, open_packet=False):
                pass
        await until(lambda: not set(sockets.eio.sockets) - before)


class TestPolling:
    @pytest.mark.parametrize("count", [17, 256, 300])
    async def test_a_body_may_hold_what_a_client_collected(self, friends: Friends, count: int) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        asked = [f'42/chat,{n}["nothing"]' for n in range(count)]
        assert await polling.post(*asked) == 200
        heard: list[str] = []
        while sum(packet.startswith("43/chat,") for packet in heard) < count:
            status, packets = await polling.poll()
            assert status == 200
            assert len(packets) <= 16, "python's client refuses more"
            heard += packets
        answered = [int(packet[8:].partition("[")[0]) for packet in heard if packet.startswith("43/chat,")]
        assert answered == list(range(count))

    async def test_a_body_that_is_too_large_ends_the_session(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        assert await polling.post_bytes(b"4" * (FRAME_MAX + 1)) == 413
        assert (await polling.poll())[0] == 400

    async def test_a_body_without_a_length_may_not_be_larger_either(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        size = FRAME_MAX + 1
        body = f"{size:x}\r\n".encode() + b"4" * size + b"\r\n0\r\n\r\n"
        assert await polling.post_bytes(body, "Transfer-Encoding: chunked\r\n") == 413

    async def test_a_body_that_is_not_utf8_ends_the_session(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        assert await polling.post_bytes(b"4\xff\xfe") == 400

    async def test_a_body_that_is_cut_off_is_nobody_elses_problem(
        self, friends: Friends, caplog: pytest.LogCaptureFixture
    ) -> None:
        polling = await open_polling(friends.node.url)
        _, writer = await open_line(friends.node.url)
        writer.write(f"POST {polling.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n4".encode())
        await writer.drain()
        for _ in range(10):  # turns of the loop: the server has begun to read
            await asyncio.sleep(0.005)
        writer.transport.abort()
        await _gone(friends, polling.sid)
        assert not [record for record in caplog.records if record.exc_info]

    async def test_two_polls_at_once_end_the_session(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        await polling.post('42/chat,1["chats",{}]')
        await polling.hear_until("43/chat,1")
        polls = await asyncio.gather(polling.poll(), polling.poll())
        assert max(status for status, _ in polls) == 400
        await _gone(friends, polling.sid)

    async def test_two_posts_at_once_end_the_session(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        _, first = await open_line(friends.node.url)
        first.write(f"POST {polling.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n4".encode())
        sockets = sockets_of(friends.node)
        await until(lambda: sockets.eio.sockets[polling.sid]._is_posting)
        status, _, body = await request(friends.node.url, "POST", polling.path, b"3")
        assert (status, json.loads(body)["code"]) == (400, 3)
        first.transport.abort()
        assert (await polling.poll())[0] == 400
        await _gone(friends, polling.sid)

    async def test_posts_one_after_the_other_are_taken_in_order(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        for n in range(20):
            status, _, body = await request(
                friends.node.url, "POST", polling.path, f'42/chat,{n}["chats",{{}}]'.encode()
            )
            assert (status, body) == (200, b"ok")
        await polling.hear_until("43/chat,19")

    @pytest.mark.parametrize("is_half_closed", [False, True])
    async def test_a_line_that_is_lost_under_a_poll_ends_the_session(
        self, friends: Friends, is_half_closed: bool
    ) -> None:
        """What is said next would be lost with the poll; the client hears that it has to connect anew, and syncs."""
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        await polling.post('42/chat,0["chats",{}]')
        await polling.hear_until("43/chat,0")
        _, writer = await open_line(friends.node.url)
        writer.write(f"GET {polling.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        sockets = sockets_of(friends.node)
        await until(lambda: sockets.eio.sockets[polling.sid]._poll is not None)
        if is_half_closed:
            writer.write_eof()
        else:
            writer.transport.abort()
        await _gone(friends, polling.sid)
        status, _, body = await request(friends.node.url, "GET", polling.path)
        assert (status, json.loads(body)["code"]) == (400, 1)
        writer.transport.abort()

    async def test_whose_poll_is_cut_is_offline_within_the_grace(self, friends: Friends) -> None:
        """And not when a ping is missed, 45 seconds later."""
        ann, tom = await sign_in_friends(friends.node)
        polling = await open_polling(friends.node.url)
        await polling.join(ann.token, "/presence")
        tom_phone = await friends.node.connect(tom, "/presence")
        shown = await tom_phone.ask("presence_watch", {"contacts": [ann.number]}, "/presence")
        assert [one["status"] for one in shown["presence"]] == ["online"]
        _, writer = await open_line(friends.node.url)
        writer.write(f"GET {polling.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        sockets = sockets_of(friends.node)
        await until(lambda: sockets.eio.sockets[polling.sid]._poll is not None)
        writer.transport.abort()
        (told,) = await tom_phone.expect("presence", within_s=20)
        assert (told["contact"], told["status"]) == (ann.number, "offline")

    async def test_a_close_packet_answers_the_waiting_poll(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        waiting = asyncio.create_task(_poll_to_the_end(polling.poll))
        assert await polling.post("1") == 200
        await asyncio.wait_for(waiting, 30)
        await _gone(friends, polling.sid)

    async def test_what_follows_a_close_packet_harms_nobody(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        assert await polling.post("1", '42/chat,1["chats",{}]', "9", "40/typing,{}") in (200, 400)
        await _gone(friends, polling.sid)


async def _gone(friends: Friends, sid: str) -> None:
    sockets = sockets_of(friends.node)
    await until(lambda: sid not in sockets.eio.sockets and not sockets.connections.has_namespaces(sid))
