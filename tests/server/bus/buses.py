"""Buses over one Redis, whatever kind it is: what came by each is kept, and they know each other."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from models.facts import Invalidation
from server.bus.bus import Bus
from server.bus.large_chats import Memberships
from server.bus.listeners import BusListeners
from server.redis_client.client import RedisClient, open_redis
from tests.support.socket_fixture import until

WITHIN_S = 30.0


async def no_large_chats(_: Collection[int]) -> Memberships:
    """Returns that nobody is in a large chat."""
    return {}


@dataclass
class Node:
    """A bus, and what came by it."""

    redis: RedisClient
    prefix: str = "parley"
    options: Mapping[str, float] = field(default_factory=dict)  # of the bus
    packets: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    signals: list[Invalidation] = field(default_factory=list)
    gaps: list[set[int] | None] = field(default_factory=list)  # who may have missed something; None: everybody

    def __post_init__(self) -> None:
        listeners = BusListeners()
        listeners.packet.add(lambda _, text, to: self.packets.append((text, tuple(to))))
        listeners.signal.add(self.signals.append)
        listeners.gap.add(lambda of: self.gaps.append(None if of is None else set(of)))
        self.bus = Bus(self.redis, listeners, no_large_chats, prefix=self.prefix, **self.options)

    def heard_by(self, account_id: int) -> list[str]:
        return [text for text, to in self.packets if account_id in to]

    async def hold(self, *account_ids: int) -> None:
        for account_id in account_ids:
            await self.bus.hold(account_id)


@asynccontextmanager
async def joined(
    url: str, *, prefix: str = "parley", count: int = 2, timeout_s: float = 10
) -> AsyncIterator[list[Node]]:
    """Nodes that know each other and hear each other, on every shard."""
    async with AsyncExitStack() as stack:
        nodes: list[Node] = []
        for _ in range(count):
            redis = await open_redis(url, timeout_s=timeout_s)
            stack.push_async_callback(redis.aclose)
            nodes.append(node := Node(redis, prefix))
            await node.bus.open()
            stack.push_async_callback(node.bus.close)
        await until(lambda: all(node.bus.is_up and len(node.bus.lease.others) == count - 1 for node in nodes))
        await until(lambda: all(None in node.gaps for node in nodes[1:]))  # a greeting says so
        yield nodes


async def tell_until_heard(speaker: Node, listener: Node, account_id: int) -> None:
    """Until the way is free; what was told before is missed, and a sync must have been asked for."""

    def is_heard() -> bool:
        speaker.bus.publish("/chat", "now", [account_id])
        return "now" in listener.heard_by(account_id)

    await until(is_heard, WITHIN_S)
