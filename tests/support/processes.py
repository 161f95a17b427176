"""Nodes as processes of their own, for the tests that kill them; and who connects to them over a bare wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.servers import Person, Server, running_server
from benchmarks.wire import Wire, connected
from server.embedded import EmbeddedStores
from tests.support.stores import pool

EVENTS = frozenset({"ready", "message_created", "chat_changed", "resync"})


@dataclass
class Listener:
    """A connected device that remembers what it was told, in order."""

    person: Person
    wire: Wire
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def told(self, name: str, body: dict[str, Any]) -> None:
        self.heard.append((name, body))
        self.more.set()

    def seqs(self, chat: int) -> list[int]:
        """The seqs of the messages of a chat, in the order told."""
        messages = [body["message"] for name, body in self.heard if name == "message_created"]
        return [message["seq"] for message in messages if message["chat"] == chat]

    async def expect(self, name: str, count: int = 1, within_s: float = 30.0) -> None:
        try:
            async with asyncio.timeout(within_s):
                while sum(told == name for told, _ in self.heard) < count:
                    self.more.clear()
                    await self.more.wait()
        except TimeoutError:
            raise TimeoutError(f"waited for {count} times {name!r}: heard only {self.heard}") from None

    async def send(self, body: dict[str, Any]) -> dict[str, Any]:
        return await self.wire.call("message_send", body)


@dataclass
class Cluster:
    """Nodes over one MongoDB and one Redis."""

    http: aiohttp.ClientSession
    nodes: list[Server]
    stack: AsyncExitStack

    async def connect(self, node: Server, person: Person, *, is_greeted: bool = True) -> Listener:
        """A device that hears everything from now on; without a database nobody is greeted, so that is not waited for."""
        told: list[Listener] = []
        early: list[tuple[str, dict[str, Any]]] = []

        def tell(name: str, body: dict[str, Any]) -> None:
            if told:
                told[0].told(name, body)
            else:
                early.append((name, body))

        wire = await self.stack.enter_async_context(connected(self.http, node.url, person.token, tell, EVENTS))
        ear = Listener(person, wire)
        told.append(ear)
        for name, body in early:
            ear.told(name, body)
        if is_greeted:
            await ear.expect("ready")
        return ear


@asynccontextmanager
async def running_cluster(stores: EmbeddedStores, folder: Path, size: int, **settings: str) -> AsyncIterator[Cluster]:
    """Servers with their names in `settings` as the environment has them, on a database of their own."""
    database = {"PARLEY_MONGODB__DATABASE": pool.take()}
    nodes = [Server(folder / str(n), stores.mongodb_url, stores.redis_url, database | settings) for n in range(size)]
    async with AsyncExitStack() as stack:
        # One after the other for the first start: what they create in the database, they create once.
        for node in nodes:
            await stack.enter_async_context(running_server(node))
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        wires = await stack.enter_async_context(AsyncExitStack())
        yield Cluster(http, nodes, wires)
