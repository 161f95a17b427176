"""Names that are answered late, or never, hold up nobody but whoever wants a file from there."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from models.documents.session import Actor
from models.errors import RateLimited, Unavailable, UrlRefused
from server.embedded import EmbeddedStores
from server.media.fetcher import HttpFetcher
from tests.support.node import running_node, settings_for

SOON_S = 10.0  # a loaded machine included; a name that is never answered takes longer
A, AAAA = 1, 28
ADDRESSES = {
    "fast": {A: ["127.0.0.1"]},
    "inside": {A: ["10.0.0.1"]},
    "inside6": {AAAA: ["::1"]},
    "both": {A: ["1.1.1.1", "127.0.0.1"]},
    "mapped": {AAAA: ["::ffff:127.0.0.1"]},
}


class Names(asyncio.DatagramProtocol):
    """A name server: `slow….test` is never answered, `fast.test` is this machine."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.asked: list[str] = []
        self.is_asked = asyncio.Event()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        labels, at = [], 12
        while data[at]:
            labels.append(data[at + 1 : at + 1 + data[at]].decode())
            at += data[at] + 1
        question = data[12 : at + 5]
        (kind,) = struct.unpack("!H", data[at + 1 : at + 3])
        self.asked.append(".".join(labels))
        self.is_asked.set()
        if labels[0].startswith("slow"):
            return
        found = ADDRESSES.get(labels[0], {}).get(kind, [])
        family = socket.AF_INET if kind == A else socket.AF_INET6
        packed = [socket.inet_pton(family, address) for address in found]
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(each)) + each for each in packed)
        head = data[:2] + struct.pack("!HHHHH", 0x8180, 1, len(packed), 0, 0)
        self.transport.sendto(head + question + records, addr)


@asynccontextmanager
async def name_server() -> AsyncIterator[tuple[Names, str]]:
    loop = asyncio.get_running_loop()
    transport, names = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    try:
        yield names, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


@pytest.fixture
async def site() -> AsyncIterator[int]:
    """The port of a server that has a file."""

    async def show(_: web.Request) -> web.Response:
        return web.Response(body=b"x", content_type="image/png")

    app = web.Application()
    app.router.add_get("/file", show)
    runner = web.AppRunner(app)
    await runner.setup()
    listener = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listener).start()
    yield listener.getsockname()[1]
    await runner.cleanup()


async def read(fetcher: HttpFetcher, url: str) -> bytes:
    async with fetcher.open(url) as fetched:
        return b"".join([piece async for piece in fetched.content])


async def until_asked(names: Names, count: int, start: str = "slow") -> None:
    async with asyncio.timeout(30):
        while len({name for name in names.asked if name.startswith(start)}) < count:
            names.is_asked.clear()
            await names.is_asked.wait()


async def test_the_threads_that_all_lookups_share_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def getaddrinfo(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        raise OSError("not here")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    fetcher = HttpFetcher(timeout_s=10, max_redirects=1)
    with pytest.raises(UrlRefused):
        await read(fetcher, "http://localhost/")
    assert asked == []


async def test_a_name_that_is_never_answered_holds_up_no_other(site: int) -> None:
    async with name_server() as (names, address):
        fetcher = HttpFetcher(timeout_s=60, max_redirects=1, allow_private_addresses=True, nameservers=[address])
        slow = [asyncio.create_task(read(fetcher, f"http://slow{number}.test/")) for number in range(40)]
        await until_asked(names, 40)
        async with asyncio.timeout(SOON_S):
            assert await read(fetcher, f"http://fast.test:{site}/file") == b"x"
            assert await asyncio.get_running_loop().getaddrinfo("localhost", 80)
        assert not any(task.done() for task in slow)
        for task in slow:
            task.cancel()
        await asyncio.gather(*slow, return_exceptions=True)
        await fetcher.close()


@pytest.mark.parametrize("name", ["inside", "inside6", "both", "mapped", "fast"])
async def test_a_name_that_leads_in_here_is_refused_whatever_else_it_is(name: str, site: int) -> None:
    async with name_server() as (_, address):
        fetcher = HttpFetcher(timeout_s=10, max_redirects=1, nameservers=[address])
        with pytest.raises(UrlRefused) as refused:
            await read(fetcher, f"http://{name}.test:{site}/file")
        assert refused.value.message == UrlRefused.text
        await fetcher.close()


async def test_one_account_waits_for_few_files_at_a_time_and_others_do_not_notice(
    stores: EmbeddedStores, tmp_path: Path, site: int
) -> None:
    async with name_server() as (names, address):
        media = {"nameservers": [address], "fetches_per_account": 2, "allow_private_addresses": True}
        async with running_node(stores, settings_for(tmp_path, media=media)) as node:
            ann, tom = await node.sign_in("4930908911"), await node.sign_in("4930908912")
            await node.befriend(ann, tom)

            async def ask(path: str, url: str, **fields: str) -> tuple[int, Any]:
                return await node.rest("POST", path, ann, json={"url": url, **fields})

            photo, video = "/api/account/profile-photo/", "/api/messages/send-video/"
            waiting = [
                asyncio.create_task(ask(photo, "http://slow1.test/")),
                asyncio.create_task(ask(video, "http://slow2.test/a.mp4", contact=tom.number)),
            ]
            await until_asked(names, 2)
            async with asyncio.timeout(SOON_S):
                for path in (photo, video):
                    status, shown = await ask(path, "http://slow3.test/a.mp4", contact=tom.number)
                    assert (status, shown["code"]) == (429, "rate_limited")
                status, _ = await node.rest("POST", photo, tom, json={"url": f"http://fast.test:{site}/file"})
                assert status == 400  # it was fetched, and is no picture
                await node.sign_in("4930908913")
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)


def test_all_accounts_together_fetch_so_many_at_a_time() -> None:
    from models.services.media.fetching import LimitFetches

    def actor(account_id: int) -> Actor:
        return Actor(account_id, str(account_id), "session")

    limit = LimitFetches(per_account=2, at_once=3)
    with limit.one_for(actor(1)), limit.one_for(actor(1)):
        with pytest.raises(RateLimited), limit.one_for(actor(1)):
            pass
        with limit.one_for(actor(2)), pytest.raises(Unavailable), limit.one_for(actor(3)):
            pass
    with limit.one_for(actor(3)), limit.one_for(actor(3)):
        pass
