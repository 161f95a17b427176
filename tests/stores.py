"""Where the stores of tests lie, fresh databases in the running MongoDB, and a MongoDB that answers nobody for a while."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pymongo.errors import PyMongoError

from benchmarks.servers import holding_breath
from models.stores.database import Database, Driver, open_database
from server.embedded import EmbeddedStores

SHARED_MEMORY = Path("/dev/shm")
ROOM_BYTES = 6 << 30  # what the stores of a whole run hold, twice over


def quick_place() -> Path | None:
    """Memory that is a folder, where there is room: a write is durable there at once, as long as the machine lives.

    Every write waits for the journal, so on a disk that is slow to say so the tests wait longer than they work. What dies here
    are processes, and those find everything again.
    """
    try:
        return SHARED_MEMORY if shutil.disk_usage(SHARED_MEMORY).free > ROOM_BYTES else None
    except OSError:
        return None


@asynccontextmanager
async def fresh_database(url: str, driver: Driver = "pymongo") -> AsyncIterator[Database]:
    """A database with a name of its own, emptied afterwards."""
    async with open_database(url, f"test_{secrets.token_hex(8)}", driver) as database:
        try:
            yield database
        finally:
            with suppress(PyMongoError):
                # Dropped as a whole, MongoDB takes 100 ms to say so, whatever there is in it.
                for name in await database.raw.list_collection_names():
                    await database.raw.drop_collection(name)


@asynccontextmanager
async def stopped(stores: EmbeddedStores) -> AsyncIterator[None]:
    """MongoDB holds its breath: it neither answers nor breaks a connection."""
    assert stores.mongod is not None
    pid = await stores.mongod.pid()
    with holding_breath(pid):
        async with asyncio.timeout(30):
            while not _is_still(pid):  # noqa: ASYNC110 (the system tells nobody)
                await asyncio.sleep(0.002)
        yield


def _is_still(pid: int) -> bool:
    """Whether all threads have stopped; on a busy machine some go on answering until they hear of the signal."""
    try:
        stats = [stat.read_text() for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:  # one that has just ended
        return False
    return {stat.rpartition(")")[2].split()[0] for stat in stats} == {"T"}
