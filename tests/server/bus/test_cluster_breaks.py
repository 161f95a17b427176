"""What comes between: a cluster that breaks or changes while channels come and go."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError

from benchmarks.redis_cluster import RedisCluster
from benchmarks.servers import holding_breath
from models.facts import AccountChanged
from models.tasks import cancel
from server.bus.connected_accounts import RedisConnectedAccounts
from server.redis_client.client import open_redis
from server.redis_client.cluster import Cluster, slot_of, tag_at
from tests.server.bus.buses import Node, tell_until_heard
from tests.server.bus.test_cluster import PEOPLE, PREFIX, joined, place
from tests.support.socket_fixture import until

HOME_ON_THE_SECOND = "q0"  # what every node hears is on the second server, which nobody replaces


async def cut_off(cluster: RedisCluster) -> None:
    """End every connection that listens."""
    for server in cluster.servers:
        await server.redis.client_kill_filter(_type="pubsub")


async def test_who_comes_while_a_node_listens_anew_is_heard_for_and_so_is_everybody_else(
    cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssubscribe, came = PubSub.ssubscribe, asyncio.Event()

    async def with_somebody_coming(self: PubSub, *channels: str, **handlers: Any) -> None:
        await ssubscribe(self, *channels, **handlers)
        if second.bus.channel(early[0]) in channels and not came.is_set():
            came.set()
            await second.hold(*late)

    async with joined(cluster) as (first, second):
        early, late = PEOPLE[:20], PEOPLE[20:]
        await second.hold(*early)
        monkeypatch.setattr(PubSub, "ssubscribe", with_somebody_coming)
        await cut_off(cluster)
        await until(lambda: came.is_set())
        for account_id in PEOPLE:
            await tell_until_heard(first, second, account_id)


async def test_what_a_broken_connection_had_still_to_subscribe_is_asked_of_no_connection_that_nobody_reads(
    cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssubscribe, asked, may_go_on = PubSub.ssubscribe, asyncio.Event(), asyncio.Event()

    async def stopping_at_the_first(self: PubSub, *channels: str, **handlers: Any) -> None:
        await ssubscribe(self, *channels, **handlers)
        if not asked.is_set():
            asked.set()
            await may_go_on.wait()

    async with joined(cluster) as (first, second):
        server = place(cluster, second.bus, 1)
        there = [account_id for account_id in PEOPLE if place(cluster, second.bus, account_id) is server]
        monkeypatch.setattr(PubSub, "ssubscribe", stopping_at_the_first)
        holding = [asyncio.create_task(second.hold(account_id)) for account_id in there]
        await until(lambda: asked.is_set())
        breaks = second.bus.breaks
        await cut_off(cluster)
        await until(lambda: second.bus.breaks > breaks)
        await until(lambda: second.bus.is_up)
        may_go_on.set()
        await asyncio.gather(*holding)
        for account_id in there:
            await tell_until_heard(first, second, account_id)
        for account_id in there:
            second.bus.release(account_id)

        async def nobody_is_heard() -> bool:
            return not await RedisConnectedAccounts(first.bus).list_connected(there)

        await until(nobody_is_heard)


async def test_a_shard_that_is_gone_looks_for_no_place_of_its_own_any_more(
    cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(cluster, count=1) as (node,):
        slots, in_vain = await node.redis.map_slots(), []

        def look_for_a_tag(address: str, slots: Sequence[str]) -> str:
            if address in slots:
                return tag_at(address, slots)
            in_vain.append(address)  # for ever, and with the whole node
            raise RedisConnectionError("no slot is there")

        async def see_one_place(_: Cluster) -> Sequence[str]:
            return slots[:1] * len(slots)

        monkeypatch.setattr("server.bus.shards.tag_at", look_for_a_tag)
        monkeypatch.setattr("models.tasks.cancel", cancel_slowly)
        monkeypatch.setattr(Cluster, "map_slots", see_one_place)
        await cut_off(cluster)
        await until(lambda: working().count("bus listener") == 1)
        assert in_vain == []


async def test_nothing_of_shards_that_have_just_gone_is_left_when_the_bus_is_closed(
    cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_ending = asyncio.Event()

    async def end_slowly(*tasks: asyncio.Task[Any], **options: float) -> None:
        is_ending.set()
        await cancel_slowly(*tasks, **options)

    async def count_clients() -> int:
        return sum([len(await server.redis.client_list()) for server in cluster.primaries])

    redis = await open_redis(cluster.url, timeout_s=2)
    assert isinstance(redis, Cluster)
    slots, before = await redis.map_slots(), await count_clients()
    bus = Node(redis, PREFIX).bus
    await bus.open()
    await until(lambda: bus.is_up)

    async def see_one_place(_: Cluster) -> Sequence[str]:
        return slots[:1] * len(slots)

    monkeypatch.setattr("models.tasks.cancel", end_slowly)
    monkeypatch.setattr(Cluster, "map_slots", see_one_place)
    await until(lambda: is_ending.is_set())
    await bus.close()
    assert [name for name in working() if name.startswith("bus ")] == []
    await redis.aclose()

    async def no_connection_is_left() -> bool:
        return await count_clients() <= before

    await until(no_connection_is_left)


async def test_a_shard_that_lost_something_goes_on_while_the_one_that_could_say_so_is_silent(
    fresh_cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with joined(fresh_cluster, prefix=HOME_ON_THE_SECOND) as (first, second):
        here = next(each for each in PEOPLE if place(fresh_cluster, first.bus, each) is fresh_cluster.primaries[0])
        await second.hold(here)
        silent = fresh_cluster.primaries[1].process
        assert silent is not None
        second.gaps.clear()
        with holding_breath(silent.pid):
            monkeypatch.setattr("server.bus.publisher.WAITING_MAX", 1)
            for text in "abc":
                first.bus.publish("/chat", text, [here])
            await tell_until_heard(first, second, here)
        await until(lambda: None in second.gaps)


async def test_whoever_comes_before_a_node_hears_what_all_must_hear_is_told_to_sync_once_it_does(
    cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssubscribe, may_hear = PubSub.ssubscribe, asyncio.Event()

    async def late_for_all(self: PubSub, *channels: str, **handlers: Any) -> None:
        if any(channel.endswith(":all") for channel in channels):
            await may_hear.wait()
        await ssubscribe(self, *channels, **handlers)

    async with joined(cluster, count=1) as (first,):
        monkeypatch.setattr(PubSub, "ssubscribe", late_for_all)
        redis = await open_redis(cluster.url, timeout_s=2)
        node = Node(redis, PREFIX)
        bus, gaps = node.bus, node.gaps
        await bus.open()
        elsewhere = next(each for each in PEOPLE if place(cluster, bus, each) is not cluster.primaries[0])
        await until(lambda: bus.node in first.bus.lease.others)
        await bus.hold(elsewhere)
        first.bus.signal(AccountChanged(elsewhere))
        await until(lambda: not first.bus.shards.depth)
        may_hear.set()
        await until(lambda: None in gaps)
        await bus.close()
        await redis.aclose()


async def test_what_a_node_tells_before_it_has_read_that_a_channel_was_taken_from_it_is_not_left_out_in_silence(
    fresh_cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_message, may_read = PubSub.get_message, asyncio.Event()
    may_read.set()

    async def read_late(self: PubSub, *arguments: Any, **named: Any) -> object:
        message = await get_message(self, *arguments, **named)
        if not may_read.is_set() and any(first.bus.node in str(channel) for channel in self.shard_channels):
            await may_read.wait()
        return message

    monkeypatch.setattr(PubSub, "get_message", read_late)
    async with joined(fresh_cluster) as (first, second):
        source = place(fresh_cluster, first.bus, 1)
        target = next(server for server in fresh_cluster.primaries if server is not source)
        await first.hold(1)
        await second.hold(1)
        before, map_slots = await first.redis.map_slots(), Cluster.map_slots

        async def see_late(self: Cluster) -> object:
            return before if self is first.redis and not may_read.is_set() else await map_slots(self)

        monkeypatch.setattr(Cluster, "map_slots", see_late)
        may_read.clear()
        second.gaps.clear()
        await fresh_cluster.move(slot_of(first.bus.channel(1)), source, target)
        await until(lambda: {1} in second.gaps)
        second.gaps.clear()
        first.bus.publish("/chat", "left out", [1])
        await until(lambda: "left out" in second.heard_by(1) or None in second.gaps)
        may_read.set()
        await until(lambda: first.bus.is_up and second.bus.is_up)


async def cancel_slowly(*tasks: asyncio.Task[Any], **options: float) -> None:
    """As when a driver swallows a cancellation."""
    await asyncio.sleep(1.0)
    await cancel(*tasks, **options)


def working() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks()]
