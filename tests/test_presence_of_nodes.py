"""Nodes that die, hold their breath or leave, and a Redis that forgets: who watches their people hears what is so, once."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import Redis

from benchmarks.presence import Watching, arrive, know, watching
from benchmarks.servers import Person, Server, holding_breath, kill_redis
from server.bus.lease import RENEWALS
from server.embedded import EmbeddedStores, throw_away_stores
from tests.support.processes import Cluster, running_cluster
from tests.support.stores import quick_place

PEOPLE = 12
LEASE_S = 3.0  # short, but for a busy machine
RENEW_S = LEASE_S / RENEWALS
BRIEF = {"PARLEY_NODES__LEASE_S": str(LEASE_S)}
_numbers = count(49_309_250_000)


@pytest.fixture(scope="module")
async def own_stores() -> AsyncIterator[EmbeddedStores]:
    """Nobody else's, because Redis forgets everything here."""
    async with throw_away_stores(quick_place()) as stores:
        yield stores


@pytest.fixture(scope="module")
async def cluster(own_stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    async with running_cluster(own_stores, tmp_path_factory.mktemp("presence"), 3, **BRIEF) as running:
        yield running


@dataclass
class Scene:
    """People on the first node; on each of the others somebody who watches them all, and a friend who stays."""

    cluster: Cluster
    stack: AsyncExitStack
    people: list[Person]
    phone: Watching
    watchers: list[Watching]

    @property
    def friend(self) -> Person:
        return self.phone.person

    @property
    def first(self) -> Server:
        return self.cluster.nodes[0]

    async def come(self, people: list[Person], *nodes: Server) -> AsyncExitStack:
        """They are online until the stack is closed."""
        stack = await self.stack.enter_async_context(AsyncExitStack())
        await arrive(stack, self.cluster.http, nodes, people)
        return stack

    async def watch(self) -> None:
        """Everybody is online to every watcher."""
        for watcher in self.watchers:
            shown = await watcher.watch([*self.people, self.friend])
            assert set(shown.values()) == {"online"}, shown

    async def expect(self, people: Collection[Person], *statuses: str) -> None:
        """Every watcher was told exactly this of each of these, in this order."""
        if statuses:
            await asyncio.gather(*(watcher.expect(people, statuses[-1]) for watcher in self.watchers))
        for watcher in self.watchers:
            told = {person.number: watcher.statuses(person.number) for person in people}
            assert told == {person.number: list(statuses) for person in people}

    async def calm(self) -> None:
        """What was to be told so far has been told: a friend, whom all watch, goes and comes after it."""
        assert self.phone.wire is not None
        for status in ("offline", "online"):
            assert (await self.phone.wire.call("presence_set", {"status": status}))["ok"]
            await asyncio.gather(*(watcher.expect([self.friend], status) for watcher in self.watchers))
        for watcher in self.watchers:
            watcher.told = [told for told in watcher.told if told[0] != self.friend.number]


@pytest.fixture
async def scene(cluster: Cluster) -> AsyncIterator[Scene]:
    for node in cluster.nodes:
        if not node.is_running:
            await node.start()
    first = cluster.nodes[0]
    people = [await cluster.sign_in(str(next(_numbers))) for _ in range(PEOPLE)]
    friend, *viewers = [await cluster.sign_in(str(next(_numbers))) for _ in range(3)]
    async with AsyncExitStack() as stack:
        for viewer in viewers:
            await know(cluster.http, first, viewer, [*people, friend])
        watchers = await arrive(stack, cluster.http, cluster.nodes[1:], viewers)
        phone = await stack.enter_async_context(watching(cluster.http, cluster.nodes[2], friend))
        yield Scene(cluster, stack, people, phone, watchers)


async def test_a_killed_node_s_people_are_offline_once_and_who_came_back_elsewhere_never_was(scene: Scene) -> None:
    back, away = scene.people[:4], scene.people[4:]
    await scene.come(scene.people, scene.first)
    await scene.watch()
    await scene.first.kill()
    killed_at = datetime.now(UTC)
    await scene.come(back, *scene.cluster.nodes[1:])
    await scene.expect(away, "offline")
    await scene.calm()
    await scene.expect(away, "offline")
    await scene.expect(back)
    for watcher in scene.watchers:
        for _, _, last_seen, _ in watcher.told:
            assert last_seen is not None
            seen_at = datetime.fromisoformat(last_seen)
            assert killed_at - timedelta(seconds=LEASE_S) < seen_at <= killed_at, "the node renewed then, not later"


async def test_a_killed_node_s_people_who_come_back_later_are_online_once(scene: Scene) -> None:
    await scene.come(scene.people, scene.first)
    await scene.watch()
    await scene.first.kill()
    await scene.expect(scene.people, "offline")
    await scene.first.start()
    await scene.come(scene.people, scene.first)
    await scene.expect(scene.people, "offline", "online")
    await scene.calm()
    await scene.expect(scene.people, "offline", "online")


async def test_a_node_that_is_stopped_leaves_its_people_the_grace_to_come_back(scene: Scene) -> None:
    back, away = scene.people[:4], scene.people[4:]
    await scene.come(scene.people, scene.first)
    await scene.watch()
    await scene.first.stop()
    await scene.come(back, *scene.cluster.nodes[1:])
    await scene.expect(away, "offline")
    await scene.calm()
    await scene.expect(away, "offline")
    await scene.expect(back)


async def test_a_node_that_held_its_breath_for_too_long_puts_its_people_back(scene: Scene) -> None:
    await scene.come(scene.people, scene.first)
    await scene.watch()
    with holding_breath(scene.first.pid):
        await scene.expect(scene.people, "offline")
    await scene.expect(scene.people, "offline", "online")
    await scene.calm()
    await scene.expect(scene.people, "offline", "online")


@pytest.mark.parametrize("loss", ["flushed", "killed", "away"])
async def test_a_redis_that_forgot_or_was_away_makes_nobody_come_or_go(
    scene: Scene, own_stores: EmbeddedStores, loss: str
) -> None:
    there = await scene.come(scene.people, scene.first)
    await scene.watch()
    match loss:
        case "flushed":
            async with Redis.from_url(own_stores.redis_url) as redis:
                await redis.flushall()
        case "killed":
            await kill_redis(own_stores)
        case "away":
            assert own_stores.valkey is not None
            with holding_breath(await own_stores.valkey.pid()):
                await asyncio.sleep(LEASE_S + 2 * RENEW_S)  # the promise is about this time
    await scene.calm()
    await scene.expect(scene.people)
    await there.aclose()
    await scene.expect(scene.people, "offline")
    await scene.calm()
    await scene.expect(scene.people, "offline")


async def test_a_redis_that_forgets_before_the_sweep_leaves_nobody_online_who_is_gone(
    scene: Scene, own_stores: EmbeddedStores
) -> None:
    await scene.come(scene.people, scene.first)
    await scene.watch()
    await scene.first.stop()
    async with Redis.from_url(own_stores.redis_url) as redis:
        await redis.flushall()
    await scene.expect(scene.people, "offline")
    await scene.calm()
    await scene.expect(scene.people, "offline")


async def test_of_two_nodes_the_one_that_was_alone_for_a_while_sees_who_is_back(
    own_stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with (
        running_cluster(own_stores, tmp_path, 2, PARLEY_REDIS__PREFIX="two", **BRIEF) as two,
        AsyncExitStack() as stack,
    ):
        first, second = two.nodes
        *people, viewer = [await two.sign_in(str(next(_numbers))) for _ in range(4)]
        await know(two.http, first, viewer, people)
        (watcher,) = await arrive(stack, two.http, [second], [viewer])
        await arrive(stack, two.http, [first], people)
        assert set((await watcher.watch(people)).values()) == {"online"}
        with holding_breath(first.pid):
            await watcher.expect(people, "offline")
            await asyncio.sleep(2 * RENEW_S)  # until the second one knows that nobody is left to be swept
        await watcher.expect(people, "online")
        assert {tuple(watcher.statuses(person.number)) for person in people} == {("offline", "online")}


async def test_of_two_nodes_the_one_that_stays_shows_people_online_who_are_on_their_way_to_it(
    own_stores: EmbeddedStores, tmp_path: Path
) -> None:
    # A grace in which they come also on a busy machine.
    patient = {"PARLEY_REDIS__PREFIX": "both", "PARLEY_PRESENCE__GRACE_S": "60"}
    async with running_cluster(own_stores, tmp_path, 2, **patient) as two, AsyncExitStack() as stack:
        first, second = two.nodes
        *people, viewer = [await two.sign_in(str(next(_numbers))) for _ in range(4)]
        await know(two.http, first, viewer, people)
        (watcher,) = await arrive(stack, two.http, [second], [viewer])
        await arrive(stack, two.http, [first], people)
        await first.stop()
        assert set((await watcher.watch(people)).values()) == {"online"}
        await arrive(stack, two.http, [second], people)
        assert set((await watcher.watch(people)).values()) == {"online"}
        assert watcher.told == []
