"""A wire between the driver and MongoDB that can be cut after a request went through and before its answer comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.listening import stop_accepting


class LineCutter:
    """Passes everything on; while `cuts` is above 0, the answer to each insert is swallowed and its connection cut.

    Once `is_dead`, as `is_last_cut` makes it at the last of these, nobody gets through any more.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.cuts = 0
        self.is_last_cut = self.is_dead = False

    async def serve(self, source: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._pass(source, client)
        finally:
            client.transport.abort()
            self._tasks.discard(task)

    async def _pass(self, source: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self.is_dead:
            return
        answers, server = await asyncio.open_connection("127.0.0.1", self._to)
        is_cut = False

        async def back() -> None:
            while data := await answers.read(65536):
                if is_cut or self.is_dead:
                    break
                client.write(data)
            client.transport.abort()

        returning = asyncio.create_task(back())
        try:
            with suppress(ConnectionError):
                while data := await source.read(65536):
                    if self.cuts and b"\x02insert\x00" in data:
                        self.cuts -= 1
                        is_cut = True
                        self.is_dead = self.is_last_cut and not self.cuts
                    elif self.is_dead:
                        break
                    server.write(data)
        finally:
            server.transport.abort()
            await asyncio.gather(returning, return_exceptions=True)

    async def close(self) -> None:
        """End what is still passed on."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def line_cutter(port: int) -> AsyncIterator[LineCutter]:
    """A cutter on a free port before the server on `port`."""
    cutter = LineCutter(port)
    server = await asyncio.start_server(cutter.serve, "127.0.0.1", 0)
    cutter.port = server.sockets[0].getsockname()[1]
    try:
        yield cutter
    finally:
        await stop_accepting(server.sockets)
        server.close()
        await cutter.close()
