"""The journal: numbers without a hole, once for ever, in order, through lost answers, clashes and a database that is away."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from models.documents.entry import Draft, Entry, Message, Stored
from models.errors import InternalFault, Unavailable
from models.services.chats.journal import Journal
from models.stores.database import Database, Driver, open_database
from models.stores.entries import Entries
from models.stores.entry_rows import ENTRIES
from server.embedded import EmbeddedStores
from tests.support.fakes import HandClock
from tests.support.line_cutter import line_cutter
from tests.support.stores import stopped

# What a driver could do in its own way: how it reports clashes, refused rows and lost answers. The rules are the same over both.
on_both_drivers = pytest.mark.parametrize("driver", ["pymongo", "motor"])


def a_clock() -> HandClock:
    return HandClock(datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC))


@dataclass
class Heard:
    """What a journal announced, and a way to wait for it."""

    entries: list[Entry] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, entries: Sequence[Entry]) -> None:
        self.entries.extend(entries)
        self.more.set()

    async def expect(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.entries) < count:
                self.more.clear()
                await self.more.wait()

    def seqs(self, chat_id: int = 1) -> list[int]:
        return [entry.seq for entry in self.entries if entry.chat_id == chat_id]


@asynccontextmanager
async def running(database: Database, heard: Heard, **options: Any) -> AsyncIterator[Journal]:
    journal = Journal(database, options.pop("clock", a_clock()), [heard], **options)
    await journal.open()
    try:
        yield journal
    finally:
        await journal.close(within_s=2.0)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def journal(database: Database, heard: Heard) -> AsyncIterator[Journal]:
    async with running(database, heard) as open_journal:
        yield open_journal


def draft(client_id: object, *, chat: int = 1, sender: int = 7, text: str = "hi") -> Draft:
    return Draft(chat, sender, "4930901820", str(client_id), Message(text=text))


async def log_of(database: Database, chat_id: int = 1) -> list[Entry]:
    return await Entries(database).list_range(chat_id, 1, 2**31, limit=10_000)


async def test_the_order_of_appends_is_the_order_of_seqs_in_every_chat(
    database: Database, journal: Journal, heard: Heard
) -> None:
    futures = [journal.append(draft(n, chat=n % 3 + 1)) for n in range(300)]
    stored = await asyncio.gather(*futures)
    for chat_id in (1, 2, 3):
        assert [one.entry.seq for one in stored if one.entry.chat_id == chat_id] == list(range(1, 101))
        assert heard.seqs(chat_id) == list(range(1, 101))
        in_log = await log_of(database, chat_id)
        assert in_log == [one.entry for one in stored if one.entry.chat_id == chat_id]


async def test_what_arrives_while_a_batch_is_in_the_air_is_the_next_batch(
    database: Database, journal: Journal, heard: Heard
) -> None:
    await journal.append(draft("warm"))
    await database.raw.command("profile", 2)
    await asyncio.gather(*[journal.append(draft(n)) for n in range(500)])
    await database.raw.command("profile", 0)
    inserts = await database.raw["system.profile"].count_documents(
        {"op": "insert", "ns": f"{database.raw.name}.entries"}
    )
    assert 1 <= inserts <= 2
    assert heard.seqs() == list(range(1, 502))


async def test_one_client_id_a_hundred_times_at_once_is_one_entry_one_answer_and_one_announcement(
    database: Database, journal: Journal, heard: Heard
) -> None:
    stored = await asyncio.gather(*[journal.append(draft("same", text=f"try {n}")) for n in range(100)])
    assert {one.entry.seq for one in stored} == {1}
    assert {one.entry.body for one in stored} == {Message(text="try 0")}
    assert sum(one.is_new for one in stored) == 1
    assert heard.seqs() == [1]
    assert len(await log_of(database)) == 1


async def test_a_client_id_stays_taken_for_the_next_process_and_belongs_to_one_sender_and_chat(
    database: Database, journal: Journal, heard: Heard
) -> None:
    first = await journal.append(draft("same"))
    after = Heard()
    async with running(database, after) as restarted:
        again = await restarted.append(draft("same", text="something else"))
        assert again == Stored(first.entry, is_new=False)
        assert after.entries == []
        for other in (draft("same", sender=8), draft("same", chat=2)):
            assert (await restarted.append(other)).is_new


async def test_a_retry_among_new_messages_costs_no_number(journal: Journal, database: Database, heard: Heard) -> None:
    await asyncio.gather(*[journal.append(draft(n)) for n in range(5)])
    stored = await asyncio.gather(*[journal.append(draft(n)) for n in (5, 2, 6, 4, 7)])
    assert [one.entry.seq for one in stored] == [6, 3, 7, 5, 8]
    assert heard.seqs() == list(range(1, 9))


@on_both_drivers
async def test_two_journals_on_one_chat_number_it_without_hole_or_twin(database: Database, heard: Heard) -> None:
    other = Heard()
    async with running(database, heard) as first, running(database, other) as second:

        async def write(writer: int) -> list[int]:
            seqs = []
            for n in range(10):
                journal = (first, second)[(writer + n) % 2]
                seqs.append((await journal.append(draft(n, sender=writer))).entry.seq)
            return seqs

        per_writer = await asyncio.gather(*map(write, range(64)))
    assert all(seqs == sorted(seqs) for seqs in per_writer)
    assert sorted(seq for seqs in per_writer for seq in seqs) == list(range(1, 641))
    assert heard.seqs() == sorted(heard.seqs())
    assert sorted(heard.seqs() + other.seqs()) == list(range(1, 641))
    assert [entry.seq for entry in await log_of(database)] == list(range(1, 641))


async def test_three_journals_on_shared_chats_keep_each_sender_s_order_without_hole_or_twin(database: Database) -> None:
    heard = [Heard() for _ in range(3)]
    chats = range(1, 13)
    async with AsyncExitStack() as stack:
        journals = [await stack.enter_async_context(running(database, one)) for one in heard]

        async def write(sender: int) -> dict[int, list[int]]:
            journal = journals[sender % 3]
            drafts = [draft(n, chat=chats[n * sender % len(chats)], sender=sender) for n in range(40)]
            stored = await asyncio.gather(*map(journal.append, drafts))
            return {chat: [one.entry.seq for one in stored if one.entry.chat_id == chat] for chat in chats}

        per_sender = await asyncio.gather(*map(write, range(1, 25)))
    for chat in chats:
        assert all(seqs[chat] == sorted(seqs[chat]) for seqs in per_sender)
        there = sorted(seq for seqs in per_sender for seq in seqs[chat])
        assert there == list(range(1, len(there) + 1))
        assert all(one.seqs(chat) == sorted(one.seqs(chat)) for one in heard)
        assert sorted(seq for one in heard for seq in one.seqs(chat)) == there
        assert [entry.seq for entry in await log_of(database, chat)] == there


async def test_chats_into_which_another_node_keeps_writing_hold_up_no_others(
    database: Database, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, quiet = range(1, 41, 2), range(2, 41, 2)
    async with running(database, heard) as journal, running(database, Heard()) as other:
        entries, numbers, is_busy = journal._inserts._entries, count(), True

        async def too_late(rows: list[dict[str, Any]], **options: Any) -> Any:
            if is_busy:
                await asyncio.gather(*[other.append(draft(f"other {next(numbers)}", chat=chat)) for chat in busy])
            return await entries.insert_many(rows, **options)

        class Late:
            def __getattr__(self, name: str) -> Any:
                return too_late if name == "insert_many" else getattr(entries, name)

        monkeypatch.setattr(journal._inserts, "_entries", Late())
        stored = {chat: journal.append(draft("mine", chat=chat)) for chat in range(1, 41)}
        async with asyncio.timeout(30):
            await asyncio.gather(*[stored[chat] for chat in quiet])
        assert not any(stored[chat].done() for chat in busy)
        is_busy = False
        await asyncio.gather(*stored.values())
    for chat in busy:
        log = await log_of(database, chat)
        assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
        assert log[-1].client_id == "mine"


@on_both_drivers
async def test_one_client_id_at_two_journals_at_once_is_one_entry_and_one_announcement(
    database: Database, heard: Heard
) -> None:
    other = Heard()
    async with running(database, heard) as first, running(database, other) as second:
        for n in range(30):
            stored = await asyncio.gather(first.append(draft(n)), second.append(draft(n)))
            assert [one.entry for one in stored] == [stored[0].entry] * 2
            assert sum(one.is_new for one in stored) == 1
    assert sorted(heard.seqs() + other.seqs()) == list(range(1, 31))


@on_both_drivers
@pytest.mark.parametrize("cuts", [1, 2])
async def test_rows_stored_behind_a_lost_answer_are_recognised(
    stores: EmbeddedStores, database: Database, driver: Driver, heard: Heard, cuts: int
) -> None:
    assert stores.mongod is not None
    async with line_cutter(stores.mongod.port) as cutter:
        url = stores.mongod.url_by(cutter.port)
        async with open_database(url, database.raw.name, driver) as through, running(through, heard) as journal:
            await journal.append(draft("before"))
            cutter.cuts = cuts  # the driver itself tries a second time before it gives up
            stored = await asyncio.gather(*[journal.append(draft(n, chat=n % 2 + 1)) for n in range(40)])
            assert cutter.cuts == 0
            assert all(one.is_new for one in stored)
            after = await journal.append(draft("after"))
    assert after.entry.seq == 22
    assert heard.seqs(1) == list(range(1, 23))
    assert heard.seqs(2) == list(range(1, 21))
    assert [entry.client_id for entry in await log_of(database, 2)] == [str(n) for n in range(1, 40, 2)]


@on_both_drivers
async def test_a_database_that_goes_between_a_clash_and_its_reading_costs_no_second_announcement(
    stores: EmbeddedStores, database: Database, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(database, heard) as journal:
        await journal.append(draft("retried"))
        drafts = [draft("new"), draft("retried"), draft("last")]
        failures = [1]

        def broken(*args: Any, **options: Any) -> Any:
            if failures:
                failures.pop()
                raise AutoReconnect("cut")
            return entries.find(*args, **options)

        class Cut:
            def __getattr__(self, name: str) -> Any:
                return broken if name == "find" else getattr(entries, name)

        entries = journal._inserts._entries
        monkeypatch.setattr(journal._inserts, "_entries", Cut())
        stored = await asyncio.gather(*map(journal.append, drafts))
        assert not failures
    assert [one.entry.seq for one in stored] == [2, 1, 3]
    assert [one.is_new for one in stored] == [True, False, True]
    assert heard.seqs() == [1, 2, 3]


async def test_a_row_that_cannot_be_stored_is_refused_alone(database: Database, journal: Journal, heard: Heard) -> None:
    bad = draft("bad", text="half \ud800 of a pair")
    too_big = Draft(1, 7, "4930901820", "big", Message(text="x" * 17_000_000))
    drafts = [draft(0), draft(1, chat=2), bad, draft(2), too_big, draft(3)]
    outcomes = await asyncio.gather(*map(journal.append, drafts), return_exceptions=True)
    assert [type(one) for one in outcomes] == [Stored, Stored, InternalFault, Stored, InternalFault, Stored]
    assert heard.seqs() == [1, 2, 3]
    assert (await journal.append(draft("next"))).entry.seq == 4


@on_both_drivers
async def test_a_row_that_the_database_refuses_is_refused_alone(database: Database, heard: Heard) -> None:
    await database.raw.drop_collection(ENTRIES)
    await database.raw.create_collection(ENTRIES, validator={"text": {"$ne": "forbidden"}})
    async with running(database, heard) as journal:
        drafts = [draft(0), draft(1, text="forbidden"), draft(2)]
        outcomes = await asyncio.gather(*map(journal.append, drafts), return_exceptions=True)
    assert [type(one) for one in outcomes] == [Stored, InternalFault, Stored]
    assert heard.seqs() == [1, 2]


async def test_a_send_waits_no_longer_than_it_may_and_its_entry_is_stored_and_announced_once_all_the_same(
    stores: EmbeddedStores, database: Database, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(database, heard) as journal:
        await journal.append(draft("before"))
        async with stopped(stores):
            with monkeypatch.context() as patient_no_more:
                patient_no_more.setattr(journal, "_wait_s", 0.2)
                with pytest.raises(Unavailable) as refusal:
                    await journal.append(draft("late"))
            assert refusal.value.retryable
            assert refusal.value.retry_after_ms
            again = journal.append(draft("late"))
            behind = journal.append(draft("behind"))
        assert (await again).entry.seq == 2
        assert (await behind).entry.seq == 3
        await heard.expect(3)
    assert [entry.client_id for entry in heard.entries] == ["before", "late", "behind"]


async def test_who_joins_a_waiting_send_makes_nobody_wait_longer(
    stores: EmbeddedStores, database: Database, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(database, heard) as journal:
        await journal.append(draft("before"))
        monkeypatch.setattr(journal, "_wait_s", 0.4)
        async with stopped(stores):
            first = journal.append(draft("late"))
            joined = []
            async with asyncio.timeout(30):
                while not first.done():
                    joined.append(journal.append(draft("late")))
                    await asyncio.wait([first], timeout=0.05)
            assert isinstance(first.exception(), Unavailable)
        await asyncio.gather(*joined, return_exceptions=True)


async def test_a_full_queue_refuses_at_once_and_forgets_nothing(
    stores: EmbeddedStores, database: Database, heard: Heard
) -> None:
    async with running(database, heard, queue_max_entries=3) as journal:
        await journal.append(draft("before"))
        async with stopped(stores):
            waiting = [journal.append(draft(n)) for n in range(3)]
            with pytest.raises(Unavailable):
                await journal.append(draft("one too many"))
            joined = journal.append(draft(0))
        stored = await asyncio.gather(*waiting, joined)
        assert [one.entry.seq for one in stored] == [2, 3, 4, 2]
        assert (await journal.append(draft("one too many"))).entry.seq == 5


async def test_closing_stores_what_waits_and_takes_nothing_more(database: Database, heard: Heard) -> None:
    journal = Journal(database, a_clock(), [heard], batch_max_entries=10)
    await journal.open()
    futures = [journal.append(draft(n)) for n in range(100)]
    await journal.close()
    assert [future.result().entry.seq for future in futures] == list(range(1, 101))
    assert heard.seqs() == list(range(1, 101))
    assert journal.depth == 0
    with pytest.raises(Unavailable):
        await journal.append(draft("too late"))


@on_both_drivers
async def test_closing_without_a_database_refuses_what_it_cannot_store(
    stores: EmbeddedStores, database: Database, heard: Heard
) -> None:
    journal = Journal(database, a_clock(), [heard])
    await journal.open()
    await journal.append(draft("before"))
    async with stopped(stores):
        late = journal.append(draft("late"))
        await journal.close(within_s=0.1)
        assert isinstance(late.exception(), Unavailable)


async def test_a_clock_that_goes_back_changes_no_order(database: Database, heard: Heard) -> None:
    clock = a_clock()
    async with running(database, heard, clock=clock) as journal:
        for n in range(5):
            stored = await journal.append(draft(n))
            assert stored.entry.seq == n + 1
            clock.move(hours=-1)
    assert [entry.client_id for entry in await log_of(database)] == list("01234")
    assert heard.seqs() == [1, 2, 3, 4, 5]
