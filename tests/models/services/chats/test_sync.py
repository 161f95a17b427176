"""Where a delta ends and a reset begins, to the entry."""

from functools import partial

import pytest

from models.documents.entry import Edit
from models.documents.session import Actor
from models.services.chats.log_tail_cache import LogTailCache
from models.services.chats.sync import RESET_ENTRIES, Status, SyncChats, SyncRules
from models.services.runtime.batch_loader import BatchLoader
from models.stores import members
from models.stores.database import Database
from tests.support.fakes import HandClock
from tests.support.logs import Logs, open_logs

ME, PEER = 7, 3
DELTA_MAX = RESET_ENTRIES + 10
ACTOR = Actor(ME, "497", "session")


@pytest.fixture
async def logs(database: Database) -> Logs:
    return await open_logs(database)


def sync_of(logs: Logs) -> SyncChats:
    rules = SyncRules(delta_max_entries=DELTA_MAX)
    return SyncChats(
        logs.heads,
        BatchLoader(logs.heads.ends, at_once=64),
        BatchLoader(logs.heads.standings, at_once=2000),
        BatchLoader(logs.members.list_left, at_once=500),
        BatchLoader(partial(logs.members.list_receipts_up_to, members_max=rules.marks_max_members), at_once=500),
        logs.entries,
        LogTailCache(logs.entries),
        rules,
        HandClock(),
    )


@pytest.mark.parametrize(
    ("behind", "status", "count"),
    [
        (0, Status.CURRENT, 0),
        (1, Status.DELTA, 1),
        (DELTA_MAX, Status.DELTA, DELTA_MAX),
        (DELTA_MAX + 1, Status.RESET, RESET_ENTRIES),
    ],
)
async def test_a_client_is_given_just_what_it_missed_up_to_the_most_that_a_delta_may_have(
    logs: Logs, behind: int, status: Status, count: int
) -> None:
    chat = await logs.direct(ME, PEER)
    end = await logs.say(chat, PEER, DELTA_MAX + 5)
    answer = await sync_of(logs)(ACTOR, {chat.id: end - behind})
    (state,) = answer.states
    assert (state.status, [entry.seq for entry in state.entries]) == (status, list(range(end - count + 1, end + 1)))
    assert (state.cursor, answer.more) == (end, False)


async def test_what_somebody_deleted_for_itself_is_not_shown_as_it_was_read_right_before(
    logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if there is so much of it that entries name it and no longer the member's row."""
    monkeypatch.setattr(members, "HIDDEN_MAX", 2)
    monkeypatch.setattr(members, "HIDDEN_KEPT", 1)
    chat = await logs.direct(ME, PEER)
    end = await logs.say(chat, PEER, 10)
    await logs.write(chat, [(PEER, Edit(1, "other words"))])
    sync = sync_of(logs)
    assert len((await sync(ACTOR, {})).states[0].entries) == end + 1
    for seq in (1, 2, 3):
        await logs.members.hide_message(chat.id, ME, seq)
    (state,) = (await sync(ACTOR, {})).states
    assert [entry.seq for entry in state.entries] == list(range(4, end + 2))
    assert state.entries[-1].body == Edit(1, "")
    (state,) = (await sync(ACTOR, {chat.id: end})).states
    assert [entry.body for entry in state.entries] == [Edit(1, "")]
