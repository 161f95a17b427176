"""Contacts: one row per owner and number, found from either side."""

from collections.abc import Collection, Mapping

from pymongo import ASCENDING, DeleteMany, IndexModel, ReturnDocument, UpdateOne
from pymongo.errors import DuplicateKeyError

from models.documents.contact import Contact, ContactsChange
from models.documents.plain_line import one_line
from models.errors import ContactNotFound
from models.stores.database import Database, Row

INDEXES = [
    # An address book holds a number once. This also sorts it, and holds all that `has` and `list_numbers` read.
    IndexModel([("owner_id", ASCENDING), ("number", ASCENDING)], unique=True, name="once"),
    # Finds the owners of a number without reading rows.
    IndexModel([("number", ASCENDING), ("owner_id", ASCENDING)], name="owners"),
]
_ROW = {"_id": 0}


class Contacts:
    """All address books."""

    def __init__(self, database: Database) -> None:
        self._contacts = database.collection("contacts")

    async def prepare(self) -> None:
        await self._contacts.create_indexes(INDEXES)

    async def find(self, owner_id: int, number: str) -> Contact | None:
        row = await self._contacts.find_one({"owner_id": owner_id, "number": number}, _ROW)
        return None if row is None else _contact(row)

    async def has(self, owner_id: int, number: str) -> bool:
        """Returns whether this address book holds this number."""
        row = await self._contacts.find_one({"owner_id": owner_id, "number": number}, {"_id": 0, "number": 1})
        return row is not None

    async def list_by_owner(self, owner_id: int) -> list[Contact]:
        """Returns one address book, sorted by the digits of the numbers (docs/messaging-api.md, "Contacts")."""
        rows = await self._contacts.find({"owner_id": owner_id}, _ROW).sort("number", ASCENDING).to_list(None)
        return [_contact(row) for row in rows]

    async def list_by_owners(self, owner_ids: Collection[int]) -> dict[int, list[Contact]]:
        """Returns whole address books by owner, each sorted by the digits of the numbers."""
        books: dict[int, list[Contact]] = {owner_id: [] for owner_id in owner_ids}
        query = {"owner_id": {"$in": list(owner_ids)}}
        for row in await self._contacts.find(query, _ROW).sort("number", ASCENDING).to_list(None):
            books[row["owner_id"]].append(_contact(row))
        return books

    async def list_by_numbers(self, owner_id: int, numbers: Collection[str]) -> list[Contact]:
        """Returns the entries of one address book with these numbers, in no order."""
        query = {"owner_id": owner_id, "number": {"$in": list(numbers)}}
        return [_contact(row) for row in await self._contacts.find(query, _ROW).to_list(None)]

    async def list_numbers(self, owner_id: int) -> set[str]:
        """Returns the numbers of one address book."""
        rows = await self._contacts.find({"owner_id": owner_id}, {"_id": 0, "number": 1}).to_list(None)
        return {row["number"] for row in rows}

    async def list_known(self, owner_id: int, numbers: Collection[str]) -> set[str]:
        """Returns those of these numbers that this address book holds."""
        query = {"owner_id": owner_id, "number": {"$in": list(numbers)}}
        return {row["number"] for row in await self._contacts.find(query, {"_id": 0, "number": 1}).to_list(None)}

    async def list_owners_among(self, number: str, owner_ids: Collection[int]) -> set[int]:
        """Returns those of these accounts that have this number in their address book."""
        query = {"number": number, "owner_id": {"$in": list(owner_ids)}}
        rows = await self._contacts.find(query, {"_id": 0, "owner_id": 1}).to_list(None)
        return {row["owner_id"] for row in rows}

    async def list_owners_of(self, number: str) -> list[int]:
        """Returns the ids of the accounts that have this number in their address book, ascending."""
        query = self._contacts.find({"number": number}, {"_id": 0, "owner_id": 1}).sort("owner_id", ASCENDING)
        return [row["owner_id"] for row in await query.to_list(None)]

    async def remove_all(self, owner_id: int) -> None:
        """Delete one address book."""
        await self._contacts.delete_many({"owner_id": owner_id})

    async def count(self, owner_id: int) -> int:
        return await self._contacts.count_documents({"owner_id": owner_id})

    async def append(self, contact: Contact) -> bool:
        """Add one entry. Returns False, and changes nothing, if the number is there already."""
        try:
            await self._contacts.insert_one(_row(contact))
        except DuplicateKeyError:
            return False
        return True

    async def change(self, owner_id: int, number: str, names: Mapping[str, str | None]) -> Contact:
        """Set the names that are given (`first_name`, `last_name`). Returns the changed entry. Raises ContactNotFound."""
        row = await self._contacts.find_one_and_update(
            {"owner_id": owner_id, "number": number},
            {"$set": dict(names)},
            projection=_ROW,
            return_document=ReturnDocument.AFTER,
        )
        if row is None:
            raise ContactNotFound
        return _contact(row)

    async def apply(self, owner_id: int, change: ContactsChange) -> None:
        """Store a whole change in one bulk write. Repeating it, also after a fault halfway, leads to the same rows.

        Removals go first, so that an address book never exceeds the larger of its sizes before and after. Two changes of
        one address book at once may each leave entries that the other did not know; the next import corrects that.
        """
        writes: list[DeleteMany | UpdateOne] = []
        if change.removed:
            writes.append(DeleteMany({"owner_id": owner_id, "number": {"$in": list(change.removed)}}))
        for contact in (*change.added, *change.updated):
            names = {"first_name": contact.first_name, "last_name": contact.last_name}
            writes.append(UpdateOne({"owner_id": owner_id, "number": contact.number}, {"$set": names}, upsert=True))
        if writes:
            await self._contacts.bulk_write(writes)

    async def remove(self, owner_id: int, numbers: Collection[str]) -> int:
        """Delete the entries with these numbers. Returns how many there were."""
        result = await self._contacts.delete_many({"owner_id": owner_id, "number": {"$in": list(numbers)}})
        return result.deleted_count


def _contact(row: Row) -> Contact:
    """Returns the entry of a row. Earlier versions stored names without folding them to one line."""
    first, last = (one_line(row.get(name) or "") or None for name in ("first_name", "last_name"))
    return Contact(row["owner_id"], row["number"], first, last)


def _row(contact: Contact) -> Row:
    return {
        "owner_id": contact.owner_id,
        "number": contact.number,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
    }
