"""Changes on rows equal the pure rule: applied once, twice, out of order, or not yet."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.documents.entry import (
    Body,
    Deletion,
    Draft,
    Edit,
    Entry,
    Joined,
    Mention,
    Message,
    Pin,
    Previewed,
    Reaction,
    Vote,
    entry_key,
    with_change,
)
from models.documents.link_preview import LinkPreview
from models.documents.poll import ChatPoll
from models.services.chats.membership import MembershipCache
from models.services.chats.recovery import recover_pending_changes
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.entries import CHAT_CHANGES, MESSAGE_CHANGES, Entries
from models.stores.entry_rows import ENTRIES, INDEXES, entry_row, read_entry
from tests.support.plans import recorded_plans

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEXTS = st.sampled_from(["hi", "$text", "$$REMOVE", "a.b", "$", "{$set: 1}", "👩🏽‍🚀"])
TITLE = st.sampled_from(["one", "$text", "$$REMOVE"])
EMOJI = st.sampled_from([None, "👍", "$", "a.b", "$.x", "❤️"])
MENTIONS = st.sampled_from([(), (Mention(7, "$7", 0, 1),), (Mention(8, "8", 0, 1), Mention(7, "7", 1, 1))])
CHANGES = st.lists(
    st.one_of(
        st.builds(Edit, st.just(1), TEXTS, MENTIONS),
        st.builds(Pin, st.just(1), st.booleans()),
        st.builds(lambda: Deletion(1)),
        st.builds(Reaction, st.just(1), EMOJI),
        st.builds(
            Previewed, st.just(1), st.integers(0, 7), st.builds(LinkPreview, st.just("http://a.b"), TITLE, TITLE)
        ),
        st.builds(Reaction, st.just(1), EMOJI),
    ),
    max_size=6,
)


def tell_nobody(_: object) -> None:
    """No node of this test has another."""


def memberships_of(log: "Log", chats: Chats) -> MembershipCache:
    return MembershipCache(chats, log.entries, tell_nobody, tell_nobody)


class Later:
    """A clock well behind everything that was stored, as the sweep meets it."""

    def now(self) -> datetime:
        return AT + timedelta(days=1)


class Log:
    """Chat 1 of the tests, written row by row as a journal would."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.entries = Entries(database)
        self._rows = database.collection(ENTRIES)

    async def write(self, *bodies: Body, chat: int = 1, senders: Sequence[int] = ()) -> list[Entry]:
        await self._rows.delete_many({"_id": {"$gt": entry_key(chat, 0), "$lt": entry_key(chat + 1, 0)}})
        rows = []
        for seq, body in enumerate(bodies, start=1):
            sender = senders[seq - 1] if senders else 7
            draft = Draft(chat, sender, "4930901820", f"c{seq}", body)
            rows.append(entry_row(draft, seq, AT + timedelta(seconds=seq)))
        await self._rows.insert_many(rows)
        return [read_entry(row) for row in rows]


@pytest.fixture
async def log(database: Database) -> Log:
    await database.collection(ENTRIES).create_indexes(INDEXES)
    return Log(database)


def by_rule(entries: Sequence[Entry]) -> Entry:
    """What the first entry is after all behind it."""
    message = entries[0]
    for change in entries[1:]:
        message = with_change(message, change)
    return message


@pytest.mark.parametrize(
    ("driver", "first"),
    [
        ("pymongo", Message(text="$first", mentions=(Mention(8, "$8", 0, 6),))),
        ("motor", Message("i", url="/media/x", caption="$caption", forwarded=2)),
    ],
)
async def test_changes_in_any_order_and_number_equal_the_rule(log: Log, first: Message) -> None:
    loop = asyncio.get_running_loop()

    async def apply_some(changes: Sequence[Body], seed: int) -> None:
        order = random.Random(seed)
        senders = [7, *(order.choice([7, 8]) for _ in changes)]
        stored = await log.write(first, *changes, senders=senders)
        expected = by_rule(stored)
        assert await log.entries.find(1, 1) == expected, "nothing is applied, all is laid over"
        mixed = stored[1:] * 2
        order.shuffle(mixed)
        for change in mixed[: order.randint(0, len(mixed))]:
            await log.entries.apply(change)
            assert await log.entries.find(1, 1) == expected, "some are applied, the rest is laid over"
        for change in mixed:
            await log.entries.apply(change)
        assert await log.entries.list_pending(1, MESSAGE_CHANGES) == []
        assert await log.entries.find(1, 1) == expected, "all are applied, some twice"

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(CHANGES, st.integers(0, 2**32))
    def explore(changes: Sequence[Body], seed: int) -> None:
        asyncio.run_coroutine_threadsafe(apply_some(changes, seed), loop).result(30)

    await asyncio.to_thread(explore)


async def test_the_sweep_applies_what_a_crash_left_and_finds_nothing_the_second_time(log: Log) -> None:
    chats = Chats(log.database, Counters(log.database))
    await chats.prepare()
    group = await chats.create_group((7, "4930901820"), "night", AT)
    joined = Joined((7, 8), ("4930901820", "4930901821"), admins=(7,))
    await log.write(joined, Message(text="hi"), Edit(2, "$hello"), Reaction(2, "a.b"), chat=group.id)
    assert await recover_pending_changes(log.entries, memberships_of(log, chats), Later(), tell_nobody) == 3
    row = await log.database.raw[ENTRIES].find_one({"_id": entry_key(group.id, 2)})
    assert row is not None
    assert (row["text"], row["reactions"]) == ("$hello", {"7": {"emoji": "a.b", "seq": 4}})
    assert set((await chats.load_roster(group.id)).members) == {7, 8}
    assert await log.entries.list_pending(group.id, [*MESSAGE_CHANGES, *CHAT_CHANGES]) == []
    assert await recover_pending_changes(log.entries, memberships_of(log, chats), Later(), tell_nobody) == 0


async def test_the_sweep_leaves_what_is_being_applied(log: Log) -> None:
    class Now:
        def now(self) -> datetime:
            return AT + timedelta(seconds=4)

    chats = Chats(log.database, Counters(log.database))
    await log.write(Message(text="hi"), Edit(1, "hello"))
    assert await recover_pending_changes(log.entries, memberships_of(log, chats), Now(), tell_nobody) == 0
    assert (await log.entries.find(1, 1)) == by_rule(await log.write(Message(text="hi"), Edit(1, "hello")))


async def test_a_change_never_reaches_another_chat(log: Log) -> None:
    await log.write(Message(text="other"), chat=2)
    _, change = await log.write(Message(text="hi"), Edit(1, "hello"))
    await log.entries.apply(change)
    other = await log.entries.find(2, 1)
    assert other is not None
    assert other.body == Message(text="other")


def test_of_a_deleted_message_nothing_is_read_that_an_earlier_version_left_in_its_row() -> None:
    row = entry_row(Draft(1, 7, "4930901820", "c1", Message("i", url="/media/x", blur="blur", reply_to=3)), 1, AT)
    assert read_entry(row | {"deleted": True}).body == Message("i", reply_to=3)


@pytest.fixture
async def long_log(log: Log) -> Log:
    for chat in (1, 2, 3):
        await log.write(*[Message(text=str(n)) for n in range(200)], Edit(5, "edited"), chat=chat)
    return log


async def test_no_question_walks_the_whole_log(long_log: Log) -> None:
    entries = long_log.entries
    async with recorded_plans(long_log.database, ENTRIES) as plans:
        await entries.last_seq(2)
        await entries.find(2, 100)
        await entries.list_range(2, 50, 60, limit=5)
        await entries.list_range(2, 1, 200, limit=5, newest_first=True)
        await entries.list_pending(2, MESSAGE_CHANGES)
        await entries.list_unapplied(AT + timedelta(days=1))
        await entries.has_written(2, 7)
        change = await entries.find(2, 201)
        assert change is not None
        await entries.apply(change)
    assert len(plans) >= 10
    assert all(plan.summary == "IDHACK" or plan.index is not None for plan in plans), plans
    assert max(plan.docs_examined for plan in plans) <= 6, plans


async def test_a_tally_of_earlier_reads_the_votes_of_those_who_have_voted_since(log: Log) -> None:
    poll = Message("p", poll=ChatPoll("Where?", ("here", "there"), is_secret=True))
    votes = [Vote(1, (0,), is_secret=True)] * 50 + [Vote(1, (1,), is_secret=True)]
    senders = [7] * 51 + [*range(100, 150), 149]
    written = await log.write(poll, *[Message(text="talk")] * 50, *votes, senders=senders)
    for vote in written[51:]:
        await log.entries.apply(vote)
    earlier = written[100:101]
    async with recorded_plans(log.database, ENTRIES) as plans:
        (before,) = await log.entries.with_tallies(1, earlier, 101)
        (now,) = await log.entries.with_tallies(1, earlier, 102)
    tallies = [one.body.tally for one in (before, now) if isinstance(one.body, Vote)]
    assert [tally and tally.votes for tally in tallies] == [(50, 0), (49, 1)]
    assert "chat: 1, of: 1, sender: 1, _id: 1" in {plan.index for plan in plans}
    assert all(plan.index is not None for plan in plans), plans
    assert max(plan.docs_examined for plan in plans) <= 1, plans
