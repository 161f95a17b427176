"""The lease by which nodes know each other: a name and a time in Redis, renewed while the node lives.

A node that stops moves its name to the list of those that left. A node that dies leaves its name among the leases, with a time that
grows old. Both stay until a sweep has taken the node's accounts offline (presence_store.py) and removes them. Times are those of
Redis, so the clocks of nodes need not agree.
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

LEASE_S = 6.0  # without a renewal: two of them may fail, and a sweep can be done within ten seconds of a crash
RENEW_S = 2.0
SOONEST_S = 0.2  # between two renewals while another node's lease is about to end

# KEYS: the leases, the nodes that left. ARGV: this node. -> the time, when this node renewed last (or false), and [node, time, …] of
# both. The time is returned as text, because a script's numbers lose their fractions.
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
    """The leases as Redis knew them when this node renewed its own: how long ago each node renewed last."""

    own_age_s: float | None  # before this renewal; None if Redis did not know this node
    ages_s: dict[str, float]
    left_ages_s: dict[str, float]


class Lease:
    """This node's lease, and the other nodes as of the last renewal."""

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
        """`on_met`: another node is there; `on_gone`: nodes died; `on_break`: a renewal failed with this error.

        `on_lost`: Redis, or the other nodes, had given this node up.
        """
        self.node = secrets.token_hex(8)
        self._on_met, self._on_gone, self._on_break, self._on_lost = on_met, on_gone, on_break, on_lost
        self.key = names.together("leases")
        self.left_key = names.together("left")
        self._redis = redis
        self._seen: dict[str, float] = {}  # living nodes: when they renewed last by this node's clock
        self._over: dict[str, float] = {}  # expired leases and those of nodes that left: as in _seen
        self._blind_at = 0.0  # when this node last could not see renewals
        self._settles_at = 0.0

    @property
    def others(self) -> frozenset[str]:
        """Returns the other nodes that are alive, as of the last renewal."""
        return frozenset(self._seen)

    @property
    def is_alone(self) -> bool:
        """Whether no other node is alive."""
        return not self._seen

    @property
    def has_none_to_sweep(self) -> bool:
        """Whether Redis has no name of a node that is gone."""
        return not self._over

    @property
    def is_settling(self) -> bool:
        """Whether Redis lost its data a moment ago, so that other nodes may not have written theirs again yet."""
        return monotonic() < self._settles_at

    def list_over(self, after_s: float) -> list[str]:
        """Returns the nodes that have been gone for `after_s`, or for LEASE_S if that is longer, and still have a name in Redis."""
        before = monotonic() - max(after_s, LEASE_S)
        return [node for node, last in self._over.items() if max(last, self._blind_at) < before]

    async def take(self) -> None:
        """Take the lease, and find the living nodes. Raises RedisError when Redis cannot be reached."""
        renewal = await self._renew()
        now = self._blind_at = monotonic()  # a node that is silent now gets the time of a lease to renew
        self._seen = {node: now for node, age_s in renewal.ages_s.items() if age_s <= LEASE_S}
        self._look_at(renewal, now)

    async def keep(self) -> None:
        """Renew the lease until cancelled."""
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
        """Move this node to those that left. Raises RedisError."""
        await run_script(self._redis, _GIVE_UP, [self.key, self.left_key], [self.node])

    def meet(self, node: str) -> None:
        """A node is alive: it has greeted this one."""
        self._meet(node, monotonic())

    def forget(self, node: str) -> None:
        """A node has left, and is among those that left in Redis."""
        renewed_at = self._seen.pop(node, None)
        if renewed_at is not None:
            self._over[node] = renewed_at

    def _meet(self, node: str, renewed_at: float) -> None:
        is_new = node not in self._seen
        self._seen[node] = renewed_at
        if is_new:
            self._on_met(node)

    async def _renew_by_a_new_line(self) -> _Renewal:
        """Renew, and once more if a Redis that was restarted had closed the connection: that is no outage."""
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
        """Returns the seconds to the next renewal, or to the end of the first lease that was not renewed in time."""
        now = monotonic()
        ends_at = max(min(self._seen.values(), default=now), self._blind_at) + LEASE_S
        return min(RENEW_S, max(SOONEST_S, ends_at - now))


def _ages_s(nodes: list[bytes], now: float) -> dict[str, float]:
    return {node.decode(): now - float(date) for node, date in zip(nodes[::2], nodes[1::2], strict=True)}
