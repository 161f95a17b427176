"""A token is looked at again once its connection can be found: between the two looks nothing could have sent it away."""

import asyncio
from collections.abc import Callable

from handlers.sockets.base import BaseNamespace, NamespaceContext
from handlers.sockets.client import ClientConnection
from models.documents.session import Actor
from models.errors import DomainError, SessionRevoked, Unavailable
from models.services.runtime.token_bucket import TokenBuckets
from tests.support.virtual_time import in_virtual_time

UNLIMITED = TokenBuckets(1, 1, is_enabled=False)
ACTOR = Actor(7, "4930901820", "session")


class Sessions:
    """Whether the one session lasts still, and who has entered; `on_enter` happens while somebody does."""

    def __init__(self, on_enter: Callable[["Sessions"], None]) -> None:
        self.is_over = False
        self.on_enter = on_enter

    async def authenticate(self, token: str, number: str | None) -> Actor:
        await asyncio.sleep(0)
        if self.is_over:
            raise SessionRevoked
        return ACTOR

    async def register(self, namespace: str, connection: str, actor: Actor) -> None:
        await asyncio.sleep(1)
        self.on_enter(self)

    def is_here(self, connection: str) -> bool:
        return True


class Door(BaseNamespace):
    """A namespace that notes who was greeted and who was sent away; its greeting fails as often as `failures` says."""

    name = "/door"

    def __init__(self, sessions: Sessions, failures: int = 0) -> None:
        super().__init__(
            NamespaceContext(sessions.authenticate, sessions, UNLIMITED, UNLIMITED, _refusal_of, lambda _code: None)
        )
        self.sessions, self.failures = sessions, failures
        self.greeted: list[str] = []
        self.sent_away: list[str] = []

    async def joined(self, client: ClientConnection) -> None:
        if self.failures:
            self.failures -= 1
            raise Unavailable
        self.greeted.append(client.connection)

    async def disconnect(self, sid: str, namespace: str | None = None) -> None:
        self.sent_away.append(sid)

    async def come(self) -> None:
        await self.trigger_event("connect", "client", {}, {"token": "t"})
        await self.join("client")


def _refusal_of(error: Exception, where: str) -> DomainError:
    raise AssertionError(where) from error


def end(sessions: Sessions) -> None:
    sessions.is_over = True


def go_on(_: Sessions) -> None: ...


def test_a_session_that_ends_while_its_connection_enters_is_not_greeted_but_sent_away() -> None:
    door = Door(Sessions(end))
    in_virtual_time(door.come())
    assert (door.greeted, door.sent_away) == ([], ["client"])


def test_a_session_that_lasts_is_greeted_once() -> None:
    door = Door(Sessions(go_on))
    in_virtual_time(door.come())
    assert (door.greeted, door.sent_away) == (["client"], [])
