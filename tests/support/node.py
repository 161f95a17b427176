"""A whole node in this process: the real application on a real port, over the run's own MongoDB and Redis."""

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import socketio
from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from typing_extensions import override

from handlers.rest.events.auth import AuthRoutes
from models.documents.phone import Phone
from models.services.accounts.sign_in import VerifyPin
from server.config import Settings
from server.embedded import EmbeddedStores
from server.http.unreadable import Runner
from server.wiring import build
from tests.support.documented import watch
from tests.support.listening import stop_accepting
from tests.support.plans import no_scans
from tests.support.stores import pool

NAMESPACES = ("/chat", "/typing", "/presence", "/receipts", "/events")


@dataclass
class Person:
    """Somebody who signed in: a number, an account id and the token of one session."""

    number: str
    account_id: int
    token: str


@dataclass
class Node:
    """A running node; `stop` and another `running_node` on the same settings is a restart."""

    url: str
    settings: Settings
    http: aiohttp.ClientSession
    runner: web.AppRunner
    listener: socket.socket | None = None  # of a node in this process
    clients: list[socketio.AsyncClient] = field(default_factory=list)
    verify: VerifyPin | None = None  # of a node in this process; takes any code

    async def sign_in(self, number: str) -> Person:
        """Sign in a number (digits) as after its code, without the requests for that where the node is in this process."""
        if self.verify is None:
            return await self.sign_in_by_code(number)
        signed_in = await self.verify(Phone.from_text("+" + number), "", SERVER_SOFTWARE, "127.0.0.1")
        return Person(number, signed_in.account.id, signed_in.token)

    async def sign_in_by_code(self, number: str) -> Person:
        """Prove a number (digits) by the code of the outbox, as a person would."""
        phone = "+" + number
        async with self.http.post(f"{self.url}/auth", json={"phone_number": phone}) as answer:
            assert answer.status == 204, await answer.text()
        proof = {"phone_number": phone, "pin": self.read_code(phone)}
        async with self.http.post(f"{self.url}/auth/verify_pin", json=proof) as answer:
            assert answer.status == 200, await answer.text()
            user = await answer.json()
        return Person(number, user["id"], user["auth_token"])

    def read_code(self, phone: str) -> str:
        """The code that was sent to a number last."""
        lines = (self.settings.data_dir / self.settings.sms.outbox).read_text().splitlines()
        code: str = next(
            sent["code"] for sent in map(json.loads, reversed(lines)) if sent["to"] == phone and sent["code"]
        )
        return code

    async def rest(self, method: str, path: str, person: Person, **options: Any) -> tuple[int, Any]:
        """Status and JSON of an answer; None for an empty one."""
        headers = {"Authorization": f"Bearer {person.token}", **options.pop("headers", {})}
        async with self.http.request(method, self.url + path, headers=headers, **options) as answer:
            body = await answer.read()
            return answer.status, json.loads(body) if body else None

    async def befriend(self, *people: Person) -> None:
        """Everybody has everybody as a contact."""
        for one in people:
            book = [{"contact_id": other.number} for other in people if other is not one]
            status, shown = await self.rest("POST", "/api/contacts/import-contacts/", one, json={"contacts": book})
            assert status == 200, shown

    async def connect(
        self,
        person: Person,
        *namespaces: str,
        transports: tuple[str, ...] = ("websocket",),
        listener: Callable[[str, Any], None] | None = None,
        **auth: object,
    ) -> "Device":
        """Connect a device to these namespaces (all of them if none is named) with python-socketio's client.

        `listener` hears (event, body) as they come, besides what the device remembers.
        """
        client = socketio.AsyncClient(reconnection=False)
        device = Device(client, person, listener=listener)
        client.on("*", device.hear, namespace="*")
        await client.connect(
            self.url,
            namespaces=list(namespaces or NAMESPACES),
            auth={"token": person.token, **auth},
            transports=list(transports),
            wait_timeout=30,
        )
        self.clients.append(client)
        return device

    async def stop(self) -> None:
        for client in self.clients:
            await client.disconnect()
        self.clients.clear()
        await self.go()
        await self.http.close()

    async def go(self) -> None:
        """Go as at SIGTERM; a second time it does nothing."""
        if self.listener is not None and self.listener.fileno() >= 0:
            await stop_accepting([self.listener])
        await self.runner.cleanup()


@dataclass
class Device:
    """A connected client that remembers what it was told: (namespace, event, body), in order."""

    client: socketio.AsyncClient
    person: Person
    heard: list[tuple[str, str, Any]] = field(default_factory=list)
    waiting: list[Any] = field(default_factory=list)
    listener: Callable[[str, Any], None] | None = None

    async def hear(self, event: str, namespace: str, *args: Any) -> None:
        self.heard.append((namespace, event, args[0] if args else None))
        for wake in self.waiting:
            wake.set()
        if self.listener is not None:
            self.listener(event, args[0] if args else None)

    async def ask(self, event: str, body: Mapping[str, Any] | None = None, namespace: str = "/chat") -> dict[str, Any]:
        """The acknowledgement of one request."""
        answer: dict[str, Any] = await self.client.call(event, dict(body or {}), namespace=namespace, timeout=30)
        return answer

    async def expect(self, event: str, count: int = 1, *, within_s: float = 30.0) -> list[Any]:
        """The bodies of the first `count` events of this name, waiting until they are there."""
        await self.until(lambda: len(self.told(event)) >= count, within_s=within_s)
        return self.told(event)[:count]

    async def until(self, is_so: Callable[[], bool], *, within_s: float = 30.0) -> None:
        """Wait until something holds, looking again at each event; TimeoutError says what was heard instead."""
        wake = asyncio.Event()
        self.waiting.append(wake)
        try:
            async with asyncio.timeout(within_s):
                while not is_so():
                    wake.clear()
                    await wake.wait()
        except TimeoutError:
            raise TimeoutError(f"heard only {self.heard}") from None
        finally:
            self.waiting.remove(wake)

    def told(self, event: str) -> list[Any]:
        """The bodies of the events of this name so far."""
        return [body for _, name, body in self.heard if name == event]


class CompiledTemplates(BytecodeCache):
    """What one node compiled, for the nodes after it: to compile the pages' templates is a third of what a start costs."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    @override
    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    @override
    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


async def _believe(*_: object, **__: object) -> None:
    """Whoever signs in has the number."""


def _trusting(app: web.Application) -> VerifyPin:
    """Returns how a node signs people in, but for the code."""
    routes = (
        route for route in app.router.routes() if route.resource and route.resource.canonical == "/auth/verify_pin"
    )
    doors: AuthRoutes = next(routes).handler.__self__  # type: ignore[attr-defined] # a method
    return replace(doors.verify_pin, prove=_believe)  # type: ignore[arg-type]


def settings_for(folder: Path, **sections: Mapping[str, Any]) -> Settings:
    """Settings of a test node: a database of its own, codes to the outbox, no rate limits unless a test wants them.

    A node believes what it remembers for longer than a test waits, so that the look-up which is to mend a lost signal later
    does not mend it here.
    """
    values: dict[str, Any] = {
        "link_previews": {"enabled": False},  # no test asks a site on the Internet
        "data_dir": folder,
        "mongodb": {"database": pool.take_for_node()},
        "redis": {"prefix": f"test_{secrets.token_hex(8)}"},
        "sms": {"provider": "outbox"},
        "limits": {"enabled": False},
        "nodes": {"cache_ttl_s": 300},
    }
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section}
    return Settings(**values)


@asynccontextmanager
async def running_node(
    stores: EmbeddedStores, settings: Settings, *, port: int = 0, place: socket.socket | None = None
) -> AsyncIterator[Node]:
    """The application until the block ends, on a free port, or on `port`, or at `place`, which listens before and after.

    One that is to come back at the same port takes one of `choose_port`, which no outgoing connection is given meanwhile.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(pool.used(settings.mongodb.database))
        await stack.enter_async_context(no_scans(stores.mongodb_url, settings.mongodb.database))
        with pool.starting(stores.mongodb_url, settings.mongodb.database):
            app = await build(settings, stores.mongodb_url, stores.redis_url)
        watch(app)
        runner = Runner(app, access_log=None, shutdown_timeout=2.0)
        await runner.setup()
        listener = place.dup() if place is not None else socket.create_server(("127.0.0.1", port))
        stack.callback(listener.close)
        await web.SockSite(runner, listener).start()
        port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        node = Node(url, settings, aiohttp.ClientSession(), runner, listener, verify=_trusting(app))
        stack.push_async_callback(node.stop)
        yield node
