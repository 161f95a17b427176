"""The presence store of several nodes: nobody comes or goes twice, whatever dies in between."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

import pytest
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError
from typing_extensions import override

from models.documents.phone import Phone
from models.facts import Invalidation, PresenceChanged
from models.services.presence.sweep import SweepPresence
from models.stores.accounts import Accounts
from models.stores.counters import Counters
from models.stores.database import Database
from server.bus import presence_store
from server.bus.bus import Bus
from server.bus.listeners import BusListeners
from server.bus.presence_store import RedisPresenceStore
from server.clock import SystemClock
from tests.server.bus.buses import no_large_chats
from tests.support.socket_fixture import until

ANN, TOM, MAX = 1, 2, 3
LEASE_S, CLAIM_S = 0.1, 1


@dataclass
class Told:
    """A fan-out that only remembers."""

    signals: list[Invalidation]

    def publish(self, *_: object, **__: object) -> None: ...

    def send_to_connection(self, *_: object) -> None: ...

    def signal(self, signal: Invalidation) -> None:
        self.signals.append(signal)

    @property
    def changed(self) -> list[int]:
        return [each for told in self.signals if isinstance(told, PresenceChanged) for each in told.account_ids]


@dataclass
class Node:
    """What one node has of all this; nothing runs by itself, so `renew` is all that keeps it alive."""

    bus: Bus
    board: RedisPresenceStore
    sweep: SweepPresence
    told: Told

    async def renew(self) -> None:
        self.bus.lease._look_at(await self.bus.lease._renew(), monotonic())

    async def online(self, *account_ids: int) -> set[int]:
        return set((await self.board.look(account_ids)).online)


@dataclass
class Site:
    redis: Redis
    accounts: Accounts
    prefix: str

    async def node(self) -> Node:
        bus = Bus(self.redis, BusListeners(), no_large_chats, prefix=self.prefix, lease_s=LEASE_S)
        board, told = RedisPresenceStore(self.redis, bus, grace_s=0, claim_s=CLAIM_S), Told([])
        node = Node(bus, board, SweepPresence(self.accounts, board, told, SystemClock()), told)
        await bus.lease.take()
        return node


@pytest.fixture
async def site(redis_url: str, database: Database) -> AsyncIterator[Site]:
    """Leases end as soon as they are looked at, unless they were renewed within the tenth of a second before."""
    async with Redis.from_url(redis_url) as redis:
        yield Site(redis, Accounts(database, Counters(database)), secrets.token_hex(4))


async def until_gone(sweeper: Node, node: Node) -> None:
    async def is_gone() -> bool:
        await sweeper.renew()
        return node.bus.node in sweeper.board.list_gone()

    await until(is_gone)


async def test_only_the_first_arrival_and_the_last_departure_of_all_nodes_are_news(site: Site) -> None:
    here, there = await site.node(), await site.node()
    assert await here.board.write([ANN, TOM], []) == {ANN, TOM}
    assert await there.board.write([ANN], []) == set()
    assert await here.board.write([], [ANN]) == set()
    assert await there.board.write([MAX], [ANN]) == {ANN, MAX}
    assert await here.board.list_written() == {TOM}


async def test_the_people_of_a_gone_node_go_offline_except_those_who_are_online_elsewhere(site: Site) -> None:
    dead, sweeper = await site.node(), await site.node()
    await dead.board.write([ANN, TOM], [])
    await sweeper.board.write([TOM], [])
    assert await sweeper.sweep() == 0
    await until_gone(sweeper, dead)
    assert await sweeper.sweep() == 1
    assert sweeper.told.changed == [ANN]
    assert await sweeper.online(ANN, TOM) == {TOM}
    await sweeper.renew()
    assert sweeper.board.list_gone() == [], "it is swept once"


async def test_of_two_nodes_one_sweeps_and_when_it_dies_over_it_another_goes_on(site: Site) -> None:
    dead, dying, other = await site.node(), await site.node(), await site.node()
    await dead.board.write([ANN, TOM], [])
    await until_gone(dying, dead)
    claimed = await dying.board.claim(dead.bus.node)
    assert claimed is not None
    assert claimed.account_ids == {ANN, TOM}
    await until_gone(other, dead)
    assert await other.sweep() == 0, "another one is at it"
    assert await dying.board.sweep(dead.bus.node, {ANN}) == {ANN}

    async def the_claim_has_ended() -> bool:
        return await other.sweep() > 0

    await until(the_claim_has_ended, within_s=CLAIM_S + 5)
    assert other.told.changed == [TOM], "it begins where the other one got to"


async def test_nobody_is_taken_from_a_node_that_is_back_in_the_middle_of_its_sweep(site: Site) -> None:
    paused, sweeper = await site.node(), await site.node()
    await paused.board.write([ANN, TOM], [])
    await until_gone(sweeper, paused)
    assert await sweeper.board.claim(paused.bus.node) is not None
    assert await sweeper.board.sweep(paused.bus.node, {ANN}) == {ANN}
    await paused.renew()
    patient = RedisPresenceStore(
        site.redis, Bus(site.redis, BusListeners(), no_large_chats, prefix=site.prefix, lease_s=60), grace_s=0
    )
    assert await patient.sweep(paused.bus.node, {TOM}) == set(), "it is back, however long this test took to ask"
    assert await patient.claim(paused.bus.node) is None
    assert await paused.board.write([ANN, TOM], []) == {ANN}, "what the sweep has taken comes back"


async def test_a_sweep_stores_when_the_node_was_there_last_and_never_an_earlier_date_than_is_known(site: Site) -> None:
    phones = [Phone(f"+{number}", number) for number in ("49301", "49302")]
    ann, tom = [await site.accounts.find_or_create(phone, SystemClock().now()) for phone in phones]
    for account in (ann, tom):
        await site.accounts.change(account.id, {"is_registered": True})
    late = datetime(2999, 1, 1, tzinfo=UTC)
    await site.accounts.set_last_seen([tom.id], late)
    dead, sweeper = await site.node(), await site.node()
    before = SystemClock().now()
    await dead.renew()
    after = SystemClock().now()
    await dead.board.write([ann.id, tom.id], [])
    await until_gone(sweeper, dead)
    await sweeper.sweep()
    seen = (await site.accounts.require(ann.id)).last_seen
    assert seen is not None
    assert abs((seen - before).total_seconds()) <= (after - before).total_seconds() + 0.05
    assert (await site.accounts.require(tom.id)).last_seen == late


async def test_a_thousand_people_are_swept_in_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence_store, "CHUNK", 100)
    dead, sweeper = await site.node(), await site.node()
    people = range(1, 1001)
    await dead.board.write(people, [])
    await until_gone(sweeper, dead)
    assert await sweeper.sweep() == 1000
    assert sorted(sweeper.told.changed) == list(people)
    assert len(sweeper.told.signals) == 10


async def test_a_redis_that_has_forgotten_this_node_is_not_believed(site: Site) -> None:
    here, there = await site.node(), await site.node()
    await there.board.write([ANN], [])
    await here.renew()
    assert (await here.board.look([ANN, TOM])).is_sure
    await site.redis.delete(here.bus.lease.key)
    assert not (await here.board.look([ANN, TOM])).is_sure


class DeafBoard(RedisPresenceStore):
    """One whose Redis does what it is asked to, and is too slow to say so."""

    @override
    async def sweep(self, node: str, account_ids: Collection[int]) -> set[int]:
        await super().sweep(node, account_ids)
        raise RedisTimeoutError


async def test_people_whose_sweep_was_done_but_not_answered_are_told_of_all_the_same(site: Site) -> None:
    dead, sweeper = await site.node(), await site.node()
    await dead.board.write([ANN, TOM], [])
    await sweeper.board.write([TOM], [])
    await until_gone(sweeper, dead)
    deaf = DeafBoard(site.redis, sweeper.bus, grace_s=0)
    with pytest.raises(RedisTimeoutError):
        await SweepPresence(site.accounts, deaf, sweeper.told, SystemClock())()
    assert await sweeper.online(ANN) == set()
    assert await sweeper.sweep() == 0, "nobody is left to be told of"
    assert ANN in sweeper.told.changed


async def test_who_comes_to_a_node_that_redis_has_forgotten_is_no_ghost_when_that_node_dies(site: Site) -> None:
    dying, sweeper = await site.node(), await site.node()
    await site.redis.delete(dying.bus.lease.key)
    await dying.board.write([ANN], [])
    for _ in range(2):
        await sweeper.renew()
        await asyncio.sleep(LEASE_S * 2)  # the promise is about this time
        await sweeper.sweep()
    newcomer = await site.node()
    await sweeper.renew()
    assert sweeper.bus.lease.others == {newcomer.bus.node}, "it asks Redis"
    assert await sweeper.online(ANN) == set()


async def test_who_comes_to_a_node_that_redis_has_forgotten_is_written_once_it_has_said_its_name_again(
    site: Site,
) -> None:
    here, there = await site.node(), await site.node()
    await site.redis.delete(here.bus.lease.key)
    assert await here.board.write([ANN], []) is None, "to be said again"
    await here.renew()
    assert await here.board.write([ANN], []) == {ANN}
    await there.renew()
    assert await there.online(ANN) == {ANN}


async def test_people_of_the_only_other_node_are_still_online_when_it_takes_its_leave(site: Site) -> None:
    here, leaving = await site.node(), await site.node()
    await here.renew()
    await leaving.board.write([ANN], [])
    await leaving.bus.lease.give_up()
    here.bus.lease.forget(leaving.bus.node)  # the moment it said good-bye; this node renews its own lease later
    assert await here.online(ANN) == {ANN}
    assert await here.board.write([ANN], []) == set(), "for whoever comes back in time is no news"
    await until_gone(here, leaving)
    assert await here.sweep() == 0
    assert await here.online(ANN) == {ANN}
