"""What the database's URL may say, and what it may not change."""

import asyncio
import gc
import warnings

import pytest
from pymongo import pool_shared
from pymongo.pool_options import PoolOptions
from pymongo.read_concern import ReadConcern

from models.stores.database import Driver, open_database


@pytest.mark.parametrize("driver", ["pymongo", "motor"])
async def test_everything_is_read_from_the_primary_whatever_the_url_says(mongodb_url: str, driver: Driver) -> None:
    url = f"{mongodb_url}&readPreference=secondary"
    async with open_database(url, "test_of_primaries", driver, timeout_s=0.5) as database:
        assert await database.collection("nothing").find_one({}) is None
        assert await database.raw["nothing"].find_one({}) is None


@pytest.mark.parametrize("driver", ["pymongo", "motor"])
async def test_what_is_written_and_read_is_held_by_a_majority_whatever_the_url_says(
    mongodb_url: str, driver: Driver
) -> None:
    url = f"{mongodb_url}&w=1&journal=false&wtimeoutMS=5&readConcernLevel=local&retryWrites=false&retryReads=false"
    async with open_database(url, "test_of_majorities", driver) as database:
        for collection in (database.collection("nothing"), database.raw["nothing"]):
            concern = collection.write_concern.document
            assert (concern["w"], concern["j"], concern.get("wtimeout", 0)) == ("majority", True, 0)
            assert collection.read_concern == ReadConcern("majority")
        options = database.raw.client.options
        assert (options.retry_writes, options.retry_reads) == (True, True), "an election is no error for anybody"


async def test_a_connection_whose_making_is_cancelled_is_not_left_to_the_garbage() -> None:
    """See tests/support/cancelled_connections.py, which goes when this holds without it."""
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as server:
        address = server.sockets[0].getsockname()
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always")
            for turns in range(10):
                making = asyncio.create_task(
                    pool_shared._async_create_connection(address, PoolOptions(connect_timeout=5))
                )
                for _ in range(turns):
                    await asyncio.sleep(0)
                making.cancel()
                found = (await asyncio.gather(making, return_exceptions=True))[0]
                if not isinstance(found, BaseException):
                    found.close()
            await asyncio.sleep(0.1)
            del making, found
            gc.collect()
    assert [each for each in noted if f"raddr={address}" in str(each.message)] == []
