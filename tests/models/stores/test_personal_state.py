"""Settings and stars come to the same in whatever order their entries are applied, and however often."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import permutations
from typing import Any

from models.documents.chat_settings import NotifyAbout, SavedDraft
from models.documents.entry import Body, ChatSettingsSet, Draft, Entry, Starred, entry_key
from models.stores.chats import Chats
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.entry_rows import ENTRIES, entry_row, stored_entry
from models.stores.members import Members
from models.stores.personal_state import PersonalState

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
