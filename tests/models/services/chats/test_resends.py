"""Messages that are sent again: answered with what is stored, many of them by a few queries, and in nobody's way."""

import asyncio

from benchmarks.resends import new_journal
from models.documents.entry import Draft, Message
from models.stores.database import Database
from models.stores.entries import Entries
from models.stores.entry_rows import ENTRIES

CHATS = range(1, 6)


def drafts(count: int, name: str) -> list[Draft]:
    """By forty senders, in all of the chats."""
    chats = len(CHATS)
    return [Draft(CHATS[n % chats], n % 40 + 1, "4930901820", f"{name} {n}", Message(text="hi")) for n in range(count)]


async def test_many_that_are_sent_again_among_new_ones_take_a_few_queries_together(database: Database) -> None:
    old, new = drafts(200, "old"), drafts(100, "new")
    mixed = [draft for pair in zip(old, old[100:] + new, strict=True) for draft in dict.fromkeys(pair)]
    async with new_journal(database) as journal:
        before = await asyncio.gather(*map(journal.append, old))
    async with new_journal(database) as journal:
        await database.raw.command("profile", 2)
        after = await asyncio.gather(*map(journal.append, mixed))
        await database.raw.command("profile", 0)
    profile = await database.raw["system.profile"].find({"ns": f"{database.raw.name}.{ENTRIES}"}).to_list(None)
    assert len(profile) <= 20, "not one for each message"
    assert sum(row.get("docsExamined", 0) for row in profile) <= 2 * len(mixed)

    seqs = {(one.entry.chat_id, one.entry.client_id): one.entry for one in before}
    for stored in after:
        known = seqs.get((stored.entry.chat_id, stored.entry.client_id))
        assert stored.is_new == (known is None)
        assert known is None or stored.entry == known
    for chat in CHATS:
        log = await Entries(database).list_range(chat, 1, 2**31, limit=1000)
        assert [entry.seq for entry in log] == list(range(1, 61))
        told = [one.entry for one in after if one.is_new and one.entry.chat_id == chat]
        assert log[40:] == told, "new ones stand in the order sent"


async def test_one_that_is_repeated_again_and_again_stops_no_insert(database: Database) -> None:
    (old,), new = drafts(1, "old"), drafts(20, "new")
    async with new_journal(database) as journal:
        first = await journal.append(old)
    async with new_journal(database) as journal:
        assert (await journal.append(old)).entry == first.entry
        await journal.append(drafts(1, "between")[0])
        await database.raw.command("profile", 2)
        for fresh in new:
            repeated, stored = await asyncio.gather(journal.append(old), journal.append(fresh))
            assert (repeated.entry, repeated.is_new, stored.is_new) == (first.entry, False, True)
        await database.raw.command("profile", 0)
    inserts = {"ns": f"{database.raw.name}.{ENTRIES}", "op": "insert"}
    assert await database.raw["system.profile"].count_documents(inserts) == len(new)
