"""Settings and stars come to the same in whatever order their entries are applied, and however often."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

from models.documents.chat_settings import NotifyAbout, SavedDraft
from models.documents.entry import Body, ChatSettingsSet, Draft, Entry, Starred, entry_key
from models.stores.chat_rows import MEMBERS
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.entry_rows import ENTRIES, entry_row, stored_entry
from models.stores.members import Members
from models.stores.personal_state import PersonalState
from tests.support.logs import open_logs
from tests.support.plans import recorded_plans

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ME, OTHER = (7, "497"), (8, "498")


async def stored(database: Database, chats: Chats, bodies: Sequence[Body]) -> list[Entry]:
    """These as the first entries of an account's own log, not applied yet."""
    own = await chats.require_direct(ME, ME, NOW)
    drafts = [Draft(own.id, *ME, f"c{seq}", body) for seq, body in enumerate(bodies, 1)]
    await database.collection(ENTRIES).delete_many({"chat": own.id})
    await database.collection(ENTRIES).insert_many([entry_row(draft, seq, NOW) for seq, draft in enumerate(drafts, 1)])
    return [stored_entry(draft, seq, NOW) for seq, draft in enumerate(drafts, 1)]


async def test_the_last_entry_of_each_field_counts_and_older_drafts_are_gone(database: Database) -> None:
    chats, members, state = Chats(database, Counters(database)), Members(database), PersonalState(database)
    for store in (chats, members, state):
        await store.prepare()
    chat = (await chats.require_direct(ME, OTHER, NOW)).id
    bodies = [
        ChatSettingsSet(chat, {"pinned": 1, "draft": SavedDraft("one")}),
        ChatSettingsSet(chat, {"pinned": None, "notify": NotifyAbout.NONE}),
        ChatSettingsSet(chat, {"draft": SavedDraft("two", 1)}),
        Starred(chat, 5, True),
    ]
    for order in permutations(range(4)):
        await state.forget(ME[0])
        entries = await stored(database, chats, bodies)
        for place in (*order, *order):
            await chats.apply(entries[place])
        shown = await state.find(chat, ME[0], NOW)
        assert (shown.settings.pinned, shown.settings.notify) == (None, NotifyAbout.NONE)
        assert shown.settings.draft == SavedDraft("two", 1)
        rows: list[dict[str, Any]] = await database.collection(ENTRIES).find({"of_chat": chat}).sort("_id").to_list()
        assert [row["settings"].get("draft") for row in rows[:3]] == [None, None, {"text": "two", "reply_to": 1}]
        assert [star.of for star in await state.stars.list_newest(ME[0], limit=5)] == [entry_key(chat, 5)]


async def test_a_star_that_was_taken_back_stays_so_when_its_entry_is_applied_late(database: Database) -> None:
    chats, state = Chats(database, Counters(database)), PersonalState(database)
    await state.prepare()
    for first, second in ((True, False), (False, True)):
        entries = await stored(database, chats, [Starred(3, 5, first), Starred(3, 5, second)])
        for change in (entries[1], entries[0], entries[1]):
            await state.apply(change)
        assert len(await state.stars.list_newest(ME[0], limit=5)) == second
        await state.stars.forget(ME[0])


async def test_what_is_asked_of_them_costs_what_it_returns(database: Database) -> None:
    """However long the logs are, however many chats and stars somebody has."""
    logs = await open_logs(database)
    state = PersonalState(database)
    await state.prepare()
    chat = await logs.direct(7, 8)
    await logs.say(chat, 8, 500)
    await logs.say(chat, 7, 20, hidden_from=[8])
    for peer in range(9, 39):
        await logs.direct(7, peer)
    own = await logs.direct(7, 7)
    bodies = [ChatSettingsSet(chat.id, {"archived": 100, "draft": SavedDraft("one")})]
    bodies += [Starred(chat.id, seq, True) for seq in range(1, 101)]
    for seq, body in enumerate(bodies, 1):
        await state.apply(stored_entry(Draft(own.id, *ME, f"c{seq}", body), seq, NOW))
    async with recorded_plans(database, ENTRIES) as of_entries, recorded_plans(database, MEMBERS) as of_members:
        assert not (await state.find(chat.id, 7, NOW)).is_archived
    assert [(plan.index, plan.docs_examined) for plan in of_members] == [("_id: 1", 1), ("_id: 1", 3)]
    assert of_entries == [], "they are joined to the member's row: a row of it, and two of the log"
    async with recorded_plans(database, MEMBERS) as plans:
        assert await logs.members.count_draft_chars(7, [chat.id]) == 0
        assert await logs.members.list_settings([(chat.id, 7), (chat.id, 8)]) != {}
    assert [(plan.index, plan.docs_examined) for plan in plans] == [("account: 1", 1), ("_id: 1", 2)]
    async with recorded_plans(database, "stars") as plans:
        assert len(await state.stars.list_newest(7, limit=5, before=entry_key(own.id, 50))) == 5
    assert [(plan.index, plan.docs_examined) for plan in plans] == [("account: 1, starred: 1, by: -1", 5)]
