"""A read mark and its date: forward only, and never a mark without a date."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from models.services.chats.receipts import StampReadReceipts
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.members import Members
from models.stores.read_dates import OWN_READ_DATES, ReadDates
from tests.support.fakes import HandClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOM, ANN = 1, 2


@pytest.fixture
async def chats(database: Database) -> Chats:
    chats = Chats(database, Counters(database))
    await chats.prepare()
    return chats


async def test_a_mark_that_goes_back_gets_no_date(database: Database, chats: Chats) -> None:
    dates, own, members = ReadDates(database), ReadDates(database, OWN_READ_DATES), Members(database)
    for store in (dates, own):
        await store.prepare()
    date_reads = StampReadReceipts(members, dates, own, HandClock(NOW, tick=timedelta(minutes=1)))
    chat = await chats.require_direct((ANN, "49"), (TOM, "50"), NOW)
    place = chat.id, TOM

    async def move(marks: Mapping[tuple[int, int], int]) -> None:
        await date_reads(marks, {})
        await members.advance_receipts({(*place, True): (read, read) for place, read in marks.items()})

    for read in (2, 6, 4, 6):
        await move({place: read})
    await date_reads({place: 8}, {})  # and then a crash: the mark itself is written by the retry
    await move({place: 8})
    rows = await database.collection("read_dates").find().sort("upto", 1).to_list(None)
    assert [(row["upto"], (row["at"] - NOW).seconds // 60) for row in rows] == [(2, 1), (6, 2), (8, 5)]


async def test_what_is_hidden_is_dated_for_its_reader_alone(database: Database, chats: Chats) -> None:
    dates, own, members = ReadDates(database), ReadDates(database, OWN_READ_DATES), Members(database)
    for store in (dates, own):
        await store.prepare()
    date_reads = StampReadReceipts(members, dates, own, HandClock(NOW, tick=timedelta(minutes=1)))
    chat = await chats.require_direct((ANN, "49"), (TOM, "50"), NOW)
    place = chat.id, TOM
    for hidden in (2, 5, 3):
        await date_reads({}, {place: hidden})
        await members.advance_receipts({(*place, False): (hidden, hidden)})
    await date_reads({place: 6}, {})
    shown, kept = [await store.list_covering(chat.id, TOM, 1, 6) for store in (dates, own)]
    assert [shown.find(seq) for seq in (1, 5, 6)] == [NOW + timedelta(minutes=4)] * 3
    merged = kept.merged(shown)
    assert [merged.find(seq) for seq in (2, 3, 6)] == [NOW + timedelta(minutes=minute) for minute in (1, 2, 4)]
