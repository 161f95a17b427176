"""Messages out of a log, on both drivers: spans, senders, times, and what is kept from whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.documents.chat import Member, Role, Span
from models.documents.entry import Draft, Edit, Message
from models.stores.database import Database
from models.stores.entry_rows import entry_row
from models.stores.messages import Messages, Selection

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])
CHAT, ANN, TOM = 7, 1, 2
START = datetime(2026, 1, 1, tzinfo=UTC)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def member(*spans: tuple[int, int | None], hidden: frozenset[int] = frozenset()) -> Member:
    return Member(CHAT, ANN, "49", Role.MEMBER, tuple(Span(*span) for span in spans), hidden=hidden)


@pytest.fixture
async def messages(database: Database) -> Messages:
    """Seqs 1 to 12, a minute apart, by Tom and Ann in turns; 4 is an edit, 6 is kept from Ann, 7 from Tom; and other chats."""
    rows = []
    for chat in (CHAT - 1, CHAT, CHAT + 1):
        for seq in range(1, 13):
            body = Edit(3, "x") if seq == 4 else Message("t", text=str(seq))
            hidden_from = {6: (ANN,), 7: (TOM,)}.get(seq, ())
            draft = Draft(chat, ANN if seq % 2 else TOM, "49", str(seq), body, hidden_from)
            rows.append(entry_row(draft, seq, at(seq)))
    await database.collection("entries").insert_many(rows)
    return Messages(database)


ALL = member((1, None))


@pytest.mark.parametrize(
    ("selection", "seqs"),
    [
        (Selection(ALL), [1, 2, 3, 5, 7, 8, 9, 10, 11, 12]),
        (Selection(ALL, first=3, last=9), [3, 5, 7, 8, 9]),
        (Selection(ALL, is_received=True), [2, 8, 10, 12]),
        (Selection(ALL, is_received=False), [1, 3, 5, 7, 9, 11]),
        (Selection(ALL, is_received=False, kept_from=TOM), [1, 3, 5, 9, 11]),
        (Selection(ALL, after=at(9)), [10, 11, 12]),
        (Selection(ALL, since=at(9)), [9, 10, 11, 12]),
        (Selection(ALL, until=at(3)), [1, 2, 3]),
        (Selection(member((2, 3), (9, None))), [2, 3, 9, 10, 11, 12]),
        (Selection(member((2, 3), (9, None)), last=9), [2, 3, 9]),
        (Selection(member((2, 3)), first=4), []),
        (Selection(member((1, None), hidden=frozenset({1, 12}))), [2, 3, 5, 7, 8, 9, 10, 11]),
        (Selection(ALL, last=0), []),
        (Selection(member()), []),
    ],
)
async def test_a_selection_holds_what_it_says(messages: Messages, selection: Selection, seqs: list[int]) -> None:
    found = (await messages.find_newest(selection, limit=100)).items
    assert [message.seq for message in found] == seqs
    assert {message.chat_id for message in found} <= {CHAT}
    assert await messages.count(selection) == len(seqs)
    part = (await messages.find_newest(selection, limit=2, offset=1)).items
    assert [message.seq for message in part] == seqs[-3:-1]


async def test_times_that_two_clocks_told_apart_are_found_in_a_long_log(messages: Messages, database: Database) -> None:
    rows: list[dict[str, Any]] = []
    for seq in range(13, 2000):
        # One node's clock is half a minute behind the other's.
        when = at(seq) - timedelta(seconds=30 * (seq % 2))
        rows.append(entry_row(Draft(CHAT, TOM, "50", str(seq), Message("t", text="x")), seq, when))
    await database.collection("entries").insert_many(rows)
    for minute in (1, 20, 700, 1500, 1743, 1744, 1998, 1999):
        expected = [row["_id"] & 0xFFFF for row in rows if row["at"] > at(minute)]
        found = (await messages.find_newest(Selection(ALL, first=13, after=at(minute)), limit=5000)).items
        assert [message.seq for message in found] == expected
