"""A load balancer without memory: each request goes to the next node, whoever sent it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle
from urllib.parse import urlsplit

from tests.support.listening import stop_accepting

PIECE_BYTES = 65536


class Balancer:
    """Reads one request of each connection and answers it by the next node; an upgraded one stays with its node."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._nodes = cycle([(urlsplit(url).hostname or "", urlsplit(url).port or 0) for url in urls])
        self._pumps: set[asyncio.Task[None]] = set()
        self.url = ""

    async def open(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        try:
            await self._pass(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._pumps.discard(task)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
        is_upgrade = any(line.lower().startswith(b"upgrade:") for line in lines)
        lines.append(b"Connection: Upgrade" if is_upgrade else b"Connection: close")
        size = next((int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), 0)
        near, far = await asyncio.open_connection(*next(self._nodes))
        try:
            far.write(b"\r\n".join(lines) + b"\r\n\r\n" + await reader.readexactly(size))
            ways = [asyncio.ensure_future(_pump(near, writer))]
            if is_upgrade:
                ways.append(asyncio.ensure_future(_pump(reader, far)))
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        finally:
            far.close()

    async def close(self) -> None:
        for task in list(self._pumps):
            task.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()


@asynccontextmanager
async def balancing(*urls: str) -> AsyncIterator[str]:
    """The URL of a balancer over these nodes, until the block ends."""
    balancer = Balancer(urls)
    server = await balancer.open()
    try:
        yield balancer.url
    finally:
        await stop_accepting(server.sockets)
        server.close()
        await balancer.close()
