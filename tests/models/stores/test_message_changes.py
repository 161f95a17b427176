"""Pinned messages and edits are found by their indexes, however long a log is."""

from datetime import UTC, datetime, timedelta

import pytest

from models.documents.entry import Body, Draft, Edit, Mention, Message, Pin
from models.stores.database import Database
from models.stores.entries import Entries
from models.stores.entry_rows import ENTRIES, INDEXES, entry_row, read_entry
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
