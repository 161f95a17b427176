"""Opens what a node is built upon: its database, its Redis, an HTTP client, and its site."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from models.stores.database import Database, open_database
from server.config import Settings
from server.process.site import Site, find_site
from server.redis_client.client import RedisClient, open_redis
from server.secret import load_secret

APP = "parley node"  # names the node's queries in MongoDB's logs and profiler


@dataclass(frozen=True, slots=True)
class Outside:
    """The database, Redis, HTTP client, secret and site of a node."""

    database: Database
    redis: RedisClient
    http: aiohttp.ClientSession
    secret: str  # all keys of the installation are derived from it
    site: Site


async def open_outside(stack: AsyncExitStack, settings: Settings, mongodb_url: str, redis_url: str) -> Outside:
    mongodb = settings.mongodb
    database = await stack.enter_async_context(
        open_database(mongodb_url, mongodb.database, mongodb.driver, timeout_s=mongodb.timeout_s, app=APP)
    )
    redis = await open_redis(redis_url, timeout_s=settings.redis.timeout_s)
    stack.push_async_callback(redis.aclose)
    http = await stack.enter_async_context(_session())
    secret = load_secret(settings).get_secret_value()
    return Outside(database, redis, http, secret, await find_site(database, secret))


def _session() -> aiohttp.ClientSession:
    """Returns a client for servers that the settings name, which are resolved by the system."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=aiohttp.ThreadedResolver()))
