"""Counts the messages that members of chats have not read, from the log itself.

There is no counter that a crash could leave wrong. Three queries do it, because none is cheap everywhere:

- Where at most NEAR entries follow the read mark, as nearly always, they are counted along the log, in the query that reads
  everything else of the chat (COUNT_NEAR).
- Further back, the index `said_by` is counted up to UNREAD_MAX. It skips an account's own messages and deleted ones; it costs a
  seek for each sender.
- Where many members of one chat ask at once, its newest messages are read once and counted for all of them in memory.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Collection as Rows
from collections.abc import Sequence

from models.documents.chat_summary import UNREAD_MAX
from models.documents.entry import Kind, entry_key
from models.stores.database import Collection, Row

NEAR = 100  # entries behind a read mark that are looked through one by one, together with everything else of the chat
SHARED_BY = 4  # accounts that ask for one chat at once, from which on its newest messages are read once for all
SHARED_ROWS = UNREAD_MAX + 200  # who wrote no more than 200 of them needs no other query
AT_ONCE = 16  # queries, well inside the driver's pool of 100

# As the partial indexes have it: MongoDB uses one only for what names its conditions.
SAID: Row = {"kind": Kind.MESSAGE.value, "hidden_from": None}
_UNREAD: Row = SAID | {"deleted": None}

_IS_COUNTED: list[Row] = [
    {"$eq": ["$kind", Kind.MESSAGE.value]},
    {"$ne": ["$deleted", True]},
    {"$ne": ["$sender", "$$account"]},
    {"$not": {"$in": ["$_id", "$$hidden"]}},
    {"$not": {"$in": ["$$account", {"$ifNull": ["$hidden_from", []]}]}},
]
# Stages over the entries behind a read mark, with the variables `account` and `hidden` (keys) of the member.
COUNT_NEAR: list[Row] = [
    {"$limit": NEAR + 1},
    {"$group": {"_id": None, "looked": {"$sum": 1}, "unread": {"$sum": {"$cond": [{"$and": _IS_COUNTED}, 1, 0]}}}},
]


class UnreadCounts:
    """Counts unread messages for member rows."""

    def __init__(self, entries: Collection) -> None:
        self._entries = entries

    async def count(self, rows: Rows[Row]) -> None:
        """Set `unread` in each row. Members far behind the end of the log take queries of their own."""
        by_chat: dict[int, list[Row]] = {}
        for row in rows:
            near = next(iter(row.get("near", ({"looked": NEAR + 1},))), {"looked": 0, "unread": 0})
            if near["looked"] <= NEAR:
                row["unread"] = near["unread"]
            else:
                by_chat.setdefault(row["chat"], []).append(row)
        alone: list[Row] = []
        for members in by_chat.values():
            alone += await self._count_shared(members) if len(members) >= SHARED_BY else members
        for start in range(0, len(alone), AT_ONCE):
            await asyncio.gather(*map(self._count_one, alone[start : start + AT_ONCE]))

    async def _count_shared(self, members: Rows[Row]) -> list[Row]:
        """Count for members of one chat by its newest messages. Returns the rows for which these do not suffice."""
        keys = {"$gt": min(read_key(row) for row in members), "$lt": max(end_key(row) for row in members)}
        query = SAID | {"chat": next(iter(members))["chat"], "_id": keys}
        cursor = self._entries.find(query, {"sender": True, "deleted": True}).hint("said").sort("_id", -1)
        said = await cursor.limit(SHARED_ROWS).to_list(SHARED_ROWS)
        is_whole = len(said) < SHARED_ROWS
        senders = {row["_id"]: row["sender"] for row in reversed(said) if not row.get("deleted")}
        countable = list(senders)
        own: dict[int, list[int]] = {}
        for key, sender in senders.items():
            own.setdefault(sender, []).append(key)
        rest = []
        for row in members:
            read, end, hidden = read_key(row), end_key(row), hidden_keys(row)
            count = _between(countable, read, end) - _between(own.get(row["account"], ()), read, end)
            count -= sum(read < key < end and senders.get(key, row["account"]) != row["account"] for key in hidden)
            row["unread"] = min(count, UNREAD_MAX)
            if not (is_whole or count >= UNREAD_MAX or read >= said[-1]["_id"]):
                rest.append(row)
        return rest

    async def _count_one(self, row: Row) -> None:
        read = read_key(row)
        keys: Row = {"$gt": read, "$lt": end_key(row)}
        if hidden := [key for key in hidden_keys(row) if key > read]:
            keys["$nin"] = hidden
        query = _UNREAD | {"chat": row["chat"], "sender": {"$ne": row["account"]}, "_id": keys}
        row["unread"] = await self._entries.count_documents(query, hint="said_by", limit=UNREAD_MAX)


def read_key(row: Row) -> int:
    """Returns the key of the entry up to which a member has read."""
    return entry_key(row["chat"], row["read"])


def came_key(row: Row) -> int:
    """Returns the key of the first entry that a member may see since it came, the last time if more than once."""
    return entry_key(row["chat"], row["spans"][-1][0])


def end_key(row: Row) -> int:
    """Returns the key behind the last entry that a member may see."""
    left = row["spans"][-1][1]
    return entry_key(row["chat"] + 1, 0) if left is None else entry_key(row["chat"], left) + 1


def hidden_keys(row: Row) -> set[int]:
    """Returns the keys of the messages that a member deleted for itself."""
    return {entry_key(row["chat"], seq) for seq in row.get("hidden", ())}


def _between(keys: Sequence[int], read: int, end: int) -> int:
    """Returns how many of these ascending keys lie strictly between two keys."""
    return max(0, bisect_left(keys, end) - bisect_right(keys, read))
