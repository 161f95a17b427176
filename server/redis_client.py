"""The client for what `redis.url` names: one Redis, a Redis Cluster, which says so itself, or the primary of some sentinels."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import aclosing
from itertools import count
from typing import Any

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException, RedisError
from typing_extensions import override

from models.tasks import cancel
from server.config import ConfigError
from server.redis_sentinels import PrimaryRedis
from server.redis_urls import RedisUrl, read_redis_url

SHARDED_SINCE = 7  # the first major version of Redis whose clusters have channels of one shard


class Cluster(RedisCluster):
    """A Redis Cluster, and a client for each of its servers; what it cannot do just now is a RedisError, as with one server."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """`url`: of one server that answers. It names the others; redis-py would ask those of a list in any order, silent ones too."""
        asked: dict[str, Any] = dict(parse_url(url))
        asked.pop("db", None)  # a cluster has one
        first = ClusterNode(asked.pop("host", "localhost"), asked.pop("port", 6379))
        self._asked: dict[str, Any] = {**asked, **_options(timeout_s)}
        self._asked["ssl"] = self._asked.pop("connection_class", None) is SSLConnection
        super().__init__(startup_nodes=[first], **self._asked)

    @override
    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().execute_command(*args, **kwargs)
        except RedisClusterException as error:
            raise RedisConnectionError(str(error)) from error

    async def map_slots(self) -> Sequence[str]:
        """The address of each slot's primary, as the cluster has it now; RedisError and OSError when no server can be asked."""
        try:
            nodes = (await self.initialize()).nodes_manager
            await nodes.initialize()
            slots = nodes.slots_cache
            return [slots[slot][0].name for slot in range(REDIS_CLUSTER_HASH_SLOTS)]
        except (RedisClusterException, KeyError) as error:
            raise RedisConnectionError(str(error)) from error

    def server(self, address: str) -> Redis:
        """A client of one server alone."""
        host, _, port = address.rpartition(":")
        return Redis(host=host, port=int(port), **self._asked)


RedisClient = Redis | Cluster


async def open_redis(url: str, *, timeout_s: float) -> RedisClient:
    """A client that speaks RESP3, tries nothing twice and waits `timeout_s` for an answer.

    Raises RedisError and OSError, ValueError for a URL that is none, and ConfigError when several servers are no cluster.
    No silent reconnects: whoever was cut off may have missed something, and must know (server/bus).
    """
    place = read_redis_url(url)
    if place.primary:
        return await _open_primary(place, timeout_s)
    first, is_cluster = await _ask_first(place.urls, timeout_s)
    if not is_cluster and len(place.urls) > 1:
        raise ConfigError("redis.url", "names several servers, and the first of them to answer is of no Redis Cluster")
    if not is_cluster:
        return Redis.from_url(first, **_options(timeout_s))
    try:
        return Cluster(first, timeout_s)
    except RedisClusterException as error:
        raise RedisConnectionError(str(error)) from error


async def _open_primary(place: RedisUrl, timeout_s: float) -> Redis:
    (of_primary,) = place.urls
    redis = PrimaryRedis(place, parse_url(of_primary), _options(timeout_s), timeout_s=timeout_s)
    try:
        await redis.ping()
    except BaseException:
        await redis.aclose()
        raise
    return redis


async def _ask_first(urls: Sequence[str], timeout_s: float) -> tuple[str, bool]:
    """Which of these servers answers first, and whether it is of a cluster."""
    asked = [asyncio.create_task(_ask(url, timeout_s), name="redis") for url in urls]
    try:
        for answer in asyncio.as_completed(asked, timeout=timeout_s):
            try:
                return await answer
            except (RedisError, OSError) as error:
                failure = error
    finally:
        await cancel(*asked)
    raise failure


async def _ask(url: str, timeout_s: float) -> tuple[str, bool]:
    async with aclosing(Redis.from_url(url, **_options(timeout_s))) as redis:
        return url, bool((await redis.info("cluster")).get("cluster_enabled"))


async def run_script(
    redis: RedisClient, script: str, keys: Collection[str], arguments: Collection[str | int | float]
) -> Any:
    """What a Lua script returns; its text goes along each time, so that a Redis that was started again has it too.

    In a cluster all its keys must share a slot.
    """
    return await redis.execute_command("EVAL", script, len(keys), *keys, *arguments)  # type: ignore[no-untyped-call]


def slot_of(name: str) -> int:
    """The slot of a key or a channel of a cluster."""
    return int(key_slot(name.encode()))


def tag_at(address: str, slots: Sequence[str]) -> str:
    """What a name has to have in braces to be at this address, where some slot is."""
    return next(tag for tag in map(str, count()) if slots[slot_of(tag)] == address)


def _options(timeout_s: float) -> dict[str, Any]:
    bounds = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    return {**bounds, "protocol": 3, "retry": Retry(NoBackoff(), 0)}
