"""When people read: first dates stay, and only the marks of a page are read."""

from datetime import UTC, datetime, timedelta

import pytest

from models.documents.receipt import ReadMark
from models.stores.database import Database
from models.stores.read_dates import ReadDates
from tests.support.plans import recorded_plans

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])
CHAT, TOM, ANN = 7, 1, 2


def at(minute: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


@pytest.fixture
async def dates(database: Database) -> ReadDates:
    store = ReadDates(database)
    await store.prepare()
    return store


async def test_a_mark_written_again_keeps_its_first_date(dates: ReadDates) -> None:
    await dates.append([(CHAT, TOM, ReadMark(5, at(1)))])
    await dates.append([(CHAT, TOM, ReadMark(5, at(2))), (CHAT, TOM, ReadMark(9, at(3)))])
    marks = await dates.list_covering(CHAT, TOM, 1, 9)
    assert [marks.find(seq) for seq in (1, 5, 6, 9)] == [at(1), at(1), at(3), at(3)]


async def test_chats_and_accounts_do_not_mix(dates: ReadDates) -> None:
    await dates.append([(CHAT, TOM, ReadMark(5, at(1))), (CHAT, ANN, ReadMark(5, at(2)))])
    await dates.append([(CHAT + 1, TOM, ReadMark(5, at(3)))])
    assert (await dates.list_covering(CHAT, ANN, 1, 5)).find(5) == at(2)
    assert await dates.last_before(CHAT, ANN, at(2)) == 0
    assert await dates.last_before(CHAT, TOM, at(2)) == 5


async def test_nothing_to_store_is_no_query(dates: ReadDates, database: Database) -> None:
    await dates.append([])
    assert await database.raw["read_dates"].count_documents({}) == 0


async def test_a_page_reads_its_own_marks_and_one_beyond(dates: ReadDates, database: Database) -> None:
    await dates.append([(CHAT, TOM, ReadMark(seq, at(seq))) for seq in range(1, 1001)])
    async with recorded_plans(database, "read_dates") as plans:
        marks = await dates.list_covering(CHAT, TOM, 501, 520)
        assert await dates.last_before(CHAT, TOM, at(990)) == 989
    assert marks.find(510) == at(510)
    assert {plan.index for plan in plans} == {"chat: 1, account: 1, upto: 1"}
    assert [plan.docs_examined for plan in plans] == [19, 1, 12]
