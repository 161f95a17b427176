"""Favourites: one row per owner and number, with an id that clients know.

They are no flag of the address book's entries: an import on the messaging API replaces the address book, and would remove
the marks of the events API. Marking a number also does not make it a contact that may be written to.
"""

from collections.abc import Collection, Mapping

from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne

from models.documents.favourite import Favourite
from models.documents.phone import Phone
from models.documents.plain_line import one_line
from models.stores.counters import Counters
from models.stores.database import Database, Row

INDEXES = [
    # A number is marked once. This also finds all favourites of an owner.
    IndexModel([("owner_id", ASCENDING), ("number", ASCENDING)], unique=True, name="once"),
    IndexModel([("photo", ASCENDING)], name="files", sparse=True),  # finds the favourites that show a file
]


class Favourites:
    """All favourites."""

    def __init__(self, database: Database, counters: Counters) -> None:
        self._favourites = database.collection("favourites")
        self._counters = counters

    async def prepare(self) -> None:
        await self._favourites.create_indexes(INDEXES)

    async def list_by_owner(self, owner_id: int) -> list[Favourite]:
        """Returns an owner's favourites, newest first."""
        rows = await self._favourites.find({"owner_id": owner_id}).sort("_id", DESCENDING).to_list(None)
        return [_favourite(row) for row in rows]

    async def list_known(self, owner_id: int, numbers: Collection[str]) -> set[str]:
        """Returns those of these numbers that this owner marked."""
        query = {"owner_id": owner_id, "number": {"$in": list(numbers)}}
        return {row["number"] for row in await self._favourites.find(query, {"number": True}).to_list(None)}

    async def put(self, owner_id: int, marked: Mapping[Phone, Mapping[str, str]]) -> None:
        """Mark these numbers, and set the fields that are given for each (`contact_name`, `photo`), also of those marked before.

        New ones get ids in the order of the mapping. Two calls for one number at once leave one row.
        """
        if not marked:
            return
        ids = await self._counters.next_ids("favourites", len(marked))
        await self._favourites.bulk_write(
            [
                UpdateOne(
                    {"owner_id": owner_id, "number": phone.number},
                    {"$setOnInsert": {"_id": favourite_id, "phone": phone.text}}
                    | ({"$set": dict(fields)} if fields else {}),
                    upsert=True,
                )
                for favourite_id, (phone, fields) in zip(ids, marked.items(), strict=True)
            ],
            ordered=False,
        )

    async def remove(self, owner_id: int, numbers: Collection[str]) -> None:
        """Unmark these numbers. Those that are not marked are skipped."""
        await self._favourites.delete_many({"owner_id": owner_id, "number": {"$in": list(numbers)}})

    async def list_files(self, owner_id: int) -> set[str]:
        """Returns the names of the pictures that this account gave its favourites."""
        return {each.photo for each in await self.list_by_owner(owner_id) if each.photo is not None}

    async def list_used(self, names: Collection[str]) -> set[str]:
        """Returns those of these files that are a favourite's picture."""
        rows = await self._favourites.find({"photo": {"$in": list(names)}}, {"photo": True}).to_list(None)
        return {row["photo"] for row in rows}

    async def forget(self, owner_id: int) -> None:
        await self._favourites.delete_many({"owner_id": owner_id})


def _favourite(row: Row) -> Favourite:
    phone = Phone(row["phone"], row["number"])
    return Favourite(row["_id"], row["owner_id"], phone, one_line(row.get("contact_name", "")), row.get("photo"))
