"""The guard of every test with a node: a question that only a scan of a collection answers does not go unseen."""

import secrets

import pytest

from models.stores.database import open_database
from server.wiring.outside import APP
from tests.support.plans import no_scans


async def ask(mongodb_url: str, app: str) -> None:
    name = f"test_{secrets.token_hex(8)}"
    async with no_scans(mongodb_url, name), open_database(mongodb_url, name, app=app) as database:
        await database.raw["things"].insert_one({"_id": 1, "colour": "red"})
        assert await database.raw["things"].find_one({"_id": 1})
        await database.raw["things"].find_one({"colour": "red"})


async def test_a_scan_by_a_node_is_seen(mongodb_url: str) -> None:
    with pytest.raises(AssertionError, match="things"):
        await ask(mongodb_url, APP)


async def test_what_a_test_asks_is_its_own_affair(mongodb_url: str) -> None:
    await ask(mongodb_url, "tests")
