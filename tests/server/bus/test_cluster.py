"""A Redis Cluster as the bus: each shard carries its channels, and what moves or breaks is never missed in silence."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.redis_cluster import RedisCluster, RedisServer, running_cluster
from benchmarks.servers import holding_breath
from models.events import AccountChanged, Signal
from server.bus.bus import Bus, announce
from server.bus.presence_board import RedisPresenceBoard
from server.config import ConfigError, RedisSettings
from server.embedded import EmbeddedStores
from server.nodes.address import NodeAddresses
from server.reachability import require_redis
from server.redis_client import open_redis
from server.redis_cluster import Cluster, slot_of
from tests.conversation.talk import newcomers, say, texts
from tests.node import running_node, settings_for
from tests.parts import domain_of, parts_of

WITHIN_S = 30.0
PREFIX = "p2"  # its leases are on the first server, which has a replica
PEOPLE = range(1, 41)


@dataclass
class Node:
    """A bus, and what came by it."""

    bus: Bus
    redis: Cluster
    packets: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    gaps: list[set[int] | None] = field(default_factory=list)  # who may have missed something; None: everybody

    def heard_by(self, account_id: int) -> list[str]:
        return [text for text, to in self.packets if account_id in to]

    async def hold(self, *account_ids: int) -> None:
        for account_id in account_ids:
            await self.bus.hold(account_id)


@pytest.fixture(scope="module")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RedisCluster]:
    """For tests that change nothing about it."""
    async with running_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[RedisCluster]:
    """For a test that breaks it."""
    async with running_cluster(tmp_path) as running:
        yield running


@asynccontextmanager
async def joined(cluster: RedisCluster, *, prefix: str = PREFIX, count: int = 2) -> AsyncIterator[list[Node]]:
    """Nodes that know each other and hear each other on every shard."""
    async with AsyncExitStack() as stack:
        nodes: list[Node] = []
        for _ in range(count):
            redis = await open_redis(cluster.url, timeout_s=2)
            assert isinstance(redis, Cluster)
            stack.push_async_callback(redis.aclose)
            nodes.append(node := Node(Bus(redis, prefix=prefix), redis))
            node.bus.on_packet = lambda _, text, to, node=node: node.packets.append((text, tuple(to)))
            node.bus.on_signal = node.signals.append
            node.bus.on_gap = lambda of, node=node: node.gaps.append(None if of is None else set(of))
            await node.bus.open()
            stack.push_async_callback(node.bus.close)
        await until(lambda: all(node.bus.is_up and len(node.bus.lease.others) == count - 1 for node in nodes))
        await until(lambda: all(None in node.gaps for node in nodes[1:]))  # a greeting says so
        yield nodes


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not is_so():  # noqa: ASYNC110 (nothing says when it is)
            await asyncio.sleep(0.01)


async def tell_until_heard(speaker: Node, listener: Node, account_id: int) -> None:
    """Until the way is free; what was told before is missed, and a sync must have been asked for."""
    async with asyncio.timeout(WITHIN_S):
        while "now" not in listener.heard_by(account_id):
            speaker.bus.publish("/chat", "now", [account_id])
            await asyncio.sleep(0.05)


def place(cluster: RedisCluster, bus: Bus, account_id: int) -> RedisServer:
    """The primary that has an account's channel in a fresh cluster."""
    return cluster.primaries[slot_of(bus.channel(account_id)) * len(cluster.primaries) // 16384]


async def test_what_is_told_on_one_node_is_heard_on_the_other_once_and_in_order_whatever_shard_carries_it(
    cluster: RedisCluster,
) -> None:
    async with joined(cluster) as (first, second):
        await second.hold(*PEOPLE)
        for n in range(20):
            for account_id in PEOPLE:
                first.bus.publish("/chat", str(n), [account_id])
            first.bus.publish("/chat", f"all {n}", PEOPLE)
        await until(lambda: all(len(second.heard_by(account_id)) >= 40 for account_id in PEOPLE))
        for account_id in PEOPLE:
            alone = [text for text in second.heard_by(account_id) if not text.startswith("all")]
            assert alone == [str(n) for n in range(20)]
            assert [text for text in second.heard_by(account_id) if text not in alone] == [
                f"all {n}" for n in range(20)
            ]
        shards = Counter(place(cluster, first.bus, account_id).port for account_id in PEOPLE)
        assert len(shards) == 3, "else this shows nothing"


async def test_what_is_for_a_nodes_own_people_alone_goes_to_no_shard(cluster: RedisCluster) -> None:
    async with joined(cluster) as (first, second):
        await first.hold(*PEOPLE)
        await second.hold(1)
        await until(lambda: first.bus.depth == second.bus.depth == 0)
        first_read, second_read = first.bus.heard, second.bus.heard
        for account_id in PEOPLE:
            first.bus.publish("/chat", "mine", [account_id])
        await until(lambda: second.heard_by(1) == ["mine"])
        assert second.bus.heard - second_read == 1
        assert first.bus.heard - first_read == 1, "its own, of the one account that the other node listens for, too"


async def test_signals_leases_presence_addresses_and_who_is_connected_work_as_with_one_server(
    cluster: RedisCluster,
) -> None:
    async with joined(cluster) as (first, second):
        first.bus.signal(AccountChanged(7))
        await announce(second.redis, AccountChanged(8), PREFIX)
        await until(lambda: second.signals == [AccountChanged(7), AccountChanged(8)])
        boards = [RedisPresenceBoard(node.redis, node.bus, grace_s=0) for node in (first, second)]
        assert await boards[0].write(PEOPLE, ()) == set(PEOPLE)
        looked = await boards[1].look(range(1, 1001))
        assert looked.online == set(PEOPLE)
        assert looked.is_sure
        addresses = NodeAddresses(second.redis, PREFIX)
        await addresses.keep(second.bus.node, "http://there", 9.0)
        assert await NodeAddresses(first.redis, PREFIX).find(second.bus.node) == "http://there"
        await second.hold(*PEOPLE)
        assert await first.bus.list_heard(range(1, 1001)) == set(PEOPLE)


async def test_a_channel_that_moves_to_another_shard_is_heard_there_and_its_account_told_to_sync(
    fresh: RedisCluster,
) -> None:
    async with joined(fresh) as (first, second):
        await second.hold(*PEOPLE)
        await until(lambda: second.bus.is_up)
        first.gaps.clear()
        second.gaps.clear()
        source = place(fresh, first.bus, 1)
        target = next(server for server in fresh.primaries if server is not source)
        await fresh.move(slot_of(first.bus.channel(1)), source, target)
        await until(lambda: second.gaps)  # of that account, or of all where the move cut a command off
        await tell_until_heard(first, second, 1)
        first.bus.publish("/chat", "to another", [2])
        await until(lambda: "to another" in second.heard_by(2))
        assert await first.bus.list_heard([1]) == {1}
        second.bus.release(1)
        async with asyncio.timeout(WITHIN_S):
            while await first.bus.list_heard([1]):  # noqa: ASYNC110 (nothing says when it is)
                await asyncio.sleep(0.02)
        await second.hold(1)
        assert await first.bus.list_heard([1]) == {1}


async def test_when_a_replica_takes_over_everybody_is_told_to_sync_and_all_goes_on(fresh: RedisCluster) -> None:
    async with joined(fresh) as (first, second):
        assert slot_of(f"{PREFIX}:nodes") < 16384 // 3, "its leases are on the server that is to die"
        await second.hold(*PEOPLE)
        first.gaps.clear()
        second.gaps.clear()
        await fresh.primaries[0].kill()
        await until(lambda: None in first.gaps and None in second.gaps)
        for account_id in PEOPLE:
            await tell_until_heard(first, second, account_id)
        await until(lambda: first.bus.is_up and second.bus.is_up)
        first.bus.signal(AccountChanged(7))
        await until(lambda: AccountChanged(7) in second.signals)
        assert second.bus.node in first.bus.lease.others


async def test_a_replica_that_takes_over_while_its_primary_lives_on_leaves_nobody_behind(fresh: RedisCluster) -> None:
    async with joined(fresh) as (first, second):
        mine = [account_id for account_id in PEOPLE if place(fresh, first.bus, account_id) is fresh.primaries[0]]
        await first.hold(*mine)
        await second.hold(*mine)
        first.gaps.clear()
        second.gaps.clear()
        await fresh.replicas[0].ask("CLUSTER FAILOVER")
        await until(lambda: None in first.gaps and None in second.gaps)
        for account_id in mine:
            await tell_until_heard(first, second, account_id)
            await tell_until_heard(second, first, account_id)


async def test_a_slot_that_was_away_for_a_moment_only_is_heard_again_and_its_account_told_to_sync(
    fresh: RedisCluster,
) -> None:
    async with joined(fresh) as (first, second):
        await second.hold(*PEOPLE)
        second.gaps.clear()
        source = place(fresh, first.bus, 1)
        target = next(server for server in fresh.primaries if server is not source)
        for way in ((source, target), (target, source)):
            await fresh.move(slot_of(first.bus.channel(1)), *way)
        await until(lambda: second.gaps)  # of that account, or of all where the move cut a command off
        await tell_until_heard(first, second, 1)


async def test_what_a_node_left_out_before_it_saw_that_a_replica_took_over_is_told_to_the_others_as_lost(
    fresh: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(fresh) as (first, second):
        here = next(each for each in PEOPLE if place(fresh, first.bus, each) is fresh.primaries[0])
        await first.hold(here)
        await second.hold(here)
        second.gaps.clear()
        before, may_see = await first.redis.map_slots(), asyncio.Event()

        async def see_late(self: Cluster) -> object:
            return await map_slots(self) if self is not first.redis or may_see.is_set() else before

        map_slots = Cluster.map_slots
        monkeypatch.setattr(Cluster, "map_slots", see_late)
        await fresh.replicas[0].ask("CLUSTER FAILOVER")
        await until(lambda: None in second.gaps)
        first.bus.publish("/chat", "left out", [here])
        await until(lambda: first.bus.depth == 0)
        second.gaps.clear()
        may_see.set()
        await until(lambda: None in second.gaps)


async def test_a_shard_that_is_silent_for_a_while_is_told_as_a_break_and_the_others_go_on(fresh: RedisCluster) -> None:
    async with joined(fresh) as (first, second):
        await second.hold(*PEOPLE)
        silent = fresh.primaries[1]  # which nobody replaces
        there = [account_id for account_id in PEOPLE if place(fresh, first.bus, account_id) is silent]
        first.gaps.clear()
        second.gaps.clear()
        with holding_breath(silent.pid):
            for account_id in PEOPLE:
                first.bus.publish("/chat", "meanwhile", [account_id])
            await until(lambda: all("meanwhile" in second.heard_by(each) for each in PEOPLE if each not in there))
            await until(lambda: not first.bus.is_up)
            assert first.bus.breaks
        for account_id in there:
            await tell_until_heard(first, second, account_id)
        await until(lambda: None in second.gaps)
        await until(lambda: first.bus.is_up and second.bus.is_up)


async def test_a_cluster_without_sharded_channels_is_refused(
    cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await require_redis(RedisSettings(url=cluster.url))).endswith("a cluster")
    monkeypatch.setattr("server.reachability.SHARDED_SINCE", 1000)
    with pytest.raises(ConfigError, match=r"redis\.url.*1000 or later"):
        await require_redis(RedisSettings(url=cluster.url))


async def test_a_cluster_behind_a_socket_is_refused(cluster: RedisCluster) -> None:
    with pytest.raises(ConfigError, match=r"redis\.url.*hosts and ports"):
        await require_redis(RedisSettings(url=cluster.socket_url))


async def test_people_on_two_nodes_talk_through_a_cluster(
    cluster: RedisCluster, stores: EmbeddedStores, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path, auth={"secret": "the secret that these nodes share"})
    on_cluster = OnCluster(stores.mongodb_url, cluster.url)
    async with running_node(on_cluster, settings) as first, running_node(on_cluster, settings) as second:
        await until(lambda: all(len(domain_of(node).bus.lease.others) == 1 for node in (first, second)))
        here, there = await newcomers(first, 6), await newcomers(first, 40)
        chats = [await parts_of(first).found_group(here[0], *here[1:], *there[:n]) for n in (1, 6, 40)]
        speaker, listener = await first.connect(here[0]), await second.connect(there[0])
        for n in range(10):
            for chat in chats:
                await say(speaker, f"{n} in {chat.id}", chat=chat.id)
        told = [f"{n} in {chat.id}" for n in range(10) for chat in chats]
        await listener.until(lambda: sorted(texts(listener)) == sorted(told))
        for chat in chats:
            assert [text for text in texts(listener) if text.endswith(f"in {chat.id}")] == [
                f"{n} in {chat.id}" for n in range(10)
            ]


@dataclass
class OnCluster:
    """Where a node finds its stores."""

    mongodb_url: str
    redis_url: str
