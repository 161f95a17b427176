"""`rediss+sentinel://`: TLS to the sentinels and to the primary, and nothing is said to whoever cannot be trusted."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from server.config import ConfigError, RedisSettings
from server.embedded.binaries import REDIS, find_binary
from server.embedded.ports import LOOPBACK, choose_port
from server.process.store_checks import require_redis
from server.redis_client.client import open_redis
from tests.support.certified import certified
from tests.support.listening import stop_accepting
from tests.support.sentinels import NAME, PASSWORD, SENTINEL_PASSWORD, Server

HELLO = b"\x16"  # what TLS begins with, and no command does


@dataclass
class Door:
    """In front of a server that speaks no TLS, as the embedded one does not: takes it off, and lets the plain pass too."""

    inside: int
    context: ssl.SSLContext
    port: int = 0
    secure: int = 0  # connections by TLS that came to an agreement
    plain: int = 0

    async def meet(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        first = await source.read(1)
        is_secure = first == HELLO
        self.plain += not is_secure
        await _join(source, sink, self._within if is_secure else self.inside, first)

    async def agree(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        self.secure += 1
        await _join(source, sink, self.inside)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Door"]:
        within = await asyncio.start_server(self.agree, LOOPBACK, 0, ssl=self.context)
        self._within: int = within.sockets[0].getsockname()[1]
        self.port = choose_port()
        outside = await asyncio.start_server(self.meet, LOOPBACK, self.port)
        try:
            yield self
        finally:
            for server in (outside, within):
                await stop_accepting(server.sockets)
                server.close()


async def _join(source: asyncio.StreamReader, sink: asyncio.StreamWriter, port: int, first: bytes = b"") -> None:
    answers, server = await asyncio.open_connection(LOOPBACK, port)
    server.write(first)
    await asyncio.gather(_pass(source, server), _pass(answers, sink))


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            sink.write(data)
    except OSError:
        pass
    finally:
        sink.transport.abort()


@asynccontextmanager
async def started(server: Server, *options: str) -> AsyncIterator[Server]:
    try:
        await server.start(*options)
        yield server
    finally:
        await server.kill()
        await server.redis.aclose()


async def test_both_are_spoken_to_by_tls_and_only_where_their_certificate_is_trusted(tmp_path: Path) -> None:
    binary, context = (await asyncio.to_thread(find_binary, REDIS, "")).path, certified(tmp_path)
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(started(Server(tmp_path / "primary", binary, ['save ""'], PASSWORD)))
        to_primary = await stack.enter_async_context(Door(primary.port, context).open())
        watch = [f"sentinel monitor {NAME} {LOOPBACK} {to_primary.port} 1", f'sentinel auth-pass {NAME} "{PASSWORD}"']
        sentinel = Server(tmp_path / "sentinel", binary, watch, SENTINEL_PASSWORD)
        await stack.enter_async_context(started(sentinel, "--sentinel"))
        to_sentinel = await stack.enter_async_context(Door(sentinel.port, context).open())
        url = f"rediss+sentinel://:{quote(PASSWORD)}@{LOOPBACK}:{to_sentinel.port}/{NAME}/2"
        url += f"?sentinel_password={quote(SENTINEL_PASSWORD)}"
        async with aclosing(await open_redis(f"{url}&ssl_ca_certs={tmp_path / 'ca.pem'}", timeout_s=10)) as redis:
            await redis.set("key", "value")
        assert "db2" in await primary.redis.info("keyspace")
        assert to_sentinel.secure
        assert to_primary.secure
        assert not to_sentinel.plain
        with pytest.raises(ConfigError, match="certificate verify failed"):
            await require_redis(RedisSettings(url=url, timeout_s=10))
