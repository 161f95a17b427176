"""Page versions: the files that the web client of each version loads, one row per version."""

from collections.abc import Mapping
from datetime import datetime

from pymongo import DESCENDING, IndexModel

from models.stores.database import Database, insert_missing

INDEXES = [IndexModel([("started_at", DESCENDING)], name="started_at")]
VERSIONS_MAX = 16  # those with which nodes started last; a row has about 320 kB


class PageVersions:
    """The files of each version, so that every node has those of the other nodes' pages (docs/architecture.md, "Page")."""

    def __init__(self, database: Database) -> None:
        self._versions = database.collection("page_versions")

    async def prepare(self) -> None:
        await self._versions.create_indexes(INDEXES)

    async def keep(self, version: str, files: Mapping[str, bytes], now: datetime) -> None:
        """Store the files of a version with which a node starts, and remove versions that were not started for longest."""
        rows = [{"name": name, "packed": packed} for name, packed in files.items()]
        if not await insert_missing(self._versions, [{"_id": version, "started_at": now, "files": rows}]):
            await self._versions.update_one({"_id": version}, {"$set": {"started_at": now}})
        newest = self._versions.find({}, {"_id": True}).sort("started_at", DESCENDING)
        outdated = [row["_id"] for row in (await newest.to_list(None))[VERSIONS_MAX:]]
        if outdated:
            await self._versions.delete_many({"_id": {"$in": outdated}})

    async def list_versions(self) -> set[str]:
        newest = self._versions.find({}, {"_id": True}).sort("started_at", DESCENDING).limit(VERSIONS_MAX)
        return {row["_id"] for row in await newest.to_list(None)}

    async def find(self, version: str) -> dict[str, bytes] | None:
        """Returns the files of a version as they were stored, or None if it is not known."""
        row = await self._versions.find_one({"_id": version})
        return None if row is None else {file["name"]: bytes(file["packed"]) for file in row["files"]}
