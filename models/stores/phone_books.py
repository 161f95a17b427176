"""Phone books: the numbers that a phone has uploaded, for finding its owner's friends and for telling when one of them joins.

They are no field of the account: accounts are read and cached on the message path, and ten thousand numbers in each would
cost more than all else. They are no part of the address book either, whose entries are added one by one and say who may
write to whom.
"""

from collections.abc import Collection

from pymongo import ASCENDING, IndexModel

from models.stores.database import Database

INDEXES = [
    # Finds the owners of a number, when it joins and when a profile is read.
    IndexModel([("numbers", ASCENDING)], name="owners"),
]


class PhoneBooks:
    """One row per account that has uploaded its phone book."""

    def __init__(self, database: Database) -> None:
        self._books = database.collection("phone_books")

    async def prepare(self) -> None:
        await self._books.create_indexes(INDEXES)

    async def replace(self, owner_id: int, numbers: Collection[str]) -> None:
        """Store these numbers in place of the former ones."""
        await self._books.update_one({"_id": owner_id}, {"$set": {"numbers": sorted(numbers)}}, upsert=True)

    async def list_numbers(self, owner_id: int) -> list[str]:
        """Returns the numbers of one phone book, ascending."""
        row = await self._books.find_one({"_id": owner_id})
        return [] if row is None else list(row["numbers"])

    async def has(self, owner_id: int, number: str) -> bool:
        return await self._books.find_one({"_id": owner_id, "numbers": number}, {"_id": 1}) is not None

    async def list_known(self, owner_id: int, numbers: Collection[str]) -> set[str]:
        """Returns those of these numbers that this phone book holds."""
        held = {"_id": 0, "held": {"$setIntersection": ["$numbers", list(numbers)]}}
        row = await self._books.find_one({"_id": owner_id}, held)
        return set() if row is None else set(row["held"])

    async def list_owners_of(self, number: str) -> list[int]:
        """Returns the ids of the accounts whose phone book holds this number, ascending."""
        rows = await self._books.find({"numbers": number}, {"_id": 1}).sort("_id", ASCENDING).to_list(None)
        return [row["_id"] for row in rows]

    async def list_owners_among(self, number: str, owner_ids: Collection[int]) -> set[int]:
        """Returns those of these accounts whose phone book holds this number."""
        query = {"_id": {"$in": list(owner_ids)}, "numbers": number}
        return {row["_id"] for row in await self._books.find(query, {"_id": 1}).to_list(None)}

    async def forget(self, owner_id: int) -> None:
        await self._books.delete_one({"_id": owner_id})
