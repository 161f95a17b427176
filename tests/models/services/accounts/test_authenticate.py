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
from tests.support.fakes import HandClock


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


class Fixture:
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
def fixture(database: Database) -> Fixture:
    return Fixture(database)


async def test_a_session_is_read_once_in_30_seconds_and_its_use_noted_once_a_minute(fixture: Fixture) -> None:
    token = await fixture.sign_in()
    for _ in range(180):
        await fixture.authenticate(token)
        fixture.clock.move(seconds=1)
    assert (fixture.sessions.finds, fixture.sessions.touches) == (6, 2)


async def test_a_crowd_is_found_out_about_by_few_readings(fixture: Fixture) -> None:
    tokens = [await fixture.sign_in(f"s{number}") for number in range(40)]
    found = await asyncio.gather(*map(fixture.authenticate, tokens))
    assert [actor.session_id for actor in found] == [f"s{number}" for number in range(40)]
    assert fixture.sessions.finds <= 2  # of the one who came first, and of all who came meanwhile


async def test_a_forgotten_session_is_looked_up_again(fixture: Fixture) -> None:
    token = await fixture.sign_in()
    await fixture.authenticate(token)
    await fixture.sessions.remove("a", 1)
    assert (await fixture.authenticate(token)).session_id == "a"
    fixture.authenticate.forget(["a"])
    with pytest.raises(SessionRevoked):
        await fixture.authenticate(token)


async def test_a_revocation_heard_while_the_session_is_being_read_counts(fixture: Fixture) -> None:
    token = await fixture.sign_in()
    fixture.sessions.gate, fixture.sessions.found = asyncio.Event(), asyncio.Event()
    asking = asyncio.ensure_future(fixture.authenticate(token))
    await fixture.sessions.found.wait()  # it was alive when it was read
    await fixture.sessions.remove("a", 1)
    fixture.authenticate.forget(["a"])
    fixture.sessions.gate.set()
    with pytest.raises(SessionRevoked):
        await asking


async def test_revocations_of_others_keep_nobody_waiting(fixture: Fixture) -> None:
    token = await fixture.sign_in()
    fixture.sessions.on_find = lambda: fixture.authenticate.forget(["b"])
    assert (await fixture.authenticate(token)).session_id == "a"
    assert fixture.sessions.finds == 1


async def test_signals_that_were_missed_while_the_session_is_being_read_count(fixture: Fixture) -> None:
    token = await fixture.sign_in()
    fixture.sessions.gate, fixture.sessions.found = asyncio.Event(), asyncio.Event()
    asking = asyncio.ensure_future(fixture.authenticate(token))
    await fixture.sessions.found.wait()
    await fixture.sessions.remove("a", 1)
    fixture.authenticate.forget_all()
    fixture.sessions.gate.set()
    with pytest.raises(SessionRevoked):
        await asking


@pytest.mark.parametrize("jump", [{"hours": -5}, {"days": -400}])
async def test_a_clock_set_back_neither_locks_out_nor_keeps_a_belief_alive(
    fixture: Fixture, jump: dict[str, float]
) -> None:
    token = await fixture.sign_in()
    await fixture.authenticate(token)
    fixture.clock.move(**jump)
    assert (await fixture.authenticate(token)).account_id == 1
    await fixture.sessions.remove("a", 1)
    fixture.clock.move(hours=-1)
    with pytest.raises(SessionRevoked):
        await fixture.authenticate(token)


async def test_a_token_that_names_the_session_of_another_account_is_refused(fixture: Fixture) -> None:
    await fixture.sign_in()
    session = await fixture.sessions.find("a")
    assert session is not None
    forged = Session("a", 2, "phone", session.created_at, session.last_used_at, session.expires_at)
    with pytest.raises(Unauthenticated):
        await fixture.authenticate(fixture.tokens.sign(forged))


async def test_what_was_not_used_for_30_seconds_is_not_kept_in_memory(fixture: Fixture) -> None:
    for name in "abc":
        await fixture.authenticate(await fixture.sign_in(name))
        fixture.clock.move(seconds=20)
    assert set(fixture.authenticate._cached) == {"b", "c"}
    assert not fixture.authenticate._readings
    fixture.clock.move(days=-1)
    await fixture.authenticate(await fixture.sign_in("d"))
    assert set(fixture.authenticate._cached) == {"d"}
