"""What an account deletes for itself stays hidden, however much it is, and no row grows with it."""

import pytest
from bson import encode

from models.documents.chat import Chat
from models.documents.entry import Edit, entry_key
from models.stores.database import Database
from models.stores.entries import visible
from models.stores.entry_rows import ENTRIES
from models.stores.members import HIDDEN_MAX
from models.stores.messages import Messages, Selection
from tests.support.logs import Logs, open_logs
from tests.support.plans import recorded_plans

ME, PEER = 7, 3
COUNT = HIDDEN_MAX + 60


@pytest.fixture
async def logs(database: Database) -> Logs:
    return await open_logs(database)


@pytest.fixture
async def hidden(logs: Logs) -> Chat:
    """A chat of twice as many messages, every second of which I deleted for myself."""
    chat = await logs.direct(ME, PEER)
    await logs.say(chat, PEER, 2 * COUNT)
    for seq in range(1, 2 * COUNT, 2):
        await logs.members.hide_message(chat.id, ME, seq)
    return chat


async def test_a_member_row_stays_short_and_counts_all(logs: Logs, hidden: Chat) -> None:
    member = await logs.members.find_member(hidden.id, ME)
    assert member is not None
    assert len(member.hidden) <= HIDDEN_MAX
    assert member.hidden_count == COUNT
    assert max(member.hidden) == 2 * COUNT - 1, "the last ones are in it"
    row = await logs.database.raw["members"].find_one({"_id": entry_key(hidden.id, ME)})
    assert len(encode(row or {})) < 20_000


async def test_all_of_it_stays_hidden_from_me_and_nothing_from_the_other(logs: Logs, hidden: Chat) -> None:
    entries = await logs.entries.list_range(hidden.id, 1, 2 * COUNT, limit=2 * COUNT)
    mine, others = [await logs.members.find_member(hidden.id, one) for one in (ME, PEER)]
    assert mine is not None
    assert others is not None
    assert [entry.seq for entry in visible(entries, mine)] == list(range(2, 2 * COUNT + 1, 2))
    assert len(visible(entries, others)) == 2 * COUNT
    listed = await Messages(logs.database).find_newest(Selection(mine), limit=2 * COUNT)
    assert [entry.seq for entry in listed.items] == list(range(2, 2 * COUNT + 1, 2))
    (head,) = await logs.heads(ME, [hidden.id])
    assert (head.unread, head.last and head.last.seq) == (COUNT, 2 * COUNT)


async def test_deleting_the_same_again_changes_nothing(logs: Logs, hidden: Chat) -> None:
    await logs.members.hide_message(hidden.id, ME, 2 * COUNT - 1)
    member = await logs.members.find_member(hidden.id, ME)
    assert member is not None
    assert member.hidden_count == COUNT


async def test_the_new_text_of_a_message_that_was_hidden_long_ago_is_not_shown(logs: Logs, hidden: Chat) -> None:
    seq = await logs.write(hidden, [(PEER, Edit(1, "new"))])
    member = await logs.members.find_member(hidden.id, ME)
    assert member is not None
    (edit,) = visible(await logs.entries.list_range(hidden.id, seq, seq, limit=1), member)
    assert edit.body == Edit(1, "")


async def test_a_row_of_an_earlier_version_is_made_short_by_the_next_deletion(logs: Logs) -> None:
    chat = await logs.direct(ME, PEER)
    await logs.say(chat, PEER, 3 * HIDDEN_MAX)
    key = {"_id": entry_key(chat.id, ME)}
    before = list(range(1, 2 * HIDDEN_MAX))
    await logs.database.raw["members"].update_one(key, {"$set": {"hidden": before}})
    await logs.members.hide_message(chat.id, ME, 3 * HIDDEN_MAX)
    member = await logs.members.find_member(chat.id, ME)
    assert member is not None
    assert len(member.hidden) <= HIDDEN_MAX
    assert member.hidden_count == 2 * HIDDEN_MAX
    entries = await logs.entries.list_range(chat.id, 1, 3 * HIDDEN_MAX, limit=3 * HIDDEN_MAX)
    assert [entry.seq for entry in visible(entries, member)] == list(range(2 * HIDDEN_MAX, 3 * HIDDEN_MAX))


async def test_what_is_cleared_is_one_number_and_takes_single_ones_away(logs: Logs, hidden: Chat) -> None:
    await logs.members.clear(hidden.id, ME, 2 * COUNT)
    await logs.members.clear(hidden.id, ME, 1)
    await logs.say(hidden, PEER, 2)
    member = await logs.members.find_member(hidden.id, ME)
    assert member is not None
    assert (member.cleared, member.hidden) == (2 * COUNT, frozenset())
    (head,) = await logs.heads(ME, [hidden.id])
    assert (head.unread, head.last and head.last.seq) == (2, 2 * COUNT + 2)
    (head,) = await logs.heads(PEER, [hidden.id])
    assert head.last is not None


async def test_no_question_walks_a_collection(logs: Logs, hidden: Chat) -> None:
    member = await logs.members.find_member(hidden.id, ME)
    assert member is not None
    async with recorded_plans(logs.database, ENTRIES) as plans:
        await logs.members.hide_message(hidden.id, ME, 2)
        await logs.heads(ME, [hidden.id])
        await Messages(logs.database).find_newest(Selection(member), limit=5)
    assert plans
    assert [plan for plan in plans if plan.index is None] == []
