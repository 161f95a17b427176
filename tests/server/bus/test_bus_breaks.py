"""A bus whose Redis stumbles: it is up again when Redis is, and tells whoever may have missed something to sync."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from benchmarks.servers import holding_breath
from server.bus.bus import Bus
from server.bus.listeners import BusListeners
from server.bus.publisher import AT_ONCE
from server.config import MongodbSettings
from server.embedded import EmbeddedStores
from tests.server.bus.buses import WITHIN_S, Node, joined, no_large_chats, tell_until_heard
from tests.support.socket_fixture import until

ANN, TOM = 1, 2
Gaps = list[set[int] | None]  # of whom it was said that they may have missed something; None: everybody


@pytest.fixture
async def stores(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedStores]:
    """A Redis of this module alone; nobody asks for MongoDB."""
    nobody = MongodbSettings(url="mongodb://127.0.0.1:1")
    async with EmbeddedStores(tmp_path_factory.mktemp("stores"), nobody, stop_patience_s=0.2) as running:
        yield running


@asynccontextmanager
async def open_bus(stores: EmbeddedStores, **options: float) -> AsyncIterator[tuple[Bus, Gaps]]:
    """A bus that hears others, and what it says from then on."""
    redis = Redis.from_url(stores.redis_url, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))
    node = Node(redis, options=options)
    await node.bus.open()
    await until(lambda: node.bus.is_up)
    try:
        yield node.bus, node.gaps
    finally:
        await node.bus.close()
        await redis.aclose()


@asynccontextmanager
async def stopped(stores: EmbeddedStores) -> AsyncIterator[None]:
    assert stores.valkey is not None
    with holding_breath(await stores.valkey.pid()):
        yield


async def test_a_redis_that_did_not_obey_for_a_moment_has_the_bus_up_again_when_it_does(stores: EmbeddedStores) -> None:
    async with open_bus(stores) as (bus, _):
        async with stopped(stores):
            await until(lambda: not bus.is_up)
        await until(lambda: bus.is_up)
        assert bus.breaks == 1


async def test_whoever_came_while_redis_was_silent_is_told_to_sync_once_it_is_heard_for(stores: EmbeddedStores) -> None:
    async with open_bus(stores) as (bus, gaps):
        async with stopped(stores):
            await bus.hold(ANN)
            assert gaps == []
        await until(lambda: {ANN} in gaps or None in gaps)


async def test_whoever_comes_while_the_node_hears_nothing_is_told_to_sync_once_it_is_heard_for(
    stores: EmbeddedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe, may_go_on = PubSub.subscribe, asyncio.Event()

    async def slow(self: PubSub, *channels: str, **handlers: Any) -> None:
        if not self.channels and not may_go_on.is_set():  # the first of a new connection: all that is held
            asked.set()
            await may_go_on.wait()
        await subscribe(self, *channels, **handlers)

    asked = asyncio.Event()
    async with AsyncExitStack() as stack:
        bus, gaps = await stack.enter_async_context(open_bus(stores))
        await bus.hold(ANN)
        monkeypatch.setattr(PubSub, "subscribe", slow)
        admin = await stack.enter_async_context(Redis.from_url(stores.redis_url))
        await admin.client_kill_filter(_type="pubsub")
        await until(lambda: asked.is_set())
        await bus.hold(TOM)
        may_go_on.set()
        await until(lambda: {TOM} in gaps)
        assert None in gaps, "and everybody who was there before"


async def test_a_subscription_that_fails_has_the_node_listen_anew_and_everybody_sync(
    stores: EmbeddedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe, failures = PubSub.subscribe, [RedisConnectionError("reset")]

    async def fails_once(self: PubSub, *channels: str, **handlers: Any) -> None:
        if failures and len(channels) == 1:
            raise failures.pop()
        await subscribe(self, *channels, **handlers)

    async with open_bus(stores) as (bus, gaps):
        monkeypatch.setattr(PubSub, "subscribe", fails_once)
        await bus.hold(ANN)
        await until(lambda: None in gaps)
        await until(lambda: bus.is_up)


async def test_a_node_that_the_others_gave_up_is_known_to_them_again_and_tells_everybody_to_sync(
    stores: EmbeddedStores,
) -> None:
    async with open_bus(stores) as (back, gaps), open_bus(stores) as (other, _):
        await until(lambda: back.node in other.lease.others)
        gaps.clear()
        other.lease.forget(back.node)
        await until(lambda: None in gaps)
        assert back.node in other.lease.others


async def test_whoever_leaves_before_all_was_published_says_so(stores: EmbeddedStores) -> None:
    redis = Redis.from_url(stores.redis_url, socket_timeout=WITHIN_S, retry=Retry(NoBackoff(), 0))
    leaving, heard = Bus(redis, BusListeners(), no_large_chats), set[str]()
    async with open_bus(stores) as (staying, gaps):
        staying._listeners.packet.add(lambda _namespace, text, _to: heard.add(text))
        await leaving.open()
        await until(lambda: not (leaving.lease.is_alone or staying.lease.is_alone or leaving.shards.depth))
        await staying.hold(ANN)
        gaps.clear()
        async with stopped(stores):
            for number in range(AT_ONCE + 1):
                leaving.publish("/chat", str(number), {ANN})
            closing = asyncio.create_task(leaving.close())
            await until(lambda: count_tasks("bus sender") == 1)
        await closing
        await until(lambda: leaving.node not in staying.lease.others)
        assert len(heard) <= AT_ONCE
        assert None in gaps
    await redis.aclose()


def count_tasks(name: str) -> int:
    return sum(task.get_name() == name for task in asyncio.all_tasks())


async def test_what_is_lost_while_others_are_told_of_a_loss_is_told_them_too(
    stores: EmbeddedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.bus.publisher.WAITING_MAX", 1)
    async with open_bus(stores) as (bus, _), open_bus(stores) as (other, gaps):
        await until(lambda: not bus.lease.is_alone and not other.lease.is_alone and not bus.shards.depth)
        gaps.clear()
        publish, losses = Redis.publish, iter(range(1))

        def overflow() -> None:
            for text in "12":
                bus.publish("/chat", text, {ANN})

        async def slow(self: Redis, channel: str, message: bytes) -> int:
            for _ in losses:
                overflow()
            count: int = await publish(self, channel, message)
            return count

        monkeypatch.setattr(Redis, "publish", slow)
        overflow()
        await until(lambda: gaps.count(None) >= 2)


@pytest.mark.parametrize("said", [b'["packet","0123",{"of":"another version"}]', b'["moved","0123"]', b"\xff"])
async def test_whom_it_concerns_is_told_to_sync_when_a_node_says_what_another_cannot_read(
    stores: EmbeddedStores, said: bytes
) -> None:
    async with open_bus(stores, unreadable_for_s=0.05) as (bus, gaps), Redis.from_url(stores.redis_url) as redis:
        await bus.hold(ANN)
        for channel, concerned in ((bus.channel(ANN), {ANN}), (bus._everybody, None)):
            gaps.clear()
            await redis.publish(channel, said)
            await until(lambda: bool(gaps))
            assert gaps == [concerned]


@pytest.mark.parametrize("part", ["publishing", "listening", "subscribing"])
async def test_a_fault_of_the_driver_that_is_none_of_redis_ends_nothing_for_good_and_is_made_up_for(
    stores: EmbeddedStores, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    async with joined(stores.redis_url) as (first, second):
        await second.hold(ANN)
        told, publisher = len(second.gaps), first.bus.shards.home.publisher
        pubsub = second.bus.shards.home.subscriptions._pubsub
        owner, name = {
            "publishing": (publisher, "_run"),
            "listening": (pubsub, "get_message"),
            "subscribing": (pubsub, "subscribe"),
        }[part]
        works = getattr(owner, name)

        async def fails_once(*_: Any, **__: Any) -> None:
            monkeypatch.setattr(owner, name, works)
            raise AttributeError("'NoneType' object has no attribute 'write'")

        monkeypatch.setattr(owner, name, fails_once)
        first.bus.publish("/chat", "lost or not", [ANN])
        await second.hold(TOM)
        await until(lambda: None in second.gaps[told:])
        for account_id in (ANN, TOM):
            await tell_until_heard(first, second, account_id)
