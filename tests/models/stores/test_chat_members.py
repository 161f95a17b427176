"""Members of chats in the real database: who is and was in them, on both drivers, from indexes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from models.documents.chat import ChatKind
from models.documents.entry import Entry, Joined, Left, RoleSet, SubjectSet
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.members import Members
from tests.support.plans import recorded_plans

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def chats(database: Database) -> Chats:
    chats = Chats(database, Counters(database))
    for store in (chats, Members(database)):
        await store.prepare()
    return chats


@pytest.fixture
def members(database: Database) -> Members:
    return Members(database)


async def apply(chats: Chats, chat_id: int, *bodies: Joined | Left | RoleSet | SubjectSet) -> None:
    """Apply these as the first entries of a chat."""
    for seq, body in enumerate(bodies, start=1):
        await chats.apply(Entry(chat_id, seq, 1, "1", f"client {seq}", NOW, body))


def joined(*accounts: int) -> Joined:
    return Joined(accounts, tuple(map(str, accounts)))


async def test_participants_stand_by_when_they_came_last_then_by_account(chats: Chats, members: Members) -> None:
    first = await chats.create_group((7, "7"), "A", NOW)
    other = await chats.create_group((7, "7"), "B", NOW)
    await apply(chats, first.id, joined(7, 3), joined(2, 9), Left(3, "3"), Left(9, "9"), joined(3))
    await apply(chats, other.id, joined(1))
    found = await members.list_participants([first.id, other.id, 999])
    assert {chat: [member.account_id for member in rows] for chat, rows in found.items()} == {
        first.id: [7, 2, 3],
        other.id: [1],
        999: [],
    }
    assert await members.list_participants([]) == {}


async def test_the_groups_of_an_account_are_those_it_is_in(chats: Chats) -> None:
    groups = [await chats.create_group((7, "7"), name, NOW) for name in "abc"]
    await apply(chats, groups[0].id, joined(7))
    await apply(chats, groups[1].id, joined(7, 8), Left(7, "7"))
    await apply(chats, groups[2].id, joined(8, 7))
    await chats.require_direct((7, "7"), (8, "8"), NOW)
    assert await chats.list_groups(7) == [groups[0], groups[2]]
    assert all(chat.kind is ChatKind.GROUP for chat in await chats.list_groups(8))


async def test_an_entry_s_audience_is_who_was_in_the_chat_then(chats: Chats, members: Members) -> None:
    group = await chats.create_group((7, "7"), "A", NOW)
    await apply(chats, group.id, joined(7), joined(8), Left(8, "8"), joined(9), joined(8))
    audiences = [await members.list_audience(group.id, seq) for seq in range(1, 6)]
    assert audiences == [{7}, {7, 8}, {7, 8}, {7, 9}, {7, 8, 9}]
    assert (await chats.load_roster(group.id)).changed == 5


async def test_members_are_read_from_indexes_and_only_those_of_the_chats_asked_for(
    chats: Chats, members: Members, database: Database
) -> None:
    groups = [await chats.create_group((1, "1"), "G", NOW) for _ in range(20)]
    for group in groups:
        await apply(chats, group.id, joined(*range(1, 11)))
    await database.raw.command("profile", 2)
    await members.list_participants([group.id for group in groups[:2]])
    await chats.list_groups(1)
    await members.list_audience(groups[0].id, 1)
    await database.raw.command("profile", 0)
    profile = database.raw["system.profile"]
    finds: list[dict[str, Any]] = await profile.find({"command.find": {"$exists": True}}).sort("ts", 1).to_list(None)
    assert [(find["command"]["find"], find["docsExamined"], "IXSCAN" in find["planSummary"]) for find in finds] == [
        ("members", 20, True),
        ("members", 20, True),
        ("chats", 20, True),
        ("members", 10, True),
    ]


async def test_whoever_has_been_in_a_chat_of_many_is_found_by_its_mark_from_an_index(
    chats: Chats, members: Members, database: Database
) -> None:
    chats = Chats(database, Counters(database), large=3)
    group = await chats.create_group((7, "7"), "A", NOW)
    bodies = [joined(7, 3, 5), Left(5, "5"), joined(9), joined(4), Left(3, "3"), joined(3)]
    log = [Entry(group.id, seq, 1, "1", f"client {seq}", NOW, body) for seq, body in enumerate(bodies, start=1)]
    came = [sorted(await chats.apply(change)) for change in log]
    assert came == [[], [], [3, 5, 7, 9], [4], [], [3]], "who is in a large chat by this change"
    async with recorded_plans(database, "members") as plans:
        found = await members.list_large([3, 4, 5, 7, 9, 999])
    assert found == {3: {group.id: 6}, 4: {group.id: 4}, 7: {group.id: 1}, 9: {group.id: 3}}
    assert [plan.index for plan in plans] == ["account: 1, large: 1"]
    for change in log:
        await chats.apply(change)
    assert await members.list_large([3, 4, 5, 7, 9, 999]) == found, "twice does no harm"
    assert (await chats.load_roster(group.id)).chat.is_large


async def test_a_mark_that_a_crash_left_half_made_is_made_whole_by_applying_the_change_again(
    chats: Chats, members: Members, database: Database
) -> None:
    chats = Chats(database, Counters(database), large=3)
    group = await chats.create_group((7, "7"), "A", NOW)
    change = Entry(group.id, 1, 1, "1", "client 1", NOW, joined(7, 3, 5, 9))
    await chats.apply(change)
    await database.raw["chats"].update_one({"_id": group.id}, {"$unset": {"large": ""}})
    await database.raw["members"].update_one({"account": 5}, {"$unset": {"large": ""}})
    assert sorted(await chats.apply(change)) == [3, 5, 7, 9]
    assert set(await members.list_large([3, 5, 7, 9])) == {3, 5, 7, 9}
