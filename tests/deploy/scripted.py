"""Nodes that answer as a test tells them to, and remember what they were asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.balancers import balancing_by
from tests.support.listening import stop_accepting

BLANK = b"\r\n\r\n"
WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close" + BLANK + b"ok"
REFUSED_BODY = b'{"code":3,"message":"no"}'
REFUSED = b"HTTP/1.1 503 No\r\nContent-Length: 25\r\nRetry-After: 7\r\nConnection: close" + BLANK + REFUSED_BODY
HANGS_UP = b""


@dataclass
class Scripted:
    """A node: it answers `sessions` below /socket.io/, `ready` and `alive` where balancers look, and `rest` elsewhere."""

    sessions: bytes = WELL
    rest: bytes = WELL
    ready: bytes = WELL
    alive: bytes = WELL
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)  # method and path
    looks: int = 0  # at whether it is ready

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(BLANK)
            first, *lines = head.decode().split("\r\n")
            sizes = [int(line[15:]) for line in lines if line.lower().startswith("content-length:")]
            await reader.readexactly(sum(sizes))
            writer.write(self._answer(*first.split()[:2]))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, method: str, path: str) -> bytes:
        if path == "/healthz":
            return self.alive
        if path == "/readyz":
            self.looks += 1
            return self.ready
        self.asked.append((method, path))
        return self.sessions if path.startswith("/socket.io/") else self.rest


@asynccontextmanager
async def running(*nodes: Scripted) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for node in nodes:
            await stack.enter_async_context(listening(node))
        yield


@asynccontextmanager
async def listening(node: Scripted) -> AsyncIterator[None]:
    server = await asyncio.start_server(node.serve, "127.0.0.1", 0)
    node.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield
    finally:
        await stop_accepting(server.sockets)
        server.close()


@asynccontextmanager
async def balanced(name: str, folder: Path, *urls: str, certificate: Path | None = None) -> AsyncIterator[str]:
    """The balancer of this name over three nodes; skips where it is not installed."""
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(balancing_by(name, folder, urls, certificate=certificate))
        except LookupError as missing:
            pytest.skip(str(missing))
        yield url


@asynccontextmanager
async def site_of(name: str, folder: Path, *nodes: Scripted) -> AsyncIterator[str]:
    async with running(*nodes), balanced(name, folder, *(node.url for node in nodes)) as url:
        yield url
