"""Where the stores of tests lie, fresh databases in the running MongoDB, and a MongoDB that answers nobody for a while."""

import asyncio
import secrets
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from benchmarks.servers import holding_breath
from models.stores.database import Database, Driver, open_database
from server.clock import SystemClock
from server.embedded import EmbeddedStores
from server.wiring.stores import Stores

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


MANY_ROWS = 1000  # from here on it is quicker to drop a collection and make its indexes anew

Indexes = dict[str, Mapping[str, Any]]


class DatabasePool:
    """Databases whose collections and indexes are there already, because an earlier test made them.

    To make them takes MongoDB a fifth of a second of work, and each further database makes it slower at everything. Names
    are taken without a question, emptied when a test file is through, and then taken again.
    """

    def __init__(self) -> None:
        self._free: list[str] = []
        self._taken: list[str] = []
        self._users: Counter[str] = Counter()
        self._prepared: dict[str, Indexes] = {}  # by the URL of a MongoDB

    def take(self) -> str:
        """Returns the name of an empty database."""
        name = self._free.pop() if self._free else f"test_{secrets.token_hex(8)}"
        self._taken.append(name)
        return name

    @contextmanager
    def used(self, name: str) -> Iterator[None]:
        """Keeps a database from being emptied while a node has it that outlives its file."""
        self._users[name] += 1
        try:
            yield
        finally:
            self._users[name] -= 1

    async def empty(self, url: str) -> None:
        """Empties every database that was taken and has no user, for those who take it next."""
        done = [name for name in self._taken if not self._users[name]]
        self._taken = [name for name in self._taken if self._users[name]]
        if not done:
            return
        async with open_database(url, "admin", app="tests") as admin:
            client = admin.raw.client
            if url not in self._prepared:
                self._prepared[url] = await _prepare(Database(client[self.take()]))
            for name in done:
                await _empty(client[name], self._prepared[url])
        self._free += done


pool = DatabasePool()


async def _prepare(database: Database) -> Indexes:
    """Returns the indexes of each collection, as a node of today makes them when it starts."""
    await Stores(database, "secret", SystemClock(), large_chat=32).prepare()
    names = await database.raw.list_collection_names()
    return {name: await database.raw[name].index_information() for name in names}


async def _empty(raw: AsyncDatabase[dict[str, Any]], prepared: Indexes) -> None:
    """Deletes all rows, and drops every collection that is not as a node of today makes it."""
    await raw.command("profile", 0)
    described = await (await raw.list_collections()).to_list(None)
    await asyncio.gather(*(_empty_collection(raw, each, prepared) for each in described))


async def _empty_collection(
    raw: AsyncDatabase[dict[str, Any]], described: Mapping[str, Any], prepared: Indexes
) -> None:
    collection = raw[described["name"]]
    is_prepared = not described["options"] and await collection.index_information() == prepared.get(collection.name)
    if is_prepared and await collection.estimated_document_count() <= MANY_ROWS:
        await collection.delete_many({})
    else:
        await collection.drop()


@asynccontextmanager
async def fresh_database(url: str, driver: Driver = "pymongo") -> AsyncIterator[Database]:
    """An empty database that nobody else has."""
    async with open_database(url, pool.take(), driver) as database:
        yield database


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
