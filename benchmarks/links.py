"""Forwards the connections from one node to its stores, and can cut them (refused) or stall them (silence)."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from server.embedded import EmbeddedStores
from server.embedded.ports import choose_port

FORWARDER = Path(__file__).with_name("forwarder.py")
READY_WITHIN_S = 30.0


@dataclass
class Link:
    """A forwarder in a process of its own: stopped, it holds back all that passes; killed, it breaks every connection."""

    to_port: int
    port: int = field(default_factory=choose_port)
    others: Mapping[int, int] = field(default_factory=dict)  # more ports of this line -> where they lead
    _process: Process | None = None

    async def open(self) -> None:
        """Let everything pass, on the same port as before."""
        pairs = [(self.port, self.to_port), *self.others.items()]
        command = [sys.executable, str(FORWARDER), *(str(port) for pair in pairs for port in pair)]
        self._process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert self._process.stdout is not None
        async with asyncio.timeout(READY_WITHIN_S):
            assert await self._process.stdout.readline(), "the forwarder does not start"

    async def cut(self) -> None:
        """Break all connections, and refuse new ones until it is opened again."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def stall(self) -> None:
        """Hold back what passes, in both directions; nobody is told."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let everything pass again, first what was held back."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, number)


@dataclass(frozen=True, slots=True)
class Lines:
    """One node's lines to MongoDB and to Redis."""

    mongodb: Link
    redis: Link
    mongodb_url: str
    redis_url: str


@asynccontextmanager
async def open_lines(stores: EmbeddedStores) -> AsyncIterator[Lines]:
    mongodb, redis = urlsplit(stores.mongodb_url), urlsplit(stores.redis_url)
    assert stores.mongod is not None
    assert mongodb.port is not None
    assert redis.port is not None
    to_mongodb, to_redis = Link(mongodb.port), Link(redis.port)
    async with AsyncExitStack() as stack:
        for link in (to_mongodb, to_redis):
            stack.push_async_callback(link.cut)
            await link.open()
        yield Lines(
            to_mongodb,
            to_redis,
            # Nothing else than directly: a member of a replica set names its own address, which leads past the line.
            stores.mongod.url_by(to_mongodb.port),
            redis._replace(netloc=f"{redis.netloc.rpartition(':')[0]}:{to_redis.port}").geturl(),
        )
