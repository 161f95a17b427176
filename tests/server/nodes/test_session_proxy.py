"""What is passed on arrives whole or not at all, and a node that is gone or stalls is answered for."""

import asyncio
import gzip
import json
import secrets
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from handlers.wire.sockets.largest import largest_message
from server.nodes.internal_server import HEADER
from tests.server.nodes.conftest import Pair
from tests.server.test_metrics import read_metric
from tests.support.node import Node
from tests.support.raw import CLOSE, QUERY, Polling, frames, open_line, request
from tests.support.socket_fixture import sockets_of, until

UNKNOWN = (400, {"code": 1, "message": "Session ID unknown"})
CRLF = b"\r\n"
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"


async def ask(url: str, sid: str) -> tuple[int, object]:
    """The answer to a poll, and what it says."""
    status, _, body = await request(url, "GET", f"{QUERY}polling&sid={sid}")
    return status, json.loads(body)


@asynccontextmanager
async def fake_owner(pair: Pair, answer: bytes | None, asked: list[bytes] | None = None) -> AsyncIterator[str]:
    """A node that takes every request, notes it in `asked`, and answers this, or nothing at all; the id of a session on it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(CRLF * 2)
        if asked is not None:
            asked.append(head)
        if answer is not None:
            writer.write(answer)
            writer.close()
            return
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    name = secrets.token_hex(8)
    async with server:
        await pair.addresses.keep(name, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", 60)
        yield f"{name}.session"
    await pair.addresses.forget(name)


@pytest.mark.parametrize("upgrade", [False, True], ids=["polling", "upgraded"])
async def test_an_answer_may_be_longer_than_any_request(pair: Pair, upgrade: bool) -> None:
    session = await pair.session_far_away()
    phone = await pair.near.connect(pair.ann, "/chat")
    text = "x" * 16_384
    for n in range(10):
        body = {"contact": pair.tom.number, "client_id": f"{upgrade}{n}", "text": text}
        chat = (await phone.ask("message_send", body))["message"]["chat"]
    ask_history = '42/chat,7["history",' + json.dumps({"chat": chat, "limit": 200}) + "]"
    if not upgrade:
        assert await session.post(ask_history) == 200
        answer = (await session.hear_until("43/chat,7"))[-1]
    else:
        await session.hear_until('42/chat,["message_created"')
        async with frames(pair.near.url, sid=session.sid, limit=2**20) as socket:
            await socket.say("2probe")
            assert await socket.hear() == "3probe"
            await socket.say("5")
            await socket.say(ask_history)
            answer = await socket.hear_until("43/chat,7")
    assert len(answer) > 2**17


@pytest.mark.parametrize("upgrade", [False, True], ids=["polling", "upgraded"])
async def test_a_burst_waits_on_its_way_and_keeps_its_order(pair: Pair, upgrade: bool) -> None:
    session = await pair.session_far_away()
    body = {"contact": pair.tom.number, "text": "x" * 200}
    burst = [
        f'42/chat,{n}["message_send",{json.dumps({**body, "client_id": f"burst-{upgrade}-{n}"})}]' for n in range(500)
    ]
    heard: list[str] = []
    if upgrade:
        async with frames(pair.near.url, sid=session.sid, limit=2**20) as socket:
            await socket.say("2probe")
            assert await socket.hear() == "3probe"
            await socket.say("5")
            for packet in burst:
                await socket.say(packet)
            heard = [await socket.hear_until("43/chat,") for _ in burst]
    else:
        posting = asyncio.ensure_future(session.post(*burst))
        while len(heard) < len(burst):
            heard += [each for each in await session.hear_until("43/chat,") if each.startswith("43/chat,")]
        assert await posting == 200
    seqs = [json.loads(each.partition("[")[2].removesuffix("]"))["message"]["seq"] for each in heard]
    assert seqs == list(range(seqs[0], seqs[0] + len(burst)))


async def test_a_websocket_ends_with_the_words_of_the_node_that_ends_it(pair: Pair) -> None:
    ends = []
    for node in (pair.near, pair.far):
        session = await pair.session_far_away()
        async with frames(node.url, sid=session.sid) as socket:
            await socket.say("2probe")
            assert await socket.hear() == "3probe"
            await socket.say("5")
            await socket.say("no packet")
            async with asyncio.timeout(30):
                opcode, data = await socket.read_frame()
                while opcode != CLOSE:
                    opcode, data = await socket.read_frame()
            ends.append(data)
    assert ends == [struct.pack("!H", 1002) + b"a packet could not be read"] * 2


@pytest.mark.parametrize("is_half_closed", [False, True])
async def test_a_line_that_is_lost_under_a_poll_ends_the_session_far_away(pair: Pair, is_half_closed: bool) -> None:
    session = await pair.session_far_away()
    await session.post('42/chat,0["chats",{}]')
    await session.hear_until("43/chat,0")
    _, writer = await open_line(pair.near.url)
    writer.write(f"GET {session.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    held = sockets_of(pair.far).eio.sockets
    await until(lambda: held[session.sid]._poll is not None)
    if is_half_closed:
        writer.write_eof()
    else:
        writer.transport.abort()
    await until(lambda: session.sid not in held)
    assert await ask(pair.near.url, session.sid) == UNKNOWN
    writer.transport.abort()


async def test_two_posts_at_once_end_a_session_far_away(pair: Pair) -> None:
    session = await pair.session_far_away()
    _, writer = await open_line(pair.near.url)
    writer.write(f"POST {session.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n4".encode())
    held = sockets_of(pair.far).eio.sockets
    await until(lambda: held[session.sid]._is_posting)
    assert await session.post("3") == 400
    assert await ask(pair.near.url, session.sid) == UNKNOWN
    writer.transport.abort()


@pytest.mark.parametrize("query", ["transport=polling", "EIO=3&transport=polling"])
async def test_another_version_is_refused_far_away_too(pair: Pair, query: str) -> None:
    session = await pair.session_far_away()
    for node in (pair.near, pair.far):
        status, _, body = await request(node.url, "GET", f"/socket.io/?{query}&sid={session.sid}")
        assert (status, json.loads(body)["code"]) == (400, 3)


@pytest.mark.parametrize("version", ["", "99"])
async def test_another_version_of_websocket_does_not_reach_the_other_node(pair: Pair, version: str) -> None:
    session = await pair.session_far_away()
    headers = UPGRADE.replace("Version: 13", f"Version: {version}")
    for node in (pair.near, pair.far):
        path = f"{QUERY}websocket&sid={session.sid}"
        status, shown, _ = await request(node.url, "GET", path, headers=headers)
        assert (status, shown["sec-websocket-version"]) == (426, "13")
    assert await session.post("3") == 200


async def test_a_compressed_body_arrives(pair: Pair) -> None:
    session = await pair.session_far_away()
    packets = gzip.compress(b'42/chat,8["chats",{}]')
    assert await session.post_bytes(packets, "Content-Encoding: gzip\r\n") == 200
    await session.hear_until("43/chat,8")


async def test_a_body_without_a_length_arrives(pair: Pair) -> None:
    session = await pair.session_far_away()
    packets = b'42/chat,9["chats",{}]'
    chunked = f"{len(packets):x}".encode() + CRLF + packets + CRLF + b"0" + CRLF * 2
    assert await session.post_bytes(chunked, "Transfer-Encoding: chunked\r\n") == 200
    await session.hear_until("43/chat,9")


@pytest.mark.parametrize("coding", ["", "gzip"])
async def test_a_body_that_is_too_long_is_refused_as_by_its_own_node(pair: Pair, coding: str) -> None:
    body = b"4" * (largest_message(pair.near.settings.chat.text_max_chars) + 1)
    headers = f"Content-Encoding: {coding}\r\n" if coding else ""
    if coding:
        body = gzip.compress(body * 10)
    answers = []
    for node in (pair.near, pair.far):
        session = await pair.session_far_away()
        answers.append(await Polling(node.url, session.sid).post_bytes(body, headers))
    assert answers == [413, 413]
    assert (await pair.session_far_away()).sid  # the line between the nodes is not out of step


async def test_who_plays_a_node_is_a_client_like_others(pair: Pair) -> None:
    """A proof that a client invents is not taken for this node's own."""
    session = await pair.session_far_away()
    for name in (HEADER, HEADER.lower()):
        headers = f"{name}: 1 00\r\n"
        assert await session.post_bytes(b"3", headers) == 200


@pytest.mark.parametrize("rest", ["x", "a%2Fb", "a%41%E4", "%20%0d%0a", "x&EIO=4&sid=again", "x#y", "a+b'\"<>|\\^`{}"])
async def test_an_id_is_unknown_however_it_is_written(pair: Pair, rest: str) -> None:
    """Also one that names a node which lives: what is signed there is what was sent."""
    node = (await pair.session_far_away()).sid.partition(".")[0]
    assert await ask(pair.near.url, f"{node}.{rest}") == UNKNOWN
    assert await ask(pair.far.url, f"{node}.{rest}") == UNKNOWN


@pytest.mark.parametrize("byte", [b"\xff", b"\xc3\xa9", b"\x80"])
async def test_an_id_in_bytes_that_are_no_text_is_no_fault_of_the_server(pair: Pair, byte: bytes) -> None:
    node = (await pair.session_far_away()).sid.partition(".")[0]
    for asked in (pair.near, pair.far):
        reader, writer = await open_line(asked.url)
        path = f"{QUERY}polling&sid={node}.".encode() + byte
        writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).split()[1] == b"400"
        writer.transport.abort()


async def test_a_proxy_that_offers_an_upgrade_with_everything_changes_nothing(pair: Pair) -> None:
    session = await pair.session_far_away()
    assert await session.post_bytes(b"3", "Upgrade: websocket\r\nConnection: Upgrade\r\n") == 200


@pytest.mark.parametrize("headers", ["", UPGRADE], ids=["polling", "websocket"])
async def test_another_program_at_the_address_of_a_node_that_is_gone_is_no_node(pair: Pair, headers: str) -> None:
    async with fake_owner(pair, b"-ERR unknown command" + CRLF) as sid:
        status, _, body = await request(pair.near.url, "GET", f"{QUERY}polling&sid={sid}", headers=headers)
        assert (status, json.loads(body)) == UNKNOWN


async def test_half_an_answer_is_not_followed_by_a_second_one(pair: Pair) -> None:
    async with fake_owner(pair, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf") as sid:
        status, headers, body = await request(pair.near.url, "GET", f"{QUERY}polling&sid={sid}")
    assert (status, headers["content-length"], body) == (200, "100", b"half")


async def test_a_node_that_hangs_up_is_answered_for(pair: Pair) -> None:
    async with fake_owner(pair, b"") as sid:
        assert await ask(pair.near.url, sid) == UNKNOWN


@pytest.mark.parametrize("headers", ["", UPGRADE], ids=["polling", "websocket"])
async def test_a_node_that_hangs_up_is_asked_once(pair: Pair, headers: str) -> None:
    """What its answer held is lost with it: the client has to hear of that, and to sync."""
    asked: list[bytes] = []
    async with fake_owner(pair, b"", asked) as sid:
        await request(pair.near.url, "GET", f"{QUERY}polling&sid={sid}", headers=headers)
    assert len(asked) == 1


async def test_a_node_that_takes_nothing_from_this_one_is_answered_for(pair: Pair) -> None:
    async with fake_owner(pair, b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n") as sid:
        assert await ask(pair.near.url, sid) == UNKNOWN


async def until_under_way(node: Node, count: int) -> None:
    async with asyncio.timeout(30):
        while await read_metric(node, "parley_passed_on_requests") != count:  # noqa: ASYNC110 (nobody announces it)
            await asyncio.sleep(0.01)


async def test_more_at_once_than_the_settings_allow_are_told_to_come_back(pair: Pair) -> None:
    refused = await read_metric(pair.near, "parley_passed_on_refused_total")
    async with fake_owner(pair, None) as sid:
        stuck = [asyncio.create_task(ask(pair.near.url, sid)) for _ in range(2)]
        await until_under_way(pair.near, 2)
        origin = "Origin: https://a.example\r\n"
        status, headers, _ = await request(pair.near.url, "GET", f"{QUERY}polling&sid={sid}", headers=origin)
        assert (status, headers["retry-after"]) == (503, "1")
        assert headers["access-control-allow-origin"] == "https://a.example", "or a page would not be told"
        assert await read_metric(pair.near, "parley_passed_on_refused_total") == refused + 1
        await pair.addresses.forget(sid.partition(".")[0])
        # Who waits for a node that says nothing is let go once its lease has ended.
        assert await asyncio.gather(*stuck) == [UNKNOWN, UNKNOWN]
    await until_under_way(pair.near, 0)


async def test_what_went_round_is_counted(pair: Pair) -> None:
    session = await pair.session_far_away()
    before = await read_metric(pair.near, "parley_passed_on_total")
    assert await session.post("3") == 200
    assert await read_metric(pair.near, "parley_passed_on_total") == before + 1


async def test_the_owner_of_a_session_is_told_the_id_of_the_request(pair: Pair) -> None:
    asked: list[bytes] = []
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n6"
    async with fake_owner(pair, answer, asked) as sid:
        path = f"{QUERY}polling&sid={sid}"
        _, shown, _ = await request(pair.near.url, "GET", path, headers="X-Request-Id: abc-1\r\n")
        _, own, _ = await request(pair.near.url, "GET", path)
    assert shown["x-request-id"] == "abc-1"
    named = [
        line.partition(b": ")[2].decode()
        for head in asked
        for line in head.split(CRLF)
        if line[:13].lower() == b"x-request-id:"
    ]
    assert named == ["abc-1", own["x-request-id"]]
