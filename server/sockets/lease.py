"""The lease by which the nodes know each other: a name and a date in Redis, renewed while the node lives."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection
from time import monotonic

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

LEASE_S = 8.0
RENEW_S = 2.0
UNSEEN_S = 5.0  # a lease not seen for so long is over: a Redis that starts again knows nobody for RENEW_S


class Lease:
    """This node's, and what it knows of the others'. Dates are those of Redis, so the clocks of nodes need not agree."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self.node = secrets.token_hex(8)
        self.on_met: Callable[[str], None] = _ignore
        self.on_gone: Callable[[Collection[str]], None] = _ignore
        self.on_break: Callable[[Exception], None] = _ignore
        self._redis = redis
        self._key = f"{prefix}:nodes"
        self._seen: dict[str, float] = {}  # the other nodes, and when their lease was last seen

    @property
    def others(self) -> frozenset[str]:
        """The other nodes that are alive, as of the last renewal."""
        return frozenset(self._seen)

    @property
    def is_alone(self) -> bool:
        return not self._seen

    async def take(self) -> None:
        """Take the lease, and see who is there; raises RedisError when Redis cannot be reached."""
        self._seen = dict.fromkeys(await self._renew(), monotonic())

    async def keep(self) -> None:
        """Renew the lease until this is cancelled."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                for node in await self._renew():
                    self.meet(node)
                self._part()
            except (RedisError, OSError) as error:
                self.on_break(error)
                self._seen = dict.fromkeys(self._seen, monotonic())  # while nobody can be seen, nobody is gone

    async def give_up(self) -> None:
        await self._redis.zrem(self._key, self.node)

    def meet(self, node: str) -> None:
        """A node is alive."""
        is_new = node not in self._seen
        self._seen[node] = monotonic()
        if is_new:
            self.on_met(node)

    def forget(self, node: str) -> None:
        """A node has taken its leave."""
        self._seen.pop(node, None)

    async def _renew(self) -> list[str]:
        """Renew the lease; the other nodes that have one."""
        now, _ = await self._redis.time()
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.execute_command("ZADD", self._key, now, self.node)
        pipeline.execute_command("ZREMRANGEBYSCORE", self._key, "-inf", now - LEASE_S)
        pipeline.execute_command("ZRANGE", self._key, 0, -1)
        *_, nodes = await pipeline.execute()
        return [name for node in nodes if (name := node.decode()) != self.node]

    def _part(self) -> None:
        """Forget the nodes whose lease is over."""
        now = monotonic()
        gone = [node for node, last in self._seen.items() if last < now - UNSEEN_S]
        for node in gone:
            del self._seen[node]
        if gone:
            log.warning("%d nodes are gone without saying so", len(gone))
            self.on_gone(gone)


def _ignore(_: object) -> None:
    """Nobody listens yet."""
