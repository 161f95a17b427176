"""Stores which messages an account has marked with a star: a row for each, also for one whose star was taken back."""

from dataclasses import dataclass

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from models.stores.database import Database, Row

INDEXES = [
    # The stars of an account, the newest first.
    IndexModel([("account", ASCENDING), ("starred", ASCENDING), ("by", DESCENDING)], name="newest"),
]


@dataclass(frozen=True, slots=True)
class Star:
    """A star on the entry `of`, set by the entry `by` of its owner's log; both are keys (models/documents/entry.py, entry_key)."""

    of: int
    by: int


class Stars:
    """The stars of all accounts."""

    def __init__(self, database: Database) -> None:
        self._stars = database.collection("stars")

    async def prepare(self) -> None:
        await self._stars.create_indexes(INDEXES)

    async def put(self, account_id: int, of: int, *, by: int, is_starred: bool) -> None:
        """Set or take back a star by the entry `by`, unless a later one has done either."""
        older: Row = {"_id": {"account": account_id, "of": of}, "by": {"$not": {"$gte": by}}}
        fields = {"account": account_id, "of": of, "by": by, "starred": is_starred}
        try:
            await self._stars.update_one(older, {"$set": fields}, upsert=True)
        except DuplicateKeyError:
            return  # it is there, and its entry is not older

    async def list_newest(self, account_id: int, *, limit: int, before: int | None = None) -> list[Star]:
        """Returns the stars of an account, set last first, behind the one that the entry `before` set."""
        query: Row = {"account": account_id, "starred": True}
        if before is not None:
            query["by"] = {"$lt": before}
        rows = await self._stars.find(query).hint("newest").sort("by", DESCENDING).limit(limit).to_list(limit)
        return [Star(row["of"], row["by"]) for row in rows]

    async def forget(self, account_id: int) -> None:
        await self._stars.delete_many({"account": account_id})
