"""The presence store: which accounts are online on which nodes, kept in Redis (docs/architecture.md, "Presence").

A set for each account holds its nodes, and a set for each node its accounts; one script changes both. An account is online while
its set is not empty. The entries of a node that crashed or left stay until a sweep (models/services/presence/sweep.py) removes them, so
an account that reconnects to another node before that was never offline. A script removes nothing of a node that has renewed its lease,
and a node whose lease had expired writes all of its accounts again, so the two cannot collide.
All keys share the slot of the leases, as scripts in a Redis Cluster must.
"""

import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final, TypeVar

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from models.ports import OnlineLookup, OrphanedAccounts
from server.bus.bus import Bus
from server.bus.lease import LEASE_S, RENEW_S
from server.redis_client.client import RedisClient, run_script, server_of

log = logging.getLogger(__name__)

T = TypeVar("T")

CLAIM_S: Final = 10  # then another node may sweep; longer than MongoDB may take to answer
CHUNK: Final = 500  # accounts in one script, about a millisecond of Redis

# KEYS: the leases, this node's accounts, then the nodes of each account. ARGV: this node, how many of the accounts came online, then
# all accounts. -> the accounts that are online or offline on all nodes by this, those that Redis had lost among the latter.
# Returns false if this node is not among the leases: no sweep would find its entries after a crash.
_WRITE = """
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return false end
local changed = {}
for i = 3, #ARGV do
    local nodes, account = KEYS[i], ARGV[i]
    if i - 2 <= tonumber(ARGV[2]) then
        if redis.call('SADD', nodes, ARGV[1]) == 1 and redis.call('SCARD', nodes) == 1 then
            table.insert(changed, account)
        end
        redis.call('SADD', KEYS[2], account)
    else
        redis.call('SREM', nodes, ARGV[1])
        if redis.call('EXISTS', nodes) == 0 then
            table.insert(changed, account)
        end
        redis.call('SREM', KEYS[2], account)
    end
end
return changed
"""

# KEYS: the leases, then the nodes of each account. ARGV: this node. -> when it renewed its lease, and whether each account is online.
_LOOK = """
local found = {}
for i = 2, #KEYS do
    found[i - 1] = redis.call('EXISTS', KEYS[i])
end
return {redis.call('ZSCORE', KEYS[1], ARGV[1]), found}
"""

# Whether a node is gone: its lease has expired, or it left. KEYS: the leases, the nodes that left.
_AGE = """
local time = redis.call('TIME')
local date = redis.call('ZSCORE', KEYS[1], ARGV[1])
local is_gone = not date or time[1] + time[2] / 1000000 - tonumber(date) > tonumber(ARGV[2])
date = date or redis.call('ZSCORE', KEYS[2], ARGV[1])
"""

# KEYS: the leases, the nodes that left, the claim, the gone node's accounts. ARGV: the gone node, LEASE_S, this node, CLAIM_S, CHUNK.
# -> how many seconds ago the node renewed last, and some of its accounts; false if it is back or another node sweeps it. A node
# without accounts is forgotten.
_CLAIM = (
    _AGE
    + """
if not is_gone or not date then return false end
if not redis.call('SET', KEYS[3], ARGV[3], 'NX', 'EX', ARGV[4]) then
    if redis.call('GET', KEYS[3]) ~= ARGV[3] then return false end
    redis.call('EXPIRE', KEYS[3], ARGV[4])
end
local accounts = redis.call('SRANDMEMBER', KEYS[4], ARGV[5])
if #accounts == 0 then
    redis.call('ZREM', KEYS[1], ARGV[1])
    redis.call('ZREM', KEYS[2], ARGV[1])
    redis.call('DEL', KEYS[3])
end
return {string.format('%.6f', time[1] + time[2] / 1000000 - tonumber(date)), accounts}
"""
)

# KEYS: the leases, the nodes that left, the gone node's accounts, then the nodes of each account. ARGV: the gone node, LEASE_S, then
# the accounts. -> those that are online on no node now.
_SWEEP = (
    _AGE
    + """
local offline = {}
if not is_gone then return offline end
for i = 3, #ARGV do
    if redis.call('SREM', KEYS[i + 1], ARGV[1]) == 1 and redis.call('EXISTS', KEYS[i + 1]) == 0 then
        table.insert(offline, ARGV[i])
    end
    redis.call('SREM', KEYS[3], ARGV[i])
end
return offline
"""
)


class RedisPresenceStore:
    """Implements PresenceStore: writes this node's accounts, looks up those of all nodes, and sweeps for nodes that are gone."""

    def __init__(self, redis: RedisClient, bus: Bus, *, grace_s: float) -> None:
        self._redis = redis
        self._lease = bus.lease
        self._names = bus.names
        self._gone_after_s = grace_s + RENEW_S  # a reconnect within the grace finds its account still online

    async def write(self, came: Collection[int], left: Collection[int]) -> set[int] | None:
        """See PresenceStore."""
        accounts = [*came, *left]
        keys = [self._lease.key, self._node_key(self._lease.node), *map(self._key, accounts)]
        try:
            changed = await self._run(_WRITE, keys, [self._lease.node, len(came), *accounts])
        except (RedisError, OSError) as error:
            log.warning("presence is not told to other nodes: %s", type(error).__name__)
            return None
        return None if changed is None else _ids(changed)

    async def list_written(self) -> set[int] | None:
        """See PresenceStore."""
        try:
            return _ids(await _again(lambda: self._members(self._node_key(self._lease.node))))
        except (RedisError, OSError) as error:
            log.warning("presence is not known: %s", type(error).__name__)
            return None

    async def _members(self, key: str) -> set[bytes | str]:
        return await (await server_of(self._redis, key)).smembers(key)

    async def look(self, account_ids: Collection[int]) -> OnlineLookup:
        """See PresenceStore."""
        if self._lease.is_alone and self._lease.has_none_to_sweep:
            return OnlineLookup(frozenset(), is_sure=True)
        try:
            found, renewed_at = await self._look(account_ids)
        except (RedisError, OSError) as error:
            log.warning("presence on other nodes is not known: %s", type(error).__name__)
            return OnlineLookup(frozenset(), is_sure=False)
        online = frozenset(each for each, is_there in zip(account_ids, found, strict=True) if is_there)
        # A Redis that does not know this node has forgotten the others, too.
        return OnlineLookup(online, is_sure=renewed_at is not None and not self._lease.is_settling)

    async def _look(self, account_ids: Collection[int]) -> tuple[list[int], bytes | None]:
        """Returns for each account whether it is online, and when this node renewed its lease (None if Redis does not know it)."""
        found: list[int] = []
        renewed_at: bytes | None = None
        accounts = list(account_ids)
        for first in range(0, max(1, len(accounts)), CHUNK):
            keys = [self._lease.key, *map(self._key, accounts[first : first + CHUNK])]
            renewed_at, some = await self._run(_LOOK, keys, [self._lease.node])
            found += some
        return found, renewed_at

    async def _run(self, script: str, keys: list[str], arguments: list[str | int | float]) -> Any:
        return await _again(lambda: run_script(self._redis, script, keys, arguments))

    def list_gone(self) -> list[str]:
        """See PresenceStore."""
        return self._lease.list_over(self._gone_after_s)

    async def claim(self, node: str) -> OrphanedAccounts | None:
        """See PresenceStore."""
        keys = [self._lease.key, self._lease.left_key, self._tagged(f"sweep:{node}"), self._node_key(node)]
        claimed = await run_script(self._redis, _CLAIM, keys, [node, LEASE_S, self._lease.node, CLAIM_S, CHUNK])
        if claimed is None:
            return None
        age_s, accounts = claimed
        return OrphanedAccounts(_ids(accounts), float(age_s))

    async def sweep(self, node: str, account_ids: Collection[int]) -> set[int]:
        """See PresenceStore."""
        keys = [self._lease.key, self._lease.left_key, self._node_key(node), *map(self._key, account_ids)]
        return _ids(await run_script(self._redis, _SWEEP, keys, [node, LEASE_S, *account_ids]))

    def _key(self, account_id: int) -> str:
        return self._tagged(f"online:{account_id}")

    def _node_key(self, node: str) -> str:
        return self._tagged(f"on:{node}")

    def _tagged(self, name: str) -> str:
        return self._names.together(name)


async def _again(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask once more over a new connection if a Redis that was restarted had closed the first one."""
    try:
        return await ask()
    except RedisConnectionError:
        return await ask()


def _ids(values: Collection[bytes | str]) -> set[int]:
    return {int(value) for value in values}
