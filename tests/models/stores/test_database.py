"""What the database's URL may say, and what it may not change."""

import pytest

from models.stores.database import Driver, open_database


@pytest.mark.parametrize("driver", ["pymongo", "motor"])
async def test_everything_is_read_from_the_primary_whatever_the_url_says(mongodb_url: str, driver: Driver) -> None:
    url = f"{mongodb_url}&readPreference=secondary"
    async with open_database(url, "test_of_primaries", driver, timeout_s=0.5) as database:
        assert await database.collection("nothing").find_one({}) is None
        assert await database.raw["nothing"].find_one({}) is None
