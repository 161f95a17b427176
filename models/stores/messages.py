"""Reads messages out of the log by who sent them and when: the lists of the messaging API.

Every query is a range of `_id` within one chat, read from its newest end; there is no index by time to keep on every send.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.documents.chat import Member
from models.documents.entry import SEQ_BITS, Entry, Kind, entry_key
from models.stores.database import Database, Row
from models.stores.entry_rows import read_entry
from models.stores.journal import ENTRIES

CLOCKS_APART = timedelta(minutes=1)  # between two nodes; within it the times of a log need not ascend with its seqs
FIRST_STEP = 256  # entries; a caller who asks often finds its place with the first step
SEQ_MAX = (1 << SEQ_BITS) - 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Messages of one chat that `member` may see, within first <= seq <= last.

    `is_received`: only others' (True) or only own ones (False). `kept_from`: an account that must not have been kept out.
    `after` is exclusive, `since` and `until` are not.
    """

    member: Member
    first: int = 1
    last: int = SEQ_MAX
    is_received: bool | None = None
    kept_from: int | None = None
    after: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def ranges(self) -> Sequence[tuple[int, int]]:
        """The member's spans, cut to first and last."""
        cut = ((max(span.first, self.first), min(span.last or SEQ_MAX, self.last)) for span in self.member.spans)
        return [(first, last) for first, last in cut if first <= last]


class Messages:
    """Messages of the log, as they are stored; changes that wait to be applied are the caller's to lay over them."""

    def __init__(self, database: Database) -> None:
        self._entries = database.collection(ENTRIES)

    async def list_newest(self, selection: Selection, *, limit: int, offset: int = 0) -> list[Entry]:
        """The newest `limit` messages once `offset` are skipped, oldest first."""
        selection = await self._narrow(selection)
        if limit < 1 or not selection.ranges:
            return []
        cursor = self._entries.find(_query(selection)).sort("_id", -1).skip(offset).limit(limit)
        rows = await cursor.to_list(limit)
        return [read_entry(row) for row in reversed(rows)]

    async def count(self, selection: Selection) -> int:
        selection = await self._narrow(selection)
        return await self._entries.count_documents(_query(selection)) if selection.ranges else 0

    async def _narrow(self, selection: Selection) -> Selection:
        """Skip what is too old without reading it: steps back from the end, each four times as long as the one before."""
        bound = selection.after or selection.since
        if bound is None or not selection.ranges:
            return selection
        chat_id, first = selection.member.chat_id, selection.ranges[0][0]
        last = min(selection.ranges[-1][1], await self._last_seq(chat_id))
        step = FIRST_STEP
        while last - step > first:
            row = await self._entries.find_one({"_id": entry_key(chat_id, last - step)}, {"at": True})
            if row is not None and row["at"] < bound - CLOCKS_APART:
                return replace(selection, first=max(selection.first, last - step))
            step *= 4
        return selection

    async def _last_seq(self, chat_id: int) -> int:
        keys = {"$gt": entry_key(chat_id, 0), "$lt": entry_key(chat_id + 1, 0)}
        rows = await self._entries.find({"_id": keys}, {"_id": True}).sort("_id", -1).limit(1).to_list(1)
        return int(rows[0]["_id"]) - entry_key(chat_id, 0) if rows else 0


def _query(selection: Selection) -> Row:
    member, ranges = selection.member, selection.ranges
    chat_id, me = member.chat_id, member.account_id

    def keys(first: int, last: int) -> Row:
        return {"$gte": entry_key(chat_id, first), "$lte": entry_key(chat_id, last)}

    query: Row = {"_id": keys(ranges[0][0], ranges[-1][1]), "kind": Kind.MESSAGE.value}
    if len(ranges) > 1:
        query["$or"] = [{"_id": keys(first, last)} for first, last in ranges]
    if member.hidden:
        query["_id"]["$nin"] = [entry_key(chat_id, seq) for seq in sorted(member.hidden)]
    query["hidden_from"] = {"$nin": [me] if selection.kept_from is None else [me, selection.kept_from]}
    if selection.is_received is not None:
        query["sender"] = {"$ne": me} if selection.is_received else me
    at = {"$gt": selection.after, "$gte": selection.since, "$lte": selection.until}
    if bounds := {name: value for name, value in at.items() if value is not None}:
        query["at"] = bounds
    return query
