"""Pinned messages and edits are found by their indexes, however long a log is."""

from datetime import UTC, datetime, timedelta

import pytest

from models.documents.entry import Body, Deletion, Draft, Edit, Mention, Message, Pin, entry_key
from models.stores.database import Database
from models.stores.entries import Entries
from models.stores.entry_rows import ENTRIES, GONE_FIELDS, INDEXES, entry_row, read_entry
from models.stores.message_changes import MessageChanges
from tests.support.plans import recorded_plans

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def entries(database: Database) -> Entries:
    """Three logs of 200 messages, with two edits of message 5, and two pinned messages of which one was taken off."""
    rows = database.collection(ENTRIES)
    await rows.create_indexes(INDEXES)
    texts: list[Body] = [Message(text=str(n), mentions=(Mention(n, str(n), 0, 1),)) for n in range(200)]
    changes: list[Body] = [
        Edit(5, "one"),
        Pin(7, pinned=True),
        Edit(5, "two"),
        Pin(9, pinned=True),
        Pin(7, pinned=False),
    ]
    stored = Entries(database)
    for chat in (1, 2, 3):
        drafts = [Draft(chat, 7, "7", f"c{n}", body) for n, body in enumerate([*texts, *changes])]
        made = [entry_row(draft, seq, AT + timedelta(seconds=seq)) for seq, draft in enumerate(drafts, start=1)]
        await rows.insert_many(made)
        for row in made[len(texts) :]:
            await stored.apply(read_entry(row))
    return stored


async def test_no_question_walks_the_log(database: Database, entries: Entries) -> None:
    changes = MessageChanges(database, entries)
    async with recorded_plans(database, ENTRIES) as plans:
        pinned = await changes.list_pinned(2, 50)
        count = await changes.count_pinned(2, 50)
        edits = await changes.list_edits(2, 5, 50)
        last = await changes.list_edits(2, 5, 1)
    assert ([message.seq for message in pinned], count) == ([9], 1)
    assert [edit.seq for edit in edits] == [201, 203]
    assert [edit.seq for edit in last] == [203]
    assert len(plans) >= 5
    assert all(plan.index is not None for plan in plans), plans
    assert max(plan.docs_examined for plan in plans) <= 2, plans


async def test_the_last_pinned_ones_are_listed_wherever_they_are_in_the_log(
    database: Database, entries: Entries
) -> None:
    rows, changes = database.collection(ENTRIES), MessageChanges(database, entries)
    for seq, of in ((206, 150), (207, 3)):
        row = entry_row(Draft(2, 7, "7", f"c{seq}", Pin(of, pinned=True)), seq, AT)
        await rows.insert_one(row)
        await entries.apply(read_entry(row))
    assert [message.seq for message in await changes.list_pinned(2, 2)] == [3, 150]


async def test_only_what_is_shown_as_pinned_counts(database: Database, entries: Entries) -> None:
    rows, changes = database.collection(ENTRIES), MessageChanges(database, entries)
    await rows.insert_one(entry_row(Draft(2, 7, "7", "pending", Pin(11, pinned=True)), 206, AT))
    assert await changes.count_pinned(2, 50) == 2, "one waits to be applied"
    await rows.insert_one(entry_row(Draft(2, 7, "7", "deleted", Deletion(11)), 207, AT))
    assert await changes.count_pinned(2, 50) == 1
    await rows.update_one({"_id": entry_key(2, 9)}, {"$set": {"expires_at": AT}})
    assert await changes.count_pinned(2, 50) == 0, "it is over, and no sweep has come yet"
    await rows.update_one({"_id": entry_key(3, 9)}, {"$set": {"deleted": True}})
    assert await changes.count_pinned(3, 50) == 0


async def test_a_file_that_nobody_may_read_takes_all_with_it_that_was_made_of_its_message(
    database: Database, entries: Entries
) -> None:
    rows = database.collection(ENTRIES)
    await rows.update_one({"_id": entry_key(2, 9)}, {"$set": {"type": "i", "url": "/media/" + "0" * 32 + ".png"}})
    await rows.update_one({"_id": entry_key(2, 9)}, {"$set": {"reactions": {"7": {"emoji": "👍", "seq": 300}}}})
    assert await entries.erase_files(2, None) == {"0" * 32 + ".png"}
    row = await rows.find_one({"_id": entry_key(2, 9)})
    assert row is not None
    assert row.keys().isdisjoint(GONE_FIELDS)
    assert await MessageChanges(database, entries).list_pinned(2, 50) == []
