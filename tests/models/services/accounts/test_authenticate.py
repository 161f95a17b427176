"""Who is asking: what a node may believe about sessions, and for how long."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import pytest
from typing_extensions import override

from models.documents.phone import Phone
from models.documents.session import Session
from models.errors import SessionRevoked, Unauthenticated
from models.services.accounts.authenticate import Authenticate, ChooseAccount
from models.stores.accounts import Accounts
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.logins import Logins
from models.stores.ownerships import Ownerships
from models.stores.sessions import Sessions
from server.auth.tokens import JwtTokens
from tests.support.auth_fakes import HandClock


class WatchedSessions(Sessions):
    """The real store, with its calls counted, and a gate that holds a found session back."""

    finds = touches = 0
    on_find: Callable[[], None] | None = None
    gate: asyncio.Event | None = None
    found: asyncio.Event

    @override
    async def list_by_ids(self, session_ids: Collection[str]) -> list[Session]:
        self.finds += 1
        assert self.finds < 100, "read again and again"
        sessions = await super().list_by_ids(session_ids)
        if self.on_find is not None:
            self.on_find()
        if self.gate is not None:
            self.found.set()
            await self.gate.wait()
        return sessions

    @override
    async def touch_all(self, session_ids: Collection[str], now: datetime, *, unless_after: datetime) -> int:
        self.touches += 1
        return await super().touch_all(session_ids, now, unless_after=unless_after)


class World:
    def __init__(self, database: Database) -> None:
        self.clock = HandClock()
        self.tokens = JwtTokens("secret", self.clock)
        self.sessions = WatchedSessions(database)
        counters = Counters(database)
        self.accounts = Accounts(database, counters)
        logins, choose = Logins(database, counters), ChooseAccount(Ownerships(database, counters))
        self.authenticate = Authenticate(self.tokens, self.sessions, self.accounts, logins, choose, self.clock)

    async def sign_in(self, session_id: str = "a") -> str:
        account = await self.accounts.find_or_create(Phone.from_text("+4930123456"), self.clock.now())
        now = self.clock.now()
        session = Session(session_id, account.id, "phone", now, now, now + timedelta(days=1))
        await self.sessions.append(session)
        return self.tokens.sign(session)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


async def test_a_session_is_read_once_in_30_seconds_and_its_use_noted_once_a_minute(world: World) -> None:
    token = await world.sign_in()
    for _ in range(180):
        await world.authenticate(token)
        world.clock.move(seconds=1)
    assert (world.sessions.finds, world.sessions.touches) == (6, 2)


async def test_a_crowd_is_found_out_about_by_few_readings(world: World) -> None:
    tokens = [await world.sign_in(f"s{number}") for number in range(40)]
    found = await asyncio.gather(*map(world.authenticate, tokens))
    assert [actor.session_id for actor in found] == [f"s{number}" for number in range(40)]
    assert world.sessions.finds <= 2  # of the one who came first, and of all who came meanwhile


async def test_a_forgotten_session_is_looked_up_again(world: World) -> None:
    token = await world.sign_in()
    await world.authenticate(token)
    await world.sessions.remove("a", 1)
    assert (await world.authenticate(token)).session_id == "a"
    world.authenticate.forget(["a"])
    with pytest.raises(SessionRevoked):
        await world.authenticate(token)


async def test_a_revocation_heard_while_the_session_is_being_read_counts(world: World) -> None:
    token = await world.sign_in()
    world.sessions.gate, world.sessions.found = asyncio.Event(), asyncio.Event()
    asking = asyncio.ensure_future(world.authenticate(token))
    await world.sessions.found.wait()  # it was alive when it was read
    await world.sessions.remove("a", 1)
    world.authenticate.forget(["a"])
    world.sessions.gate.set()
    with pytest.raises(SessionRevoked):
        await asking


async def test_revocations_of_others_keep_nobody_waiting(world: World) -> None:
    token = await world.sign_in()
    world.sessions.on_find = lambda: world.authenticate.forget(["b"])
    assert (await world.authenticate(token)).session_id == "a"
    assert world.sessions.finds == 1


async def test_signals_that_were_missed_while_the_session_is_being_read_count(world: World) -> None:
    token = await world.sign_in()
    world.sessions.gate, world.sessions.found = asyncio.Event(), asyncio.Event()
    asking = asyncio.ensure_future(world.authenticate(token))
    await world.sessions.found.wait()
    await world.sessions.remove("a", 1)
    world.authenticate.forget_all()
    world.sessions.gate.set()
    with pytest.raises(SessionRevoked):
        await asking


@pytest.mark.parametrize("jump", [{"hours": -5}, {"days": -400}])
async def test_a_clock_set_back_neither_locks_out_nor_keeps_a_belief_alive(
    world: World, jump: dict[str, float]
) -> None:
    token = await world.sign_in()
    await world.authenticate(token)
    world.clock.move(**jump)
    assert (await world.authenticate(token)).account_id == 1
    await world.sessions.remove("a", 1)
    world.clock.move(hours=-1)
    with pytest.raises(SessionRevoked):
        await world.authenticate(token)


async def test_a_token_that_names_the_session_of_another_account_is_refused(world: World) -> None:
    await world.sign_in()
    session = await world.sessions.find("a")
    assert session is not None
    forged = Session("a", 2, "phone", session.created_at, session.last_used_at, session.expires_at)
    with pytest.raises(Unauthenticated):
        await world.authenticate(world.tokens.sign(forged))


async def test_what_was_not_used_for_30_seconds_is_not_kept_in_memory(world: World) -> None:
    for name in "abc":
        await world.authenticate(await world.sign_in(name))
        world.clock.move(seconds=20)
    assert set(world.authenticate._cached) == {"b", "c"}
    world.clock.move(days=-1)
    await world.authenticate(await world.sign_in("d"))
    assert set(world.authenticate._cached) == {"d"}
