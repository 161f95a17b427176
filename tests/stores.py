"""Fresh databases in the running throw-away MongoDB."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from pymongo.errors import PyMongoError

from models.stores.database import Database, Driver, open_database


@asynccontextmanager
async def fresh_database(url: str, driver: Driver = "pymongo") -> AsyncIterator[Database]:
    """A database with a name of its own, dropped afterwards."""
    async with open_database(url, f"test_{secrets.token_hex(8)}", driver) as database:
        try:
            yield database
        finally:
            with suppress(PyMongoError):
                await database.raw.client.drop_database(database.raw.name)
