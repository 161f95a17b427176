"""No hole and no lost entry where the primary of a MongoDB set dies with rows that it alone held."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from pymongo.write_concern import WriteConcern

from models.documents.entry import Draft, Entry, Message
from models.services.chats.journal import Journal
from models.stores.database import Database, open_database
from models.stores.entries import Entries
from server.clock import SystemClock
from tests.support.replica_set import ReplicaSet, running_set, until_inserting
from tests.support.stores import quick_place

CHAT = 1
GIVE_UP_S = 100.0  # until then a busy machine has elected another primary


@pytest.fixture(scope="module")
async def replica_set() -> AsyncIterator[ReplicaSet]:
    with tempfile.TemporaryDirectory(prefix="parley-", dir=quick_place()) as folder:
        async with running_set(Path(folder)) as running:
            yield running


def draft(client_id: str, sender: int) -> Draft:
    return Draft(CHAT, sender, "4930901820", client_id, Message(text="hi"))


@asynccontextmanager
async def writing(url: str, name: str, app: str) -> AsyncIterator[tuple[Database, Journal]]:
    """One node's journal with a client of its own, whom the database knows as `app`."""

    def hear(entries: Sequence[Entry]) -> None:
        """Nobody listens."""

    # Patient enough for the driver to try the same write again on the new primary.
    async with open_database(url, name, app=app, timeout_s=GIVE_UP_S) as database:
        journal = Journal(database, SystemClock(), [hear], wait_s=GIVE_UP_S)
        await journal.open()
        try:
            yield database, journal
        finally:
            await journal.close(within_s=0.0)


# Who learns the end of the log when it writes there, and who believes to know it and clashes with what was written behind it.
FIRST_EVER, KNOWS_THE_END_BEFORE = "first_ever", "knows_the_end_before"


async def test_a_row_that_the_old_primary_alone_held_leaves_no_hole(replica_set: ReplicaSet) -> None:
    primary = await replica_set.heal()
    names = FIRST_EVER, KNOWS_THE_END_BEFORE
    async with AsyncExitStack() as stack:
        ones = {name: await stack.enter_async_context(writing(replica_set.url, name, f"one {name}")) for name in names}
        dies = await stack.enter_async_context(AsyncExitStack())
        others = {
            name: (await dies.enter_async_context(writing(replica_set.url, name, f"other {name}")))[1] for name in names
        }
        await ones[KNOWS_THE_END_BEFORE][1].append(draft("known", 1))
        for other in others.values():
            for n in range(3):
                await other.append(draft(f"before {n}", 2))
        await replica_set.leave_alone(primary)
        lost = {name: other.append(draft("held by the old primary alone", 2)) for name, other in others.items()}
        for name in names:
            await until_inserting(primary, f"other {name}")
        kept = {name: journal.append(draft("goes on", 1)) for name, (_, journal) in ones.items()}
        for name in names:
            await until_inserting(primary, f"one {name}")
        await dies.aclose()  # with the primary: they tell nobody what they had written
        await replica_set.replace(primary)
        for name, (database, _) in ones.items():
            async with asyncio.timeout(GIVE_UP_S):
                stored = await kept[name]
            assert lost[name].exception() is not None, name
            log = await Entries(database).list_range(CHAT, 1, 2**31, limit=100)
            assert [entry.seq for entry in log] == list(range(1, len(log) + 1)), f"no hole: {name}"
            assert log[-1] == stored.entry, name


async def test_what_the_primary_holds_is_settled_once_a_majority_holds_it(replica_set: ReplicaSet) -> None:
    primary = await replica_set.heal()
    async with open_database(replica_set.url, "settling") as database, primary.asked() as client:
        await database.settle()
        await replica_set.leave_alone(primary)
        await client["settling"].get_collection("rows", write_concern=WriteConcern(1)).insert_one({"_id": 1})
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(database.settle(), 0.5)
        await replica_set.heal()
        async with asyncio.timeout(GIVE_UP_S):
            await database.settle()
        assert await database.collection("rows").find_one({"_id": 1}) == {"_id": 1}
