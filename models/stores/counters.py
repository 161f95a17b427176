"""Counters: small integer ids for accounts, chats and everything else that clients name by a number."""

from models.stores.database import Database, upsert


class Counters:
    """One row per counter. A crash between taking an id and using it leaves a gap; no id is given twice."""

    def __init__(self, database: Database) -> None:
        self._counters = database.collection("counters")

    async def next_id(self, name: str) -> int:
        """Returns the next id of this counter, from 1 upwards."""
        return (await self.next_ids(name, 1))[0]

    async def next_from(self, name: str, least: int) -> int:
        """Returns the next number of this counter, at least `least`. Numbers ascend, and none is given twice."""
        following = {"$max": [least, {"$add": [{"$ifNull": ["$last", 0]}, 1]}]}
        row = await upsert(self._counters, {"_id": name}, [{"$set": {"last": following}}])
        return int(row["last"])

    async def next_ids(self, name: str, count: int) -> range:
        """Returns the next `count` ids of this counter."""
        row = await upsert(self._counters, {"_id": name}, {"$inc": {"last": count}})
        last = int(row["last"])
        return range(last - count + 1, last + 1)
