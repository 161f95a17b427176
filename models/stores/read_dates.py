"""Stores when read receipts of direct chats advanced, so that each message can tell when it was read."""

from collections.abc import Collection
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from models.documents.receipt import ReadMark, ReadMarks
from models.stores.database import Database

READ_DATES = "read_dates"
OWN_READ_DATES = "own_read_dates"  # of what a reader shows to nobody else
INDEXES = [
    # A mark that is written again, after an answer that got lost, keeps its first date.
    IndexModel([("chat", ASCENDING), ("account", ASCENDING), ("upto", ASCENDING)], unique=True, name="once"),
]


class ReadDates:
    """One row per (chat, account, seq up to which it was read).

    There are two: of the receipts that the other person of a chat is shown, and of those that only the reader is.
    """

    def __init__(self, database: Database, name: str = READ_DATES) -> None:
        self._marks = database.collection(name)

    async def prepare(self) -> None:
        await self._marks.create_indexes(INDEXES)

    async def append(self, marks: Collection[tuple[int, int, ReadMark]]) -> None:
        """Store read times as (chat id, account id, mark). One that is stored already keeps its first time."""
        writes = [
            UpdateOne(
                {"chat": chat_id, "account": account_id, "upto": mark.upto},
                {"$setOnInsert": {"at": mark.at}},
                upsert=True,
            )
            for chat_id, account_id, mark in marks
        ]
        if writes:
            await self._marks.bulk_write(writes, ordered=False)

    async def list_covering(self, chat_id: int, account_id: int, first: int, last: int) -> ReadMarks:
        """Returns the read times of the messages with first <= seq <= last."""
        of = {"chat": chat_id, "account": account_id}
        fields = {"_id": False, "upto": True, "at": True}
        within = await self._marks.find(of | {"upto": {"$gte": first, "$lt": last}}, fields).to_list(None)
        beyond = self._marks.find(of | {"upto": {"$gte": last}}, fields).sort("upto", ASCENDING).limit(1)
        return ReadMarks(ReadMark(**row) for row in [*within, *await beyond.to_list(1)])

    async def last_before(self, chat_id: int, account_id: int, at: datetime) -> int:
        """Returns the seq up to which an account had read before this time; 0 for nothing."""
        query = {"chat": chat_id, "account": account_id, "at": {"$lt": at}}
        rows = await self._marks.find(query, {"_id": False, "upto": True}).sort("upto", DESCENDING).limit(1).to_list(1)
        return int(rows[0]["upto"]) if rows else 0
