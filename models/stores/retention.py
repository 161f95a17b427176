"""Finds what is older than this server keeps messages: each chat remembers from which entry on its log was not swept yet.

The times of a log ascend with its numbers, but for the difference between the nodes' clocks. So of each chat only the first entries
that were not swept are read, and only when the oldest of them is old enough: `kept_at` in the chat's row, which an index holds. A
shorter retention finds the same chats earlier; a longer one brings nothing back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING, IndexModel

from models.documents.entry import Kind, entry_key, split_key
from models.stores.chat_rows import CHATS
from models.stores.database import Database
from models.stores.ended_entries import ALL_CHANGES
from models.stores.entry_rows import ENTRIES

INDEXES = [IndexModel([("kept_at", ASCENDING)], name="kept")]
_SAYING = frozenset({Kind.MESSAGE.value, *ALL_CHANGES})


@dataclass(frozen=True, slots=True)
class OldEntries:
    """Keys of messages and their changes, oldest first, and the seq of the first entry behind them.

    `next_at` is the time of that; None if the log ends before it.
    """

    keys: Sequence[int]
    next_seq: int
    next_at: datetime | None


class Retention:
    """How far the logs of all chats are swept."""

    def __init__(self, database: Database) -> None:
        self._chats = database.collection(CHATS)
        self._entries = database.collection(ENTRIES)

    async def prepare(self) -> None:
        await self._chats.create_indexes(INDEXES)

    async def begin(self, limit: int) -> int:
        """Note of chats that were never swept that nothing of them was. Returns how many there were, up to this limit."""
        rows = await self._chats.find({"kept_at": None}, {"_id": True}).hint("kept").limit(limit).to_list(limit)
        if rows:
            never = {"_id": {"$in": [row["_id"] for row in rows]}, "kept_at": None}
            await self._chats.update_many(never, [{"$set": {"kept_at": "$created_at"}}])
        return len(rows)

    async def list_due(self, before: datetime, limit: int, *, skip: int = 0) -> list[tuple[int, int]]:
        """Returns (chat id, first seq that was not swept) of chats that may hold something from before this time.

        The first `skip` of these are left out.
        """
        query = {"kept_at": {"$lt": before}}
        rows = (
            await self._chats.find(query, {"kept_seq": True})
            .hint("kept")
            .sort("kept_at", 1)
            .skip(skip)
            .limit(limit)
            .to_list(limit)
        )
        return [(row["_id"], row.get("kept_seq", 1)) for row in rows]

    async def list_old(self, chat_id: int, first: int, before: datetime, limit: int) -> OldEntries:
        """Returns the next entries of a log, from this seq on, that are from before this time."""
        keys = {"$gte": entry_key(chat_id, first), "$lt": entry_key(chat_id + 1, 0)}
        cursor = self._entries.find({"_id": keys}, {"at": True, "kind": True}).sort("_id", 1).limit(limit + 1)
        rows = await cursor.to_list(limit + 1)
        end = next((place for place, row in enumerate(rows) if row["at"] > before), min(len(rows), limit))
        old = [row["_id"] for row in rows[:end] if row["kind"] in _SAYING]
        if end < len(rows):
            return OldEntries(old, split_key(rows[end]["_id"])[1], rows[end]["at"])
        return OldEntries(old, split_key(rows[-1]["_id"])[1] + 1 if rows else first, None)

    async def advance(self, chat_id: int, seq: int, at: datetime) -> None:
        """Note that a log is swept before this seq, and that nothing behind it is older than this time."""
        older = {"_id": chat_id, "kept_seq": {"$not": {"$gt": seq}}}
        await self._chats.update_one(older, {"$set": {"kept_seq": seq, "kept_at": at}})
