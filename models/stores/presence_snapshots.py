"""Stores what each viewer saw last of each contact's presence; `_id` = viewer id << 32 | contact's account id."""

from collections.abc import Collection, Mapping

from pymongo import ReplaceOne

from models.facts import VisiblePresence
from models.stores.database import Database


class PresenceSnapshots:
    """The presence of contacts as their viewers saw it last (docs/messaging-api.md, "Presence")."""

    def __init__(self, database: Database) -> None:
        self._snapshots = database.collection("presence_snapshots")

    async def find(self, viewer_id: int, account_ids: Collection[int]) -> dict[int, VisiblePresence]:
        """Returns what a viewer saw last, by account id, without accounts that it never saw."""
        keys = [_key(viewer_id, account_id) for account_id in account_ids]
        rows = await self._snapshots.find({"_id": {"$in": keys}}).to_list(None)
        return {
            row["_id"] & 0xFFFF_FFFF: VisiblePresence(row["number"], row["status"], row["last_seen"]) for row in rows
        }

    async def replace(self, viewer_id: int, shown: Mapping[int, VisiblePresence]) -> None:
        writes = []
        for account_id, seen in shown.items():
            key = {"_id": _key(viewer_id, account_id)}
            fields = {"number": seen.number, "status": seen.status, "last_seen": seen.last_seen}
            writes.append(ReplaceOne(key, key | fields, upsert=True))
        if writes:
            await self._snapshots.bulk_write(writes, ordered=False)

    async def forget(self, viewer_id: int) -> None:
        """Delete all that a viewer saw."""
        await self._snapshots.delete_many({"_id": {"$gte": viewer_id << 32, "$lt": (viewer_id + 1) << 32}})


def _key(viewer_id: int, account_id: int) -> int:
    return viewer_id << 32 | account_id
