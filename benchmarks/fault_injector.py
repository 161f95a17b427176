"""Injects faults into a site of several nodes, and measures how long it takes to serve everybody again."""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from statistics import median
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

from benchmarks.links import Lines, Link
from benchmarks.probes import Probe, full_service
from benchmarks.servers import Server, holding_breath, kill_mongod, kill_redis
from server.embedded import EmbeddedStores

Over = Callable[[], None]
Act = Callable[[Over], Awaitable[None]]
FLUSH_WITHIN_S = 60.0  # of Redis, which may be down for a fault of another kind


class Kind(StrEnum):
    NODE_KILL = "kill -9 of a node"
    MONGOD_KILL = "kill -9 of mongod"
    REDIS_KILL = "kill -9 of Redis"
    REDIS_FLUSH = "FLUSHALL of Redis"
    REDIS_PAUSE = "pause of Redis"
    NODE_PAUSE = "pause of a node"
    REDIS_CUT = "node cut off from Redis"
    REDIS_STALL = "node's line to Redis stalled"
    MONGODB_CUT = "node cut off from MongoDB"
    MONGODB_STALL = "node's line to MongoDB stalled"
    SHARD_KILL = "kill -9 of a Redis primary"  # from here on of a cluster: cluster_faults.py
    SHARD_PAUSE = "pause of a Redis primary"
    SHARD_FAILOVER = "Redis replica takes over"
    SLOTS_MOVE = "slots move between primaries"


# Seconds for which a fault is held, at random between the two; the others are over at once.
HELD_S: Mapping[Kind, tuple[float, float]] = {
    Kind.REDIS_PAUSE: (6.0, 13.0),  # a node notices after 5 s that Redis does not obey, after 10 s that it says nothing
    Kind.NODE_PAUSE: (9.0, 17.0),  # a lease ends after 6 s
    Kind.REDIS_CUT: (1.0, 15.0),
    Kind.REDIS_STALL: (3.0, 15.0),
    Kind.MONGODB_CUT: (1.0, 12.0),  # a send is told to try again after 10 s
    Kind.MONGODB_STALL: (1.0, 12.0),
    Kind.SHARD_PAUSE: (3.0, 12.0),  # a replica takes over after one or two
}
BRIEFLY: Mapping[Kind, tuple[float, float]] = {
    Kind.REDIS_PAUSE: (6.0, 6.5),
    Kind.NODE_PAUSE: (9.0, 9.5),
    Kind.REDIS_CUT: (1.0, 2.0),
    Kind.REDIS_STALL: (5.5, 6.0),
    Kind.MONGODB_CUT: (1.0, 2.0),
    Kind.MONGODB_STALL: (1.0, 2.0),
    Kind.SHARD_PAUSE: (4.0, 4.5),
}


@dataclass(frozen=True, slots=True)
class Outage:
    """One fault: for how long it was held, and when all doors served everybody, in seconds from its beginning."""

    held_s: float
    service_s: float


@dataclass
class FaultInjector:
    """Injects faults into a site, one at a time on each node and each store."""

    nodes: Sequence[Server]
    lines: Sequence[Lines]
    stores: EmbeddedStores
    probes: Sequence[Probe]
    random: Random
    held_s: Mapping[Kind, tuple[float, float]] = field(default_factory=lambda: HELD_S)
    outages: dict[Kind, list[Outage]] = field(default_factory=lambda: defaultdict(list))
    going_on: Counter[Kind] = field(default_factory=Counter)

    def acts(self) -> Mapping[Kind, Act]:
        """Returns the function that injects each kind.

        It returns when the next may come, and calls `over` when the fault is over.
        """
        return {
            Kind.NODE_KILL: self._kill_node,
            Kind.MONGOD_KILL: self._kill_mongod,
            Kind.REDIS_KILL: self._kill_redis,
            Kind.REDIS_FLUSH: self._flush_redis,
            Kind.REDIS_PAUSE: self._pause_redis,
            Kind.NODE_PAUSE: self._pause_node,
            Kind.REDIS_CUT: lambda over: self._cut(self.random.choice(self.lines).redis, Kind.REDIS_CUT, over),
            Kind.REDIS_STALL: lambda over: self._stall(self.random.choice(self.lines).redis, Kind.REDIS_STALL, over),
            Kind.MONGODB_CUT: lambda over: self._cut(self.random.choice(self.lines).mongodb, Kind.MONGODB_CUT, over),
            Kind.MONGODB_STALL: lambda over: self._stall(
                self.random.choice(self.lines).mongodb, Kind.MONGODB_STALL, over
            ),
        }

    async def inject(self, kind: Kind) -> None:
        """Inject a fault and wait until everybody is served again. Raises NoService."""
        act = self.acts()[kind]
        over: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.going_on[kind] += 1
        began = monotonic()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_until_over(act, over), name=kind)
                over_at = await over
                await full_service(self.probes)
                self.outages[kind].append(Outage(over_at - began, monotonic() - began))
        finally:
            self.going_on[kind] -= 1

    async def hold(self, kind: Kind) -> None:
        await asyncio.sleep(self.random.uniform(*self.held_s[kind]))

    async def _kill_node(self, over: Over) -> None:
        node = self.random.choice(self.nodes)
        await node.kill()
        over()
        await node.start()

    async def _kill_mongod(self, over: Over) -> None:
        await kill_mongod(self.stores)
        over()

    async def _kill_redis(self, over: Over) -> None:
        await kill_redis(self.stores)
        over()

    async def _flush_redis(self, over: Over) -> None:
        async with Redis.from_url(self.stores.redis_url, socket_timeout=30.0) as redis, asyncio.timeout(FLUSH_WITHIN_S):
            while True:
                try:
                    await redis.flushall()
                    break
                except (RedisError, OSError):  # a fault of another kind has just hit it
                    await asyncio.sleep(0.1)
        over()

    async def _pause_redis(self, over: Over) -> None:
        assert self.stores.valkey is not None, "the stores are embedded"
        pid = await self.stores.valkey.pid()
        # A fault of another kind may kill it meanwhile.
        with suppress(ProcessLookupError), holding_breath(pid):
            await self.hold(Kind.REDIS_PAUSE)
        over()

    async def _pause_node(self, over: Over) -> None:
        node = self.random.choice(self.nodes)
        node.pause()
        try:
            await self.hold(Kind.NODE_PAUSE)
        finally:
            node.go_on()
        over()

    async def _cut(self, link: Link, kind: Kind, over: Over) -> None:
        await link.cut()
        await self.hold(kind)
        await link.open()
        over()

    async def _stall(self, link: Link, kind: Kind, over: Over) -> None:
        link.stall()
        try:
            await self.hold(kind)
        finally:
            link.go_on()
        over()


async def _until_over(act: Act, over: "asyncio.Future[float]") -> None:
    try:
        await act(lambda: over.set_result(monotonic()))
    finally:
        if not over.done():
            over.cancel()


def distribution(outages: Mapping[Kind, Sequence[Outage]]) -> str:
    """Returns a table: per kind of fault how often, how long it was held, and the seconds to full service."""
    head = f"{'seconds to full service':<32}{'times':>6}{'held':>7}   {'from its beginning':^28}   {'from its end':^28}"
    columns = "".join(f"{name:>7}" for name in ("min", "median", "p90", "max"))
    lines = [head, f"{'':<32}{'':>6}{'median':>7}   {columns}   {columns}"]
    for kind in Kind:
        found = outages.get(kind, ())
        if found:
            held = median(outage.held_s for outage in found)
            whole = _spread([outage.service_s for outage in found])
            after = _spread([outage.service_s - outage.held_s for outage in found])
            lines.append(f"{kind.value:<32}{len(found):>6}{held:>7.1f}   {whole}   {after}")
    return "\n".join(lines)


def _spread(values: Sequence[float]) -> str:
    ordered = sorted(values)
    p90 = ordered[math.ceil(0.9 * len(ordered)) - 1]
    return "".join(f"{value:>7.1f}" for value in (ordered[0], median(ordered), p90, ordered[-1]))
