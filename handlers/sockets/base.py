"""What every namespace does: know who is there, answer every request, and never let one client's packet hurt another.

python-socketio calls `trigger_event` for its own `connect` and `disconnect`. What a client emits goes to `answer` instead
(server/sockets/server.py sees to that), so an event that a client names `connect` is just an unknown event.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import random
from typing import Any, ClassVar, Protocol, TypeVar

import socketio

from handlers.errors import show_for_sockets
from handlers.wire.fields import find_number
from models.documents.session import Actor
from models.errors import (
    AccountNotRegistered,
    DomainError,
    Malformed,
    SessionRevoked,
    TooManySockets,
    Unauthenticated,
    Unavailable,
    UnknownEvent,
    WrongAccount,
)
from models.services.runtime.token_bucket import TokenBuckets

log = logging.getLogger(__name__)

T = TypeVar("T")
Body = Mapping[str, Any]
Answer = Mapping[str, object]
Reply = Callable[[Answer], None]
SOCKETS_AGAIN_MS = 60_000  # by then those that are gone without a word have been noticed
READY_AGAIN_S, READY_AGAIN_LAST_S = 1.0, 10.0
NOT_EVENTS = frozenset({"connect", "disconnect"})


class ConnectionRegistry(Protocol):
    """Where connections are kept for fanning out; the server's side of a namespace."""

    async def register(self, namespace: str, connection: str, actor: Actor) -> None:
        """From now on events for this account reach this connection; when it returns, also those of other nodes."""
        ...

    def is_here(self, connection: str) -> bool:
        """Whether its line is there; it may have gone while it was being let in."""
        ...


@dataclass(frozen=True, slots=True)
class NamespaceContext:
    """What every namespace needs to let somebody in and to bound what they ask."""

    authenticate: Callable[[str, str | None], Awaitable[Actor]]  # a token, and the number of an account or None
    registry: ConnectionRegistry
    requests: TokenBuckets
    connects: TokenBuckets
    refusal_of: Callable[[Exception, str], DomainError]  # logs a fault and says what to tell of it
    count: Callable[[str], None]  # hears the code of each refusal
    sockets_per_account: int = 0  # in one namespace; 0 for any number


@dataclass(slots=True, eq=False)
class ClientConnection:
    """A connection in a namespace."""

    connection: str
    actor: Actor
    token: str
    began_at: datetime | None = None  # when it synced without holding anything (SyncChats)
    is_revoked: bool = False  # its session has ended: what it asked for and has not begun is refused
    _waiting: deque[tuple[Awaitable[Any], "asyncio.Future[Any]"]] | None = None
    _admitting: "asyncio.Task[None] | None" = None

    @property
    def is_first(self) -> bool:
        """Whether no earlier request waits for being admitted: only then may one be admitted at once."""
        return self._waiting is None

    def in_turn(self, work: Awaitable[T]) -> "asyncio.Future[T]":
        """The result of what is begun when all that was given before is done.

        One task does all of it: what waited for something that is at hand now is done in one go, and requests that arrive
        without a pause do not stand in this line for ever.
        """
        result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._waiting is None:
            self._waiting = deque()
            self._admitting = asyncio.create_task(self._admit(self._waiting), name="requests in turn")
        self._waiting.append((work, result))
        return result

    async def _admit(self, waiting: deque[tuple[Awaitable[Any], "asyncio.Future[Any]"]]) -> None:
        while waiting:
            work, result = waiting.popleft()
            try:
                value = await self._begin(work)
            except Exception as error:  # noqa: BLE001 (whoever waits for the result hears of it)
                if not result.done():
                    result.set_exception(error)
            else:
                if not result.done():
                    result.set_result(value)
        self._waiting = self._admitting = None

    async def _begin(self, work: Awaitable[T]) -> T:
        if not self.is_revoked:
            return await work
        if isinstance(work, Coroutine):
            work.close()
        raise SessionRevoked


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that a future brings: `show` makes it of the future's result."""

    future: "asyncio.Future[Any]"
    show: Callable[[Any], Answer]


class BaseNamespace(socketio.AsyncNamespace):
    """A method `on_<event>(caller, body)` for each request; its answer is acknowledged as `{"ok": true, …}`.

    A refusal is acknowledged as `{"ok": false, "error": {…}}` and so is everything else that goes wrong: an unknown event,
    a body that is no object, a fault of ours.
    """

    name: ClassVar[str]

    def __init__(self, context: NamespaceContext) -> None:
        super().__init__(self.name)
        self._context = context
        self._callers: dict[str, ClientConnection] = {}
        self._held: Counter[int] = Counter()  # callers of each account
        self._requests = {
            attribute.removeprefix("on_"): getattr(self, attribute)
            for attribute in dir(self)
            if attribute.startswith("on_") and attribute.removeprefix("on_") not in NOT_EVENTS
        }

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Connect, as the server noticed it."""
        if event == "connect":
            await self._admit(args[0], args[2] if len(args) > 2 else None)

    def leave(self, connection: str, *, is_revoked: bool = False) -> None:
        """The connection is gone, or was sent away.

        With `is_revoked`, requests that wait for their turn are refused; a client that left by itself meant what it sent.
        """
        caller = self._callers.pop(connection, None)
        if caller is not None:
            caller.is_revoked = is_revoked
            self._let_go(caller.actor.account_id)
            self.left(caller)

    def _hold(self, account_id: int) -> None:
        """Count one more socket of an account; raises TooManySockets."""
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
                # It may have been revoked meanwhile, while no sweep could find it. From here to its registration in
                # `ConnectionRegistry.register` nothing is awaited, so that a revocation comes either before this or finds it there.
                actor = await self._authenticate(token, credentials)
            self._hold(actor.account_id)
        except DomainError as refusal:
            self._context.count(refusal.code)
            raise refused(refusal) from None
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer)
            fault = self._context.refusal_of(error, f"a connection to {self.name}")
            self._context.count(fault.code)
            raise refused(fault) from None
        self._callers[connection] = ClientConnection(connection, actor, token)

    async def wait_for_admission(self, connection: str) -> bool:  # noqa: ARG002
        """Wait in line where a greeting costs much; returns whether time passed. Raises the refusal of a wait too long."""
        return False

    async def _authenticate(self, token: str, credentials: object) -> Actor:
        account = credentials.get("account") if isinstance(credentials, dict) else None
        number = find_number(account)
        if number is None and account is not None:
            raise WrongAccount
        return await self._context.authenticate(token, number)

    async def join(self, connection: str) -> None:
        """The client has been told that it is connected: from now on events reach it."""
        caller = self._callers.get(connection)
        if caller is not None:
            await self._context.registry.register(self.name, connection, caller.actor)
            wait_s = READY_AGAIN_S
            while not await self._try_to_join(connection, caller):
                await asyncio.sleep(wait_s * (0.5 + random() / 2))  # noqa: S311 (or a crowd would try in step)
                wait_s = min(2 * wait_s, READY_AGAIN_LAST_S)

    async def _try_to_join(self, connection: str, caller: ClientConnection) -> bool:
        """SendReady once; False when that is to be tried again, because a client that is never greeted waits for ever."""
        try:
            # A look at a login's account takes time, and this may be the second try.
            await self._context.authenticate(caller.token, caller.actor.number)
            if self._callers.get(connection) is caller:  # else it left meanwhile, and was seen off
                await self.joined(caller)
        except (Unauthenticated, WrongAccount, AccountNotRegistered):
            await self.disconnect(connection)
        except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
            self._context.refusal_of(error, f"the greeting of a connection to {self.name}")
            return self._callers.get(connection) is not caller
        return True

    async def joined(self, caller: ClientConnection) -> None:
        """Somebody is here; what a namespace does then."""

    def left(self, caller: ClientConnection) -> None:
        """Somebody is gone; what a namespace does then."""

    def answer(self, connection: str, event: object, args: list[Any], reply: Reply) -> Coroutine[Any, Any, None] | None:
        """Answer one request: by `reply` now, or once its future is there, or by the coroutine that is returned. Never raises.

        So a request that has to wait for nothing, or for one future only, costs no task.
        """
        caller = self._callers.get(connection)
        try:
            if caller is None:
                raise Unauthenticated
            answer = self._ask(caller, event, args)
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

    def _ask(self, caller: ClientConnection, event: object, args: list[Any]) -> "Answer | Pending | Awaitable[Answer]":
        self._context.requests.take(caller.actor.account_id)
        request = self._requests.get(event) if isinstance(event, str) else None
        if request is None:
            raise UnknownEvent
        if len(args) > 1 or (args and not isinstance(args[0], dict)):
            raise Malformed("An event carries one object.")
        answer: Answer | Pending | Awaitable[Answer] = request(caller, args[0] if args else {})
        return answer

    def _finish(self, event: object, pending: "Pending", reply: Reply, future: "asyncio.Future[Any]") -> None:
        try:
            answer = {"ok": True, **pending.show(future.result())}
        except asyncio.CancelledError:
            answer = self._refuse(Unavailable(), event)
        except Exception as error:  # noqa: BLE001 (the same)
            answer = self._refuse(error, event)
        reply(answer)

    async def _answer_later(self, event: object, work: Awaitable[Answer], reply: Reply) -> None:
        try:
            answer = {"ok": True, **await work}
        except Exception as error:  # noqa: BLE001 (the same)
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
    """The CONNECT_ERROR of a refusal: `{"message", "data": {"code", "retryable", "retry_after_ms"?}}`."""
    data = show_for_sockets(refusal)
    message = data.pop("message")
    return socketio.exceptions.ConnectionRefusedError(message, data)
