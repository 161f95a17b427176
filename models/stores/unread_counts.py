"""Counts what members of chats have not read, from the log itself.

Counted are messages by others, those of them that mention the member, and entries by others that concern it (entry.py, is_notice).

There is no counter that a crash could leave wrong. Three queries do it, because none is cheap everywhere:

- Where at most NEAR entries follow the read mark, as nearly always, they are counted along the log, in the query that reads
  everything else of the chat (COUNT_NEAR).
- Further back, the index `said_by` is counted up to UNREAD_MAX. It skips an account's own messages and deleted ones; it costs a
  seek for each sender. The newest NOTICES_MAX entries that concern somebody are looked through beside it.
- Where many members of one chat ask at once, its newest messages are read once and counted for all of them in memory.

A message that is over (lifetimes.py) is not counted. Only the index `said_by` counts it until it is swept, within a minute: there its
row is not read.

Mentions are counted along the log, too, and further back by unread_mentions.py.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Collection as Rows
from collections.abc import Sequence

from models.documents.chat import ChatKind
from models.documents.chat_summary import UNREAD_MAX
from models.documents.entry import Kind, entry_key
from models.stores.database import Collection, Row
from models.stores.lifetimes import NEVER, Lifetimes

NEAR = 100  # entries behind a read mark that are looked through one by one, together with everything else of the chat
SHARED_BY = 4  # accounts that ask for one chat at once, from which on its newest messages are read once for all
NOTICES_MAX = UNREAD_MAX  # in a chat that has more of them behind a read mark, older ones are not counted
SHARED_ROWS = UNREAD_MAX + 200  # who wrote no more than 200 of them needs no other query
AT_ONCE = 16  # queries, well inside the driver's pool of 100

# As the partial indexes have it: MongoDB uses one only for what names its conditions.
SAID: Row = {"kind": Kind.MESSAGE.value, "hidden_from": None}
_UNREAD: Row = SAID | {"deleted": None}

_OWNERS = (Kind.RSVP.value, Kind.POLL.value)  # these concern the owner of the event
_IS_MESSAGE: Row = {
    "$and": [
        {"$eq": ["$kind", Kind.MESSAGE.value]},
        {"$ne": ["$deleted", True]},
        {"$ne": ["$sender", "$$account"]},
        {"$not": {"$in": ["$_id", "$$hidden"]}},
        {"$not": {"$in": ["$$account", {"$ifNull": ["$hidden_by", []]}]}},
        {"$not": {"$in": ["$$account", {"$ifNull": ["$hidden_from", []]}]}},
        {"$gt": [{"$ifNull": ["$expires_at", "$$never"]}, "$$now"]},
        {"$gt": ["$at", "$$oldest"]},
    ]
}
# What `_add_notices` counts, as MongoDB counts it near the read mark.
_IS_NOTICE: Row = {
    "$and": [
        {"$eq": ["$notice", True]},
        {"$ne": ["$sender", "$$account"]},
        {"$not": {"$in": ["$_id", "$$hidden"]}},
        {
            "$or": [
                {"$eq": ["$kind", Kind.EVENT.value]},
                {"$eq": ["$account", "$$account"]},
                {"$in": ["$$account", {"$ifNull": ["$accounts", []]}]},
                {"$and": [{"$in": ["$kind", list(_OWNERS)]}, {"$eq": ["$$account", "$$owner"]}]},
            ]
        },
    ]
}
_IS_MENTION: Row = {"$and": [{"$in": ["$$account", {"$ifNull": ["$mentions.account", []]}]}, _IS_MESSAGE]}
# Stages over the entries behind a read mark, with the variables `account`, `hidden` (keys), `owner` (who made the chat) and those of
# `lifetime_variables`. `notice` is the key of the newest entry that concerns the member, or null.
COUNT_NEAR: list[Row] = [
    {"$limit": NEAR + 1},
    {
        "$group": {
            "_id": None,
            "looked": {"$sum": 1},
            "messages": {"$sum": {"$cond": [_IS_MESSAGE, 1, 0]}},
            "mentions": {"$sum": {"$cond": [_IS_MENTION, 1, 0]}},
            "notices": {"$sum": {"$cond": [_IS_NOTICE, 1, 0]}},
            "notice": {"$max": {"$cond": [_IS_NOTICE, "$_id", None]}},
        }
    },
]


_NOTHING: Row = {"looked": 0, "messages": 0, "mentions": 0, "notices": 0, "notice": None}


class UnreadCounts:
    """Counts what is unread for member rows."""

    def __init__(self, entries: Collection, lifetimes: Lifetimes) -> None:
        self._entries = entries
        self._lifetimes = lifetimes

    async def count(self, rows: Rows[Row]) -> None:
        """Set three fields of each row: how many `messages` and `notices` are unread, and the key of the newest such `notice`, or None.

        Rows near the end of the log get `mentions`, too.

        Members far behind the end of the log take queries of their own. Each row has its chat in `in`.
        """
        by_chat: dict[int, list[Row]] = {}
        for row in rows:
            near: Row = next(iter(row.get("near", ({"looked": NEAR + 1},))), _NOTHING)
            if near["looked"] <= NEAR:
                row |= {name: near[name] for name in _NOTHING}
            else:
                row |= {"notices": 0, "notice": None}
                by_chat.setdefault(row["chat"], []).append(row)
        alone: list[Row] = []
        for members in by_chat.values():
            alone += await self._count_shared(members) if len(members) >= SHARED_BY else members
        for start in range(0, len(alone), AT_ONCE):
            await asyncio.gather(*map(self._count_one, alone[start : start + AT_ONCE]))
        chats = [
            members for members in by_chat.values() if not is_direct(members[0])
        ]  # in which nothing concerns anybody but messages
        for start in range(0, len(chats), AT_ONCE):
            await asyncio.gather(*map(self._add_notices, chats[start : start + AT_ONCE]))

    async def _add_notices(self, members: Rows[Row]) -> None:
        """Set `notices` and `notice` of these members of one chat."""
        keys = {"$gt": min(read_key(row) for row in members), "$lt": max(end_key(row) for row in members)}
        query = {"notice": True, "chat": next(iter(members))["chat"], "_id": keys}
        fields = dict.fromkeys(("sender", "kind", "account", "accounts"), True)
        found = await self._entries.find(query, fields).hint("notices").sort("_id", -1).limit(NOTICES_MAX).to_list(None)
        of_all: list[Row] = []
        of_owner: list[Row] = []
        of_account: dict[int, list[Row]] = {}
        for one in reversed(found):
            if one["kind"] == Kind.EVENT:
                of_all.append(one)
            elif one["kind"] in _OWNERS:
                of_owner.append(one)
            else:
                for account in {one.get("account"), *one.get("accounts", ())} - {None}:
                    of_account.setdefault(account, []).append(one)
        for row in members:
            account, read, end, hidden = row["account"], read_key(row), end_key(row), hidden_keys(row)
            lists = [of_all, of_account.get(account, []), of_owner if row["in"][0]["created_by"] == account else []]
            of_others = (one["_id"] for some in lists for one in _within(some, read, end) if one["sender"] != account)
            unread = [key for key in of_others if key not in hidden]
            row["notices"], row["notice"] = len(unread), max(unread, default=None)

    async def _count_shared(self, members: Rows[Row]) -> list[Row]:
        """Count for members of one chat by its newest messages. Returns the rows for which these do not suffice."""
        keys = {"$gt": min(read_key(row) for row in members), "$lt": max(end_key(row) for row in members)}
        query = SAID | {"chat": next(iter(members))["chat"], "_id": keys}
        fields = dict.fromkeys(("sender", "deleted", "at", "expires_at", "hidden_by"), True)
        cursor = self._entries.find(query, fields).hint("said").sort("_id", -1)
        said = await cursor.limit(SHARED_ROWS).to_list(SHARED_ROWS)
        is_whole = len(said) < SHARED_ROWS
        is_over = self._lifetimes.is_row_over
        senders = {row["_id"]: row["sender"] for row in reversed(said) if not (row.get("deleted") or is_over(row))}
        folded: dict[int, list[int]] = {}
        for row in said:
            for account in row.get("hidden_by", ()):
                folded.setdefault(account, []).append(row["_id"])
        countable = list(senders)
        own: dict[int, list[int]] = {}
        for key, sender in senders.items():
            own.setdefault(sender, []).append(key)
        rest = []
        for row in members:
            read, end, hidden = read_key(row), end_key(row), hidden_keys(row).union(folded.get(row["account"], ()))
            count = _between(countable, read, end) - _between(own.get(row["account"], ()), read, end)
            count -= sum(read < key < end and senders.get(key, row["account"]) != row["account"] for key in hidden)
            row["messages"] = min(count, UNREAD_MAX)
            if not (is_whole or count >= UNREAD_MAX or read >= said[-1]["_id"]):
                rest.append(row)
        return rest

    async def _count_one(self, row: Row) -> None:
        read = read_key(row)
        keys: Row = {"$gt": read, "$lt": end_key(row)}
        if hidden := [key for key in hidden_keys(row) if key > read]:
            keys["$nin"] = hidden
        query = _UNREAD | {"chat": row["chat"], "sender": {"$ne": row["account"]}, "_id": keys}
        if is_folded(row):
            query["hidden_by"] = {"$ne": row["account"]}
        row["messages"] = await self._entries.count_documents(query, hint="said_by", limit=UNREAD_MAX)


def is_direct(row: Row) -> bool:
    kind: str = row["in"][0]["kind"]
    return kind == ChatKind.DIRECT.value


def _within(entries: Sequence[Row], read: int, end: int) -> Sequence[Row]:
    """Returns those of these entries, the oldest first, whose keys lie strictly between two keys."""
    return entries[bisect_right(entries, read, key=key_of) : bisect_left(entries, end, key=key_of)]


def key_of(entry: Row) -> int:
    key: int = entry["_id"]
    return key


def read_key(row: Row) -> int:
    """Returns the key of the entry up to which a member has read, or deleted everything for itself."""
    return entry_key(row["chat"], max(row["read"], row.get("cleared", 0)))


def came_key(row: Row) -> int:
    """Returns the key of the first entry that a member may see since it came, the last time if more than once."""
    return entry_key(row["chat"], row["spans"][-1][0])


def seen_from_key(row: Row) -> int:
    """Returns the key of the first entry that a member may see since it came and since it last deleted everything for itself."""
    return max(came_key(row), entry_key(row["chat"], row.get("cleared", 0) + 1))


def is_folded(row: Row) -> bool:
    """Returns whether messages behind a member's read mark may name it in `hidden_by` (members.py)."""
    return bool(row.get("folded", 0) > max(row["read"], row.get("cleared", 0)))


def lifetime_variables(lifetimes: Lifetimes) -> Row:
    """Returns the variables of COUNT_NEAR that say which messages are over."""
    times = {"now": lifetimes.now(), "oldest": lifetimes.oldest, "never": NEVER}
    return {name: {"$literal": at} for name, at in times.items()}


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
