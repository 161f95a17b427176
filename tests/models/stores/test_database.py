"""What the database's URL may say, and what it may not change."""

import pytest
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
