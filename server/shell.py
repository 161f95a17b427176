"""What commands at a shell have in common: the database that the server uses, also while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from models.stores.database import Database, open_database
from server.config import EMBEDDED, Settings
from server.data_dir import hold_data_dir
from server.embedded import EmbeddedStores
from server.embedded.running import find_running
from server.reachability import require_mongodb


@asynccontextmanager
async def open_stores(settings: Settings) -> AsyncIterator[tuple[Database, str | None]]:
    """The database, and the URL of a Redis on which nodes may listen; what is embedded and does not run is started."""
    mongodb, running = settings.mongodb, find_running(settings.data_dir)
    redis_url = None if settings.redis.url == EMBEDDED else settings.redis.url
    if mongodb.url != EMBEDDED:
        await require_mongodb(mongodb)
        redis_url = redis_url or (running.redis_url if running else None)
        async with open_database(mongodb.url, mongodb.database, mongodb.driver, timeout_s=mongodb.timeout_s) as opened:
            yield opened, redis_url
    elif running is not None and running.mongodb_url is not None:
        redis_url = redis_url or running.redis_url
        async with open_database(running.mongodb_url, mongodb.database, timeout_s=mongodb.timeout_s) as opened:
            yield opened, redis_url
    else:
        with hold_data_dir(settings.data_dir):
            async with (
                EmbeddedStores(settings.data_dir, mongodb, settings.redis) as stores,
                open_database(stores.mongodb_url, mongodb.database, timeout_s=mongodb.timeout_s) as opened,
            ):
                yield opened, None  # nobody runs who could listen
