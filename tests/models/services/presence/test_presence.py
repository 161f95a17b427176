"""Presence behind its doors: what watchers are told where the board answers late, or the database was away for a moment."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field

import pytest
from pymongo.errors import AutoReconnect
from typing_extensions import override

from models.documents.account import Account
from models.documents.contact import Contact
from models.documents.phone import Phone
from models.documents.session import Actor
from models.facts import VisiblePresence
from models.ports import OnlineLookup, OrphanedAccounts
from models.services.contacts.directory import Directory
from models.services.presence.presence import Presence
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.counters import Counters
from models.stores.database import Database
from server.clock import SystemClock
from tests.support.fakes import RecordingFanout
from tests.support.socket_fixture import until

PHONE = "a connection"


@dataclass
class LateBoard:
    """Who is online on other nodes; with a gate, what was read waits behind it before it is answered."""

    online: set[int] = field(default_factory=set)
    gate: asyncio.Event | None = None
    has_read: asyncio.Event = field(default_factory=asyncio.Event)

    async def look(self, account_ids: Collection[int]) -> OnlineLookup:
        found = frozenset(self.online.intersection(account_ids))
        self.has_read.set()
        if self.gate is not None:
            await self.gate.wait()
        return OnlineLookup(found, is_sure=True)

    async def write(self, came: Collection[int], left: Collection[int]) -> set[int]:
        return {*came, *left}

    async def list_written(self) -> set[int]:
        return set()

    def list_gone(self) -> list[str]:
        return []

    async def claim(self, node: str) -> OrphanedAccounts | None:
        return None

    async def sweep(self, node: str, account_ids: Collection[int]) -> set[int]:
        return set()


def told_statuses(fanout: RecordingFanout, whose: Account) -> list[str | None]:
    """What single connections were told of somebody."""
    shown = (fact for fact, _ in fanout.sent_to_one if isinstance(fact, VisiblePresence))
    return [fact.status for fact in shown if fact.number == whose.number]


class MovingAccounts(Accounts):
    """The real store; while `fails` is above zero a reading fails as it does where the database elects a primary."""

    fails = 0

    @override
    async def list_by_ids(self, account_ids: Collection[int]) -> list[Account]:
        if self.fails:
            self.fails -= 1
            raise AutoReconnect
        return await super().list_by_ids(account_ids)


@dataclass
class Fixture:
    """Ann, who has Tom and Max as contacts, and a node that she comes to; the two are elsewhere."""

    accounts: MovingAccounts
    board: LateBoard
    fanout: RecordingFanout
    presence: Presence
    ann: Account
    tom: Account
    max: Account

    @property
    def actor(self) -> Actor:
        return Actor(self.ann.id, self.ann.number, "a session")

    async def told(self, whose: Account, *statuses: str) -> None:
        await until(lambda: told_statuses(self.fanout, whose) == list(statuses))


@pytest.fixture
async def fixture(database: Database) -> AsyncIterator[Fixture]:
    accounts, contacts = MovingAccounts(database, Counters(database)), Contacts(database)
    board, fanout, clock = LateBoard(), RecordingFanout(), SystemClock()
    ann, tom, max_ = [
        await accounts.find_or_create(Phone.from_text(f"+493012{number}"), clock.now()) for number in range(3)
    ]
    for one in (tom, max_):
        await contacts.append(Contact(ann.id, one.number))
    presence = Presence(accounts, contacts, Directory(accounts), board, fanout, clock, grace_s=0)
    await presence.open()
    yield Fixture(accounts, board, fanout, presence, ann, tom, max_)
    await presence.close()


async def test_a_doubt_that_comes_while_an_earlier_one_is_looked_into_is_looked_into_too(fixture: Fixture) -> None:
    fixture.board.online = {fixture.tom.id}
    await fixture.presence.connect(fixture.actor, PHONE)
    (shown,) = await fixture.presence.watch(PHONE, [fixture.tom.number])
    assert shown.status == "online"
    fixture.board.has_read.clear()
    fixture.board.gate = asyncio.Event()
    fixture.presence.recheck()
    await fixture.board.has_read.wait()
    fixture.board.online.clear()  # behind what was read, and the signal of it was missed: hence the next doubt
    fixture.presence.recheck()
    fixture.board.gate.set()
    await fixture.told(fixture.tom, "offline")


async def test_who_watched_before_the_greeting_worked_watches_only_whom_it_names_last(fixture: Fixture) -> None:
    fixture.accounts.fails = 1
    with pytest.raises(AutoReconnect):
        await fixture.presence.connect(fixture.actor, PHONE)
    await fixture.presence.watch(PHONE, [fixture.tom.number])
    await fixture.presence.connect(fixture.actor, PHONE)  # as it is tried again until it works
    await fixture.presence.watch(PHONE, [fixture.max.number])
    fixture.board.online = {fixture.tom.id, fixture.max.id}
    fixture.presence.changed([fixture.tom.id, fixture.max.id])
    await fixture.told(fixture.max, "online")
    fixture.board.online.remove(fixture.max.id)
    fixture.presence.changed([fixture.max.id])
    await fixture.told(fixture.max, "online", "offline")
    assert told_statuses(fixture.fanout, fixture.tom) == []
