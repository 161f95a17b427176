"""Opens the database with either driver; stores use only what both drivers share.

PyMongo's own async client is the default: 1.3 to 2 times cheaper per call than Motor under concurrency, and Motor reached
its end of life in May 2026 (design section 2). Motor stays for those who run it; the store tests run on both.
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, InsertOne
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    WaitQueueTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

log = logging.getLogger(__name__)

Row = dict[str, Any]
Collection = AsyncCollection[Row]
Driver = Literal["pymongo", "motor"]

# A database that neither answers nor breaks the connection counts as away after this long.
SOCKET_TIMEOUT_MS = 20_000

_NO_SUCH_INDEX = frozenset({26, 27})  # no such collection, no such index
DUPLICATE_KEY = 11000  # the server's code for a clash with a unique index
# Server codes of a database that is restarting, electing or catching up; the driver names only some of them itself.
_PASSING_CODES = frozenset({6, 7, 43, 64, 89, 91, 134, 175, 189, 237, 262, 9001, 10107, 11600, 11602, 13435, 13436})

# "Acknowledged" means on disk on a majority, and nobody is shown what could still be rolled back (design section 5).
DURABLE = WriteConcern("majority", j=True)
COMMITTED = ReadConcern("majority")


class Database:
    """The open database; hands out collections that are durable and aware of time zones."""

    def __init__(self, raw: AsyncDatabase[Row]) -> None:
        self.raw = raw

    def collection(self, name: str) -> Collection:
        return self.raw.get_collection(
            name,
            codec_options=CodecOptions(document_class=dict, tz_aware=True),
            write_concern=DURABLE,
            read_concern=COMMITTED,
        )

    async def ping(self) -> None:
        """Raises PyMongoError when the database does not answer."""
        await self.raw.command("ping")

    async def settle(self) -> None:
        """Wait until a majority holds what the primary holds by now. Raises PyMongoError.

        MongoDB answers a write of that concern no sooner, not even one that finds nothing to change.
        """
        await self.collection("counters").update_one({"_id": "settle"}, {"$inc": {"last": 0}})


@asynccontextmanager
async def open_database(
    url: str, name: str, driver: Driver = "pymongo", *, timeout_s: float = 5.0, app: str = "parley"
) -> AsyncIterator[Database]:
    """Connect, and disconnect in the end. `timeout_s` bounds each wait for a reachable primary; MongoDB's logs name `app`."""
    options: dict[str, Any] = {
        "tz_aware": True,
        # Whatever the URL says: a secondary may be behind, and who is told to sync must find what was acknowledged.
        "readPreference": "primary",
        # Likewise: "acknowledged" and "read" mean the same everywhere, and an election is nothing that a client must notice.
        "w": "majority",
        "journal": True,
        "wTimeoutMS": 0,
        "readConcernLevel": "majority",
        "retryWrites": True,
        "retryReads": True,
        "serverSelectionTimeoutMS": int(timeout_s * 1000),
        "connectTimeoutMS": int(timeout_s * 1000),
        "socketTimeoutMS": SOCKET_TIMEOUT_MS,
        "appname": app,
    }
    if driver == "motor":
        from motor.motor_asyncio import AsyncIOMotorClient

        motor_client = AsyncIOMotorClient(url, **options)
        try:
            yield Database(cast("AsyncDatabase[Row]", motor_client[name]))
        finally:
            await asyncio.to_thread(motor_client.close)  # it says good-bye to the server and waits for its own threads
        return
    client: AsyncMongoClient[Row] = AsyncMongoClient(url, **options)
    try:
        yield Database(client[name])
    finally:
        await client.close()


def is_transient(error: Exception) -> bool:
    """Whether the error passes by itself: the database is restarting, electing, or out of reach."""
    if isinstance(error, BulkWriteError):
        # Stored, but not known to stay; or stopped by a restart, which stands where a clash would.
        problems = error.details.get("writeErrors") or []
        return bool(error.details.get("writeConcernErrors")) or any(one["code"] in _PASSING_CODES for one in problems)
    if isinstance(error, ConnectionFailure | ExecutionTimeout):
        return True
    return isinstance(error, OperationFailure) and error.code in _PASSING_CODES


def has_taken_long(error: Exception) -> bool:
    """Whether a question was given up after SOCKET_TIMEOUT_MS, or waited as long for its turn: the database itself may be well."""
    return isinstance(error, NetworkTimeout | ExecutionTimeout | WaitQueueTimeoutError)


async def until_done(prepare: Callable[[], Awaitable[object]]) -> None:
    """Make what a start needs, such as indexes, which take MongoDB minutes where an earlier version has stored much.

    It goes on when nobody waits any more, and who asks again waits for the same. One that has died is told by its error.
    """
    while True:
        try:
            await prepare()
        except NetworkTimeout:
            log.warning("MongoDB makes indexes for this version over what is stored already: the start waits for them")
        else:
            return


async def insert_missing(collection: Collection, rows: Sequence[Row]) -> bool:
    """Insert the rows whose unique keys are not taken. Returns whether none was taken.

    A row that clashes with a stored one is left out without an error. Raises BulkWriteError for every other fault of a row, and
    where the rows missed their write concern: those are on the primary, and a failover may still undo them.
    """
    if not rows:
        return True
    try:
        await collection.bulk_write([InsertOne(row) for row in rows], ordered=False)
    except BulkWriteError as error:
        faults = error.details.get("writeErrors") or []
        if error.details.get("writeConcernErrors") or any(fault["code"] != DUPLICATE_KEY for fault in faults):
            raise
        return False
    return True


async def drop_indexes(collection: Collection, *names: str) -> None:
    """Drop indexes that earlier versions made, where they are still there; two nodes may do it at once."""
    for name in names:
        try:
            await collection.drop_index(name)
        except OperationFailure as error:
            if error.code not in _NO_SUCH_INDEX:
                raise


async def aggregate(
    collection: Collection, pipeline: Sequence[Mapping[str, Any]], collation: Mapping[str, Any] | None = None
) -> list[Row]:
    """Run a pipeline to its end: PyMongo answers with an awaitable of a cursor, Motor with the cursor itself.

    `collation` is the order of all texts in it, and what makes two of them equal; without one, that of their bytes.
    """
    cursor: Any = collection.aggregate(list(pipeline), collation=collation)
    if inspect.isawaitable(cursor):
        cursor = await cursor
    rows: list[Row] = await cursor.to_list(None)
    return rows
