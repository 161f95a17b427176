"""The id of a new group costs the same however many its founder has made, and is never given twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from tests.support.plans import recorded_plans

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SECOND = int(NOW.timestamp())
ANN = (7, "49301")

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])


@pytest.fixture
async def chats(database: Database) -> Chats:
    chats = Chats(database, Counters(database))
    await chats.prepare()
    return chats


async def found(chats: Chats, how_many: int, now: datetime = NOW) -> list[str]:
    groups = [await chats.create_group(ANN, "Us", now) for _ in range(how_many)]
    return [group.group or "" for group in groups]


async def inserts_tried(database: Database) -> int:
    status = await database.raw.client.admin.command("serverStatus")
    return int(status["opcounters"]["insert"])


async def test_a_group_costs_as_much_as_the_first_however_many_were_made_in_the_same_second(
    chats: Chats, database: Database
) -> None:
    spent = []
    for _ in range(2):
        await found(chats, 1)
        async with recorded_plans(database, "chats") as plans:
            before = await inserts_tried(database)
            await found(chats, 1)
            spent.append((await inserts_tried(database) - before, sum(plan.docs_examined for plan in plans)))
        await found(chats, 40)
    assert spent[0] == spent[1]


async def test_ids_of_one_second_follow_each_other_and_return_to_the_present(chats: Chats) -> None:
    assert await found(chats, 3) == [f"49301-{SECOND + n}" for n in range(3)]
    assert await found(chats, 1, NOW + timedelta(minutes=1)) == [f"49301-{SECOND + 60}"]


async def test_groups_that_are_made_at_once_have_different_ids(chats: Chats) -> None:
    groups = await asyncio.gather(*(chats.create_group(ANN, "Us", NOW) for _ in range(20)))
    assert {group.group for group in groups} == {f"49301-{SECOND + n}" for n in range(20)}


async def test_ids_of_groups_from_before_there_were_counters_are_passed_by_in_one_step(
    chats: Chats, database: Database
) -> None:
    await found(chats, 30)
    await database.raw["counters"].delete_one({"_id": "groups of 49301"})
    before = await inserts_tried(database)
    assert await found(chats, 1) == [f"49301-{SECOND + 30}"]
    assert await inserts_tried(database) - before <= 4


async def test_a_founder_whose_number_begins_like_anothers_is_not_in_its_way(chats: Chats) -> None:
    await found(chats, 5)
    longer = await chats.create_group((8, "493012"), "Us", NOW)
    assert longer.group == f"493012-{SECOND}"
