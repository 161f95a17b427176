"""Updates stored numbers to the present rule of which spellings are one number (models/documents/phone.py).

It runs at a start, before requests are served, if the rows were written under another rule: by an earlier version of this
server, or of the library that knows the countries' numbers. Any number of nodes may run it at once and any may die in it:
the next run skips the steps that are done, and an account is changed after everything that names it.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from pymongo.errors import DuplicateKeyError

from models.documents.entry import Kind, entry_key
from models.documents.phone import RULE, Phone, identity_of, is_number
from models.errors import Malformed
from models.ports import Clock
from models.stores.accounts import RETIRED
from models.stores.chat_rows import member_key
from models.stores.database import Database, Row

log = logging.getLogger(__name__)

MARK = "number identities"
# Each start runs it again for so long, since nodes of the earlier version may have written meanwhile.
AGAIN_FOR = timedelta(days=1)
TRIES = 5  # one more for each account whose number was taken meanwhile
_BY_ID = "_id_"  # reads rows in the order of their ids


class NumberIdentities:
    """Renames numbers everywhere. Two accounts whose numbers have become one keep their ids and all their data.

    The number goes to the registered account, or else to the older one. The other account is no longer found by it. If it
    is registered, it goes on for the devices that are signed in; otherwise its open invitations move to the first account.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._marks = database.collection("seeds")
        self._accounts, self._contacts = database.collection("accounts"), database.collection("contacts")
        self._favourites, self._books = database.collection("favourites"), database.collection("phone_books")
        self._members, self._chats = database.collection("members"), database.collection("chats")
        self._entries, self._events = database.collection("entries"), database.collection("events")
        self._ownerships, self._tokens = database.collection("ownerships"), database.collection("invitation_tokens")
        self._clock = clock

    async def prepare(self) -> None:
        """Run the update unless it is done. The indexes of all these stores must exist."""
        mark, now = await self._marks.find_one({"_id": MARK}), self._clock.now()
        is_done = mark is not None and mark["rule"] == RULE
        if mark is not None and is_done and now - mark["at"] >= AGAIN_FOR:
            return
        await self._update_accounts()
        await self._update_contacts()
        await self._update_favourites()
        await self._update_phone_books()
        if not is_done:
            await self._marks.update_one({"_id": MARK}, {"$set": {"rule": RULE, "at": now}}, upsert=True)

    async def _update_accounts(self) -> None:
        for tries_left in reversed(range(TRIES)):
            try:
                await self._update_accounts_once()
            except DuplicateKeyError:
                if not tries_left:
                    raise
            else:
                return

    async def _update_accounts_once(self) -> None:
        fields = {"number": True, "phone": True, "blocked": True, "is_registered": True, "removed_at": True}
        wrong: list[Row] = []
        async for row in self._accounts.find({}, fields).hint(_BY_ID):
            blocked = row.get("blocked", [])
            if (numbers := _identities(blocked)) != sorted(blocked):
                await self._accounts.update_one({"_id": row["_id"], "blocked": blocked}, {"$set": {"blocked": numbers}})
            if _stored_number(row) != row["number"] or _text(row) != row["phone"]:
                wrong.append(row)
        by_number: defaultdict[str, list[Row]] = defaultdict(list)
        for row in wrong:
            if RETIRED in row["number"] or _stored_number(row) == row["number"]:
                await self._rename(row, _stored_number(row))
            else:
                by_number[_stored_number(row)].append(row)
        for number, rows in by_number.items():
            # Another node may have given the number to one of these rows at this moment.
            elsewhere = {"number": number, "_id": {"$nin": [row["_id"] for row in rows]}}
            holder = await self._accounts.find_one(elsewhere, fields)
            first, *others = sorted([*rows, *([] if holder is None else [holder])], key=_claim)
            for other in others:
                await self._give_up(other, first)
            if first["number"] != number:
                await self._rename(first, number)

    async def _give_up(self, other: Row, first: Row) -> None:
        """Leave the number of this account to another one."""
        if not other["is_registered"]:
            await self._hand_over(other, first["_id"])
        log.warning("accounts %d and %d have one number; the first one is found by it", first["_id"], other["_id"])
        await self._rename(other, f"{_identity(other['number'])}{RETIRED}{other['_id']}")

    async def _hand_over(self, other: Row, to: int) -> None:
        """Move invitations and tokens that waited for a registration to the account that has the number now."""
        account_id, bound = other["_id"], {"account": to, "number": _identity(other["number"]), "phone": _text(other)}
        both = {"invitations.account": {"$all": [account_id, to]}}
        await self._events.update_many(both, {"$pull": {"invitations": {"account": account_id}}})
        await self._events.update_many(
            {"invitations.account": account_id},
            {"$set": {f"invitations.$[one].{name}": value for name, value in bound.items()}},
            array_filters=[{"one.account": account_id}],
        )
        await self._tokens.update_many({"account": account_id}, {"$set": {"account": to}})
        async for row in self._ownerships.find({"account_id": account_id}):
            owned = {"account_id": to, "number": bound["number"]}
            try:
                await self._ownerships.update_one({"_id": row["_id"]}, {"$set": owned})
            except DuplicateKeyError:  # this login lists the other account already
                await self._ownerships.delete_one({"_id": row["_id"]})

    async def _rename(self, row: Row, stored: str) -> None:
        """Change the number of an account, in its own row last."""
        account_id, number, text = row["_id"], stored.partition(RETIRED)[0], _text(row)
        former = row["number"].partition(RETIRED)[0]
        await self._events.update_many(
            {"invitations.account": account_id},
            {"$set": {"invitations.$[one].number": number, "invitations.$[one].phone": text}},
            array_filters=[{"one.account": account_id}],
        )
        if former != number:
            await self._ownerships.update_many({"account_id": account_id}, {"$set": {"number": number}})
            async for member in self._members.find({"account": account_id}, {"chat": True}):
                await self._rename_in_chat(member["chat"], account_id, former, number)
        await self._accounts.update_one(
            {"_id": account_id, "number": row["number"]}, {"$set": {"number": stored, "phone": text}}
        )

    async def _rename_in_chat(self, chat_id: int, account_id: int, former: str, number: str) -> None:
        changed = {"$set": {"number": number}}
        await self._entries.update_many({"chat": chat_id, "sender": account_id, "number": former}, changed)
        named = {"_id": {"$gte": entry_key(chat_id, 1), "$lt": entry_key(chat_id + 1, 0)}}
        await self._entries.update_many(
            named | {"kind": Kind.JOINED.value, "numbers": former},
            {"$set": {"numbers.$[one]": number}},
            array_filters=[{"one": former}],
            hint=_BY_ID,
        )
        await self._entries.update_many(
            named | {"account": account_id, "account_number": former}, {"$set": {"account_number": number}}, hint=_BY_ID
        )
        for field in ("created_by_number", "subject_by"):
            await self._chats.update_one({"_id": chat_id, field: former}, {"$set": {field: number}})
        await self._members.update_one({"_id": member_key(chat_id, account_id)}, changed)

    async def _update_contacts(self) -> None:
        """Update contacts.

        Of two entries that have become one, the one with a name stays, or else the one with the right number.
        """
        fields = {"_id": False, "owner_id": True, "number": True}
        async for row in self._contacts.find({}, fields).hint("owners"):
            if (number := _identity(row["number"])) == row["number"]:
                continue
            here, there = row, {"owner_id": row["owner_id"], "number": number}
            try:
                await self._contacts.update_one(here, {"$set": {"number": number}})
            except DuplicateKeyError:
                await self._keep(self._contacts, here, there, ("first_name", "last_name"))

    async def _update_favourites(self) -> None:
        async for row in self._favourites.find({}, {"owner_id": True, "number": True, "phone": True}).hint(_BY_ID):
            number, text = _identity(row["number"]), _text(row)
            if (number, text) == (row["number"], row["phone"]):
                continue
            try:
                await self._favourites.update_one({"_id": row["_id"]}, {"$set": {"number": number, "phone": text}})
            except DuplicateKeyError:
                there = {"owner_id": row["owner_id"], "number": number}
                await self._keep(self._favourites, {"_id": row["_id"]}, there, ("contact_name", "photo"))

    async def _keep(self, collection: Any, here: Row, there: Row, fields: Iterable[str]) -> None:
        """Delete a row in favour of another one, which takes over those of these fields that it lacks."""
        row = await collection.find_one(here) or {}
        for field in fields:
            if row.get(field):
                await collection.update_one(there | {field: {"$in": [None, ""]}}, {"$set": {field: row[field]}})
        await collection.delete_one(here)

    async def _update_phone_books(self) -> None:
        async for row in self._books.find({}, {"numbers": True}).hint(_BY_ID):
            if (numbers := _identities(row["numbers"])) != row["numbers"]:
                await self._books.update_one(dict(row), {"$set": {"numbers": numbers}})


def _claim(row: Mapping[str, Any]) -> tuple[bool, bool, int]:
    """Returns the sort key of an account's claim to a number: registered ones first, then the oldest."""
    return not row["is_registered"], row.get("removed_at") is not None, row["_id"]


def _identity(stored: str) -> str:
    """Returns the present number for a stored one. One that can no longer be read stays as it is."""
    try:
        return identity_of(stored)
    except Malformed:
        return stored


def _identities(stored: Iterable[str]) -> list[str]:
    return sorted(set(map(_identity, stored)))


def _stored_number(row: Row) -> str:
    """Returns the number to store in an account's row. Behind the number of a retired account stands its id."""
    number, retired, account = row["number"].partition(RETIRED)
    return f"{_identity(number)}{retired}{account}"


def _text(row: Row) -> str:
    """Returns how the number of a row is shown: in international form if it is valid, else as it was written."""
    number = _identity(row["number"].partition(RETIRED)[0])
    text: str = row["phone"]
    if text == "+" + number or not is_number(number):
        return text
    phone = Phone.from_digits(number)
    return text if phone.text == number else phone.text
