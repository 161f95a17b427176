"""Opens the Redis that `redis.url` names: one server, a Redis Cluster (found out by asking), or the primary behind sentinels."""

from collections.abc import Collection
from contextlib import aclosing
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.driver_info import DriverInfo

from server.config import ConfigError
from server.redis_client.cluster import Cluster, first_answer
from server.redis_client.sentinels import PrimaryRedis
from server.redis_urls import RedisUrl, read_redis_url

# What connections say of their library. Without it each of them looks up the installed version, in some 10 ms of files.
DRIVER = DriverInfo()
SHARDED_SINCE = 7  # the first major version of Redis whose clusters have channels of one shard

RedisClient = Redis | Cluster


async def open_redis(url: str, *, timeout_s: float) -> RedisClient:
    """Returns a client that speaks RESP3, retries nothing and waits `timeout_s` for an answer.

    It does not reconnect silently, because messages may be missed meanwhile (server/bus). Raises RedisError and OSError, ValueError for
    a malformed URL, and ConfigError for several servers that are no cluster, or a cluster behind a Unix socket.
    """
    place = read_redis_url(url)
    if place.primary:
        return await _open_primary(place, timeout_s)
    first, is_cluster = await first_answer([_ask(each, timeout_s) for each in place.urls], timeout_s)
    if not is_cluster and len(place.urls) > 1:
        raise ConfigError("redis.url", "names several servers, and the first of them to answer is of no Redis Cluster")
    if is_cluster and "path" in parse_url(first):
        raise ConfigError("redis.url", "names a Redis Cluster by a socket, and its nodes need hosts and ports")
    return Cluster(place.urls, _options(timeout_s)) if is_cluster else Redis.from_url(first, **_options(timeout_s))


async def server_of(redis: RedisClient, key: str) -> Redis:
    """Returns the client of the server that has this key. Raises RedisError and OSError."""
    return await redis.server_of(key) if isinstance(redis, Cluster) else redis


async def run_script(
    redis: RedisClient, script: str, keys: Collection[str], arguments: Collection[str | int | float]
) -> Any:
    """Run a Lua script. Returns its result. The text is sent each time, so that a restarted Redis has it too.

    There must be at least one key; in a cluster all keys must share a slot.
    """
    server = await server_of(redis, next(iter(keys)))
    return await server.execute_command("EVAL", script, len(keys), *keys, *arguments)  # type: ignore[no-untyped-call]


async def _open_primary(place: RedisUrl, timeout_s: float) -> Redis:
    (of_primary,) = place.urls
    redis = PrimaryRedis(place, parse_url(of_primary), _options(timeout_s), timeout_s=timeout_s)
    try:
        await redis.ping()
    except BaseException:
        await redis.aclose()
        raise
    return redis


async def _ask(url: str, timeout_s: float) -> tuple[str, bool]:
    """Returns the URL, and whether the server there belongs to a cluster."""
    async with aclosing(Redis.from_url(url, **_options(timeout_s))) as redis:
        return url, bool((await redis.info("cluster")).get("cluster_enabled"))


def _options(timeout_s: float) -> dict[str, Any]:
    bounds = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}
    return {**bounds, "protocol": 3, "retry": Retry(NoBackoff(), 0), "driver_info": DRIVER}
