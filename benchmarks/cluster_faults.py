"""Injects the faults of a Redis Cluster: its primaries die, stop and are taken over, its slots move."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from typing_extensions import override

from benchmarks.fault_injector import Act, FaultInjector, Kind, Over
from benchmarks.redis_cluster import RedisCluster, Shard
from benchmarks.servers import holding_breath
from server.bus.names import RedisNames
from server.redis_client.cluster import slot_of

SLOTS = 1000  # that move at once, out of 16,384
# Where all keys are; it stays, as to move what is not empty takes a command a key.
HOME_SLOT = slot_of(RedisNames("parley").together("leases"))


@dataclass
class ClusterFaultInjector(FaultInjector):
    """Injects faults into a site whose Redis is a cluster: one of the cluster at a time, the next when it is whole again."""

    cluster: RedisCluster = field(kw_only=True)
    _is_struck: asyncio.Lock = field(default_factory=asyncio.Lock)

    @override
    def acts(self) -> Mapping[Kind, Act]:
        return {
            **super().acts(),
            Kind.SHARD_KILL: self._kill_primary,
            Kind.SHARD_PAUSE: self._pause_primary,
            Kind.SHARD_FAILOVER: self._fail_over,
            Kind.SLOTS_MOVE: self._move_slots,
        }

    async def _any_shard(self) -> Shard:
        await self.cluster.is_whole()
        return self.random.choice(await self.cluster.list_shards())

    async def _kill_primary(self, over: Over) -> None:
        async with self._is_struck:
            shard = await self._any_shard()
            await shard.primary.kill()
            over()
            await shard.replica.becomes_primary()
            await shard.primary.start()
            await self.cluster.is_whole()

    async def _pause_primary(self, over: Over) -> None:
        async with self._is_struck:
            shard = await self._any_shard()
            with holding_breath(shard.primary.pid):
                await self.hold(Kind.SHARD_PAUSE)
            over()
            await self.cluster.is_whole()

    async def _fail_over(self, over: Over) -> None:
        async with self._is_struck:
            shard = await self._any_shard()
            await shard.replica.ask("CLUSTER FAILOVER")
            over()
            await shard.replica.becomes_primary()
            await self.cluster.is_whole()

    async def _move_slots(self, over: Over) -> None:
        async with self._is_struck:
            await self.cluster.is_whole()
            source, target = self.random.sample(await self.cluster.list_shards(), k=2)
            movable = [slot for slot in source.slots if slot != HOME_SLOT]
            for slot in self.random.sample(movable, k=min(SLOTS, len(movable))):
                await self.cluster.move(slot, source.primary, target.primary)
            over()
            await self.cluster.is_whole()
