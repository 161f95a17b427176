"""What the database's URL may say and what it may not change, and rows of which some are stored already."""

import asyncio
import gc
import warnings
from datetime import UTC, datetime

import pytest
from pymongo import pool_shared
from pymongo.errors import BulkWriteError, OperationFailure
from pymongo.helpers_shared import _RETRYABLE_ERROR_CODES
from pymongo.pool_options import PoolOptions
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from models.documents.notification import Sms
from models.documents.phone import Phone
from models.stores.accounts import Accounts
from models.stores.counters import Counters
from models.stores.database import Collection, Database, Driver, insert_missing, is_transient, open_database
from models.stores.invitation_tokens import InvitationTokens
from models.stores.notifications import Notifications

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


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


OF_OLD_SERVERS = 10058  # before 3.6
# By MongoDB's own list of codes; to the driver they are the caller's to judge.
CURSOR_NOT_FOUND, WRITE_CONCERN_TIMEOUT, QUERY_PLAN_KILLED, CURSOR_KILLED = 43, 64, 175, 237


def test_what_the_driver_would_try_again_passes_by_itself_and_so_does_what_a_restart_cut_off() -> None:
    ended = {CURSOR_NOT_FOUND, WRITE_CONCERN_TIMEOUT, QUERY_PLAN_KILLED, CURSOR_KILLED}
    for code in _RETRYABLE_ERROR_CODES - {OF_OLD_SERVERS} | ended:
        assert is_transient(OperationFailure("later", code)), code
        assert is_transient(BulkWriteError({"writeErrors": [{"code": code}]})), code


def test_a_refusal_of_the_database_does_not_pass_by_itself() -> None:
    for code in (0, 1, 13, 18, 11000):
        assert not is_transient(OperationFailure("no", code))
        assert not is_transient(BulkWriteError({"writeErrors": [{"code": code}]}))


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


@pytest.mark.parametrize("driver", ["pymongo", "motor"])
async def test_missing_rows_are_inserted_and_those_that_are_there_stay_as_they_are(database: Database) -> None:
    rows = database.collection("nothing")
    assert await insert_missing(rows, [{"_id": 1, "text": "first"}])
    assert not await insert_missing(rows, [{"_id": 1, "text": "second"}, {"_id": 2, "text": "second"}])
    assert await insert_missing(rows, [])
    stored = await rows.find({}).sort("_id", 1).to_list(None)
    assert stored == [{"_id": 1, "text": "first"}, {"_id": 2, "text": "second"}]


async def test_a_row_that_the_database_refuses_is_told_also_beside_one_that_is_there(database: Database) -> None:
    rows = database.collection("nothing")
    await insert_missing(rows, [{"_id": 1}])
    with pytest.raises(BulkWriteError):
        await insert_missing(rows, [{"_id": 1}, {"_id": [2]}])  # an _id cannot be an array


class TwoMembersNeeded(Database):
    """A database in which every write misses its write concern: it asks for two members of a set that has one."""

    def collection(self, name: str) -> Collection:
        return super().collection(name).with_options(write_concern=WriteConcern(w=2, wtimeout=5))


@pytest.mark.parametrize("are_some_there", [False, True])
@pytest.mark.parametrize("driver", ["pymongo", "motor"])
async def test_a_row_that_missed_its_write_concern_does_not_count_as_stored(
    database: Database, *, are_some_there: bool
) -> None:
    rows = [{"_id": 1}, {"_id": 2}]
    if are_some_there:
        await insert_missing(database.collection("nothing"), rows[:1])
    with pytest.raises(BulkWriteError) as raised:
        await insert_missing(TwoMembersNeeded(database.raw).collection("nothing"), rows)
    assert raised.value.details["writeConcernErrors"]


@pytest.mark.parametrize("store", ["accounts", "invitation tokens", "notifications"])
async def test_stores_that_skip_rows_pass_on_a_missed_write_concern(database: Database, store: str) -> None:
    weak = TwoMembersNeeded(database.raw)
    with pytest.raises(OperationFailure):
        if store == "accounts":
            await Accounts(weak, Counters(database)).find_or_create_all([Phone.from_digits("490")], NOW)
        elif store == "invitation tokens":
            await InvitationTokens(weak, b"a key of tests").issue(5, {71: 11}, "item", NOW)
        else:
            await Notifications(weak).append([Sms("key", "+490", "body", NOW)])
