"""The base of all namespaces: authenticates connections, answers every request, and lets no client's packet harm another.

`trigger_event` is called for `connect` only. Requests of clients go to `answer` instead (server/sockets/server.py), so an event that a
client names `connect` is just an unknown event.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from random import random
from typing import Any, ClassVar, Protocol

import socketio

from handlers.errors import show_for_sockets
from handlers.sockets.client import ClientConnection
from handlers.wire.fields import find_number
from models.documents.session import Actor
from models.errors import (
    AccountNotRegistered,
    DomainError,
    Malformed,
    TooManySockets,
    Unauthenticated,
    Unavailable,
    UnknownEvent,
    WrongAccount,
)
from models.services.runtime.token_bucket import TokenBuckets

log = logging.getLogger(__name__)

Body = Mapping[str, Any]
Answer = Mapping[str, object]
Reply = Callable[[Answer], None]
SOCKETS_AGAIN_MS = 60_000  # by then sockets whose clients vanished have timed out
READY_AGAIN_S, READY_AGAIN_LAST_S = 1.0, 10.0
NOT_EVENTS = frozenset({"connect", "disconnect"})


class ConnectionRegistry(Protocol):
    """Keeps connections for the fan-out; implemented by the server."""

    async def register(self, namespace: str, connection: str, actor: Actor) -> None:
        """Address packets for this account to this connection. When this returns, packets from other nodes arrive too."""
        ...

    def is_here(self, connection: str) -> bool:
        """Whether the connection's socket is open; it may have closed while the client was authenticated."""
        ...


@dataclass(frozen=True, slots=True)
class NamespaceContext:
    """The parts that all namespaces share, to admit clients and to bound their requests."""

    authenticate: Callable[[str, str | None], Awaitable[Actor]]  # takes a token, and the number of an account or None
    registry: ConnectionRegistry
    requests: TokenBuckets
    connects: TokenBuckets
    refusal_of: Callable[[Exception, str], DomainError]  # logs a fault, and returns the refusal that clients see
    count: Callable[[str], None]  # called with the code of each refusal
    sockets_per_account: int = 0  # in one namespace; 0 for any number


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer for later: `show` makes it of the future's result."""

    future: "asyncio.Future[Any]"
    show: Callable[[Any], Answer]


class BaseNamespace(socketio.AsyncNamespace):
    """Answers each request by a method `on_<event>(client, body)`, and acknowledges it with `{"ok": true, …}`.

    A refusal is acknowledged with `{"ok": false, "error": {…}}`, and so are an unknown event, a body that is no object, and a fault of
    the server. All methods whose names begin with `on_` are requests, so hooks are called otherwise: `joined`, `left`.
    """

    name: ClassVar[str]

    def __init__(self, context: NamespaceContext) -> None:
        super().__init__(self.name)
        self._context = context
        self._clients: dict[str, ClientConnection] = {}
        self._held: Counter[int] = Counter()  # clients of each account
        self._requests = {
            attribute.removeprefix("on_"): getattr(self, attribute)
            for attribute in dir(self)
            if attribute.startswith("on_") and attribute.removeprefix("on_") not in NOT_EVENTS
        }

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Admit a connection (event `connect`, by the server); other events are ignored. Raises ConnectionRefusedError."""
        if event == "connect":
            await self._admit(args[0], args[2] if len(args) > 2 else None)

    def leave(self, connection: str, *, is_revoked: bool = False) -> None:
        """Forget a connection that is gone or was disconnected.

        With `is_revoked`, requests that wait for their turn are refused; those of a client that left by itself are still carried out.
        """
        client = self._clients.pop(connection, None)
        if client is not None:
            client.is_revoked = is_revoked
            self._let_go(client.actor.account_id)
            self.left(client)

    def _hold(self, account_id: int) -> None:
        """Count one more socket of an account. Raises TooManySockets."""
        if self._context.sockets_per_account and self._held[account_id] >= self._context.sockets_per_account:
            raise TooManySockets(retry_after_ms=SOCKETS_AGAIN_MS)
        self._held[account_id] += 1

    def _let_go(self, account_id: int) -> None:
        self._held[account_id] -= 1
        if not self._held[account_id]:
            del self._held[account_id]

    async def _admit(self, connection: str, credentials: object) -> None:
        try:
            token = _read_token(credentials)
            actor = await self._authenticate(token, credentials)
            self._context.connects.take(actor.account_id)
            if await self.wait_for_admission(connection):
                # The session may have been revoked meanwhile, and no sweep could find it. Nothing is awaited from here to
                # `ConnectionRegistry.register`, so a later revocation finds the connection there.
                actor = await self._authenticate(token, credentials)
            self._hold(actor.account_id)
        except DomainError as refusal:
            self._context.count(refusal.code)
            raise refused(refusal) from None
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer)
            fault = self._context.refusal_of(error, f"a connection to {self.name}")
            self._context.count(fault.code)
            raise refused(fault) from None
        self._clients[connection] = ClientConnection(connection, actor, token)

    async def wait_for_admission(self, connection: str) -> bool:  # noqa: ARG002
        """Wait for admission where joining is expensive. Returns whether time has passed. Raises a refusal if the wait would be too long."""
        return False

    async def _authenticate(self, token: str, credentials: object) -> Actor:
        account = credentials.get("account") if isinstance(credentials, dict) else None
        number = find_number(account)
        if number is None and account is not None:
            raise WrongAccount
        return await self._context.authenticate(token, number)

    async def join(self, connection: str) -> None:
        """Register a connection for the fan-out after its CONNECT was answered, and call `joined` until it succeeds."""
        client = self._clients.get(connection)
        if client is not None:
            await self._context.registry.register(self.name, connection, client.actor)
            wait_s = READY_AGAIN_S
            while not await self._try_to_join(connection, client):
                await asyncio.sleep(wait_s * (0.5 + random() / 2))  # noqa: S311 (or a crowd would retry in step)
                wait_s = min(2 * wait_s, READY_AGAIN_LAST_S)

    async def _try_to_join(self, connection: str, client: ClientConnection) -> bool:
        """Call `joined` once. Returns False if it failed and must be tried again, because a client without `ready` waits for ever."""
        try:
            # Again, because waiting and retries take time.
            await self._context.authenticate(client.token, client.actor.number)
            if self._clients.get(connection) is client:  # or it left meanwhile
                await self.joined(client)
        except (Unauthenticated, WrongAccount, AccountNotRegistered):
            await self.disconnect(connection)
        except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
            self._context.refusal_of(error, f"the welcome of a connection to {self.name}")
            return self._clients.get(connection) is not client
        return True

    async def joined(self, client: ClientConnection) -> None:
        """A client has joined: send it what this namespace begins with. May be called again after it failed."""

    def left(self, client: ClientConnection) -> None:
        """A client has left: release what this namespace holds for it."""

    def answer(self, connection: str, event: object, args: list[Any], reply: Reply) -> Coroutine[Any, Any, None] | None:
        """Answer one request with one call of `reply`: now, or when a future is done, or by the coroutine that is returned.

        Never raises. A request that waits for nothing, or for one future, costs no task.
        """
        client = self._clients.get(connection)
        try:
            if client is None:
                raise Unauthenticated
            answer = self._ask(client, event, args)
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer)
            reply(self._refuse(error, event))
            return None
        if isinstance(answer, Pending):
            answer.future.add_done_callback(partial(self._finish, event, answer, reply))
            return None
        if isinstance(answer, Mapping):
            reply({"ok": True, **answer})
            return None
        return self._answer_later(event, answer, reply)

    def _ask(self, client: ClientConnection, event: object, args: list[Any]) -> "Answer | Pending | Awaitable[Answer]":
        self._context.requests.take(client.actor.account_id)
        request = self._requests.get(event) if isinstance(event, str) else None
        if request is None:
            raise UnknownEvent
        if len(args) > 1 or (args and not isinstance(args[0], dict)):
            raise Malformed("An event carries one object.")
        answer: Answer | Pending | Awaitable[Answer] = request(client, args[0] if args else {})
        return answer

    def _finish(self, event: object, pending: "Pending", reply: Reply, future: "asyncio.Future[Any]") -> None:
        try:
            answer = {"ok": True, **pending.show(future.result())}
        except asyncio.CancelledError:
            answer = self._refuse(Unavailable(), event)
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer)
            answer = self._refuse(error, event)
        reply(answer)

    async def _answer_later(self, event: object, work: Awaitable[Answer], reply: Reply) -> None:
        try:
            answer = {"ok": True, **await work}
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer)
            answer = self._refuse(error, event)
        reply(answer)

    def _refuse(self, error: Exception, event: object) -> dict[str, object]:
        if not isinstance(error, DomainError):
            known = event if isinstance(event, str) and event in self._requests else "an event"
            error = self._context.refusal_of(error, f"{known} in {self.name}")
        self._context.count(error.code)
        return {"ok": False, "error": show_for_sockets(error)}


def _read_token(credentials: object) -> str:
    token = credentials.get("token") if isinstance(credentials, dict) else None
    if not isinstance(token, str):
        raise Unauthenticated
    return token


def refused(refusal: DomainError) -> socketio.exceptions.ConnectionRefusedError:
    """Returns the CONNECT_ERROR of a refusal: `{"message", "data": {"code", "retryable", "retry_after_ms"?}}`."""
    data = show_for_sockets(refusal)
    message = data.pop("message")
    return socketio.exceptions.ConnectionRefusedError(message, data)
