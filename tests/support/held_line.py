"""A wire between a browser and a server that stops in the middle of what is sent, breaks, and comes back."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.listening import stop_accepting

BUFFER_BYTES = 65536  # a large one would take a whole file before the browser notices that nobody reads


class HeldLine:
    """Passes everything on, until it is told otherwise."""

    def __init__(self, to_port: int) -> None:
        self._to = to_port
        self._tasks: set[asyncio.Task[None]] = set()
        self._may_send = asyncio.Event()
        self._may_answer = asyncio.Event()
        self._is_cut = False
        self.held_after_bytes: int | None = None  # of one connection; what goes further waits for `release`
        self.sent_bytes = 0
        self.url = ""
        self.release()

    def hold(self, after_bytes: int) -> None:
        """Pass on so many bytes of each connection from the browser, and no more."""
        self.held_after_bytes = after_bytes
        self._may_send.clear()

    def hold_answers(self) -> None:
        self._may_answer.clear()

    def release(self) -> None:
        self.held_after_bytes = None
        self._may_send.set()
        self._may_answer.set()

    def cut(self) -> None:
        """Break every connection, and take no other until `mend`."""
        self._is_cut = True
        for task in list(self._tasks):
            task.cancel()

    def mend(self) -> None:
        self._is_cut = False

    async def serve(self, source: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if not self._is_cut:
                await self._pass(source, client)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            client.transport.abort()
            self._tasks.discard(task)

    async def _pass(self, source: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        answers, server = await asyncio.open_connection("127.0.0.1", self._to)

        async def back() -> None:
            with suppress(ConnectionError):
                while data := await answers.read(BUFFER_BYTES):
                    await self._may_answer.wait()
                    client.write(data)
                    await client.drain()
            client.transport.abort()

        returning = asyncio.create_task(back())
        sent = 0
        try:
            while data := await source.read(BUFFER_BYTES):
                if self.held_after_bytes is not None and sent >= self.held_after_bytes:
                    await self._may_send.wait()
                server.write(data)
                await server.drain()
                sent += len(data)
                self.sent_bytes += len(data)
        finally:
            server.transport.abort()
            returning.cancel()
            await asyncio.gather(returning, return_exceptions=True)

    async def close(self) -> None:
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def held_line(port: int) -> AsyncIterator[HeldLine]:
    """A line on a free port before the server on `port`."""
    line = HeldLine(port)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    server = await asyncio.start_server(line.serve, sock=listener, limit=BUFFER_BYTES)
    line.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield line
    finally:
        await stop_accepting(server.sockets)
        server.close()
        await line.close()
