"""What every namespace does: know who is there, answer every request, and never let one client's packet hurt another.

python-socketio calls `trigger_event` for its own `connect` and `disconnect`. What a client emits goes to `answer` instead
(server/sockets/server.py sees to that), so an event that a client names `connect` is just an unknown event.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import socketio

from handlers.errors import show_for_sockets
from handlers.wire.fields import find_number
from models.documents.session import Actor
from models.errors import (
    AccountNotRegistered,
    DomainError,
    Malformed,
    RateLimited,
    Unauthenticated,
    UnknownEvent,
    WrongAccount,
)
from models.services.limits import TokenBuckets

log = logging.getLogger(__name__)

Body = Mapping[str, Any]
Answer = Mapping[str, object]
GREET_AGAIN_S = 1.0
NOT_EVENTS = frozenset({"connect", "disconnect"})


class Lobby(Protocol):
    """Where connections are kept for fanning out; the server's side of a namespace."""

    async def enter(self, namespace: str, connection: str, actor: Actor) -> None:
        """From now on events for this account reach this connection; when it returns, also those of other nodes."""
        ...


@dataclass(frozen=True, slots=True)
class Gate:
    """What every namespace needs to let somebody in and to bound what they ask."""

    authenticate: Callable[[str, str | None], Awaitable[Actor]]  # a token, and the number of an account or None
    lobby: Lobby
    requests: TokenBuckets
    connects: TokenBuckets
    refusal_of: Callable[[Exception, str], DomainError]  # logs a fault and says what to tell of it
    in_flight_max: int = 128


@dataclass(slots=True, eq=False)
class Caller:
    """A connection in a namespace. `turn` keeps the order in which it asked, where order matters."""

    connection: str
    actor: Actor
    token: str
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    greeted: asyncio.Event = field(default_factory=asyncio.Event)
    in_flight: int = 0


class BaseNamespace(socketio.AsyncNamespace):
    """A method `on_<event>(caller, body)` for each request; its answer is acknowledged as `{"ok": true, …}`.

    A refusal is acknowledged as `{"ok": false, "error": {…}}` and so is everything else that goes wrong: an unknown event,
    a body that is no object, a fault of ours.
    """

    name: ClassVar[str]

    def __init__(self, gate: Gate) -> None:
        super().__init__(self.name)
        self._gate = gate
        self._callers: dict[str, Caller] = {}
        self._requests = {
            attribute.removeprefix("on_"): getattr(self, attribute)
            for attribute in dir(self)
            if attribute.startswith("on_") and attribute.removeprefix("on_") not in NOT_EVENTS
        }

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """Connect or disconnect, as python-socketio itself noticed it."""
        if event == "connect":
            await self._admit(args[0], args[2] if len(args) > 2 else None)
        elif event == "disconnect":
            caller = self._callers.pop(args[0], None)
            if caller is not None:
                await self.left(caller)

    async def _admit(self, connection: str, credentials: object) -> None:
        try:
            token = _read_token(credentials)
            actor = await self._authenticate(token, credentials)
            self._gate.connects.take(actor.account_id)
        except DomainError as refusal:
            raise refused(refusal) from None
        except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer)
            raise refused(self._gate.refusal_of(error, f"a connection to {self.name}")) from None
        self._callers[connection] = Caller(connection, actor, token)

    async def _authenticate(self, token: str, credentials: object) -> Actor:
        account = credentials.get("account") if isinstance(credentials, dict) else None
        number = find_number(account)
        if number is None and account is not None:
            raise WrongAccount
        return await self._gate.authenticate(token, number)

    async def welcome(self, connection: str) -> None:
        """The client has been told that it is connected: from now on events reach it."""
        caller = self._callers.get(connection)
        if caller is not None:
            await self._gate.lobby.enter(self.name, connection, caller.actor)
            while not await self._greeted(connection, caller):  # noqa: ASYNC110 (a try, not a poll)
                await asyncio.sleep(GREET_AGAIN_S)

    async def _greeted(self, connection: str, caller: Caller) -> bool:
        """Greet once; False when that is to be tried again, because a client that is never greeted waits for ever."""
        try:
            # Revoked between the first look and the registration, it would have been missed by the sweep.
            await self._gate.authenticate(caller.token, caller.actor.number)
            if self._callers.get(connection) is caller:  # else it left meanwhile, and was seen off
                await self.entered(caller)
        except (Unauthenticated, WrongAccount, AccountNotRegistered):
            await self.disconnect(connection)
        except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
            self._gate.refusal_of(error, f"the greeting of a connection to {self.name}")
            return self._callers.get(connection) is not caller
        finally:
            caller.greeted.set()
        return True

    async def entered(self, caller: Caller) -> None:
        """Somebody is here; what a namespace does then."""

    async def left(self, caller: Caller) -> None:
        """Somebody is gone; what a namespace does then."""

    async def answer(self, connection: str, event: object, args: list[Any]) -> dict[str, object]:
        """The acknowledgement of one request; never raises."""
        caller = self._callers.get(connection)
        try:
            if caller is None:
                raise Unauthenticated
            await caller.greeted.wait()  # a quick client may ask while it is still being let in
            if self._callers.get(connection) is not caller:
                raise Unauthenticated  # and may be sent away before it was
            return {"ok": True, **await self._ask(caller, event, args)}
        except DomainError as refusal:
            return {"ok": False, "error": show_for_sockets(refusal)}
        except Exception as error:  # noqa: BLE001 (the same)
            known = event if isinstance(event, str) and event in self._requests else "an event"
            return {"ok": False, "error": show_for_sockets(self._gate.refusal_of(error, f"{known} in {self.name}"))}

    async def _ask(self, caller: Caller, event: object, args: list[Any]) -> Answer:
        self._gate.requests.take(caller.connection)
        request = self._requests.get(event) if isinstance(event, str) else None
        if request is None:
            raise UnknownEvent
        if len(args) > 1 or (args and not isinstance(args[0], dict)):
            raise Malformed("An event carries one object.")
        if caller.in_flight >= self._gate.in_flight_max:
            raise RateLimited("Too many requests wait for their answers.", retry_after_ms=100)
        caller.in_flight += 1
        try:
            answer: Answer = await request(caller, args[0] if args else {})
        finally:
            caller.in_flight -= 1
        return answer


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
