"""Reads messages of a log by sender and time, for the message lists of the messaging API.

Every query is a range of `_id` within one chat, read from its newest end; there is no index by time, or by sender and number, to
keep on every send. What it costs is bounded instead: where the newest rows hold too few of the messages that are looked for, the
index by sender tells whether there are few of them at all, which are then read; else looking ends after WALK_MAX rows, and says
where.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from models.documents.chat import Member
from models.documents.entry import SEQ_MAX, Entry, Kind, entry_key
from models.documents.page_request import Part
from models.errors import Malformed
from models.stores.database import Database, Row
from models.stores.entry_rows import ENTRIES
from models.stores.last_seqs import read_last_seq
from models.stores.lifetimes import TIMERS_ALONE, Lifetimes

CLOCKS_APART = timedelta(minutes=1)  # between two nodes; within it the times of a log need not ascend with its seqs
FIRST_STEP = 256  # entries; a caller who asks often finds its place with the first step
NEAR = 1000  # rows behind a full page in which it is looked for at first
FEW = 1000  # entries of a sender that are read all together
OFFSET_MAX = 10_000  # messages that are skipped one by one
WALK_MAX = 20_000  # rows in which a page is looked for: some 50 ms of the database's work


@dataclass(frozen=True, slots=True)
class Selection:
    """Messages of one chat that `member` may see, with first <= seq <= last.

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
        """Returns what the member may read, cut to first and last."""
        cut = ((max(span.first, self.first), min(span.last or SEQ_MAX, self.last)) for span in self.member.readable)
        return [(first, last) for first, last in cut if first <= last]


class Messages:
    """Reads messages as they are stored, without what those said that are over. Callers apply the pending changes."""

    def __init__(self, database: Database, lifetimes: Lifetimes = TIMERS_ALONE) -> None:
        self._entries = database.collection(ENTRIES)
        self._lifetimes = lifetimes

    async def find_newest(self, selection: Selection, *, limit: int, offset: int = 0) -> Part[Entry]:
        """Returns the newest `limit` messages after skipping `offset`, oldest first.

        `before` of the answer is set where there are older ones, and where rows that may hold some were not looked at. Raises
        Malformed for an offset above OFFSET_MAX in a log that is longer than that.
        """
        chat_id = selection.member.chat_id
        if not selection.ranges:
            return Part([])
        last = min(selection.ranges[-1][1], await read_last_seq(self._entries, chat_id))
        selection = await self._narrow(selection, last)
        first = selection.ranges[0][0] if selection.ranges else last + 1
        if offset > OFFSET_MAX and last - first >= OFFSET_MAX:
            raise Malformed(f"offset: at most {OFFSET_MAX} in a chat as long as this; go on by before.")
        most = limit + 1  # the one behind the page says that there is one
        near = max(first, last + 1 - offset - most - NEAR)
        found = await self._read(replace(selection, first=near), most, offset)
        if len(found) >= limit or near == first:
            return _part(found, limit, None if near == first else entry_key(chat_id, near))
        if selection.is_received is not None and await self._are_few(selection):
            return _part(await self._read(selection, most, offset, by_sender=True), limit)
        walked_to = max(first, last + 1 - WALK_MAX)
        if walked_to < near:
            found = await self._read(replace(selection, first=walked_to), most, offset)
        return _part(found, limit, None if walked_to == first else entry_key(chat_id, walked_to))

    async def _read(self, selection: Selection, limit: int, offset: int, *, by_sender: bool = False) -> list[Entry]:
        if not selection.ranges:
            return []
        query = _query(selection)
        if by_sender:
            query["chat"] = selection.member.chat_id
        cursor = self._entries.find(query).sort("_id", -1).skip(offset).limit(limit)
        rows = await (cursor.hint("once") if by_sender else cursor).to_list(limit)
        return [self._lifetimes.read(row) for row in reversed(rows)]

    async def _are_few(self, selection: Selection) -> bool:
        """Returns whether the wanted senders have few entries in the whole chat. Reads the index alone."""
        query = {"chat": selection.member.chat_id, "sender": _sender(selection)}
        keys = self._entries.find(query, {"_id": False, "sender": True}).hint("once").limit(FEW + 1)
        return len(await keys.to_list(FEW + 1)) <= FEW

    async def count(self, selection: Selection) -> int:
        if not selection.ranges:
            return 0
        last = min(selection.ranges[-1][1], await read_last_seq(self._entries, selection.member.chat_id))
        selection = await self._narrow(selection, last)
        return await self._entries.count_documents(_query(selection)) if selection.ranges else 0

    async def _narrow(self, selection: Selection, last: int) -> Selection:
        """Raise the selection's first seq past entries that are too old, in steps from the end, each four times the last."""
        bound = selection.after or selection.since
        if bound is None or not selection.ranges:
            return selection
        chat_id, first = selection.member.chat_id, selection.ranges[0][0]
        step = FIRST_STEP
        while last - step > first:
            row = await self._entries.find_one({"_id": entry_key(chat_id, last - step)}, {"at": True})
            if row is not None and row["at"] < bound - CLOCKS_APART:
                return replace(selection, first=max(selection.first, last - step))
            step *= 4
        return selection


def _part(found: list[Entry], limit: int, looked_to: int | None = None) -> Part[Entry]:
    """Returns the newest `limit` of these as a page. `looked_to`: the key of the oldest row that was read, None for all."""
    if len(found) > limit:
        return Part(found[1:], entry_key(found[0].chat_id, found[0].seq + 1))
    return Part(found, looked_to)


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
    query["hidden_by"] = {"$ne": me}
    query["hidden_from"] = {"$nin": [me] if selection.kept_from is None else [me, selection.kept_from]}
    if selection.is_received is not None:
        query["sender"] = _sender(selection)
    at = {"$gt": selection.after, "$gte": selection.since, "$lte": selection.until}
    if bounds := {name: value for name, value in at.items() if value is not None}:
        query["at"] = bounds
    return query


def _sender(selection: Selection) -> Row | int:
    me = selection.member.account_id
    return {"$ne": me} if selection.is_received else me
