"""One TCP forwarder as a program: `python forwarder.py PORT TO_PORT [PORT TO_PORT …]`, until its standard input ends.

It knows nothing and is told nothing: who stops it has stalled the line, who kills it has cut it (links.py).
"""

import asyncio
import sys
from functools import partial
from typing import cast

from typing_extensions import override

HOST = "127.0.0.1"


class _Side(asyncio.Protocol):
    """One end of a line: what it hears goes to the other end, no faster than that end takes it."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: asyncio.Transport | None = None
        self._early: list[bytes] = []

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    @override
    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.write(data)
        else:
            self._early.append(data)

    def join(self, other: asyncio.Transport) -> None:
        """Forward to this writer from now on, first what has come already."""
        self.other = other
        other.writelines(self._early)
        self._early.clear()

    @override
    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.pause_reading()

    @override
    def resume_writing(self) -> None:
        if self.other is not None and not self.other.is_closing():
            self.other.resume_reading()

    @override
    def connection_lost(self, error: Exception | None) -> None:
        if self.other is not None:
            self.other.abort()


class _Caller(_Side):
    """The connection to the target, which this end opens."""

    def __init__(self, to_port: int) -> None:
        super().__init__()
        self._to_port = to_port
        self._joining: asyncio.Task[None] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._joining = asyncio.create_task(self._join(cast("asyncio.Transport", transport)), name="join")

    async def _join(self, transport: asyncio.Transport) -> None:
        try:
            answering, far = await asyncio.get_running_loop().create_connection(_Side, HOST, self._to_port)
        except OSError:
            transport.abort()
            return
        if transport.is_closing():
            answering.abort()
            return
        far.join(transport)
        self.join(answering)


async def main(*ports: int) -> None:
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(partial(_Caller, to_port), HOST, port)
        for port, to_port in zip(ports[::2], ports[1::2], strict=True)
    ]
    print("ready", flush=True)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)  # nobody writes there: readable means ended
    await ended.wait()
    for server in servers:
        server.close()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(*map(int, sys.argv[1:])))
