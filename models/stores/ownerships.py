"""Ownerships: the numbers in the list of each login, and which of them the login proved."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from models.documents.account import Account
from models.documents.login import Ownership
from models.stores.counters import Counters
from models.stores.database import Database, Row

INDEXES = [
    # A login lists a number once. This also finds its list.
    IndexModel([("login_id", ASCENDING), ("account_id", ASCENDING)], unique=True, name="once"),
    # A number has at most one owner, also if two logins prove it at once.
    IndexModel([("account_id", ASCENDING)], unique=True, name="owner", partialFilterExpression={"is_proved": True}),
    IndexModel([("account_id", ASCENDING), ("login_id", ASCENDING)], name="of_account"),
]
PROVE_TRIES = 5


class Ownerships:
    """The lists of all logins."""

    def __init__(self, database: Database, counters: Counters) -> None:
        self._ownerships = database.collection("ownerships")
        self._counters = counters

    async def prepare(self) -> None:
        await self._ownerships.create_indexes(INDEXES)

    async def find_first_proved(self, login_id: int) -> Ownership | None:
        rows = await self._ownerships.find({"login_id": login_id, "is_proved": True}).sort("_id", 1).limit(1).to_list(1)
        return _ownership(rows[0]) if rows else None

    async def find_by_number(self, login_id: int, number: str) -> Ownership | None:
        row = await self._ownerships.find_one({"login_id": login_id, "number": number})
        return None if row is None else _ownership(row)

    async def list_of_login(self, login_id: int) -> list[Ownership]:
        """Returns the list of one login, oldest first."""
        rows = await self._ownerships.find({"login_id": login_id}).sort("_id", 1).to_list(None)
        return [_ownership(row) for row in rows]

    async def list_of_account(self, account_id: int) -> list[Ownership]:
        """Returns the rows of this account in the lists of all logins."""
        rows = await self._ownerships.find({"account_id": account_id}).to_list(None)
        return [_ownership(row) for row in rows]

    async def list_owners(self, account_ids: Collection[int]) -> dict[int, int]:
        """Returns the login that owns each of these accounts. Accounts without one are left out."""
        owned = self._ownerships.find({"account_id": {"$in": list(account_ids)}, "is_proved": True})
        return {row["account_id"]: row["login_id"] for row in await owned.to_list(None)}

    async def append(self, login_id: int, account: Account, nickname: str) -> Ownership | None:
        """Add a number to a login's list, unproved. Returns None, and changes nothing, if it is there already."""
        ownership = Ownership(
            await self._counters.next_id("ownerships"), login_id, account.id, account.number, nickname=nickname
        )
        row = asdict(ownership)
        row["_id"] = row.pop("id")
        try:
            await self._ownerships.insert_one(row)
        except DuplicateKeyError:
            return None
        return ownership

    async def note_code(self, ownership_id: int, now: datetime) -> None:
        """Note that a code was requested for this number."""
        await self._ownerships.update_one({"_id": ownership_id}, {"$set": {"code_asked_at": now}})

    async def prove(self, ownership: Ownership) -> list[int]:
        """Make this login the owner of the number. Returns the ids of the logins that owned it before."""
        others = {"account_id": ownership.account_id, "is_proved": True, "_id": {"$ne": ownership.id}}
        former: list[int] = []
        for tries_left in reversed(range(PROVE_TRIES)):
            former += [row["login_id"] for row in await self._ownerships.find(others).to_list(None)]
            await self._ownerships.update_many(others, {"$set": {"is_proved": False}})
            try:
                await self._ownerships.update_one({"_id": ownership.id}, {"$set": {"is_proved": True, "nickname": ""}})
            except DuplicateKeyError:  # another login proved it meanwhile: the last one owns it
                if not tries_left:
                    raise
            else:
                break
        return former

    async def rebind(self, account_id: int, to: int) -> None:
        """Move the rows of an account to the account that has its number now."""
        await self._ownerships.update_many({"account_id": account_id}, {"$set": {"account_id": to}})

    async def remove_proved(self, account_id: int) -> None:
        """Delete the ownership of an account. Lists in which its number is not proved keep it."""
        await self._ownerships.delete_many({"account_id": account_id, "is_proved": True})

    async def remove(self, ownership_id: int) -> None:
        await self._ownerships.delete_one({"_id": ownership_id})

    async def remove_of_login(self, login_id: int) -> None:
        await self._ownerships.delete_many({"login_id": login_id})


def _ownership(row: Row) -> Ownership:
    fields = dict(row)
    return Ownership(id=fields.pop("_id"), **fields)
