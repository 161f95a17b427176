"""RFC 6455 on the line that is taken over from aiohttp, byte by byte: what is read, what ends the connection, and with which code."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from handlers.wire.sockets.largest import largest_message
from server.config import ChatSettings
from tests.support.raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frames, frames, open_line, open_polling
from tests.support.socket_fixture import Friends, sockets_of, until

ASK = b'42/chat,1["chats",{}]'
MASKED = 0x80
MESSAGE_MAX = largest_message(ChatSettings().text_max_chars)


@pytest.fixture
async def socket(friends: Friends) -> AsyncIterator[Frames]:
    async with frames(friends.node.url) as opened:
        await opened.join(friends.ann.token)
        yield opened


def masked(first: int, payload: bytes, *, size: bytes | None = None, mask: bytes = b"\x01\x02\x03\x04") -> bytes:
    """A client's frame with any first byte, and any claim about its size."""
    length = size if size is not None else bytes([MASKED | len(payload)])
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([first]) + length + mask + body


async def close_code(socket: Frames, data: bytes) -> int | None:
    socket.writer.write(data)
    return await socket.ended()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(bytes([0x81, len(ASK)]) + ASK, 1002, id="a frame without a mask"),
        pytest.param(masked(0xC1, ASK), 1002, id="a reserved bit, as compression would set it"),
        pytest.param(masked(0xA1, ASK), 1002, id="the second reserved bit"),
        pytest.param(masked(0x91, ASK), 1002, id="the third reserved bit"),
        pytest.param(masked(0x83, b""), 1002, id="a reserved opcode"),
        pytest.param(masked(0x8B, b""), 1002, id="a reserved control opcode"),
        pytest.param(masked(0x09, b""), 1002, id="a ping in fragments"),
        pytest.param(masked(0x89, b"x" * 126, size=b"\xfe\x00\x7e"), 1002, id="a ping of 126 bytes"),
        pytest.param(masked(0x08, b""), 1002, id="a close frame in fragments"),
        pytest.param(masked(0x80, b"x"), 1002, id="a continuation of nothing"),
        pytest.param(masked(0x01, b"42") + masked(0x81, b"x"), 1002, id="a text inside of a text"),
        pytest.param(masked(0x01, b"42") + masked(0x82, b"x"), 1002, id="bytes inside of a text"),
        pytest.param(masked(0x81, b"\xc3\x28"), 1007, id="a text that is no UTF-8"),
        pytest.param(masked(0x01, b"4\xf0\x9f") + masked(0x80, b"(\xa9"), 1007, id="no UTF-8 in fragments"),
        pytest.param(masked(0x81, b"4\xed\xa0\x80"), 1007, id="half a surrogate pair"),
        pytest.param(masked(0x81, b"", size=b"\xff" + struct.pack("!Q", 2**62)), 1009, id="4 exabytes to come"),
        pytest.param(masked(0x81, b"", size=b"\xff" + b"\xff" * 8), 1009, id="more bytes than there are"),
        pytest.param(masked(0x88, b"x"), 1002, id="a close frame with half a code"),
        pytest.param(masked(0x88, struct.pack("!H", 1005)), 1002, id="a close code that is never sent"),
        pytest.param(masked(0x88, struct.pack("!H", 999)), 1002, id="a close code below all"),
        pytest.param(masked(0x88, struct.pack("!H", 5000)), 1002, id="a close code above all"),
        pytest.param(masked(0x88, struct.pack("!H", 1000) + b"\xff"), 1007, id="a close frame that is not UTF-8"),
    ],
)
async def test_a_frame_against_the_rules_ends_the_connection(
    friends: Friends, socket: Frames, data: bytes, code: int
) -> None:
    assert await close_code(socket, data) == code
    await friends.still_talk()


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
async def test_a_goodbye_is_returned(socket: Frames, code: int) -> None:
    assert await close_code(socket, masked(0x88, struct.pack("!H", code) + "bis später".encode())) == code


async def test_a_goodbye_without_a_code_is_returned_without_one(socket: Frames) -> None:
    assert await close_code(socket, masked(0x88, b"")) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(masked(0x88, b"x"), id="half a code"),
        pytest.param(masked(0x88, b"x" * 126, size=b"\xfe\x00\x7e"), id="126 bytes"),
        pytest.param(masked(0x08, struct.pack("!H", 1000)), id="in fragments"),
        pytest.param(masked(0x88, struct.pack("!H", 1000) + b"\xce\xba\xed\xa0\x80"), id="no UTF-8"),
        *[
            pytest.param(masked(0x88, struct.pack("!H", code)), id=str(code))
            for code in (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535)
        ],
    ],
)
async def test_nobody_waits_for_a_second_goodbye(socket: Frames, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """A client that has sent a close frame sends no more, however wrong the first one was."""
    monkeypatch.setattr("server.sockets.frames.CLOSE_WITHIN_S", 600.0)
    socket.writer.write(data)
    opcode = TEXT
    async with asyncio.timeout(30):
        while opcode != CLOSE:
            opcode, said = await socket.read_frame()
        assert struct.unpack_from("!H", said)[0] in (1002, 1007)
        assert await socket.reader.read() == b""


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param((b"4\xff",), id="the first"),
        pytest.param((b"42", b"\xc3", b"\x28"), id="the third"),
        pytest.param((b"4\xf0\x9f", b"\x98\x80", b"\xed\xa0\x80"), id="half a surrogate pair"),
        pytest.param((b"4", b"\xf4\x90"), id="beyond the last character"),
    ],
)
async def test_a_text_ends_the_connection_with_the_first_fragment_that_is_no_utf8(
    socket: Frames, pieces: tuple[bytes, ...]
) -> None:
    for number, piece in enumerate(pieces):
        await socket.frame(CONTINUATION if number else TEXT, piece, is_final=False)
    assert await socket.ended() == 1007


async def test_a_character_may_be_cut_by_a_fragment(socket: Frames) -> None:
    ask = '42/chat,1["chats",{"x":"😀ü"}]'.encode()
    for place in range(len(ask)):
        await socket.frame(CONTINUATION if place else TEXT, ask[place : place + 1], is_final=place == len(ask) - 1)
    assert '"ok":true' in await socket.hear_until("43/chat,1")


async def test_what_follows_a_goodbye_is_not_heard(friends: Friends, socket: Frames) -> None:
    body = f'{{"contact":"{friends.tom.number}","client_id":"behind a goodbye","text":"x"}}'
    event = f'42/chat,1["message_send",{body}]'.encode()
    size = b"\xfe" + struct.pack("!H", len(event))
    assert await close_code(socket, masked(0x88, struct.pack("!H", 1000)) + masked(0x81, event, size=size)) == 1000
    await friends.still_talk()
    told = [each["message"]["client_id"] for each in friends.tom_phone.told("message_created")]
    assert "behind a goodbye" not in told


async def test_the_line_ends_though_the_client_never_says_goodbye(friends: Friends, socket: Frames) -> None:
    await socket.frame(TEXT, b"9")
    opcode = TEXT
    while opcode != CLOSE:
        opcode, _ = await socket.read_frame()
    assert await socket.reader.read() == b"", "cut off after a while"
    await friends.still_talk()


async def test_a_message_may_come_byte_by_byte(socket: Frames) -> None:
    for byte in masked(0x81, ASK):
        socket.writer.write(bytes([byte]))
        await socket.writer.drain()
        await asyncio.sleep(0)
    assert '"ok":true' in await socket.hear_until("43/chat,1")


async def test_many_messages_may_come_at_once(socket: Frames) -> None:
    asks = [f'42/chat,{n}["chats",{{}}]'.encode() for n in range(100)]
    socket.writer.write(b"".join(masked(0x81, ask) for ask in asks))
    answers = [await socket.hear_until("43/chat,") for _ in range(100)]
    numbers = sorted(int(answer.removeprefix("43/chat,").partition("[")[0]) for answer in answers)
    assert numbers == list(range(100))  # each once; what only reads is answered when it is read


@pytest.mark.parametrize("size", [125, 126, 127, 65_535, 65_536, MESSAGE_MAX])
async def test_a_message_of_any_permitted_size_is_read(socket: Frames, size: int) -> None:
    start, end = b'42/chat,1["chats",{"x":"', b'"}]'
    await socket.frame(TEXT, start + b"x" * (size - len(start) - len(end)) + end)
    assert '"ok":true' in await socket.hear_until("43/chat,1")


async def test_one_byte_more_is_too_much(socket: Frames) -> None:
    await socket.frame(TEXT, b"4" + b"x" * MESSAGE_MAX)
    assert await socket.ended() == 1009


async def test_fragments_are_counted_together(socket: Frames) -> None:
    await socket.frame(TEXT, b"4" * MESSAGE_MAX, is_final=False)
    await socket.frame(CONTINUATION, b"x")
    assert await socket.ended() == 1009


async def test_empty_fragments_cost_nothing(socket: Frames) -> None:
    await socket.frame(TEXT, ASK[:5], is_final=False)
    socket.writer.write(masked(0x00, b"") * 5000)
    await socket.frame(CONTINUATION, ASK[5:])
    assert '"ok":true' in await socket.hear_until("43/chat,1")


async def test_a_ping_is_answered_with_what_it_says(socket: Frames) -> None:
    for said in (b"", b"x" * 125):
        await socket.frame(PING, said)
        while (frame := await socket.read_frame())[0] != PONG:
            pass
        assert frame == (PONG, said)


async def test_pings_of_a_client_that_reads_nothing_pile_up_nowhere(friends: Friends) -> None:
    sockets = sockets_of(friends.node)
    before = set(sockets.eio.sockets)
    async with frames(friends.node.url, limit=1024) as deaf:
        (sid,) = set(sockets.eio.sockets) - before
        line = sockets.eio.sockets[sid].frames
        assert line is not None
        deaf.writer.transport.pause_reading()
        flood = masked(0x89, b"x" * 125) * 200
        async with asyncio.timeout(20):
            while line.is_writable:
                deaf.writer.write(flood)
                await asyncio.sleep(0)
        deaf.writer.write(flood * 20)
        await asyncio.sleep(0)
    await until(lambda: sid not in sockets.eio.sockets)
    await friends.still_talk()


async def test_bytes_behind_the_handshake_are_heard(friends: Friends) -> None:
    """A client need not wait for the 101 before it speaks."""
    reader, writer = await open_line(friends.node.url)
    try:
        writer.write(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: WebSocket\r\n"
            b"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n" + masked(0x89, b"first") + masked(0x81, b"42")[:3]
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer, "the example of the RFC"
        socket = Frames(reader, writer)
        while (frame := await socket.read_frame())[0] != PONG:
            pass
        assert frame == (PONG, b"first")
    finally:
        writer.transport.abort()


class TestUpgrade:
    """From polling to a WebSocket: probe, answer, the poll ends, and only then the move."""

    async def test_it_moves_with_what_was_queued(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        await polling.post('42/chat,0["chats",{}]')
        await polling.hear_until("43/chat,0")
        waiting = asyncio.create_task(polling.poll())
        async with frames(friends.node.url, sid=polling.sid) as socket:
            await socket.say("2probe")
            assert await socket.hear() == "3probe"
            assert await waiting == (200, ["6"])
            assert await polling.poll() == (200, ["6"]), "what is queued from now on is for the WebSocket"
            assert await polling.post('42/chat,1["chats",{}]') == 200
            await socket.say("5")
            assert '"ok":true' in await socket.hear_until("43/chat,1")
            assert (await polling.poll())[0] == 400

    @pytest.mark.parametrize("said", ["3probe", "2", "2prob", "5", "4", '40/chat,{"token":"x"}', ""])
    async def test_another_beginning_is_closed_and_polling_goes_on(self, friends: Friends, said: str) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        async with frames(friends.node.url, sid=polling.sid) as socket:
            await socket.say(said)
            assert await socket.ended() == 1000
        await polling.post('42/chat,1["chats",{}]')
        await polling.hear_until("43/chat,1")

    async def test_a_noop_on_the_way_changes_nothing(self, friends: Friends) -> None:
        """The official Swift client posts one behind the answer to its probe."""
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        async with frames(friends.node.url, sid=polling.sid) as socket:
            await socket.say("6")
            await socket.say("2probe")
            assert await socket.hear() == "3probe"
            assert await polling.post("6") == 200
            await socket.say("6")
            assert await polling.poll() == (200, ["6"])
            await socket.say("5")
            await socket.say("6")
            await socket.say('42/chat,1["chats",{}]')
            assert '"ok":true' in await socket.hear_until("43/chat,1")

    async def test_a_probe_that_breaks_off_leaves_the_session_as_it_was(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        async with frames(friends.node.url, sid=polling.sid) as socket:
            await socket.say("2probe")
            assert await socket.hear() == "3probe"
        sockets = sockets_of(friends.node)
        await until(lambda: not sockets.eio.sockets[polling.sid].upgrading)
        await polling.post('42/chat,1["chats",{}]')
        await polling.hear_until("43/chat,1")

    async def test_one_probe_at_a_time(self, friends: Friends) -> None:
        polling = await open_polling(friends.node.url)
        await polling.join(friends.ann.token)
        async with (
            frames(friends.node.url, sid=polling.sid) as first,
            frames(friends.node.url, sid=polling.sid) as second,
        ):
            await first.say("2probe")
            assert await first.hear() == "3probe"
            await second.say("2probe")
            assert await second.ended() == 1000
            await first.say("5")
            await polling_ended(friends, polling.sid)
            await first.say('42/chat,1["chats",{}]')
            assert '"ok":true' in await first.hear_until("43/chat,1")


async def polling_ended(friends: Friends, sid: str) -> None:
    await until(lambda: sockets_of(friends.node).eio.sockets[sid].upgraded)


async def test_bytes_are_heard_as_bytes(socket: Frames) -> None:
    """Binary events: their attachments are messages of their own, and here they belong to none."""
    await socket.say('451-/chat,7["nothing",{"_placeholder":true,"num":0}]')
    await socket.frame(BINARY, b"\x00", is_final=False)
    await socket.frame(CONTINUATION, b"\xff")
    assert '"code":"unknown_event"' in await socket.hear_until("43/chat,7")
