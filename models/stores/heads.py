"""Heads: the chats of one account with their ends and unread counts, computed from the log itself in one query.

There is no summary row that a crash could leave behind: what a client is told to be its chat's end is the last row that is
there. The price is a few index seeks and two bounded scans per chat.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from models.documents.chat import ChatKind
from models.documents.entry import Entry, Kind
from models.documents.head import UNREAD_MAX, Head
from models.stores.chat_rows import chat_of, member_of
from models.stores.chats import CHATS, MEMBERS
from models.stores.database import Database, Row, aggregate
from models.stores.entries import MESSAGE_CHANGES, overlay
from models.stores.entry_rows import read_entry
from models.stores.journal import ENTRIES

# Entries looked at for the last message and for the unread ones: whoever is blocked may have written any number of them.
SCAN_MAX = 2000
ROWS_AT_ONCE = 100  # made into heads without letting anybody else in between, some 3 ms


class Heads:
    """What an account's chat list is made of."""

    def __init__(self, database: Database) -> None:
        self._members = database.collection(MEMBERS)
        self._entries = database.collection(ENTRIES)

    async def list_ends(
        self, account_ids: Collection[int], chat_ids: Collection[int] | None = None
    ) -> dict[int, dict[int, int]]:
        """Where the logs end, by account and chat: of all listed chats that it is in, or of those of `chat_ids` it is or was in."""
        match: Row = {"account": {"$in": list(account_ids)}, "active": True, "unlisted": {"$ne": True}}
        if chat_ids is not None:
            match = {"_id": {"$in": [chat_id << 32 | account for chat_id in chat_ids for account in account_ids]}}
        fields = {"chat": True, "account": True, "end": True}
        ends: dict[int, dict[int, int]] = {account_id: {} for account_id in account_ids}
        for row in await aggregate(self._members, [{"$match": match}, _END, {"$project": fields}]):
            end = row["end"][0]["_id"] - (row["chat"] << 32) if row["end"] else 0
            ends[row["account"]][row["chat"]] = end
        return ends

    async def list_heads(self, ends: Mapping[int, Mapping[int, int]]) -> list[tuple[int, Head]]:
        """The heads of these chats by account, whose logs end (or ended, a moment ago) there: (account, head), in no order."""
        # The changes that wait come first, as for a page of the log (entries.py).
        pending = await self._list_pending({chat_id for chats in ends.values() for chat_id in chats})
        keys = [chat_id << 32 | account_id for account_id, chats in ends.items() for chat_id in chats]
        rows = await aggregate(self._members, _pipeline({"_id": {"$in": keys}}))
        heads = []
        for count, row in enumerate(rows, 1):
            account_id, chat_id = row["account"], row["chat"]
            heads.append((account_id, _head(row, account_id, ends[account_id][chat_id], pending.get(chat_id, []))))
            if count % ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return heads

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
            "first": {"$multiply": ["$chat", 2**32]},
            "end": {"$multiply": [{"$add": ["$chat", 1]}, 2**32]},
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


def _pipeline(match: Row) -> list[Row]:
    # `$expr` with `$gt` and `$lt` is answered from the index since MongoDB 5.0.
    first: Row = {"$multiply": ["$chat", 2**32]}
    span: Row = {"$last": "$spans"}
    left: Row = {"$arrayElemAt": [span, 1]}
    variables: Row = {
        "first": first,
        "account": "$account",
        "came": {"$add": [first, {"$arrayElemAt": [span, 0]}]},
        "read": {"$add": [first, {"$toLong": "$read"}]},
        # Whoever left hears nothing of what came after, not even how much it is.
        "end": {"$add": [first, {"$cond": [{"$isNumber": left}, {"$add": [left, 1]}, 2**32]}]},
        "hidden": {"$map": {"input": {"$ifNull": ["$hidden", []]}, "in": {"$add": [first, "$$this"]}}},
    }
    is_kept_back: Row = {"$in": ["$$account", {"$ifNull": ["$hidden_from", []]}]}
    is_seen: list[Row] = [{"$not": {"$in": ["$_id", "$$hidden"]}}, {"$not": is_kept_back}]
    seen: Row = {"$expr": {"$and": is_seen}}

    def entries(name: str, least: Row, *stages: Row) -> Row:
        between: Row = {"$expr": {"$and": [least, {"$lt": ["$_id", "$$end"]}]}}
        pipeline: list[Row] = [{"$match": between}, *stages]
        return {"$lookup": {"from": ENTRIES, "let": variables, "pipeline": pipeline, "as": name}}

    newest: Row = {"$sort": {"_id": -1}}
    few: Row = {"$limit": SCAN_MAX}
    from_others: Row = {"$expr": {"$and": [{"$ne": ["$sender", "$$account"]}, *is_seen]}}
    countable: Row = {"kind": Kind.MESSAGE.value, "deleted": {"$ne": True}} | from_others
    # No chat has the number 0: where nobody's number is asked for, not one of perhaps thousands of members is looked at.
    is_direct: Row = {"$eq": [{"$type": {"$first": "$in.pair"}}, "string"]}
    direct: Row = {"$cond": [is_direct, "$chat", 0]}
    return [
        {"$match": match},
        {"$lookup": {"from": CHATS, "localField": "chat", "foreignField": "_id", "as": "in"}},
        entries(
            "last",
            {"$gte": ["$_id", "$$came"]},
            newest,
            few,
            {"$match": seen | {"kind": Kind.MESSAGE.value}},
            {"$limit": 1},
        ),
        entries(
            "unread",
            {"$gt": ["$_id", "$$read"]},
            {"$sort": {"_id": 1}},
            few,
            {"$match": countable},
            {"$limit": UNREAD_MAX},
            {"$count": "count"},
        ),
        entries("came", {"$eq": ["$_id", "$$came"]}, {"$project": {"at": True}}),
        {
            "$lookup": {
                "from": MEMBERS,
                "let": {"chat": direct},
                "pipeline": [
                    {
                        "$match": {
                            "$expr": {
                                "$and": [
                                    {"$gt": ["$_id", {"$multiply": ["$$chat", 2**32]}]},
                                    {"$lt": ["$_id", {"$multiply": [{"$add": ["$$chat", 1]}, 2**32]}]},
                                ]
                            }
                        }
                    },
                    {"$limit": 2},
                    {"$project": {"account": True, "number": True}},
                ],
                "as": "people",
            }
        },
    ]


def _head(row: Row, account_id: int, end: int, pending: Sequence[Entry]) -> Head:
    chat = chat_of(row["in"][0])
    member = member_of(row)
    last = overlay(row["last"], [read_entry(one) for one in row["last"]], pending)
    peer = None
    if chat.kind is ChatKind.DIRECT:
        others = [person["number"] for person in row["people"] if person["account"] != account_id]
        peer = others[0] if others else row["number"]
    came = row["came"][0]["at"] if row["came"] and chat.kind is not ChatKind.DIRECT else chat.created_at
    return Head(
        chat,
        member,
        last_seq=end if member.last_seq is None else min(end, member.last_seq),
        last=last[0] if last else None,
        last_at=last[0].at if last else came,
        unread=row["unread"][0]["count"] if row["unread"] else 0,
        peer_number=peer,
    )
