"""Reads chat lists from the log itself: where each chat ends, its newest message and its unread count.

There is no summary row that a crash could leave wrong: the end of a chat is its last row. What this reads is bounded by the
number of chats, however long they are, by indexes over messages (entry_rows.py):

- The newest message is one seek in `said`, which holds no changes and no hidden messages. The newest message that an account
  wrote while it was blocked is one seek in `kept_back`.
- What is unread: unread_counts.py and unread_mentions.py.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from models.documents.chat_summary import UNREAD_MAX, ChatSummary, Standing
from models.documents.entry import SEQ_MAX, Entry, Kind, as_seen_by, shown_to, split_key
from models.stores.archived_chats import mark_newer
from models.stores.chat_rows import (
    CHATS,
    MEMBERS,
    UNLISTED,
    UNLISTED_SELF,
    chat_of,
    first_key,
    member_key,
    member_of,
)
from models.stores.database import Database, Row, aggregate
from models.stores.entries import MESSAGE_CHANGES, overlay
from models.stores.entry_rows import ENTRIES, read_entry
from models.stores.lifetimes import TIMERS_ALONE, Lifetimes
from models.stores.unread_counts import (
    AT_ONCE,
    COUNT_NEAR,
    NEAR,
    SAID,
    UnreadCounts,
    came_key,
    end_key,
    hidden_keys,
    is_direct,
    key_of,
    lifetime_variables,
    seen_from_key,
)
from models.stores.unread_mentions import UnreadMentions

ROWS_AT_ONCE = 100  # made into heads without letting anybody else in between, some 3 ms

_MESSAGE: Row = {"kind": Kind.MESSAGE.value}
_KEPT_BACK: Row = _MESSAGE | {"hidden_from": {"$exists": True}}


class LogEnd(NamedTuple):
    """The end of a chat's log, and how far a member has read it, or deleted it for itself.

    `left`: the entry with which the member left, None for a member. `activity`: the time by which its chat list is sorted, which
    may lag behind by seconds (chat_places.py); None if an earlier version wrote the row.
    """

    seq: int
    read: int
    left: int | None = None
    activity: datetime | None = None

    @property
    def last_seq(self) -> int:
        """Returns the last seq of the log that this member may see."""
        return self.seq if self.left is None else min(self.seq, self.left)


class ChatSummaries:
    """Reads what chat lists show of chats."""

    def __init__(self, database: Database, lifetimes: Lifetimes = TIMERS_ALONE) -> None:
        self._members = database.collection(MEMBERS)
        self._chats = database.collection(CHATS)
        self._entries = database.collection(ENTRIES)
        self._unread = UnreadCounts(self._entries, lifetimes)
        self._lifetimes = lifetimes
        self._mentions = UnreadMentions(self._entries, lifetimes)

    async def list_ends(self, account_ids: Collection[int]) -> dict[int, dict[int, LogEnd]]:
        """Returns where the logs of all chats of these accounts end that a sync shows (Member.is_synced), by account and chat."""
        match: Row = {"account": {"$in": list(account_ids)}, "active": True, "unlisted": {"$ne": UNLISTED}}
        return await self._list_ends(account_ids, match)

    async def list_ends_at(self, chats: Mapping[int, Collection[int]]) -> dict[int, dict[int, LogEnd]]:
        """Returns where the logs of these chats end, by account; leaves out chats that are none to it (Member.is_synced)."""
        keys = [member_key(chat_id, account_id) for account_id, chat_ids in chats.items() for chat_id in chat_ids]
        # What a removed account left behind is an empty row: Members.forget_left.
        return await self._list_ends(chats, {"_id": {"$in": keys}, "spans": {"$ne": []}, "unlisted": {"$ne": UNLISTED}})

    async def _list_ends(self, account_ids: Collection[int], match: Row) -> dict[int, dict[int, LogEnd]]:
        fields = dict.fromkeys(
            ("chat", "account", "end", "read", "cleared", "spans", "activity", "large", "unlisted"), True
        )
        rows = await aggregate(self._members, [{"$match": match}, _END, {"$project": fields}])
        large = {row["chat"] for row in rows if row.get("large")}
        query = {"_id": {"$in": list(large)}}
        found = await self._chats.find(query, {"activity": True}).to_list(None) if large else []
        activity = {row["_id"]: row["activity"] for row in found if "activity" in row}
        ends: dict[int, dict[int, LogEnd]] = {account_id: {} for account_id in account_ids}
        for row in rows:
            end = split_key(row["end"][0]["_id"])[1] if row["end"] else 0
            if not end and row.get("unlisted") == UNLISTED_SELF:
                continue  # a log with oneself that holds nothing: there is nothing to catch up with
            times = [at for at in (row.get("activity"), activity.get(row["chat"])) if at is not None]
            read = max(row["read"], row.get("cleared", 0))
            ends[row["account"]][row["chat"]] = LogEnd(end, read, row["spans"][-1][1], max(times, default=None))
        return ends

    async def list_standings(self, ends: Mapping[int, Mapping[int, LogEnd]]) -> list[tuple[int, Standing]]:
        """Returns as `list_heads`, without the newest messages."""
        rows = await self._list_rows(ends, with_last=False)
        standings = []
        for count, row in enumerate(rows, 1):
            standings.append((row["account"], Standing(**_standing(row, ends[row["account"]][row["chat"]].seq))))
            if count % ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return standings

    async def list_heads(self, ends: Mapping[int, Mapping[int, LogEnd]]) -> list[tuple[int, ChatSummary]]:
        """Returns the summaries of these chats, given where their logs end: (account, summary), in no order."""
        # The changes that wait come first, as for a page of the log (entries.py).
        pending = await self._list_pending({chat_id for chats in ends.values() for chat_id in chats})
        rows = await self._list_rows(ends, with_last=True)
        await self._find_behind_hidden(rows)
        await self._add_notices(rows)
        heads = []
        for count, row in enumerate(rows, 1):
            account_id, chat_id = row["account"], row["chat"]
            last = [self._lifetimes.read(row["last"])] if row["last"] is not None else []
            heads.append((account_id, _head(row, ends[account_id][chat_id].seq, last, pending.get(chat_id, []))))
            if count % ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return heads

    async def _list_rows(self, ends: Mapping[int, Mapping[int, LogEnd]], *, with_last: bool) -> list[Row]:
        """Returns member rows with all that a standing says.

        `with_last`: with candidates for the newest message. Rows whose read mark is near the end come with their unread count.
        """
        done: list[int] = []
        near: list[int] = []
        far: list[int] = []
        for account_id, chats in ends.items():
            for chat_id, end in chats.items():
                behind = end.seq - end.read
                keys = done if behind <= 0 else near if behind <= NEAR else far
                keys.append(member_key(chat_id, account_id))
        rows: list[Row] = []
        for keys, is_near in ((done, False), (near, True), (far, False)):
            if keys:
                times = lifetime_variables(self._lifetimes)
                pipeline = _pipeline({"_id": {"$in": keys}}, times, is_near=is_near, with_last=with_last)
                found = await aggregate(self._members, pipeline)
                if keys is done:
                    for row in found:
                        row["near"] = ()
                rows += found
        await self._unread.count(rows)
        await self._mentions.count(rows)
        await self._add_peers(rows)
        await mark_newer(self._members, rows)
        return rows

    async def _find_behind_hidden(self, rows: Collection[Row]) -> None:
        """Set `last`, the newest message, in each row; the one before it where the account deleted it for itself."""
        hiding: list[Row] = []
        for row in rows:
            first = seen_from_key(row)
            row["last"] = max(
                (one for one in row["last"] + row["own"] if one["_id"] >= first), key=key_of, default=None
            )
            if row["last"] is not None and _is_hidden(row["last"], row):
                hiding.append(row)
        for start in range(0, len(hiding), AT_ONCE):
            await asyncio.gather(*map(self._find_last, hiding[start : start + AT_ONCE]))

    async def _add_notices(self, rows: Collection[Row]) -> None:
        """Set `notice`, the newest unread entry that concerns a member, or None.

        Also sets `came`, the entry by which a member came, in groups and events that show it no message.
        """
        came = [came_key(row) for row in rows if row["last"] is None and not is_direct(row)]
        keys = [*came, *(row["notice"] for row in rows if row["notice"] is not None)]
        found = await self._entries.find({"_id": {"$in": keys}}).to_list(None) if keys else []
        entries = {one["_id"]: read_entry(one) for one in found}
        for row in rows:
            row["came"] = entries.get(came_key(row)) if row["last"] is None else None
            row["notice"] = entries.get(row["notice"])

    async def _add_peers(self, rows: Collection[Row]) -> None:
        """Set `peer`, the other account's number, in the rows of direct chats."""
        keys = {row["_id"]: member_key(row["chat"], _peer(row)) for row in rows if is_direct(row)}
        query = {"_id": {"$in": list(keys.values())}}
        found = await self._members.find(query, {"number": True}).to_list(None) if keys else []
        numbers = {one["_id"]: one["number"] for one in found}
        for row in rows:
            if row["_id"] in keys:
                row["peer"] = numbers.get(keys[row["_id"]], row["number"])

    async def _find_last(self, row: Row) -> None:
        keys = {"$gte": seen_from_key(row), "$lt": end_key(row), "$nin": list(hidden_keys(row))}
        in_chat: Row = {"chat": row["chat"], "_id": keys, "hidden_by": {"$ne": row["account"]}}
        said = self._entries.find(SAID | in_chat).hint("said").sort("_id", -1).limit(1)
        own = self._entries.find(_KEPT_BACK | in_chat | {"sender": row["account"]}).hint("kept_back")
        found = await said.to_list(1) + await own.sort("_id", -1).limit(1).to_list(1)
        row["last"] = max(found, key=key_of, default=None)

    async def _list_pending(self, chat_ids: Collection[int]) -> dict[int, list[Entry]]:
        query = {"chat": {"$in": list(chat_ids)}, "pending": True, "kind": {"$in": MESSAGE_CHANGES}}
        found: dict[int, list[Entry]] = {}
        for row in await self._entries.find(query).hint("pending").sort([("chat", 1), ("_id", 1)]).to_list(None):
            found.setdefault(row["chat"], []).append(read_entry(row))
        return found


_END: Row = {
    "$lookup": {
        "from": ENTRIES,
        "let": {
            "first": first_key("$chat"),
            "end": first_key({"$add": ["$chat", 1]}),
        },
        "pipeline": [
            {"$match": {"$expr": {"$and": [{"$gt": ["$_id", "$$first"]}, {"$lt": ["$_id", "$$end"]}]}}},
            {"$sort": {"_id": -1}},
            {"$limit": 1},
            {"$project": {"_id": True}},
        ],
        "as": "end",
    }
}


def _pipeline(match: Row, times: Row, *, is_near: bool, with_last: bool) -> list[Row]:
    """Returns the pipeline for member rows with their chat; see `_list_rows` for `with_last` and `is_near`."""
    # `$expr` with `$gt` and `$lt` is answered from the index since MongoDB 5.0.
    first = first_key("$chat")
    span: Row = {"$last": "$spans"}
    left: Row = {"$arrayElemAt": [span, 1]}
    variables: Row = {
        "first": first,
        "account": "$account",
        "came": {"$add": [first, {"$max": [{"$arrayElemAt": [span, 0]}, {"$add": ["$cleared", 1]}]}]},
        "read": {"$add": [first, {"$toLong": {"$max": ["$read", "$cleared"]}}]},
        # Whoever left hears nothing of what came after, not even how much it is.
        "end": {"$add": [first, {"$cond": [{"$isNumber": left}, {"$add": [left, 1]}, SEQ_MAX + 1]}]},
        "hidden": {"$map": {"input": {"$ifNull": ["$hidden", []]}, "in": {"$add": [first, "$$this"]}}},
        "owner": {"$first": "$in.created_by"},
    }
    # No chat has the number 0: where nobody can have been blocked, nothing is looked for.
    is_direct: Row = {"$eq": [{"$type": {"$first": "$in.pair"}}, "string"]}
    variables |= {"chat": "$chat", "direct": {"$cond": [is_direct, "$chat", 0]}}

    def entries(name: str, match: Row, conditions: Sequence[Row], *stages: Row) -> Row:
        pipeline: list[Row] = [{"$match": match | {"$expr": {"$and": list(conditions)}}}, *stages]
        return {"$lookup": {"from": ENTRIES, "let": variables, "pipeline": pipeline, "as": name}}

    in_chat: Row = {"$eq": ["$chat", "$$chat"]}
    in_direct: Row = {"$eq": ["$chat", "$$direct"]}
    is_own: Row = {"$eq": ["$sender", "$$account"]}
    before_end: Row = {"$lt": ["$_id", "$$end"]}
    newest: list[Row] = [{"$sort": {"_id": -1}}, {"$limit": 1}]
    pipeline: list[Row] = [
        {"$match": match},
        {"$lookup": {"from": CHATS, "localField": "chat", "foreignField": "_id", "as": "in"}},
    ]
    if with_last:
        pipeline.append(entries("last", SAID, [in_chat, {"$gte": ["$_id", "$$came"]}, before_end], *newest))
        pipeline.append(entries("own", _KEPT_BACK, [in_direct, is_own], *newest))
    if is_near:
        after_read: list[Row] = [{"$gt": ["$_id", "$$read"]}, before_end]
        variables |= times
        pipeline.append(entries("near", {}, after_read, *COUNT_NEAR))
    return pipeline


def _is_hidden(message: Row, row: Row) -> bool:
    """Returns whether the account of a member row deleted a message for itself."""
    return message["_id"] in hidden_keys(row) or row["account"] in message.get("hidden_by", ())


def _peer(row: Row) -> int:
    return chat_of(row["in"][0]).peer_of(row["account"])


def _standing(row: Row, end: int) -> dict[str, Any]:
    """Returns the fields of a Standing."""
    member = member_of(row)
    return {
        "chat": chat_of(row["in"][0]),
        "member": member,
        "last_seq": end if member.last_seq is None else min(end, member.last_seq),
        "unread": min(row["messages"] + row["notices"], UNREAD_MAX),
        "unread_messages": row["messages"],
        "mentioned": row["mentions"],
        "peer_number": row.get("peer"),
        "has_newer": row["newer"],
    }


def _head(row: Row, end: int, newest: list[Entry], pending: Sequence[Entry]) -> ChatSummary:
    """`newest` holds the newest message as it is stored, if there is one."""
    standing = _standing(row, end)
    last = overlay([row["last"]] if newest else [], newest, pending)
    came: Entry | None = row["came"]
    last_at = last[0].at if last else came.at if came else standing["chat"].created_at
    if came is not None and came.seq <= standing["member"].cleared:
        came = None
    shown = row["notice"] or came
    notice = None if shown is None else as_seen_by(shown, row["account"])
    return ChatSummary(
        **standing, last=shown_to(last[0], row["account"]) if last else None, last_at=last_at, notice=notice
    )
