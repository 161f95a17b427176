"""What every test may ask for: running stores, and a fresh database in them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from models.stores.database import Database, Driver, open_database
from server.embedded import EmbeddedStores, throw_away_stores
from tests.documented import undocumented
from tests.group_world import town, world
from tests.stores import fresh_database

__all__ = ["database", "driver", "mongodb_url", "redis_url", "stores", "town", "world"]


@pytest.fixture(scope="session")
async def stores() -> AsyncIterator[EmbeddedStores]:
    """A MongoDB and a Redis-compatible server that live as long as the run."""
    async with throw_away_stores() as running:
        async with open_database(running.mongodb_url, "admin") as admin:
            # TTL clean-up would delete what a test puts into the past by its own clock.
            await admin.raw.command({"setParameter": 1, "ttlMonitorEnabled": False})
        yield running


@pytest.fixture(autouse=True)
def every_answer_is_documented() -> Iterator[None]:
    """Whatever else a test is about: no answer of REST that it saw may be missing in /openapi.json."""
    undocumented.clear()
    yield
    slips = undocumented.copy()
    undocumented.clear()
    assert not slips, "\n".join(slips)


@pytest.fixture(scope="session")
def mongodb_url(stores: EmbeddedStores) -> str:
    return stores.mongodb_url


@pytest.fixture(scope="session")
def redis_url(stores: EmbeddedStores) -> str:
    return stores.redis_url


@pytest.fixture
def driver() -> Driver:
    """Tests of stores run on both: `pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])`."""
    return "pymongo"


@pytest.fixture
async def database(mongodb_url: str, driver: Driver) -> AsyncIterator[Database]:
    async with fresh_database(mongodb_url, driver) as opened:
        yield opened
