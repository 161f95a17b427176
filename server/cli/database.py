"""Runs a command of the shell on the database that the server uses, also while the server runs."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from models.errors import DomainError
from models.stores.database import Database, open_database
from models.stores.sites import Sites
from server.config import EMBEDDED, Settings
from server.embedded import EmbeddedStores
from server.process.data_dir import hold_data_dir
from server.process.running_server import RunningServer, find_last, find_running, published
from server.process.site import Site, fingerprint_of
from server.process.store_checks import require_mongodb
from server.secret import find_secret, load_secret
from server.startup_error import StartupError


@dataclass(frozen=True, slots=True)
class OpenStores:
    """The database, and where nodes listen for signals: nowhere if `redis_url` or `site` is empty."""

    database: Database
    redis_url: str = ""
    prefix: str = ""
    site: str = ""


def run_on_stores(
    settings: Settings, work: Callable[[OpenStores], Awaitable[str]], *, may_make_new: bool = False
) -> str:
    """Open the stores and do `work` with them. Returns the line that `work` returns.

    StartupError says in one line why it was not done.
    """

    async def run() -> str:
        async with open_stores(settings, may_make_new=may_make_new) as stores:
            return await work(stores)

    logging.basicConfig(level=logging.WARNING)
    try:
        return asyncio.run(run())
    except DomainError as refusal:
        raise StartupError(refusal.message) from None


@asynccontextmanager
async def open_stores(settings: Settings, *, may_make_new: bool) -> AsyncIterator[OpenStores]:
    """Open the stores that these settings name, else those of the server on `data_dir`, and start embedded ones that do not run.

    A shell often lacks the environment of the server's unit: StartupError, unless `may_make_new`, where that would
    create a new and empty store beside the one that is meant.
    """
    mongodb, running = settings.mongodb, find_running(settings.data_dir)
    if mongodb.url != EMBEDDED:
        await require_mongodb(mongodb)
        redis_url = settings.redis.url if settings.redis.url != EMBEDDED else running.redis_url if running else ""
        async with open_database(mongodb.url, mongodb.database, mongodb.driver, timeout_s=mongodb.timeout_s) as opened:
            site = await _find_site(opened, settings, running)
            yield OpenStores(opened, redis_url, settings.redis.prefix, site)
    elif running is not None:
        async with open_database(running.mongodb_url, running.database, timeout_s=mongodb.timeout_s) as opened:
            site = Site(await Sites(opened).require_id(), running.fingerprint).name
            yield OpenStores(opened, running.redis_url, running.prefix, site)
    else:
        if not may_make_new:
            _require_store(settings.data_dir)
        with hold_data_dir(settings.data_dir):
            async with (
                EmbeddedStores(settings.data_dir, mongodb, settings.redis) as stores,
                open_database(stores.mongodb_url, mongodb.database, timeout_s=mongodb.timeout_s) as opened,
            ):
                secret = load_secret(settings).get_secret_value()
                with published(settings, secret, stores.mongodb_url, stores.redis_url):
                    yield OpenStores(opened)  # no node runs that could listen


async def _find_site(database: Database, settings: Settings, running: RunningServer | None) -> str:
    """Returns the name of the site in Redis, empty where this shell does not know its secret."""
    secret = find_secret(settings)
    fingerprint = fingerprint_of(secret.get_secret_value()) if secret else running.fingerprint if running else ""
    return Site(await Sites(database).require_id(), fingerprint).name if fingerprint else ""


def _require_store(data_dir: Path) -> None:
    """StartupError where the embedded store of `data_dir` is missing, another user's, or not what the server used last."""
    last = find_last(data_dir)
    if last is not None and last.mongodb != EMBEDDED:
        raise StartupError(
            f"mongodb.url: the server on {data_dir} last used {last.mongodb}, and this shell names no MongoDB: set "
            "PARLEY_MONGODB__URL as for the server, or say --new for a new and embedded one"
        )
    if not (data_dir / "mongodb").is_dir():
        raise StartupError(
            f"data_dir: there is no database in {data_dir}: name the server's with --data-dir, or its MongoDB by "
            "PARLEY_MONGODB__URL (both may stand in the environment of its unit), or say --new for a new one"
        )
    owner = data_dir.stat().st_uid
    if owner != os.geteuid():
        raise StartupError(f"data_dir: {data_dir} belongs to another user (number {owner}): run this as that one")
