"""Counters: small integer ids for accounts, chats and whatever else clients name by a number."""

from pymongo import ReturnDocument

from models.stores.database import Database


class Counters:
    """One row per counter; a crash between taking an id and using it leaves a gap, never a twin."""

    def __init__(self, database: Database) -> None:
        self._counters = database.collection("counters")

    async def next_id(self, name: str) -> int:
        """The next id of this counter, from 1 upwards."""
        row = await self._counters.find_one_and_update(
            {"_id": name}, {"$inc": {"last": 1}}, upsert=True, return_document=ReturnDocument.AFTER
        )
        if row is None:
            raise RuntimeError("an upsert returned no row")
        return int(row["last"])
