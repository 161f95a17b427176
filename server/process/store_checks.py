"""Checks that the database and Redis are reachable, before anything depends on them."""

import asyncio
import logging
import re
from contextlib import aclosing
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from server.config import ConfigError, MongodbSettings, RedisSettings
from server.process.url_secrets import without_secrets
from server.redis_client.client import SHARDED_SINCE, open_redis, server_of
from server.redis_client.cluster import Cluster

log = logging.getLogger(__name__)

OLDEST_REDIS = (6, 2)


async def require_mongodb(settings: MongodbSettings) -> str:
    """Returns the version of the configured MongoDB. ConfigError when it does not answer within `timeout_s`.

    Logs a warning for a standalone server, which has no majority: an acknowledged message is as safe as its one disk.
    """
    timeout_ms = int(settings.timeout_s * 1000)
    try:
        async with asyncio.timeout(settings.timeout_s + 1):
            client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
                settings.url, serverSelectionTimeoutMS=timeout_ms, connectTimeoutMS=timeout_ms
            )
            async with client:
                hello = await client.admin.command("hello")
                version = (await client.admin.command("buildInfo"))["version"]
    except OperationFailure as error:
        raise ConfigError(
            "mongodb.url", f"MongoDB at {without_secrets(settings.url)} refuses: {_reason(error)}"
        ) from None
    except (PyMongoError, OSError, ValueError) as error:
        raise _unreachable("mongodb.url", "MongoDB", settings.url, settings.timeout_s, _reason(error)) from None
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        log.warning("mongodb.url names a standalone server: only a replica set keeps what a crashed disk loses")
    return str(version)


async def require_redis(settings: RedisSettings) -> str:
    """Returns the version of the configured Redis. ConfigError when it does not answer within `timeout_s`, or is too old."""
    try:
        async with asyncio.timeout(settings.timeout_s):
            async with aclosing(await open_redis(settings.url, timeout_s=settings.timeout_s)) as client:
                server = await (await server_of(client, "")).info("server")
                is_cluster = isinstance(client, Cluster)
    except (AuthenticationError, NoPermissionError) as error:
        raise ConfigError("redis.url", f"Redis at {without_secrets(settings.url)} refuses: {error}") from None
    except (RedisError, OSError, ValueError) as error:
        raise _unreachable("redis.url", "Redis", settings.url, settings.timeout_s, str(error)) from None
    version = str(server["redis_version"])
    if tuple(map(int, version.split(".")[:2])) < OLDEST_REDIS:
        raise ConfigError("redis.url", f"Redis must be of version 6.2 or later, and this one is {version}")
    if is_cluster and int(version.partition(".")[0]) < SHARDED_SINCE:
        raise ConfigError(
            "redis.url", f"a Redis Cluster must be of version {SHARDED_SINCE} or later, and this one is {version}"
        )
    return f"{version}, a cluster" if is_cluster else version


def startup_refusal(error: PyMongoError | RedisError) -> ConfigError:
    """Returns the ConfigError for an error of a store during the start, for example an index that it cannot make in time."""
    if isinstance(error, PyMongoError):
        return ConfigError("mongodb.url", f"MongoDB does not do what a start needs ({_reason(error)})")
    return ConfigError("redis.url", f"Redis does not do what a start needs ({error})")


def _reason(error: Exception) -> str:
    return re.split(r" \(configured|, Timeout:|, full error|\. Did you mean|\n", str(error))[0]


def _unreachable(path: str, what: str, url: str, timeout_s: float, reason: str) -> ConfigError:
    return ConfigError(
        path, f"no {what} answers at {without_secrets(url)} within {timeout_s:g} s ({reason or 'silent'})"
    )
