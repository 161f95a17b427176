"""A Redis Cluster as the bus: each shard carries its channels, and what moves or breaks is never missed in silence."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.redis_cluster import RedisCluster, RedisServer
from benchmarks.servers import holding_breath
from models.facts import AccountChanged
from server.bus.bus import Bus, announce
from server.bus.connected_accounts import RedisConnectedAccounts
from server.bus.names import RedisNames
from server.bus.presence_store import RedisPresenceStore
from server.config import ConfigError, RedisSettings
from server.embedded import EmbeddedStores
from server.nodes.address import NodeAddresses
from server.process.store_checks import require_redis
from server.redis_client.cluster import Cluster, slot_of
from tests.conversation.talk import newcomers, say, texts
from tests.server.bus import buses
from tests.server.bus.buses import Node, tell_until_heard
from tests.support.node import running_node, settings_for
from tests.support.parts import parts_of, services_of
from tests.support.socket_fixture import until

PREFIX = "p2"  # its leases are on the first server, which has a replica
PEOPLE = range(1, 41)


@asynccontextmanager
async def joined(cluster: RedisCluster, *, prefix: str = PREFIX, count: int = 2) -> AsyncIterator[list[Node]]:
    """Nodes of a site on a cluster."""
    async with buses.joined(cluster.url, prefix=prefix, count=count, timeout_s=2) as nodes:
        assert all(isinstance(node.redis, Cluster) for node in nodes)
        yield nodes


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
        await until(lambda: first.bus.shards.depth == second.bus.shards.depth == 0)
        first_read, second_read = first.bus.shards.messages_read, second.bus.shards.messages_read
        for account_id in PEOPLE:
            first.bus.publish("/chat", "mine", [account_id])
        await until(lambda: second.heard_by(1) == ["mine"])
        assert second.bus.shards.messages_read - second_read == 1
        assert first.bus.shards.messages_read - first_read == 1, (
            "its own, of the one account that the other node listens for, too"
        )


async def test_signals_leases_presence_addresses_and_who_is_connected_work_as_with_one_server(
    cluster: RedisCluster,
) -> None:
    async with joined(cluster) as (first, second):
        first.bus.signal(AccountChanged(7))
        await until(lambda: second.signals == [AccountChanged(7)])  # by a connection of its own
        await announce(second.redis, AccountChanged(8), PREFIX)
        await until(lambda: second.signals == [AccountChanged(7), AccountChanged(8)])
        presence_stores = [RedisPresenceStore(node.redis, node.bus, grace_s=0) for node in (first, second)]
        assert await presence_stores[0].write(PEOPLE, ()) == set(PEOPLE)
        looked = await presence_stores[1].look(range(1, 1001))
        assert looked.online == set(PEOPLE)
        assert looked.is_sure
        addresses = NodeAddresses(second.redis, RedisNames(PREFIX))
        await addresses.keep(second.bus.node, "http://there", 9.0)
        assert await NodeAddresses(first.redis, RedisNames(PREFIX)).find(second.bus.node) == "http://there"
        await second.hold(*PEOPLE)
        assert await RedisConnectedAccounts(first.bus).list_connected(range(1, 1001)) == set(PEOPLE)


async def test_a_channel_that_moves_to_another_shard_is_heard_there_and_its_account_told_to_sync(
    fresh_cluster: RedisCluster,
) -> None:
    async with joined(fresh_cluster) as (first, second):
        await second.hold(*PEOPLE)
        await until(lambda: second.bus.is_up)
        first.gaps.clear()
        second.gaps.clear()
        source = place(fresh_cluster, first.bus, 1)
        target = next(server for server in fresh_cluster.primaries if server is not source)
        await fresh_cluster.move(slot_of(first.bus.channel(1)), source, target)
        await until(lambda: second.gaps)  # of that account, or of all where the move cut a command off
        await tell_until_heard(first, second, 1)
        told = len(second.gaps)
        first.bus.publish("/chat", "to another", [2])
        # Right behind a burst to the old place, which is refused as a whole, it may be lost with it; then everybody is told to sync.
        await until(lambda: "to another" in second.heard_by(2) or None in second.gaps[told:])
        assert await RedisConnectedAccounts(first.bus).list_connected([1]) == {1}
        second.bus.release(1)

        async def nobody_is_heard() -> bool:
            return not await RedisConnectedAccounts(first.bus).list_connected([1])

        await until(nobody_is_heard)
        await second.hold(1)
        assert await RedisConnectedAccounts(first.bus).list_connected([1]) == {1}


async def test_when_a_replica_takes_over_everybody_is_told_to_sync_and_all_goes_on(fresh_cluster: RedisCluster) -> None:
    async with joined(fresh_cluster) as (first, second):
        assert slot_of(f"{PREFIX}:nodes") < 16384 // 3, "its leases are on the server that is to die"
        await second.hold(*PEOPLE)
        first.gaps.clear()
        second.gaps.clear()
        await fresh_cluster.primaries[0].kill()
        await until(lambda: None in first.gaps and None in second.gaps)
        for account_id in PEOPLE:
            await tell_until_heard(first, second, account_id)
        await until(lambda: first.bus.is_up and second.bus.is_up)
        first.bus.signal(AccountChanged(7))
        await until(lambda: AccountChanged(7) in second.signals)
        assert second.bus.node in first.bus.lease.others


async def test_a_replica_that_takes_over_while_its_primary_lives_on_leaves_nobody_behind(
    fresh_cluster: RedisCluster,
) -> None:
    async with joined(fresh_cluster) as (first, second):
        mine = [
            account_id
            for account_id in PEOPLE
            if place(fresh_cluster, first.bus, account_id) is fresh_cluster.primaries[0]
        ]
        await first.hold(*mine)
        await second.hold(*mine)
        first.gaps.clear()
        second.gaps.clear()
        await fresh_cluster.replicas[0].ask("CLUSTER FAILOVER")
        await until(lambda: None in first.gaps and None in second.gaps)
        for account_id in mine:
            await tell_until_heard(first, second, account_id)
            await tell_until_heard(second, first, account_id)


async def test_a_slot_that_was_away_for_a_moment_only_is_heard_again_and_its_account_told_to_sync(
    fresh_cluster: RedisCluster,
) -> None:
    async with joined(fresh_cluster) as (first, second):
        await second.hold(*PEOPLE)
        second.gaps.clear()
        source = place(fresh_cluster, first.bus, 1)
        target = next(server for server in fresh_cluster.primaries if server is not source)
        for way in ((source, target), (target, source)):
            await fresh_cluster.move(slot_of(first.bus.channel(1)), *way)
        await until(lambda: second.gaps)  # of that account, or of all where the move cut a command off
        await tell_until_heard(first, second, 1)


async def test_what_a_node_left_out_before_it_saw_that_a_replica_took_over_is_told_to_the_others_as_lost(
    fresh_cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(fresh_cluster) as (first, second):
        here = next(each for each in PEOPLE if place(fresh_cluster, first.bus, each) is fresh_cluster.primaries[0])
        await first.hold(here)
        await second.hold(here)
        second.gaps.clear()
        before, may_view = await first.redis.map_slots(), asyncio.Event()

        async def see_late(self: Cluster) -> object:
            return await map_slots(self) if self is not first.redis or may_view.is_set() else before

        map_slots = Cluster.map_slots
        monkeypatch.setattr(Cluster, "map_slots", see_late)
        await fresh_cluster.replicas[0].ask("CLUSTER FAILOVER")
        await until(lambda: None in second.gaps)
        first.bus.publish("/chat", "left out", [here])
        await until(lambda: first.bus.shards.depth == 0)
        second.gaps.clear()
        may_view.set()
        await until(lambda: None in second.gaps)


async def test_a_shard_that_is_silent_for_a_while_is_told_as_a_break_and_the_others_go_on(
    fresh_cluster: RedisCluster,
) -> None:
    async with joined(fresh_cluster) as (first, second):
        await second.hold(*PEOPLE)
        silent = fresh_cluster.primaries[1]  # which nobody replaces
        there = [account_id for account_id in PEOPLE if place(fresh_cluster, first.bus, account_id) is silent]
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
    monkeypatch.setattr("server.process.store_checks.SHARDED_SINCE", 1000)
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
        await until(lambda: all(len(services_of(node).runtime.bus.lease.others) == 1 for node in (first, second)))
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
