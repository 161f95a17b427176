"""Counts the unread messages that mention a member, for members who are far behind the end of a log.

The index `mentioned` (entry_rows.py) holds only messages that mention somebody, by whom they mention. So a member's mentions are one
range of it, counted up to UNREAD_MAX, however many other messages there are. Members near the end are counted along the log
(unread_counts.py). Where many members of one chat ask at once, one query reads the mentions of all of them.
"""

import asyncio
from collections.abc import Collection as Rows

from models.documents.chat_summary import UNREAD_MAX
from models.stores.database import Collection, Row
from models.stores.lifetimes import Lifetimes
from models.stores.unread_counts import AT_ONCE, SAID, SHARED_BY, end_key, hidden_keys, is_folded, read_key

SHARED_ROWS = UNREAD_MAX + 200  # mentions of all who ask; where there are more, each member takes a query of its own

# As the partial index has it: MongoDB uses it only for what names its conditions.
_MENTIONING: Row = SAID | {"mentions": {"$exists": True}}


class UnreadMentions:
    """Counts unread mentions for member rows. A message that is over is not counted."""

    def __init__(self, entries: Collection, lifetimes: Lifetimes) -> None:
        self._entries = entries
        self._lifetimes = lifetimes

    async def count(self, rows: Rows[Row]) -> None:
        """Set `mentions` of those rows that have none: how many unread messages of others mention the member."""
        by_chat: dict[int, list[Row]] = {}
        for row in rows:
            if "mentions" not in row:
                by_chat.setdefault(row["chat"], []).append(row)
        alone: list[Row] = []
        for members in by_chat.values():
            if len(members) < SHARED_BY or not await self._count_shared(members):
                alone += members
        for start in range(0, len(alone), AT_ONCE):
            await asyncio.gather(*map(self._count_one, alone[start : start + AT_ONCE]))

    async def _count_shared(self, members: Rows[Row]) -> bool:
        """Count for members of one chat by one query. Returns False, having counted nothing, if that finds too much."""
        rows = {row["account"]: row for row in members}
        keys = {"$gt": min(map(read_key, members)), "$lt": max(map(end_key, members))}
        query = _MENTIONING | {
            "chat": next(iter(members))["chat"],
            "mentions.account": {"$in": list(rows)},
            "_id": keys,
        }
        fields = dict.fromkeys(("sender", "mentions.account", "at", "expires_at", "hidden_by"), True)
        cursor = self._entries.find(query, fields).hint("mentioned")
        found = await cursor.limit(SHARED_ROWS).to_list(SHARED_ROWS)
        if len(found) == SHARED_ROWS:
            return False
        counts = dict.fromkeys(rows, 0)
        for one in found:
            if self._lifetimes.is_row_over(one):
                continue
            others = {one["sender"], *one.get("hidden_by", ())}
            for account in {mention["account"] for mention in one["mentions"]}.intersection(rows) - others:
                row, key = rows[account], one["_id"]
                counts[account] += read_key(row) < key < end_key(row) and key not in hidden_keys(row)
        for account, row in rows.items():
            row["mentions"] = min(counts[account], UNREAD_MAX)
        return True

    async def _count_one(self, row: Row) -> None:
        read = read_key(row)
        keys: Row = {"$gt": read, "$lt": end_key(row)}
        if hidden := [key for key in hidden_keys(row) if key > read]:
            keys["$nin"] = hidden
        query = _MENTIONING | {
            "chat": row["chat"],
            "mentions.account": row["account"],
            "sender": {"$ne": row["account"]},
            "_id": keys,
            "$nor": self._lifetimes.over(),
        }
        if is_folded(row):
            query["hidden_by"] = {"$ne": row["account"]}
        row["mentions"] = await self._entries.count_documents(query, hint="mentioned", limit=UNREAD_MAX)
