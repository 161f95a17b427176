"""Accounts: one row per phone number, found by id or by number."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from models.documents.account import Account, NotificationFlags, Privacy, Visibility
from models.documents.phone import Phone
from models.documents.photo import Photo
from models.documents.plain_line import one_line
from models.documents.user import UserFilter
from models.errors import AccountNotFound
from models.stores.counters import Counters
from models.stores.database import Database, Row, aggregate, insert_missing
from models.stores.entry_rows import photo_files, with_photo

INDEXES = [
    # The number is the identity on both APIs; of two first sign-ins at once one creates the account.
    IndexModel([("number", ASCENDING)], unique=True, name="number"),
    IndexModel([("photo.$**", ASCENDING)], name="files"),  # finds the accounts that show a file
]

# Sorts names as documents/collation.py does: the order for English is the algorithm's own.
_BY_NAME = {"locale": "en"}
RETIRED = "\0"  # between number and id in a retired account's row, so that no number finds it


class Accounts:
    """All accounts."""

    def __init__(self, database: Database, counters: Counters) -> None:
        self._accounts = database.collection("accounts")
        self._counters = counters

    async def prepare(self) -> None:
        await self._accounts.create_indexes(INDEXES)

    async def list_files(self, owner_id: int) -> set[str]:
        """Returns the names of the files of this account's photo."""
        return photo_files(await self._accounts.find({"_id": owner_id}, {"photo": True}).to_list(None))

    async def list_used(self, names: Collection[str]) -> set[str]:
        """Returns those of these files that are an account's photo."""
        rows = await self._accounts.find(with_photo(names), {"photo": True}).to_list(None)
        return photo_files(rows).intersection(names)

    async def find(self, account_id: int) -> Account | None:
        row = await self._accounts.find_one({"_id": account_id})
        return None if row is None else _account(row)

    async def require(self, account_id: int) -> Account:
        """Returns the account. Raises AccountNotFound."""
        account = await self.find(account_id)
        if account is None:
            raise AccountNotFound
        return account

    async def find_by_number(self, number: str) -> Account | None:
        row = await self._accounts.find_one({"number": number})
        return None if row is None else _account(row)

    async def list_by_numbers(self, numbers: Collection[str]) -> list[Account]:
        """Returns the accounts of these numbers, in no order. Numbers without one are left out."""
        rows = await self._accounts.find({"number": {"$in": list(numbers)}}).to_list(None)
        return [_account(row) for row in rows]

    async def list_registered(self, numbers: Collection[str]) -> set[str]:
        """Returns those of these numbers that have a registered account, which is what `exists` means for a contact."""
        query = {"number": {"$in": list(numbers)}, "is_registered": True}
        rows = await self._accounts.find(query, {"_id": 0, "number": 1}).to_list(None)
        return {row["number"] for row in rows}

    async def map_by_ids(self, account_ids: Collection[int]) -> dict[int, Account]:
        """Returns these accounts by id. Those that do not exist are left out."""
        return {account.id: account for account in await self.list_by_ids(account_ids)} if account_ids else {}

    async def list_by_ids(self, account_ids: Collection[int]) -> list[Account]:
        rows = await self._accounts.find({"_id": {"$in": list(account_ids)}}).to_list(None)
        return [_account(row) for row in rows]

    async def count_users(self, users: UserFilter) -> int:
        return await self._accounts.count_documents(_query(users))

    async def list_users(self, users: UserFilter, skip: int, limit: int) -> list[Account]:
        """Returns `limit` of these users behind the first `skip`, by the name that is shown of them."""
        # Their ids replace the numbers, whose index would not be used together with the sort by name.
        known = await self._accounts.find({"number": {"$in": list(users.numbers)}}, {"_id": True}).to_list(None)
        users = replace(users, ids={*users.ids, *(row["_id"] for row in known)}, numbers=())
        name = {"$cond": [{"$eq": ["$full_name", ""]}, "$nickname", "$full_name"]}
        pipeline: list[dict[str, Any]] = [
            {"$match": _query(users)},
            {"$set": {"shown": name}},
            {"$sort": {"shown": ASCENDING, "_id": ASCENDING}},
            {"$skip": skip},
            {"$limit": limit},
            {"$unset": "shown"},
        ]
        return [_account(row) for row in await aggregate(self._accounts, pipeline, _BY_NAME)]

    async def find_or_create(self, phone: Phone, now: datetime) -> Account:
        """Returns the account of this number. A new one is not registered yet."""
        known = await self.find_by_number(phone.number)
        if known is not None:
            return known
        account = Account(await self._counters.next_id("accounts"), phone, is_registered=False, created_at=now)
        try:
            await self._accounts.insert_one(_row(account))
        except DuplicateKeyError:
            known = await self.find_by_number(phone.number)
            if known is None:
                raise
            return known
        return account

    async def find_or_create_all(self, phones: Collection[Phone], now: datetime) -> dict[str, Account]:
        """Returns the accounts of these numbers, by number. New ones are not registered yet."""
        numbers = [phone.number for phone in phones]
        found = {account.number: account for account in await self.list_by_numbers(numbers)}
        missing = {phone.number: phone for phone in phones if phone.number not in found}
        if not missing:
            return found
        ids = await self._counters.next_ids("accounts", len(missing))
        new = [
            Account(account_id, phone, is_registered=False, created_at=now)
            for account_id, phone in zip(ids, missing.values(), strict=True)
        ]
        if await insert_missing(self._accounts, [_row(account) for account in new]):
            return found | {account.number: account for account in new}
        # Another call created some of them at the same moment.
        return {account.number: account for account in await self.list_by_numbers(numbers)}

    async def change(self, account_id: int, fields: Mapping[str, Any]) -> Account:
        """Set fields, which are named as in the document (`privacy.photo` for a part of one).

        Returns the changed account. Raises AccountNotFound.
        """
        row = await self._accounts.find_one_and_update(
            {"_id": account_id}, {"$set": dict(fields)}, return_document=ReturnDocument.AFTER
        )
        if row is None:
            raise AccountNotFound
        return _account(row)

    async def set_last_seen(self, account_ids: Collection[int], at: datetime) -> None:
        """Note that these accounts were last online at this time, unless a later time is noted.

        Unregistered ones are skipped.
        """
        registered = {"_id": {"$in": list(account_ids)}, "is_registered": True}
        await self._accounts.update_many(registered, {"$max": {"last_seen": at}})

    async def reset(self, account: Account, now: datetime) -> None:
        """Delete all data of an account but its id and number, and note that it was removed now."""
        blank = Account(
            account.id,
            account.phone,
            is_registered=False,
            created_at=account.created_at,
            removed_at=now,
            is_retired=account.is_retired,
        )
        row = _row(blank)
        await self._accounts.replace_one({"_id": row.pop("_id")}, row)

    async def retire(self, account: Account) -> None:
        """Take the number from an account, so that another account may have it.

        Found by its id, it still shows the number.
        """
        await self._accounts.update_one(
            {"_id": account.id, "number": account.number},
            {"$set": {"number": _retired(account), "is_registered": False}},
        )

    async def block(self, account_id: int, number: str) -> bool:
        """Add a blocked number. Returns whether it was not blocked before."""
        result = await self._accounts.update_one({"_id": account_id}, {"$addToSet": {"blocked": number}})
        return result.modified_count == 1

    async def unblock(self, account_id: int, number: str) -> bool:
        """Remove a blocked number. Returns whether it was blocked before."""
        result = await self._accounts.update_one({"_id": account_id}, {"$pull": {"blocked": number}})
        return result.modified_count == 1


def _query(users: UserFilter) -> dict[str, Any]:
    others: dict[str, Any] = {"is_registered": True, "blocked": {"$ne": users.viewer_number}}
    if users.is_open:
        others["_id"] = {"$gt": 0}  # every account, as the setting says: each page reads and sorts all of them
    else:
        others["$or"] = [{"_id": {"$in": list(users.ids)}}, {"number": {"$in": list(users.numbers)}}]
    return {"$or": [{"_id": users.viewer_id}, others]}


def _row(account: Account) -> Row:
    row = asdict(account)
    row["_id"] = row.pop("id")
    row["phone"] = account.phone.text
    row["number"] = _retired(account) if account.is_retired else account.number
    row["blocked"] = sorted(account.blocked)
    del row["is_retired"]  # read from the number
    if account.removed_at is None:
        del row["removed_at"]  # nodes of an earlier version do not know the field
    return row


def _retired(account: Account) -> str:
    return f"{account.number}{RETIRED}{account.id}"


def _account(row: Row) -> Account:
    fields = dict(row)
    fields["id"] = fields.pop("_id")
    number, retired, _ = fields.pop("number").partition(RETIRED)
    fields["phone"], fields["is_retired"] = Phone(fields["phone"], number), bool(retired)
    # Earlier versions stored names without folding them to one line.
    for name in ("full_name", "nickname"):
        fields[name] = one_line(fields.get(name, ""))
    fields["status_message"] = one_line(fields.get("status_message") or "") or None
    fields["privacy"] = Privacy(**{part: Visibility(value) for part, value in fields.get("privacy", {}).items()})
    fields["notify"] = NotificationFlags(**fields.get("notify", {}))
    fields["photo"] = Photo(**fields["photo"]) if fields.get("photo") else None
    fields["blocked"] = frozenset(fields.get("blocked", ()))
    return Account(**fields)
