"""Opens the database with either driver. Stores use only what both drivers share.

PyMongo's asynchronous client is the default: it is 1.3 to 2 times cheaper per call than Motor, whose support ended in May
2026 (docs/architecture.md, "MongoDB driver"). The tests of the stores run on both.
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

from bson.codec_options import CodecOptions
from pymongo import AsyncMongoClient, InsertOne, ReturnDocument
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

# A database that does not answer for so long counts as unreachable.
SOCKET_TIMEOUT_MS = 20_000

_NO_SUCH_INDEX = frozenset({26, 27})  # no such collection, no such index
DUPLICATE_KEY = 11000  # the server's code for a clash with a unique index
# Server codes of a database that is restarting, electing or catching up. The driver gives only some of them a class.
_PASSING_CODES = frozenset({6, 7, 43, 64, 89, 91, 134, 175, 189, 237, 262, 9001, 10107, 11600, 11602, 13435, 13436})

# A write is acknowledged when it is on disk on a majority, and reads return nothing that a failover could undo
# (docs/architecture.md, "Write concern").
DURABLE = WriteConcern("majority", j=True)
COMMITTED = ReadConcern("majority")


class Database:
    """An open database, whose collections write durably and return dates with time zones."""

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
        """Raises PyMongoError if the database does not answer."""
        await self.raw.command("ping")

    async def settle(self) -> None:
        """Wait until a majority holds all that the primary holds now. Raises PyMongoError.

        MongoDB answers a majority write no sooner, not even one that changes nothing.
        """
        await self.collection("counters").update_one({"_id": "settle"}, {"$inc": {"last": 0}})


@asynccontextmanager
async def open_database(
    url: str, name: str, driver: Driver = "pymongo", *, timeout_s: float = 5.0, app: str = "parley"
) -> AsyncIterator[Database]:
    """Connect, and disconnect at the end.

    `timeout_s` bounds each wait for a reachable primary; MongoDB's logs show `app`.
    """
    options: dict[str, Any] = {
        "tz_aware": True,
        # Overrides the URL: a secondary may be behind, and a client that syncs must find what was acknowledged.
        "readPreference": "primary",
        # These override it too: writes are equally durable everywhere, and clients do not notice an election.
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
            # In a thread, since it waits for the server and for its own threads.
            await asyncio.to_thread(motor_client.close)
        return
    client: AsyncMongoClient[Row] = AsyncMongoClient(url, **options)
    try:
        yield Database(client[name])
    finally:
        await client.close()


def is_transient(error: Exception) -> bool:
    """Returns whether an error passes by itself: the database is restarting, electing, or out of reach."""
    if isinstance(error, BulkWriteError):
        # Either the rows missed their write concern, or a restart stopped the write, which is listed where a clash would be.
        problems = error.details.get("writeErrors") or []
        return bool(error.details.get("writeConcernErrors")) or any(one["code"] in _PASSING_CODES for one in problems)
    if isinstance(error, ConnectionFailure | ExecutionTimeout):
        return True
    return isinstance(error, OperationFailure) and error.code in _PASSING_CODES


def has_taken_long(error: Exception) -> bool:
    """Returns whether a call waited for SOCKET_TIMEOUT_MS, for the answer or for a connection.

    The database itself may be well.
    """
    return isinstance(error, NetworkTimeout | ExecutionTimeout | WaitQueueTimeoutError)


async def until_done(prepare: Callable[[], Awaitable[object]]) -> None:
    """Run a preparation such as creating indexes until it ends, however often the driver stops waiting for it.

    MongoDB goes on creating an index when the driver stops waiting, which takes minutes where much is stored; repeating the
    call waits for the same index. Raises what `prepare` raises, except timeouts.
    """
    while True:
        try:
            await prepare()
        except NetworkTimeout:
            log.warning("MongoDB makes indexes for this version over what is stored already: the start waits for them")
        else:
            return


async def upsert(collection: Collection, query: Row, update: Row | Sequence[Row]) -> Row:
    """Update the row of this query in one step, or insert it. Returns the row after that."""
    row = await collection.find_one_and_update(query, update, upsert=True, return_document=ReturnDocument.AFTER)
    if row is None:
        raise RuntimeError("an upsert returned no row")
    return row


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
    """Drop indexes that earlier versions created, if they exist. Two nodes may do it at once."""
    for name in names:
        try:
            await collection.drop_index(name)
        except OperationFailure as error:
            if error.code not in _NO_SUCH_INDEX:
                raise


async def aggregate(
    collection: Collection,
    pipeline: Sequence[Mapping[str, Any]],
    collation: Mapping[str, Any] | None = None,
    hint: str | None = None,
) -> list[Row]:
    """Run a pipeline and return its rows. PyMongo answers with an awaitable of a cursor, Motor with the cursor itself.

    `collation` says how texts are compared and sorted; without one, their bytes are. `hint` is the name of the index to use.
    """
    named: dict[str, Any] = {} if hint is None else {"hint": hint}
    cursor: Any = collection.aggregate(list(pipeline), collation=collation, **named)
    if inspect.isawaitable(cursor):
        cursor = await cursor
    rows: list[Row] = await cursor.to_list(None)
    return rows
