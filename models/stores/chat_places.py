"""Keeps the order of chat lists: where each chat of an account stands, newest first, in an index over member rows.

A member row has `kind` (of its chat) and `activity`, the time of the newest message that this account may see, or when it joined.
It is a copy of what the log says; services/chats/summaries.py brings it up to date after the messages. A large chat would cost a
write for each member, so its time is stored once, in the chat's own row, and the large chats of an account, which are few, are
looked up beside the page. Member rows of earlier versions have no `kind`: they are `unplaced` until `place` is called.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from pymongo import UpdateMany, UpdateOne
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from models.documents.chat import ChatKind
from models.documents.entry import Entry, entry_key
from models.stores.chat_rows import CHATS, MEMBERS, member_key, stored_kind
from models.stores.database import Database, Row, aggregate
from models.stores.entry_rows import ENTRIES, read_entry

WRITES_AT_ONCE = 1000
# The copy may be lost in a crash of the database: marked entries then say that it is to be made again. So it is written and read
# without waiting for a majority; what is shown of a chat comes from the log (chat_summaries.py).
_QUICK = WriteConcern(1, j=False)
_AS_IT_STANDS = ReadConcern("local")

Place = tuple[datetime, int]  # activity, chat id


@dataclass(frozen=True, slots=True)
class Places:
    """The first chats of one account behind a place, newest first, and those that have no place yet."""

    places: list[Place]
    unplaced: list[int]


class ChatPlaces:
    """Reads and writes the order of chat lists."""

    def __init__(self, database: Database) -> None:
        self._accounts, self._members, self._chats, self._entries = (
            database.collection(name).with_options(write_concern=_QUICK, read_concern=_AS_IT_STANDS)
            for name in ("accounts", MEMBERS, CHATS, ENTRIES)
        )

    async def list_newest(
        self, account_ids: Collection[int], kinds: Collection[ChatKind], *, limit: int, before: Place | None = None
    ) -> dict[int, Places]:
        """Returns the newest `limit` chats of these kinds behind `before`, by account; by one query for all accounts."""
        stored = sorted({stored_kind(kind) for kind in kinds})
        pipeline: list[Row] = [
            {"$match": {"_id": {"$in": list(account_ids)}}},
            {"$project": {"_id": True}},
            _of_account("unplaced", {"large": {"$in": [None, True]}, "kind": None}, {"$project": {"chat": True}}),
            *[
                _of_account(
                    kind,
                    {"large": None, "kind": kind} | _behind(before),
                    {"$sort": {"activity": -1, "chat": -1}},
                    {"$limit": limit},
                    {"$project": {"chat": True, "activity": True}},
                )
                for kind in stored
            ],
            _of_account(
                "large",
                {"large": True, "kind": {"$in": stored}},
                {"$lookup": {"from": CHATS, "localField": "chat", "foreignField": "_id", "as": "in"}},
                {"$project": {"chat": True, "activity": {"$max": ["$activity", {"$first": "$in.activity"}]}}},
            ),
        ]
        found: dict[int, Places] = {account_id: Places([], []) for account_id in account_ids}
        for row in await aggregate(self._accounts, pipeline):
            listed = [one for name in (*stored, "large") for one in row[name]]
            places = sorted(((one["activity"], one["chat"]) for one in listed), reverse=True)
            behind = [place for place in places if before is None or place < before]
            found[row["_id"]] = Places(behind[:limit], [one["chat"] for one in row["unplaced"]])
        return found

    async def place(self, account_id: int, activity: Mapping[int, tuple[ChatKind, datetime]]) -> None:
        """Give places to chats of an account that have none: chat id -> (kind, time)."""
        await self._write_members(
            [
                UpdateOne(
                    {"_id": member_key(chat_id, account_id), "kind": None},
                    {"$set": {"kind": stored_kind(kind), "activity": at}},
                )
                for chat_id, (kind, at) in activity.items()
            ]
        )

    async def correct(self, account_id: int, activity: Mapping[int, tuple[datetime, datetime]]) -> int:
        """Correct wrong times of chats of an account: chat id -> (wrong, right).

        One that moved meanwhile stays. Returns how many were wrong.
        """
        return await self._write_members(
            [
                UpdateOne({"_id": member_key(chat_id, account_id), "activity": wrong}, {"$set": {"activity": right}})
                for chat_id, (wrong, right) in activity.items()
            ]
        )

    async def move_up(self, members: Mapping[tuple[int, int], datetime], large: Mapping[int, datetime]) -> None:
        """Move chats up: in the lists of (chat id, account id), and large chats, by chat id, in those of all their members."""
        await self._write_members(
            [
                UpdateOne({"_id": member_key(chat_id, account_id)}, {"$max": {"activity": at}})
                for (chat_id, account_id), at in members.items()
            ]
        )
        moves = [UpdateOne({"_id": chat_id}, {"$max": {"activity": at}}) for chat_id, at in large.items()]
        for start in range(0, len(moves), WRITES_AT_ONCE):
            await self._chats.bulk_write(moves[start : start + WRITES_AT_ONCE], ordered=False)

    async def list_unsummed(self, before: datetime, limit: int = 1000) -> list[Entry]:
        """Returns messages stored before this time that moved no chat up: what a crash left."""
        query = {"unsummed": True, "at": {"$lt": before}}
        return [read_entry(row) for row in await self._entries.find(query).hint("unsummed").limit(limit).to_list(limit)]

    async def settle(self, seqs: Mapping[int, int]) -> None:
        """Note that the messages up to these seqs, by chat id, have moved their chats up."""
        writes = [
            UpdateMany(
                {"chat": chat_id, "_id": {"$lte": entry_key(chat_id, seq)}, "unsummed": True},
                {"$unset": {"unsummed": ""}},
                hint="unsummed",
            )
            for chat_id, seq in seqs.items()
        ]
        for start in range(0, len(writes), WRITES_AT_ONCE):
            await self._entries.bulk_write(writes[start : start + WRITES_AT_ONCE], ordered=False)

    async def _write_members(self, writes: list[UpdateOne]) -> int:
        """Returns how many rows were changed."""
        changed = 0
        for start in range(0, len(writes), WRITES_AT_ONCE):
            result = await self._members.bulk_write(writes[start : start + WRITES_AT_ONCE], ordered=False)
            changed += result.modified_count
        return changed


def _of_account(name: str, match: Row, *stages: Row) -> Row:
    """Returns the stage that looks up the rows of the listed chats that an account is in."""
    listed: Row = {"active": True, "unlisted": None, "$expr": {"$eq": ["$account", "$$account"]}}
    pipeline = [{"$match": listed | match}, *stages]
    return {"$lookup": {"from": MEMBERS, "let": {"account": "$_id"}, "pipeline": pipeline, "as": name}}


def _behind(before: Place | None) -> Row:
    if before is None:
        return {}
    at, chat_id = before
    return {"activity": {"$lte": at}, "$or": [{"activity": {"$lt": at}}, {"chat": {"$lt": chat_id}}]}
