"""What is over is read by nobody, swept or not; the sweep leaves nothing of it, through any crash, and asks for nothing else."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import encode

from models.documents.entry import Draft, Edit, Entry, Message, Previewed, Reaction, entry_key
from models.documents.link_preview import LinkPreview, PreviewPicture
from models.documents.media import Placeholder
from models.services.chats import ending
from models.services.chats.ending import EndMessages
from models.services.media.unused import RemoveUnusedMedia
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.ended_entries import EndedEntries
from models.stores.entries import Entries
from models.stores.entry_rows import ENTRIES, INDEXES, entry_row, read_entry
from models.stores.lifetimes import Lifetimes
from models.stores.media import MediaFiles
from models.stores.media_rows import Content
from models.stores.notifications import Notifications
from models.stores.retention import Retention
from tests.support.fakes import HandClock
from tests.support.plans import recorded_plans

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CANARY = "a canary"
PICTURE = PreviewPicture("/media/" + "0" * 32 + ".jpg", Placeholder(1, 1, "AAAA"))
SAID = [
    Message("i", url="/media/" + "1" * 32 + ".png", caption=CANARY, hash=CANARY),
    Edit(1, CANARY),
    Previewed(1, 2, LinkPreview(f"http://{CANARY}", CANARY, CANARY, CANARY, PICTURE)),
    Reaction(1, "🦜"),
]


class Log:
    """A log of one message with its changes, and what sweeps it."""

    def __init__(self, database: Database, retention: timedelta | None = None) -> None:
        self.database = database
        self.clock = HandClock(AT)
        lifetimes = Lifetimes(self.clock.now, retention)
        self.entries, self.ended, self.retention = (
            Entries(database, lifetimes),
            EndedEntries(database),
            Retention(database),
        )
        files = MediaFiles(database, b"key", self.clock)
        self.sweep = EndMessages(
            self.ended,
            self.retention,
            Notifications(database),
            RemoveUnusedMedia(files, (self.entries,)),
            lifetimes,
        )

    async def prepare(self) -> None:
        await self.database.collection(ENTRIES).create_indexes(INDEXES)
        await self.retention.prepare()
        await Notifications(self.database).prepare()

    async def write(
        self, chat: int, bodies: list[Any], at: datetime = AT, first: int = 1, **fields: Any
    ) -> list[Entry]:
        rows = [
            entry_row(Draft(chat, 7, "4930901820", f"c{seq}", body, **fields), seq, at)
            for seq, body in enumerate(bodies, first)
        ]
        await self.database.collection(ENTRIES).insert_many(rows)
        entries = [read_entry(row) for row in rows]
        for entry in entries:
            if not isinstance(entry.body, Message):
                await self.entries.apply(entry)
        return entries

    async def find_canary(self) -> list[int]:
        """The seqs of rows that still hold something of what was said."""
        rows = await self.database.collection(ENTRIES).find().sort("_id", 1).to_list(None)
        words = [CANARY.encode(), "🦜".encode(), b"/media/"]
        return [row["_id"] & 0xFFFFFFFF for row in rows if any(word in encode(row) for word in words)]


def says_nothing(entries: list[Entry]) -> bool:
    return all(
        entry.is_deleted and entry.body == Message(entry.body.type)
        if isinstance(entry.body, Message)
        else entry.body in (Edit(1, ""), Previewed(1, 2, None), Reaction(1, None))
        for entry in entries
    )


@pytest.fixture
async def log(database: Database) -> Log:
    log = Log(database)
    await log.prepare()
    return log


async def test_a_message_says_nothing_from_its_time_on_and_is_swept_with_all_its_changes(log: Log) -> None:
    await log.write(1, SAID[:1], expires_after_s=3600)
    await log.write(1, SAID[1:], first=2, expires_at=AT + HOUR)
    before = await log.entries.list_range(1, 1, 10, limit=10)
    assert [entry.body for entry in before[1:]] == SAID[1:]
    log.clock.move(seconds=3599)
    assert await log.entries.list_range(1, 1, 10, limit=10) == before
    assert await log.sweep() == 0
    log.clock.move(seconds=1)
    unswept = await log.entries.list_range(1, 1, 10, limit=10)
    assert says_nothing(unswept)
    assert await log.entries.list_deleted([(1, 1)]) == {(1, 1)}
    assert await log.find_canary() == [1, 2, 3, 4]
    assert await log.sweep() == 4
    assert await log.find_canary() == []
    assert await log.entries.list_range(1, 1, 10, limit=10) == unswept, "sweeping changes nothing that is shown"
    assert await log.sweep() == 0


async def test_a_change_that_comes_late_says_nothing_either(log: Log) -> None:
    """A node decided on an edit before the message was over, and stores and applies it behind the sweep."""
    await log.write(1, SAID[:1], expires_after_s=3600)
    log.clock.move(hours=1)
    await log.sweep()
    late = await log.write(1, SAID[1:3], first=2)  # as an earlier version writes it, without the time
    assert says_nothing(await log.entries.list_range(1, 1, 10, limit=10))
    assert await log.find_canary() == []
    await log.entries.apply(replace(late[0]))
    assert await log.find_canary() == []


@pytest.mark.parametrize("step", range(6))
async def test_a_crash_at_any_step_leaves_nothing_that_the_next_sweep_does_not_find(
    log: Log, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.write(1, SAID[:1], expires_after_s=3600)
    await log.write(1, SAID[1:], first=2)
    log.clock.move(hours=1)
    rows = log.ended._entries
    steps = 0

    async def crash(*_: Any, **__: Any) -> Any:
        raise RuntimeError("crash")

    class Crashing:
        def find(self, *args: Any, **options: Any) -> Any:
            return rows.find(*args, **options)

        async def update_many(self, *args: Any, **options: Any) -> Any:
            nonlocal steps
            steps += 1
            return await (crash() if steps > step else rows.update_many(*args, **options))

    monkeypatch.setattr(log.ended, "_entries", Crashing())
    with pytest.raises(RuntimeError, match="crash"):
        await log.sweep()
    assert says_nothing(await log.entries.list_range(1, 1, 1, limit=1))
    monkeypatch.undo()
    await log.sweep()
    assert await log.find_canary() == []
    assert await log.ended.list_expired(log.clock.now(), 10) == []


@pytest.mark.parametrize("retention", [None, timedelta(days=1)])
async def test_what_has_a_file_that_could_not_be_removed_is_found_by_the_next_sweep_and_holds_up_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch, retention: timedelta | None
) -> None:
    monkeypatch.setattr(ending, "AT_ONCE", 1)
    monkeypatch.setattr(ending, "CHATS_AT_ONCE", 1)
    log = Log(database, retention)
    await log.prepare()
    chats = [
        (await Chats(database, Counters(database)).create_group((7, "4930901820"), name, AT + n * HOUR)).id
        for n, name in enumerate("ab")
    ]
    fields = {"expires_after_s": 3600} if retention is None else {}
    await log.write(chats[0], [Message("i", url="/media/" + "1" * 32 + ".png")], **fields)
    await log.write(chats[1], [Message("i", url="/media/" + "2" * 32 + ".png")], AT + HOUR, **fields)
    tried: list[Collection[str]] = []
    files = log.sweep.remove_media._files
    list_contents = files.list_contents

    async def fail_for_the_first(names: Collection[str]) -> list[Content]:
        tried.append(names)
        if "1" * 32 + ".png" in names:
            raise RuntimeError("the database is away")
        return await list_contents(names)

    monkeypatch.setattr(files, "list_contents", fail_for_the_first)
    log.clock.move(days=2)
    await log.sweep()
    rows = {row["chat"]: row for row in await database.raw[ENTRIES].find().to_list(None)}
    assert ["media" in rows[chat] for chat in chats] == [True, False]
    assert len([names for names in tried if "1" * 32 + ".png" in names]) == 1, "once in one sweep"
    monkeypatch.setattr(files, "list_contents", list_contents)
    await log.sweep()
    assert await database.raw[ENTRIES].count_documents({"media": {"$exists": True}}) == 0


async def test_what_is_older_than_the_server_keeps_is_gone_whenever_that_was_set(database: Database) -> None:
    before = Log(database)
    await before.prepare()
    chat = await Chats(database, Counters(database)).create_group((7, "4930901820"), "night", AT - 40 * 24 * HOUR)
    old, middle = AT - 40 * 24 * HOUR, AT - 20 * 24 * HOUR
    await before.write(chat.id, [*SAID[:1], *SAID[:1]], old)
    await before.write(chat.id, [Edit(1, CANARY), Reaction(1, "🦜"), *SAID[:1]], middle, 3)
    assert await before.sweep() == 0

    month = Log(database, timedelta(days=30))
    shown = await month.entries.list_range(chat.id, 1, 10, limit=10)
    assert says_nothing(shown[:4])
    assert not shown[4].is_deleted
    await month.sweep()
    assert await month.find_canary() == [5]
    assert await month.entries.list_range(chat.id, 1, 10, limit=10) == shown

    week = Log(database, timedelta(days=7))
    await week.sweep()
    assert await week.find_canary() == []
    await week.write(chat.id, SAID[:1], AT, 6)
    await week.sweep()
    assert await week.find_canary() == [6]
    week.clock.move(days=8)
    await week.sweep()
    assert await week.find_canary() == []


async def test_the_sweeps_ask_for_nothing_but_what_is_over(log: Log) -> None:
    await log.write(1, [Message(text="kept")] * 300)
    await log.write(1, [Message(text="timed")] * 300, first=301, expires_after_s=7200)
    await log.write(1, SAID[:1] * 3, first=601, expires_after_s=3600)
    log.clock.move(hours=1)
    month = Log(log.database, timedelta(days=30))
    async with recorded_plans(log.database, ENTRIES) as plans:
        await log.sweep()
        await month.sweep()
    assert [plan for plan in plans if plan.index is None] == []
    assert max(plan.docs_examined for plan in plans) <= 6, plans
    for name in ("chats", "notifications"):
        async with recorded_plans(log.database, name) as plans:
            await month.sweep()
        assert plans
        assert [plan for plan in plans if plan.index is None] == [], name


async def test_a_file_that_a_crash_left_is_removed_though_its_message_names_it_still(log: Log) -> None:
    await log.write(1, SAID[:1], expires_after_s=3600)
    name = "1" * 32 + ".png"
    assert await log.entries.list_used([name]) == {name}
    await log.ended.erase([entry_key(1, 1)])
    assert await log.entries.list_used([name]) == set()
    assert await log.ended.erase([entry_key(1, 1)]) == {name}
