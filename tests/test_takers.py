"""Clients that take and never give: half a request, a socket that is not read, an answer that is not taken. Each has an end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from server.embedded import EmbeddedStores
from server.http.lines_per_address import LinesPerAddress, lines_of
from server.http.stalls import BodyTooSlow, UntakenWrites, require_progress
from tests.support.node import Node, running_node, settings_for
from tests.support.raw import QUERY, frames, open_line, open_polling, request
from tests.support.socket_fixture import Friends, friends_on_a_node, sockets_of, until

SOON_S = 20.0  # a loaded machine included; the settings below say one second
TEXT = "x" * 8000
QUICK = {"ping_interval_s": 0.5, "ping_timeout_s": 1.0}


@asynccontextmanager
async def node_with(stores: EmbeddedStores, folder: Path, **sections: Any) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(folder, **sections)) as node:
        yield node


async def blind(say: Callable[[], Any]) -> None:
    """Answer pings that were never read."""
    while True:
        await asyncio.sleep(0.2)
        await say()


async def write_to(friends: Friends, first: int, count: int) -> None:
    for n in range(first, first + count):
        body = {"contact": friends.tom.number, "client_id": f"taker-{n}", "text": TEXT}
        assert (await friends.ann_phone.ask("message_send", body))["ok"]


@pytest.fixture
async def friends(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Friends]:
    async with friends_on_a_node(stores, settings_for(tmp_path, sockets=QUICK)) as fixture:
        yield fixture


async def test_a_socket_that_reads_nothing_is_ended_although_it_answers_pings(friends: Friends) -> None:
    sockets = sockets_of(friends.node)
    before = set(sockets.eio.sockets)
    async with frames(friends.node.url, limit=1024) as taker:
        taker.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await taker.join(friends.tom.token)
        (sid,) = set(sockets.eio.sockets) - before
        taker.writer.transport.pause_reading()
        answering = asyncio.create_task(blind(lambda: taker.say("3")))
        written = 0
        while sid in sockets.eio.sockets and sockets.eio.sockets[sid].frames.is_writable and written < 1500:
            await write_to(friends, written, 20)  # until the kernel takes no more for it
            written += 20
        assert written < 1500
        await until(lambda: sid not in sockets.eio.sockets, SOON_S)
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
    await friends.still_talk()


async def test_a_polling_client_is_ended_that_answers_pings_and_never_polls(friends: Friends) -> None:
    sockets = sockets_of(friends.node)
    polling = await open_polling(friends.node.url)
    await polling.join(friends.tom.token)
    answering = asyncio.create_task(blind(lambda: polling.post("3")))
    await write_to(friends, 0, 3)
    await until(lambda: polling.sid not in sockets.eio.sockets, SOON_S)
    answering.cancel()
    await asyncio.gather(answering, return_exceptions=True)
    await friends.still_talk()


async def test_a_polling_client_that_polls_and_answers_stays(friends: Friends) -> None:
    polling = await open_polling(friends.node.url)
    await polling.join(friends.tom.token)
    for _ in range(6):
        await polling.hear_until("2")
    assert polling.sid in sockets_of(friends.node).eio.sockets


async def test_an_account_has_so_many_sockets_and_the_next_is_told(stores: EmbeddedStores, tmp_path: Path) -> None:
    limits = {"enabled": True, "sockets_per_account": 3, "connects_per_minute": 10_000}
    async with node_with(stores, tmp_path, limits=limits) as node, AsyncExitStack() as stack:
        ann, tom = await node.sign_in("4930908931"), await node.sign_in("4930908932")
        held = [await stack.enter_async_context(frames(node.url)) for _ in range(4)]
        for each in held[:3]:
            await each.join(ann.token)
        await held[3].say("40/chat," + json.dumps({"token": ann.token}))
        refusal = json.loads((await held[3].hear_until("44/chat,")).removeprefix("44/chat,"))
        assert refusal["data"]["code"] == "too_many_sockets"
        assert refusal["data"]["retryable"] is True
        assert refusal["data"]["retry_after_ms"] > 0
        await held[3].join(tom.token)
        held[0].writer.transport.abort()
        await until(lambda: len(sockets_of(node).eio.sockets) == 3)
        again = await stack.enter_async_context(frames(node.url))
        await again.join(ann.token)


def test_what_waits_for_all_sockets_of_an_account_is_bounded_and_who_reads_is_not_the_one_to_go() -> None:
    from server.sockets.send_queue import Allowance, EncodedPacket, SendQueue

    allowance = Allowance(100)
    reader, takers = SendQueue(10, 1000), [SendQueue(10, 1000) for _ in range(3)]
    for each in (reader, *takers):
        each.share(allowance)
    for each in takers:
        each.put(EncodedPacket("x" * 40))
    assert [each.is_full for each in takers] == [True] * 3
    assert not reader.is_full
    takers[0].release()
    assert not takers[1].is_full
    takers[1].take(1)
    takers[2].clear()
    assert allowance.chars == 0


async def test_half_a_head_is_not_waited_for(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with node_with(stores, tmp_path, http={"idle_s": 1}) as node:
        lines = [await open_line(node.url) for _ in range(3)]
        lines[1][1].write(b"GET /healthz HT")
        lines[2][1].write(b"POST /auth HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        async with asyncio.timeout(SOON_S):
            for reader, _ in lines:
                assert await reader.read() == b""
        for _, writer in lines:
            writer.transport.abort()


async def test_a_head_that_comes_a_byte_at_a_time_is_not_waited_for(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with node_with(stores, tmp_path, http={"idle_s": 1}) as node:
        reader, writer = await open_line(node.url)
        writer.write(b"GET /healthz HTTP/1.1\r\nX: ")
        ended = asyncio.create_task(reader.read())
        async with asyncio.timeout(SOON_S):
            while not ended.done():
                writer.write(b"x")
                await asyncio.wait([ended], timeout=0.1)
        writer.transport.abort()
        assert not ended.result().startswith(b"HTTP/1.1 2")


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("path", ["/auth", "/api/account/profile-photo/", "/api/messages/send-video/"])
async def test_half_a_body_ends_with_408(stores: EmbeddedStores, tmp_path: Path, kind: str, path: str) -> None:
    async with node_with(stores, tmp_path, http={"stalled_s": 1}) as node:
        ann = await node.sign_in("4930908933")
        reader, writer = await open_line(node.url)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: 5000\r\nAuthorization: Bearer {ann.token}"
        begun = b'--x\r\nContent-Disposition: form-data; name="filename"; filename="a.mp4"\r\n\r\nabc'
        writer.write(head.encode() + b"\r\n\r\n" + begun)
        async with asyncio.timeout(SOON_S):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 408"), answer
        if path.startswith("/api"):
            assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request_timeout"
        writer.transport.abort()


async def test_a_slow_upload_that_goes_on_is_taken(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with node_with(stores, tmp_path, http={"stalled_s": 1, "least_bytes_per_s": 100}) as node:
        ann, tom = await node.sign_in("4930908934"), await node.sign_in("4930908935")
        await node.befriend(ann, tom)

        async def body() -> AsyncIterator[bytes]:
            for name, value in (("contact", tom.number), ("client_id", "slow")):
                yield f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            yield b'--x\r\nContent-Disposition: form-data; name="filename"; filename="a.mp4"\r\n\r\n'
            for _ in range(20):
                yield b"x" * 200
                await asyncio.sleep(0.2)
            yield b"\r\n--x--\r\n"

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        path, token = "/api/messages/send-video/", {"Authorization": f"Bearer {ann.token}"}
        async with node.http.post(node.url + path, data=body(), headers=headers | token) as answer:
            assert answer.status == 200, await answer.text()


async def test_an_answer_that_is_not_taken_ends_its_line(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with node_with(stores, tmp_path, http={"stalled_s": 1}) as node:
        reader, writer = await open_line(node.url, limit=1024)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        writer.transport.pause_reading()
        writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        assert node.runner.server is not None
        ours = writer.get_extra_info("sockname")[1]

        def is_there() -> bool:
            return any(each.peername and each.peername[1] == ours for each in node.runner.server.connections)

        await until(is_there)
        await until(lambda: not is_there(), SOON_S)
        writer.transport.abort()
        assert (await request(node.url, "GET", "/healthz"))[0] == 200


def test_lines_that_say_nothing_are_counted_by_address_too_and_the_newest_go() -> None:
    class Line:
        def __init__(self, address: str) -> None:
            self.peername = (address, 1)
            self.is_closed = False

        def force_close(self) -> None:
            self.is_closed = True

    addresses = (
        "203.0.113.7",
        "127.0.0.1",
        "::1",
        "10.0.0.1",
        "2001:db8::1",
        "2001:db8::2",
        "2001:db8:0:1::1",
        "203.0.113.8",
    )
    lines = [Line(address) for _ in range(3) for address in addresses]
    LinesPerAddress(2, ["10.0.0.0/8"]).close_excess(lines)
    assert [line.is_closed for line in lines[:8]] == [False] * 8
    assert [line.is_closed for line in lines[8:16]] == [False, False, False, False, True, True, False, False]
    assert [line.is_closed for line in lines[16:]] == [True, False, False, False, True, True, True, True]


async def test_a_line_that_says_nothing_is_among_those_that_are_looked_at() -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        _, writer = await open_line(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await until(lambda: len(lines_of(runner)) == 1, SOON_S)
        assert lines_of(runner)[0].peername == writer.get_extra_info("sockname")
        writer.transport.abort()
    finally:
        await runner.cleanup()
    assert not lines_of(runner)


async def test_the_answers_on_one_line_are_watched_by_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A balancer keeps a line for days: with one for each request it would hold millions."""
    begun: list[UntakenWrites] = []
    monkeypatch.setattr(UntakenWrites, "start", lambda each: begun.append(each))
    watch = require_progress(stalled_s=60, least_bytes_per_s=1, sockets="/socket")
    transport = create_autospec(asyncio.Transport, instance=True)

    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    for path in ("/socket?transport=websocket", "/", "/", "/socket?transport=polling"):
        await watch(make_mocked_request("GET", path, transport=transport), answer)
        assert len(begun) == (path != "/socket?transport=websocket")
    await watch(make_mocked_request("GET", "/", transport=create_autospec(asyncio.Transport, instance=True)), answer)
    assert len(begun) == 2


@pytest.mark.parametrize(("size", "looks"), [(99, 1), (100, 2)])
async def test_a_body_that_brings_the_least_is_waited_for_once_more(size: int, looks: int) -> None:
    watch = require_progress(stalled_s=0.05, least_bytes_per_s=2000, sockets="/socket")
    transport = create_autospec(asyncio.Transport, instance=True)
    body = StreamReader(create_autospec(BaseProtocol, instance=True), 1024, loop=asyncio.get_running_loop())
    body.feed_data(b"x" * size)

    async def read(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    with pytest.raises(BodyTooSlow):
        await watch(make_mocked_request("POST", "/", payload=body, transport=transport), read)
    assert transport.is_reading.call_count == looks


async def test_an_address_has_so_many_lines_and_ipv6_counts_by_64(stores: EmbeddedStores, tmp_path: Path) -> None:
    limits = {"enabled": True, "lines_per_address": 3, "requests_per_s": 1000, "requests_burst": 1000}
    async with node_with(stores, tmp_path, limits=limits, http={"trusted_proxies": ["127.0.0.1"]}) as node:

        def of(address: str) -> str:
            return f"X-Forwarded-For: {address}\r\n"

        def is_free() -> bool:
            return sum(each._line_key != "" for each in sockets_of(node).eio.sockets.values() if each.frames) < 3

        for mine, neighbour, other in (
            ("203.0.113.7", "203.0.113.7", "203.0.113.8"),
            ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"),
        ):
            async with AsyncExitStack() as stack:
                held = [await stack.enter_async_context(frames(node.url, headers=of(mine))) for _ in range(3)]
                for path in (QUERY + "polling", "/healthz"):
                    status, headers, _ = await request(node.url, "GET", path, headers=of(neighbour))
                    assert status == 429
                    assert int(headers["retry-after"]) >= 1
                    assert path == "/healthz" or "origin" in headers["vary"].lower()
                    assert (await request(node.url, "GET", path, headers=of(other)))[0] == 200
                    assert (await request(node.url, "GET", path))[0] == 200, "a proxy that names nobody is not counted"
                held[0].writer.transport.abort()
                await until(is_free)
                assert (await request(node.url, "GET", "/healthz", headers=of(neighbour)))[0] == 200
