"""Fresh databases in the running throw-away MongoDB, and a MongoDB that answers nobody for a while."""

import os
import secrets
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pymongo.errors import PyMongoError

from models.stores.database import Database, Driver, open_database
from server.embedded import EmbeddedStores


@asynccontextmanager
async def fresh_database(url: str, driver: Driver = "pymongo") -> AsyncIterator[Database]:
    """A database with a name of its own, dropped afterwards."""
    async with open_database(url, f"test_{secrets.token_hex(8)}", driver) as database:
        try:
            yield database
        finally:
            with suppress(PyMongoError):
                await database.raw.client.drop_database(database.raw.name)


@asynccontextmanager
async def stopped(stores: EmbeddedStores) -> AsyncIterator[None]:
    """MongoDB holds its breath: it neither answers nor breaks a connection."""
    assert stores.mongod is not None
    pid = await stores.mongod.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
