"""The lease by which the nodes know each other: a name and a date in Redis, renewed while the node lives.

A node that takes its leave moves its name to the list of those that left; one that dies leaves its name where it is, with a
date that grows old. Both stay until somebody has told what they leave behind (presence_board.py) and removes them. Dates are
those of Redis, so the clocks of nodes need not agree.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import monotonic

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from server.bus.names import RedisNames
from server.redis_client.client import RedisClient, run_script

log = logging.getLogger(__name__)

LEASE_S = 6.0  # not renewed for so long, a lease is over: two renewals may fail, and ten seconds leave time for a sweep
RENEW_S = 2.0
SOONEST_S = 0.2  # between two looks at a lease that is about to end

# KEYS: the leases, those who left. ARGV: this node. -> the time, when this node renewed last (or false), [node, date, …] of both.
# The time is told as text, because a script's numbers lose their fractions.
_RENEW = """
local time = redis.call('TIME')
local now = string.format('%d.%06d', time[1], time[2])
local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now, ARGV[1])
return {now, last, redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES'), redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')}
"""

_GIVE_UP = """
local date = redis.call('ZSCORE', KEYS[1], ARGV[1])
if date then
    redis.call('ZREM', KEYS[1], ARGV[1])
    redis.call('ZADD', KEYS[2], date, ARGV[1])
end
"""


@dataclass(frozen=True, slots=True)
class _Renewal:
    """What Redis knew when the lease was renewed: how long ago each node renewed last, this one before now too."""

    own_age_s: float | None  # None: Redis did not know this node
    ages_s: dict[str, float]
    left_ages_s: dict[str, float]


class Lease:
    """This node's, and what it knows of the others'. `on_lost` hears that Redis, or the others, had given this node up."""

    def __init__(
        self,
        redis: RedisClient,
        names: RedisNames,
        *,
        on_met: Callable[[str], None],
        on_gone: Callable[[Collection[str]], None],
        on_break: Callable[[Exception], None],
        on_lost: Callable[[], None],
    ) -> None:
        self.node = secrets.token_hex(8)
        self._on_met, self._on_gone, self._on_break, self._on_lost = on_met, on_gone, on_break, on_lost
        self.key = names.together("leases")
        self.left_key = names.together("left")
        self._redis = redis
        self._seen: dict[str, float] = {}  # the other nodes that live, and when they renewed last by this node's clock
        self._over: dict[str, float] = {}  # leases that are over, and those of nodes that left: the same
        self._blind_at = 0.0  # when Redis was last known to answer nobody
        self._settles_at = 0.0

    @property
    def others(self) -> frozenset[str]:
        """The other nodes that are alive, as of the last renewal."""
        return frozenset(self._seen)

    @property
    def is_alone(self) -> bool:
        return not self._seen

    @property
    def has_none_to_sweep(self) -> bool:
        """Whether no other node has a name in Redis, of those that are gone either."""
        return not self._over

    @property
    def is_settling(self) -> bool:
        """Whether Redis forgot everything a moment ago, so that other nodes may not have said yet what it should know."""
        return monotonic() < self._settles_at

    def list_over(self, after_s: float) -> list[str]:
        """Nodes that are gone for so long, at least for the time of a lease, and still have a name in Redis."""
        before = monotonic() - max(after_s, LEASE_S)
        return [node for node, last in self._over.items() if max(last, self._blind_at) < before]

    async def take(self) -> None:
        """Take the lease, and see who is there; raises RedisError when Redis cannot be reached."""
        renewal = await self._renew()
        now = self._blind_at = monotonic()  # whoever is silent now gets the time of a lease to speak
        self._seen = {node: now for node, age_s in renewal.ages_s.items() if age_s <= LEASE_S}
        self._look_at(renewal, now)

    async def keep(self) -> None:
        """Renew the lease until this is cancelled."""
        while True:
            await asyncio.sleep(self._pause_s())
            began = monotonic()
            try:
                renewal = await self._renew_by_a_new_line()
            except (RedisError, OSError) as error:
                self._blind_at = monotonic()  # while nobody can be seen, nobody is gone
                self._on_break(error)
                continue
            now = monotonic()
            if now - began > RENEW_S:
                self._blind_at = now  # the others may have waited for Redis just as long
            self._look_at(renewal, now)
            if renewal.own_age_s is None:
                self._settles_at = now + LEASE_S
            if renewal.own_age_s is None or renewal.own_age_s > LEASE_S:
                log.warning("the lease of this node was over")
                self._on_lost()

    async def give_up(self) -> None:
        """Leave; raises RedisError."""
        await run_script(self._redis, _GIVE_UP, [self.key, self.left_key], [self.node])

    def meet(self, node: str) -> None:
        """A node is alive."""
        self._meet(node, monotonic())

    def forget(self, node: str) -> None:
        """A node has taken its leave, and its name is among those that left."""
        renewed_at = self._seen.pop(node, None)
        if renewed_at is not None:
            self._over[node] = renewed_at

    def _meet(self, node: str, renewed_at: float) -> None:
        is_new = node not in self._seen
        self._seen[node] = renewed_at
        if is_new:
            self._on_met(node)

    async def _renew_by_a_new_line(self) -> _Renewal:
        """Renew once more where the connection was one that Redis had closed when it was started again: that is no outage."""
        try:
            return await self._renew()
        except RedisConnectionError:
            return await self._renew()

    async def _renew(self) -> _Renewal:
        now, last, nodes, left = await run_script(self._redis, _RENEW, [self.key, self.left_key], [self.node])
        ages_s = _ages_s(nodes, float(now))
        ages_s.pop(self.node, None)
        return _Renewal(None if last is None else float(now) - float(last), ages_s, _ages_s(left, float(now)))

    def _look_at(self, renewal: _Renewal, now: float) -> None:
        for node, age_s in renewal.ages_s.items():
            if age_s <= LEASE_S:
                self._meet(node, now - age_s)
        gone = [node for node, last in self._seen.items() if max(last, self._blind_at) < now - LEASE_S]
        for node in gone:
            del self._seen[node]
        ages_s = {node: age_s for node, age_s in renewal.ages_s.items() if node not in self._seen}
        self._over = {node: now - age_s for node, age_s in (ages_s | renewal.left_ages_s).items()}
        if gone:
            log.warning("%d nodes are gone without saying so", len(gone))
            self._on_gone(gone)

    def _pause_s(self) -> float:
        """Until the next renewal, or until the first lease ends that was not renewed in time."""
        now = monotonic()
        ends_at = max(min(self._seen.values(), default=now), self._blind_at) + LEASE_S
        return min(RENEW_S, max(SOONEST_S, ends_at - now))


def _ages_s(nodes: list[bytes], now: float) -> dict[str, float]:
    return {node.decode(): now - float(date) for node, date in zip(nodes[::2], nodes[1::2], strict=True)}
