"""What a crowd missed is read once, and is the same as if each had read it alone."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import count
from random import Random

import pytest
from typing_extensions import override

from models.documents.entry import Body, Deletion, Draft, Edit, Entry, Message, Reaction
from models.services.chats import log_tail_cache as module
from models.services.chats.log_tail_cache import LogTailCache
from models.stores.database import Database
from models.stores.entries import Entries
from models.stores.entry_rows import ENTRIES, INDEXES, entry_row

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHAT = 5


class CountedEntries(Entries):
    """The real store, with its pages counted."""

    readings = 0

    @override
    async def list_range(
        self, chat_id: int, first: int, last: int, *, limit: int, newest_first: bool = False
    ) -> list[Entry]:
        self.readings += 1
        return await super().list_range(chat_id, first, last, limit=limit, newest_first=newest_first)


class Log:
    """A chat's log that grows as a journal would let it, changes marked as not applied until they are."""

    def __init__(self, database: Database) -> None:
        self.entries = CountedEntries(database)
        self.tails = LogTailCache(self.entries)
        self.end = 0
        self._rows = database.collection(ENTRIES)
        self._ids = count()

    async def write(self, *bodies: Body) -> None:
        for body in bodies:
            self.end += 1
            draft = Draft(CHAT, 7, "4930901820", f"c{next(self._ids)}", body)
            await self._rows.insert_one(entry_row(draft, self.end, AT))

    async def apply(self, seq: int) -> None:
        change = await self.entries.find(CHAT, seq)
        assert change is not None
        await self.entries.apply(change)

    async def tail(self, cursor: int, limit: int = 1000) -> list[Entry]:
        return await self.tails.list_range(CHAT, cursor + 1, self.end, limit=limit)


@pytest.fixture
async def log(database: Database) -> Log:
    await database.collection(ENTRIES).create_indexes(INDEXES)
    return Log(database)


def texts(entries: Sequence[Entry]) -> list[str | None]:
    return [entry.body.text for entry in entries if isinstance(entry.body, Message)]


async def test_a_crowd_reads_once_whoever_of_it_comes_first(log: Log) -> None:
    await log.write(*(Message(text=f"{n}") for n in range(60)))
    found = await asyncio.gather(*(log.tail(50 + n % 10) for n in range(200)))
    assert log.entries.readings == 1
    assert [entry.seq for entry in found[3]] == list(range(54, 61))
    assert texts(await log.tail(59)) == ["59"]
    assert log.entries.readings == 1


async def test_a_new_end_is_read_anew(log: Log) -> None:
    await log.write(Message(text="one"))
    assert texts(await log.tail(0)) == ["one"]
    await log.write(Edit(1, "two"))
    assert texts(await log.tail(0)) == ["two"]
    await log.apply(2)
    await log.write(Deletion(1))
    assert texts(await log.tail(0)) == [None]


async def test_what_lies_behind_the_end_that_was_asked_for_is_not_in_the_answer(log: Log) -> None:
    await log.write(Message(text="one"), Message(text="two"))
    _, shorter = await asyncio.gather(*(log.tails.list_range(CHAT, 1, end, limit=10) for end in (2, 1)))
    assert texts(shorter) == ["one"], "of a longer end that is being read"
    await log.tail(0)
    assert texts(await log.tails.list_range(CHAT, 1, 1, limit=10)) == ["one"], "of a longer end that is remembered"


async def test_an_empty_log_has_an_empty_end(log: Log) -> None:
    assert await log.tails.list_range(CHAT, 1, 0, limit=50, newest_first=True) == []


async def test_who_was_away_for_longer_is_given_more_than_is_remembered(log: Log) -> None:
    await log.write(*(Message(text=f"{n}") for n in range(100)))
    await log.tail(99)
    assert [entry.seq for entry in await log.tail(10)] == list(range(11, 101))


async def test_who_was_away_for_very_long_reads_alone_and_is_not_remembered(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 20)
    await log.write(*(Message(text=f"{n}") for n in range(40)))
    for _ in range(2):
        assert len(await log.tail(0)) == 40
    assert log.entries.readings == 2


async def test_little_is_remembered_and_not_for_long(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHARS_MAX", 10)
    await log.write(Message(text="one"))
    for _ in range(2):
        await log.tail(0)
    assert log.entries.readings == 2, "it found no room"
    monkeypatch.setattr(module, "CHARS_MAX", 10_000)
    monkeypatch.setattr(module, "KEPT_FOR_S", 0.01)
    await log.tail(0)
    async with asyncio.timeout(30):
        while log.tails._kept:  # noqa: ASYNC110 (nobody asks, and still it goes)
            await asyncio.sleep(0.01)


async def test_one_who_goes_away_does_not_take_it_from_the_others(log: Log) -> None:
    await log.write(Message(text="one"))
    first, second = (asyncio.ensure_future(log.tail(0)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert texts(await second) == ["one"]
    assert log.entries.readings == 1


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_asked_whenever_it_is_what_the_database_says(log: Log, seed: int) -> None:
    random = Random(seed)
    waiting: list[int] = []
    await log.write(Message(text="first"))
    for step in range(60):
        of = random.randint(1, log.end)
        body = random.choice([Message(text=f"{step}"), Edit(of, f"e{step}"), Deletion(of), Reaction(of, f"{step}")])
        target = await log.entries.find(CHAT, of)
        assert target is not None
        if isinstance(body, Message) or isinstance(target.body, Message):
            await log.write(body)
            waiting += [] if isinstance(body, Message) else [log.end]
        if waiting and random.random() < 0.5:
            await log.apply(waiting.pop(0))
        for _ in range(2):
            first, limit, newest = random.randint(1, log.end), random.randint(1, 70), random.random() < 0.5
            asked = await log.tails.list_range(CHAT, first, log.end, limit=limit, newest_first=newest)
            assert asked == await Entries.list_range(
                log.entries, CHAT, first, log.end, limit=limit, newest_first=newest
            )
