"""Nodes as processes of their own, for the tests that kill them; and who connects to them over a bare wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.servers import SECRET, Person, Server, running_server
from benchmarks.wire import Wire, connected
from models.documents.phone import Phone
from models.services.accounts.sessions import StartSession
from models.stores.accounts import Accounts
from models.stores.counters import Counters
from models.stores.sessions import Sessions
from server.auth.tokens import JwtTokens
from server.clock import SystemClock
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
    accounts: Accounts
    start_session: StartSession

    async def sign_in(self, number: str) -> Person:
        """Somebody with a session as after the code, put into the database past the nodes, to whom the number must be news."""
        account = await self.accounts.find_or_create(Phone.from_text("+" + number), self.start_session.clock.now())
        account = await self.accounts.change(account.id, {"is_registered": True})
        signed_in = await self.start_session(account, "a test")
        return Person(number, account.id, signed_in.token)

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
        listener = Listener(person, wire)
        told.append(listener)
        for name, body in early:
            listener.told(name, body)
        if is_greeted:
            await listener.expect("ready")
        return listener


@asynccontextmanager
async def running_cluster(stores: EmbeddedStores, folder: Path, size: int, **settings: str) -> AsyncIterator[Cluster]:
    """Servers with their names in `settings` as the environment has them, on a database of their own."""
    name, clock = pool.take(), SystemClock()
    named = {"PARLEY_MONGODB__DATABASE": name}
    nodes = [Server(folder / str(n), stores.mongodb_url, stores.redis_url, named | settings) for n in range(size)]
    async with AsyncExitStack() as stack:
        # One after the other for the first start: what they create in the database, they create once.
        for node in nodes:
            await stack.enter_async_context(running_server(node))
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        database = await stack.enter_async_context(pool.opened(stores.mongodb_url, name))
        start_session = StartSession(Sessions(database), JwtTokens(SECRET, clock), clock, timedelta(days=1))
        wires = await stack.enter_async_context(AsyncExitStack())
        yield Cluster(http, nodes, wires, Accounts(database, Counters(database)), start_session)
