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
    # The number is the identity on both APIs; two first sign-ins at once are settled here.
    IndexModel([("number", ASCENDING)], unique=True, name="number"),
    IndexModel([("photo.$**", ASCENDING)], name="files"),  # which of them show this file
]

# Names as documents/collation.py orders them: of English, whose order is the algorithm's own.
_BY_NAME = {"locale": "en"}
RETIRED = "\0"  # stands behind the number of a retired account, before its id: no number has it, so none finds it


class Accounts:
    """The accounts of this installation. Changes of one field go through `change`, whose answer is the whole account."""

    def __init__(self, database: Database, counters: Counters) -> None:
        self._accounts = database.collection("accounts")
        self._counters = counters

    async def prepare(self) -> None:
        await self._accounts.create_indexes(INDEXES)

    async def list_files(self, owner_id: int) -> set[str]:
        """The names of the files of this account's photo."""
        return photo_files(await self._accounts.find({"_id": owner_id}, {"photo": True}).to_list(None))

    async def list_used(self, names: Collection[str]) -> set[str]:
        """Those of these files that are shown as somebody's photo."""
        rows = await self._accounts.find(with_photo(names), {"photo": True}).to_list(None)
        return photo_files(rows).intersection(names)

    async def find(self, account_id: int) -> Account | None:
        row = await self._accounts.find_one({"_id": account_id})
        return None if row is None else _account(row)

    async def require(self, account_id: int) -> Account:
        """The account, or AccountNotFound."""
        account = await self.find(account_id)
        if account is None:
            raise AccountNotFound
        return account

    async def find_by_number(self, number: str) -> Account | None:
        row = await self._accounts.find_one({"number": number})
        return None if row is None else _account(row)

    async def list_by_numbers(self, numbers: Collection[str]) -> list[Account]:
        """The accounts that these numbers have, in no order; numbers without one are left out."""
        rows = await self._accounts.find({"number": {"$in": list(numbers)}}).to_list(None)
        return [_account(row) for row in rows]

    async def list_registered(self, numbers: Collection[str]) -> set[str]:
        """Those of these numbers that a registered account has: what `exists` means for a contact."""
        query = {"number": {"$in": list(numbers)}, "is_registered": True}
        rows = await self._accounts.find(query, {"_id": 0, "number": 1}).to_list(None)
        return {row["number"] for row in rows}

    async def list_by_ids(self, account_ids: Collection[int]) -> list[Account]:
        rows = await self._accounts.find({"_id": {"$in": list(account_ids)}}).to_list(None)
        return [_account(row) for row in rows]

    async def count_users(self, users: UserFilter) -> int:
        return await self._accounts.count_documents(_query(users))

    async def list_users(self, users: UserFilter, skip: int, limit: int) -> list[Account]:
        """A part of those accounts, by the name that is shown of them."""
        # By their ids, for the numbers' index has another order than the names and would not be used beside it.
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
        """The account of this number; a new one is not registered yet."""
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
        """The accounts of these numbers, by number; those that are new are not registered yet."""
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
        """Set fields named as in the document (`privacy.photo` for a part of one); the changed account, or AccountNotFound."""
        row = await self._accounts.find_one_and_update(
            {"_id": account_id}, {"$set": dict(fields)}, return_document=ReturnDocument.AFTER
        )
        if row is None:
            raise AccountNotFound
        return _account(row)

    async def set_last_seen(self, account_ids: Collection[int], at: datetime) -> None:
        """These were there then; a date that is later already stays, and whoever is removed meanwhile leaves none behind."""
        registered = {"_id": {"$in": list(account_ids)}, "is_registered": True}
        await self._accounts.update_many(registered, {"$max": {"last_seen": at}})

    async def reset(self, account: Account, now: datetime) -> None:
        """Leave nothing of an account but its id and its number, not registered, and that it is removed since now."""
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
        """Take the number from an account, so that another may have it; by its id it is still shown with it."""
        await self._accounts.update_one(
            {"_id": account.id, "number": account.number},
            {"$set": {"number": _retired(account), "is_registered": False}},
        )

    async def block(self, account_id: int, number: str) -> bool:
        """Add a blocked number; whether it was not blocked before."""
        result = await self._accounts.update_one({"_id": account_id}, {"$addToSet": {"blocked": number}})
        return result.modified_count == 1

    async def unblock(self, account_id: int, number: str) -> bool:
        """Remove a blocked number; whether it was blocked before."""
        result = await self._accounts.update_one({"_id": account_id}, {"$pull": {"blocked": number}})
        return result.modified_count == 1


def _query(users: UserFilter) -> dict[str, Any]:
    others: dict[str, Any] = {"is_registered": True, "blocked": {"$ne": users.viewer_number}}
    if users.is_open:
        others["_id"] = {"$gt": 0}  # all of them, which is what was set: each page reads and sorts every account
    else:
        others["$or"] = [{"_id": {"$in": list(users.ids)}}, {"number": {"$in": list(users.numbers)}}]
    return {"$or": [{"_id": users.viewer_id}, others]}


def _row(account: Account) -> Row:
    row = asdict(account)
    row["_id"] = row.pop("id")
    row["phone"] = account.phone.text
    row["number"] = _retired(account) if account.is_retired else account.number
    row["blocked"] = sorted(account.blocked)
    del row["is_retired"]  # as the number says
    if account.removed_at is None:
        del row["removed_at"]  # nodes of an earlier version know no such field
    return row


def _retired(account: Account) -> str:
    return f"{account.number}{RETIRED}{account.id}"


def _account(row: Row) -> Account:
    fields = dict(row)
    fields["id"] = fields.pop("_id")
    number, retired, _ = fields.pop("number").partition(RETIRED)
    fields["phone"], fields["is_retired"] = Phone(fields["phone"], number), bool(retired)
    # Earlier versions kept names as they came.
    for name in ("full_name", "nickname"):
        fields[name] = one_line(fields.get(name, ""))
    fields["status_message"] = one_line(fields.get("status_message") or "") or None
    fields["privacy"] = Privacy(**{part: Visibility(value) for part, value in fields.get("privacy", {}).items()})
    fields["notify"] = NotificationFlags(**fields.get("notify", {}))
    fields["photo"] = Photo(**fields["photo"]) if fields.get("photo") else None
    fields["blocked"] = frozenset(fields.get("blocked", ()))
    return Account(**fields)
