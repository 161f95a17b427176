"""A page of the chat list costs what is on it, whatever else somebody is in, and nothing in it is out of order or missing."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest
from pymongo.read_concern import ReadConcern

from models.documents.chat import Chat, ChatKind
from models.documents.entry import Draft, Joined, Message
from models.documents.session import Actor
from models.services.chats.journal import Journal
from models.services.chats.listing import ListChats, Wanted
from models.services.chats.membership import MembershipCache
from models.services.chats.summaries import Summaries
from models.stores.chat_places import ChatPlaces
from models.stores.chat_rows import MEMBERS, member_key
from models.stores.database import Collection as Rows
from models.stores.database import Database
from tests.support.examined import examined
from tests.support.fakes import HandClock
from tests.support.logs import SINCE, Logs, open_logs

ME = Actor(7, "497", "session")


class Lists:
    """The chat list of one account, over logs that are written row by row, and the summaries of its node."""

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
        self.memberships = MembershipCache(logs.chats, logs.entries, lambda _: None, lambda _: None)
        self.places = ChatPlaces(logs.database)
        self.summaries = Summaries(self.places, self.memberships, HandClock())
        self.list = ListChats(logs.heads, self.places, self.summaries.list_noted, HandClock())

    def as_it_stands(self, name: str) -> Rows:
        """A collection to look into: places are written without waiting for a majority, so they are read without one."""
        return self.logs.database.raw.get_collection(name, read_concern=ReadConcern("local"))

    async def say(self, chat: Chat, sender: int, at: datetime, *, is_noted: bool = True) -> int:
        """A message of this time, of which the summaries hear, or do not since the node died."""
        seq = await self.logs.say(chat, sender, at=at)
        if is_noted:
            entry = await self.logs.entries.find(chat.id, seq)
            assert entry is not None
            await self.memberships.require(chat.id)  # as whoever wrote it did
            self.summaries.stored([entry])
        return seq

    async def walk(self, limit: int, kinds: Collection[ChatKind] = tuple(ChatKind)) -> list[int]:
        """The ids of all chats, page by page."""
        found: list[int] = []
        before = None
        for _ in range(1000):
            page = await self.list.page(ME, Wanted(kinds, limit, before=before))
            found += [head.chat.id for head in page.heads]
            if page.next is None:
                return found
            at_ms, _, chat_id = page.next.partition("-")
            before = datetime.fromtimestamp(int(at_ms) / 1000, UTC), int(chat_id)
        raise AssertionError("the list has no end")


@pytest.fixture
async def lists(database: Database) -> Lists:
    await database.collection("accounts").insert_one({"_id": ME.account_id})
    return Lists(await open_logs(database))


async def event_chat(lists: Lists, number: int) -> Chat:
    chat = await lists.logs.chats.create_event_chat(number, (ME.account_id, ME.number), "Dinner", SINCE)
    await lists.logs.change(chat, ME.account_id, Joined((ME.account_id,), (ME.number,)))
    return chat


@pytest.mark.parametrize("count", [10, 100])
async def test_a_page_costs_the_same_however_many_chats_there_are(lists: Lists, count: int) -> None:
    for number in range(count):
        chat = await lists.logs.direct(ME.account_id, 100 + number)
        await lists.say(chat, ME.account_id, SINCE + timedelta(minutes=number))
    await lists.summaries.write()

    async with examined(lists.logs.database) as cost:
        page = await lists.list(ME, limit=5)

    assert len(page.heads) == 5
    assert cost.rows <= 5 * 15
    assert len(set(await lists.walk(count // 6))) == count


async def test_events_cost_a_list_without_them_nothing(lists: Lists) -> None:
    for number in range(60):
        await event_chat(lists, number)

    async with examined(lists.logs.database) as cost:
        page = await lists.list.page(ME, Wanted((ChatKind.DIRECT, ChatKind.GROUP), 2**31))

    assert page.heads == []
    assert cost.rows <= 5


async def test_pages_are_in_the_order_of_the_newest_messages(lists: Lists) -> None:
    chats = [await lists.logs.direct(ME.account_id, 100 + number) for number in range(12)]
    chats += [await lists.logs.group(ME.account_id, 200 + number) for number in range(12)]
    order = [chats[(5 * number) % 24] for number in range(24)]
    for number, chat in enumerate(order):
        await lists.say(chat, ME.account_id, SINCE + timedelta(hours=1, minutes=number))

    expected = [chat.id for chat in reversed(order)]
    assert await lists.walk(5) == expected  # what is noted counts
    await lists.summaries.write()
    assert await lists.walk(5) == expected


async def test_a_large_chat_costs_one_write_and_stands_where_it_belongs(lists: Lists) -> None:
    small = [await lists.logs.direct(ME.account_id, 100 + number) for number in range(6)]
    large = await lists.logs.group(ME.account_id, *range(1000, 1040))
    for number, chat in enumerate([*small[:3], large, *small[3:]]):
        await lists.say(chat, ME.account_id, SINCE + timedelta(hours=1, minutes=number))
    async with examined(lists.logs.database) as cost:
        await lists.summaries.write()

    assert cost.rows <= 80  # two members of each direct chat, the roster of the large one, and what has been settled
    expected = [chat.id for chat in [*reversed(small[3:]), large, *reversed(small[:3])]]
    assert await lists.walk(2) == expected


async def test_what_was_deleted_for_me_moves_its_chat_back_at_once(lists: Lists) -> None:
    chats = [await lists.logs.direct(ME.account_id, 100 + number) for number in range(6)]
    for number, chat in enumerate(chats):
        await lists.say(chat, ME.account_id, SINCE + timedelta(hours=1, minutes=number))
    for chat in chats[3:]:
        seq = await lists.say(chat, ME.account_id, SINCE + timedelta(hours=2))
        await lists.logs.members.hide_message(chat.id, ME.account_id, seq)
    await lists.summaries.write()

    assert await lists.walk(2) == [chat.id for chat in reversed(chats)]


async def test_what_was_kept_from_me_moves_no_chat_up(lists: Lists) -> None:
    quiet, blocked = await lists.logs.direct(ME.account_id, 100), await lists.logs.direct(ME.account_id, 101)
    await lists.say(blocked, 101, SINCE + timedelta(minutes=1))
    await lists.say(quiet, 100, SINCE + timedelta(minutes=2))
    seq = await lists.logs.say(blocked, 101, at=SINCE + timedelta(minutes=3), hidden_from=[ME.account_id])
    entry = await lists.logs.entries.find(blocked.id, seq)
    assert entry is not None
    lists.summaries.stored([entry])
    await lists.summaries.write()

    assert await lists.walk(1) == [quiet.id, blocked.id]


async def test_a_chat_is_about_to_move_to_where_its_last_message_puts_it(lists: Lists) -> None:
    chat = await lists.logs.direct(ME.account_id, 100)
    for minutes in (2, 3, 1):
        await lists.say(chat, 100, SINCE + timedelta(minutes=minutes))
    assert lists.summaries.list_noted(ME.account_id, tuple(ChatKind)) == {chat.id: SINCE + timedelta(minutes=3)}


async def test_what_strangers_write_takes_no_place_on_my_list(lists: Lists) -> None:
    mine, theirs, unread = [await lists.logs.direct(*pair) for pair in ((ME.account_id, 100), (101, 102), (103, 104))]
    await lists.say(mine, 100, SINCE)
    await lists.summaries.write()
    await lists.say(theirs, 101, SINCE + timedelta(minutes=1))
    entry = await lists.logs.entries.find(unread.id, await lists.logs.say(unread, 103, at=SINCE + timedelta(minutes=2)))
    assert entry is not None
    lists.summaries.stored([entry])

    page = await lists.list.page(ME, Wanted(tuple(ChatKind), 1))
    assert [head.chat.id for head in page.heads] == [mine.id]


async def test_chats_of_earlier_versions_get_their_places(lists: Lists) -> None:
    chats = [await lists.logs.direct(ME.account_id, 100 + number) for number in range(5)]
    chats.append(await lists.logs.group(ME.account_id, 8))
    for number, chat in enumerate(chats):
        await lists.say(chat, ME.account_id, SINCE + timedelta(hours=1, minutes=number), is_noted=False)
    rows = lists.as_it_stands(MEMBERS)
    await rows.update_many({}, {"$unset": {"kind": "", "activity": ""}})

    assert await lists.walk(2) == [chat.id for chat in reversed(chats)]
    assert await rows.count_documents({"account": ME.account_id, "kind": None}) == 0


async def test_what_a_crash_left_is_swept_up(lists: Lists) -> None:
    """The node dies between a message and its summary; the message's mark leads another node to it."""
    old, young = await lists.logs.direct(ME.account_id, 100), await lists.logs.direct(ME.account_id, 101)
    await lists.say(young, 101, SINCE + timedelta(minutes=1))
    await lists.logs.say(old, 100, at=SINCE + timedelta(minutes=2), unsummed=True)
    await lists.summaries.write()
    assert await lists.walk(1) == [young.id, old.id]  # late, and not lost

    assert await lists.summaries.sweep() == 1
    await lists.summaries.write()

    assert await lists.walk(1) == [old.id, young.id]
    assert await lists.summaries.sweep() == 0


async def test_a_list_corrects_what_a_crash_left(lists: Lists) -> None:
    old, young = await lists.logs.direct(ME.account_id, 100), await lists.logs.direct(ME.account_id, 101)
    await lists.say(young, 101, SINCE + timedelta(minutes=1))
    await lists.say(old, 100, SINCE + timedelta(minutes=2), is_noted=False)
    await lists.summaries.write()

    page = await lists.list(ME, limit=2)

    assert [head.chat.id for head in page.heads] == [old.id, young.id]
    assert await lists.walk(1) == [old.id, young.id]


async def test_the_journal_marks_what_no_summary_knows_yet(lists: Lists) -> None:
    chat = await lists.logs.group(ME.account_id, 8)
    await lists.summaries.write()
    clock = HandClock()
    journal = Journal(
        lists.logs.database,
        clock,
        [lists.summaries.stored],
        is_first=lists.summaries.is_first,
    )
    await journal.open()
    try:
        for number in range(3):
            await journal.append(Draft(chat.id, 8, "498", f"x{number}", Message(text="hello")))
        marked = {"unsummed": True}
        entries = lists.as_it_stands("entries")
        assert [row["_id"] - (chat.id << 32) async for row in entries.find(marked)] == [2]
        await lists.summaries.write()
        assert await entries.count_documents(marked) == 0
        row = await lists.as_it_stands(MEMBERS).find_one({"_id": member_key(chat.id, 8)})
        assert row is not None
        assert row["activity"] == clock.now()
    finally:
        await journal.close()


async def test_chats_that_are_about_to_move_up_push_no_other_one_off_the_list(lists: Lists) -> None:
    """Where they stood before is behind the cursor, so a page that counted them would end the list."""
    quiet = [await lists.logs.direct(ME.account_id, 100 + number) for number in range(4)]
    busy = [await lists.logs.direct(ME.account_id, 200 + number) for number in range(3)]
    for minutes, chat in enumerate([*quiet, *busy]):
        await lists.say(chat, ME.account_id, SINCE + timedelta(minutes=minutes))
    await lists.summaries.write()
    for minutes, chat in enumerate(busy, 60):
        await lists.say(chat, ME.account_id, SINCE + timedelta(minutes=minutes))

    assert await lists.walk(3) == [chat.id for chat in reversed([*quiet, *busy])]
