"""Where the stores of tests lie, fresh databases in the running MongoDB, and a MongoDB that answers nobody for a while."""

import asyncio
import secrets
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import AutoReconnect

from benchmarks.servers import holding_breath
from models.stores.database import Database, open_database
from models.stores.entry_rows import ENTRIES, INDEXES
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


PROFILE = "system.profile"  # what its profiler noted
MANY_ROWS = 1000  # from here on it is quicker to drop a collection and make its indexes anew

Client = AsyncMongoClient[dict[str, Any]]
Indexes = frozenset[str]  # the specifications of one collection's, each with its keys in their order
BARE = frozenset({str({"v": 2, "key": {"_id": 1}, "name": "_id_"})})  # what a first insert makes


class DatabasePool:
    """Databases whose collections and indexes are there already, because an earlier test made them.

    To make them takes MongoDB a fifth of a second of work, and each further database makes it slower at everything. Names
    are taken without a question, emptied when a test or its file is through, and then taken again.
    """

    def __init__(self) -> None:
        self._url = ""
        self._client: Client | None = None
        self._free: list[str] = []
        self._taken: list[str] = []
        self._users: Counter[str] = Counter()
        self._prepared: dict[str, Indexes] = {}
        self._whole: set[str] = set()
        self._unstarted: set[str] = set()
        self._indexed: set[str] = set()

    @contextmanager
    def connected(self, url: str, client: Client) -> Iterator[None]:
        """Has a MongoDB to empty databases in until the block ends."""
        self._url, self._client = url, client
        yield
        self._url, self._client = "", None

    def at(self, name: str) -> Database:
        """Returns a database of the running MongoDB over the pool's own client: to connect takes longer than most tests."""
        assert self._client is not None, "no MongoDB runs"
        return Database(self._client[name])

    @asynccontextmanager
    async def opened(self, url: str, name: str) -> AsyncIterator[Database]:
        """A database of any MongoDB, over a client of its own where that is not the one of the run."""
        if url == self._url:
            yield self.at(name)
        else:
            async with open_database(url, name, app="tests") as database:
                yield database

    def take(self) -> str:
        """Returns the name of an empty database."""
        name = self._free.pop() if self._free else f"test_{secrets.token_hex(8)}"
        self._taken.append(name)
        return name

    def take_for_node(self) -> str:
        """Returns the name of an empty database, in which nothing happens before a node starts there."""
        name = self.take()
        if name in self._whole:
            self._unstarted.add(name)
        return name

    @contextmanager
    def starting(self, url: str, name: str) -> Iterator[None]:
        """A node starts on a database of the MongoDB at `url`; what is in that afterwards, nobody knows."""
        if name in self._unstarted and url == self._url:
            self._indexed.add(name)
        self._unstarted.discard(name)
        try:
            yield
        finally:
            self._indexed.discard(name)

    def has_indexes(self, name: str) -> bool:
        """Returns whether the first node starts on this database now, and finds all indexes there."""
        return name in self._indexed

    @contextmanager
    def used(self, name: str) -> Iterator[None]:
        """Keeps a database from being emptied while a node has it that outlives its file."""
        self._users[name] += 1
        try:
            yield
        finally:
            self._users[name] -= 1

    def list_taken(self) -> frozenset[str]:
        """Returns the names that are taken now."""
        return frozenset(self._taken)

    async def empty(self, *, but: Collection[str] = ()) -> None:
        """Empties every database that was taken, has no user and is not to be left alone, for those who take it next."""
        if self._client is None:
            return
        for name in [name for name in self._taken if not self._users[name] and name not in but]:
            await self.give_back(name)

    async def give_back(self, name: str) -> None:
        """Empties a database that was taken and is done with."""
        assert self._client is not None, "no MongoDB runs"
        if not self._prepared:
            self._prepared = await _prepare(self._client, self.take())
        try:
            is_whole = await _empty(self._client, name, self._prepared)
        except AutoReconnect:  # a test held up the loop for so long that the client took the silence for MongoDB's
            is_whole = await _empty(self._client, name, self._prepared)
        self._unstarted.discard(name)
        if is_whole:
            self._whole.add(name)
        else:
            self._whole.discard(name)
        self._taken.remove(name)
        self._free.append(name)


pool = DatabasePool()


async def _prepare(client: Client, name: str) -> dict[str, Indexes]:
    """Returns the indexes of each collection, as a node of today makes them when it starts."""
    database = Database(client[name])
    await Stores(database, "secret", SystemClock(), large_chat=32).prepare()
    await database.collection(ENTRIES).create_indexes(INDEXES)
    return await _list_indexes(client, name)


async def _list_indexes(client: Client, name: str) -> dict[str, Indexes]:
    """Returns the indexes of each collection of a database; none for what is more than a plain collection."""
    catalog = await client["admin"].aggregate([{"$listCatalog": {}}, {"$match": {"db": name}}])
    found = {}
    async for each in catalog:
        is_plain = each["type"] == "collection" and not each["md"]["options"].keys() - {"uuid"}
        found[each["name"]] = frozenset(str(index["spec"]) for index in each["md"]["indexes"] if is_plain)
    return found


async def _empty(client: Client, name: str, prepared: Mapping[str, Indexes]) -> bool:
    """Deletes all rows, and drops every collection that is not as a node of today makes it; a profile stays while it is empty.

    Returns whether all collections are there that a node makes.
    """
    raw = client[name]
    await raw.command("profile", 0)
    found = await _list_indexes(client, name)
    usual = [each for each, indexes in found.items() if indexes == prepared.get(each, BARE)]
    counts = await _count_rows(raw, [*usual, *({PROFILE} & found.keys())])
    missing = set(prepared)
    for each in found:
        if each == PROFILE and each not in counts:
            continue
        if each not in usual or counts.get(each, 0) > MANY_ROWS:
            await raw[each].drop()
            continue
        missing.discard(each)
        if each in counts:
            await raw[each].delete_many({})
    return not missing


async def _count_rows(raw: AsyncDatabase[dict[str, Any]], names: Sequence[str]) -> dict[str, int]:
    """Returns how many rows each of these collections has that is not empty, at most one more than MANY_ROWS."""

    def count(name: str) -> list[dict[str, Any]]:
        return [{"$limit": MANY_ROWS + 1}, {"$count": "rows"}, {"$addFields": {"of": {"$literal": name}}}]

    if not names:
        return {}
    first, *others = names
    united = [{"$unionWith": {"coll": name, "pipeline": count(name)}} for name in others]
    return {row["of"]: row["rows"] async for row in await raw[first].aggregate([*count(first), *united])}


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
