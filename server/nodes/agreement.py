"""Compares the secrets and clocks of the nodes over one database; if they differ, nodes refuse each other's requests and tokens.

Each node writes a fingerprint of its secret and the offset of its clock from that of Redis, and reads those of all nodes. If secrets
differ, that of the node that has run longest counts, and nodes with another one are not ready, so that a working site goes on. If
clocks are too far apart, the one counts that is nearer to the median of the machines and Redis.
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from time import time
from typing import Any
from urllib.parse import urlsplit

from redis.exceptions import RedisError

from models.tasks import BackgroundTasks
from server.nodes.internal_server import GOOD_FOR_S
from server.redis_client.client import RedisClient, run_script, server_of

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
LEASE_S = 8.0  # a node that has written nothing for so long is gone
APART_MAX_S = GOOD_FOR_S - 1  # between two clocks; the rest allows for the way to Redis and for whole seconds

# KEYS: the nodes. ARGV: this node, its Member as JSON, LEASE_S. -> the time, and [node, time and Member, …] of all.
_SAY = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('HSET', KEYS[1], ARGV[1], string.format('%d.%06d %s', time[1], time[2], ARGV[2]))
redis.call('EXPIRE', KEYS[1], 60)
local nodes = redis.call('HGETALL', KEYS[1])
for i = 1, #nodes, 2 do
    local date = tonumber(string.match(nodes[i + 1], '^[%d.]+'))
    if not date or math.abs(now - date) > tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], nodes[i]) end
end
return {string.format('%d.%06d', time[1], time[2]), redis.call('HGETALL', KEYS[1])}
"""


@dataclass(frozen=True, slots=True)
class Member:
    """The facts that a node writes about itself."""

    url: str  # where other nodes reach it
    fingerprint: str  # of its secret
    offset_s: float  # by how much its clock is ahead of Redis'
    since: float  # its start, by Redis' clock


class Agreement:
    """Compares this node with the others from `open` to `close`. While Redis is away, the last result holds."""

    def __init__(
        self, redis: RedisClient, key: str, node: str, fingerprint: str, *, clock: Callable[[], float] = time
    ) -> None:
        """`key` in Redis is common to all nodes over the database, whatever their secret; `clock` returns seconds since 1970."""
        self.has_secret = True
        self.has_time = True
        self.offset_s = 0.0
        self._redis, self._key = redis, key
        self._node, self._fingerprint = node, fingerprint
        self._clock = clock
        self._url = ""
        self._since = 0.0
        self._said: set[tuple[str, str]] = set()
        self._tasks = BackgroundTasks()

    async def open(self, url: str) -> None:
        """Compare now and every few seconds. `url` is where other nodes reach this one. Raises RedisError."""
        self._url = url
        before = self._clock()
        seconds, microseconds = await (await server_of(self._redis, self._key)).time()
        self._since = seconds + microseconds / 1_000_000
        self.offset_s = (before + self._clock()) / 2 - self._since
        await self._compare()
        self._tasks.repeat("nodes' agreement", self._compare_again, every_s=LOOK_EVERY_S)

    async def close(self) -> None:
        """Stop comparing, and remove what this node wrote."""
        if not self._tasks.is_running:
            return
        await self._tasks.stop()
        try:
            await (await server_of(self._redis, self._key)).hdel(self._key, self._node)
        except (RedisError, OSError):
            log.debug("what this node wrote about itself ends with its lease")

    async def _compare_again(self) -> None:
        try:
            await self._compare()
        except (RedisError, OSError, ValueError, TypeError) as error:
            log.debug("the nodes are not compared: %s", type(error).__name__)

    async def _compare(self) -> None:
        me = Member(self._url, self._fingerprint, self.offset_s, self._since)
        before = self._clock()
        now, nodes = await run_script(self._redis, _SAY, [self._key], [self._node, json.dumps(asdict(me)), LEASE_S])
        self.offset_s = (before + self._clock()) / 2 - float(now)
        members = _members(nodes)
        others = {node: member for node, member in members.items() if node != self._node}
        me = Member(self._url, self._fingerprint, self.offset_s, self._since)
        said: dict[tuple[str, str], str] = {}
        self.has_secret = self._compare_secrets(others, said)
        self.has_time = self._compare_clocks(me, others, said)
        for key in said.keys() - self._said:
            log.warning("%s", said[key])
        for about, url in self._said - said.keys():
            log.warning("%s: this node and %s agree now, or one of them is gone", about, url)
        self._said = set(said)

    def _compare_secrets(self, others: Mapping[str, Member], said: dict[tuple[str, str], str]) -> bool:
        foreign = {node: other for node, other in others.items() if other.fingerprint != self._fingerprint}
        if not foreign:
            return True
        eldest_node, eldest = min(others.items(), key=lambda item: (item[1].since, item[0]))
        if (eldest.since, eldest_node) < (self._since, self._node) and eldest_node in foreign:
            said["auth.secret", eldest.url] = (
                f"auth.secret: the node at {eldest.url}, which has run longer, has another one: this node is not ready "
                "until they have the same"
            )
            return False
        for other in foreign.values():
            said["auth.secret", other.url] = (
                f"auth.secret: the node at {other.url} has another one and is not ready until it has this node's"
            )
        return True

    def _compare_clocks(self, me: Member, others: Mapping[str, Member], said: dict[tuple[str, str], str]) -> bool:
        apart = {node: other for node, other in others.items() if abs(other.offset_s - me.offset_s) > APART_MAX_S}
        right_s = _right_offset([me, *others.values()])

        def wrongness(node: str, member: Member) -> tuple[float, float, str]:
            return round(abs(member.offset_s - right_s), 1), member.since, node

        mine = wrongness(self._node, me)
        better = {node: other for node, other in apart.items() if wrongness(node, other) < mine}
        if better:
            best = min(better.items(), key=lambda item: wrongness(*item))[1]
            said["clock", best.url] = (
                f"clock: this machine's is {_ahead(me, best)} that of the node at {best.url}: this node is not ready "
                f"until they are within {GOOD_FOR_S} s (set it by NTP)"
            )
            return False
        for other in apart.values():
            said["clock", other.url] = (
                f"clock: that of the node at {other.url} is {_ahead(other, me)} this machine's: it is not ready until "
                f"they are within {GOOD_FOR_S} s"
            )
        return True


def _members(nodes: Collection[bytes]) -> dict[str, Member]:
    flat = [each.decode(errors="replace") for each in nodes]
    members: dict[str, Member] = {}
    for node, text in zip(flat[::2], flat[1::2], strict=True):
        member = _member(text.partition(" ")[2])
        if member is not None:
            members[node] = member
    return members


def _member(text: str) -> Member | None:
    """Returns what a node wrote, or None if this version cannot read it."""
    try:
        said: dict[str, Any] = json.loads(text)
        return Member(str(said["url"]), str(said["fingerprint"]), float(said["offset_s"]), float(said["since"]))
    except (ValueError, TypeError, KeyError):
        return None


def _right_offset(members: Collection[Member]) -> float:
    """Returns the median offset of the machines' clocks and Redis' own (0); of two in the middle, the one nearer to 0."""
    by_machine = {urlsplit(member.url).hostname: member.offset_s for member in members}
    said = sorted([0.0, *by_machine.values()])
    half = len(said) // 2
    return said[half] if len(said) % 2 else min(said[half - 1 : half + 1], key=abs)


def _ahead(one: Member, other: Member) -> str:
    by_s = one.offset_s - other.offset_s
    return f"{abs(by_s):.0f} s {'ahead of' if by_s > 0 else 'behind'}"
