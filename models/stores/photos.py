"""Photo histories: one row for each time that an account set or removed its photo."""

from collections.abc import Collection
from datetime import datetime

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING, IndexModel

from models.documents.photo import Photo, PhotoChange
from models.stores.database import Database
from models.stores.entry_rows import photo_files, photo_row, read_photo, with_photo

INDEXES = [
    # Finds an owner's changes in the order in which they were stored.
    IndexModel([("owner_id", ASCENDING), ("_id", ASCENDING)], name="history"),
    IndexModel([("photo.$**", ASCENDING)], name="files"),  # finds the owners that show or showed a file
]
HISTORY_MAX = 1000  # changes in one answer; the API has no pages here


class Photos:
    """The photo histories of all accounts."""

    def __init__(self, database: Database) -> None:
        self._photos = database.collection("photos")

    async def prepare(self) -> None:
        await self._photos.create_indexes(INDEXES)

    async def append(self, owner_id: int, photo: Photo | None, now: datetime) -> None:
        await self._photos.insert_one({"_id": ObjectId(), "owner_id": owner_id, "at": now, "photo": photo_row(photo)})

    async def list_by_owner(self, owner_id: int) -> list[PhotoChange]:
        """Returns the newest HISTORY_MAX changes, newest first."""
        query = self._photos.find({"owner_id": owner_id}).sort("_id", DESCENDING).limit(HISTORY_MAX)
        return [PhotoChange(row["at"], read_photo(row)) for row in await query.to_list(None)]

    async def list_files(self, owner_id: int) -> set[str]:
        """Returns the names of all files that this owner's history points to."""
        rows = await self._photos.find({"owner_id": owner_id}, {"photo": True}).to_list(None)
        return photo_files(rows)

    async def list_used(self, names: Collection[str]) -> set[str]:
        """Returns those of these files that a history points to."""
        rows = await self._photos.find(with_photo(names), {"photo": True}).to_list(None)
        return photo_files(rows).intersection(names)

    async def forget(self, owner_id: int) -> None:
        await self._photos.delete_many({"owner_id": owner_id})
