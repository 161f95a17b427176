"""What Redis is asked to publish reaches whoever listens, and only what nobody but this node listens to is left out."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from server.bus.publisher import Publisher


@dataclass
class Scene:
    """A node that believes it listens to everything, and what a listener hears; channels are this test's own."""

    redis: Redis
    subscription: PubSub
    name: str = field(default_factory=lambda: secrets.token_hex(8))

    def channel(self, name: str) -> str:
        return f"{self.name}:{name}"

    def publisher(self) -> Publisher:
        return Publisher(self.redis, asyncio.Event(), lambda: self.channel("marker"), lambda _: True)

    async def listen(self, *names: str) -> None:
        await self.subscription.subscribe(*map(self.channel, names))
        for _ in names:
            assert (await self.subscription.get_message(timeout=30))["type"] == "subscribe"

    async def heard(self, count: int) -> list[tuple[str, bytes]]:
        messages = [await self.subscription.get_message(timeout=30) for _ in range(count)]
        return [(message["channel"].decode().partition(":")[2], message["data"]) for message in messages]


@pytest.fixture
async def scene(redis_url: str) -> AsyncIterator[Scene]:
    async with Redis.from_url(redis_url, protocol=3) as redis, redis.pubsub() as subscription:
        yield Scene(redis, subscription)


async def test_what_this_node_alone_listens_to_is_left_out(scene: Scene) -> None:
    await scene.listen("marker", "a", "b")
    publisher = scene.publisher()
    async with scene.redis.pubsub() as other:
        await other.subscribe(scene.channel("b"))
        await other.get_message(timeout=30)
        publisher.put(b"1", [scene.channel("a"), scene.channel("b")])
        await publisher.flush()
        assert await scene.heard(1) == [("b", b"1")]


async def test_nothing_is_left_out_once_redis_has_lost_this_nodes_own_connection(scene: Scene) -> None:
    await scene.listen("a")  # somebody else: nobody listens to the marker
    publisher = scene.publisher()
    publisher.put(b"1", [scene.channel("a")])
    await publisher.flush()
    assert await scene.heard(1) == [("a", b"1")]


async def test_messages_on_many_channels_arrive_in_the_order_in_which_they_were_put(scene: Scene) -> None:
    names = [str(n) for n in range(40)]
    await scene.listen(*names)
    publisher = scene.publisher()
    for n in range(100):
        publisher.put(b"%d" % n, [scene.channel(name) for name in names[: 1 + n % 40]])
    assert len(publisher) == 100
    await publisher.flush()
    assert len(publisher) == 0
    expected = [(name, b"%d" % n) for n in range(100) for name in names[: 1 + n % 40]]
    assert await scene.heard(len(expected)) == expected
