"""Numbers that an earlier version stored by other spellings: whose they are, and that nothing of anybody is lost."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.documents.contact import Contact
from models.documents.phone import RULE
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.counters import Counters
from models.stores.database import Database
from models.stores.events import Events
from models.stores.favourites import Favourites
from models.stores.number_identities import AGAIN_FOR, NumberIdentities
from models.stores.ownerships import Ownerships
from models.stores.phone_books import PhoneBooks
from tests.support.fakes import HandClock
from tests.support.plans import recorded_plans

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])
AT = datetime(2026, 1, 1, tzinfo=UTC)
RIGHT, WRONG, MARKED = "447400123777", "4407400123777", "+44\u20117400\u2011123777"


class Kept:
    """The stores whose rows hold numbers, as they lie in one database."""

    def __init__(self, database: Database) -> None:
        counters = Counters(database)
        self.database, self.clock = database, HandClock()
        self.accounts, self.contacts = Accounts(database, counters), Contacts(database)
        self.favourites, self.books = Favourites(database, counters), PhoneBooks(database)
        self.events, self.ownerships = Events(database, counters), Ownerships(database, counters)
        self.identities = NumberIdentities(database, self.clock)

    async def open(self) -> "Kept":
        for store in (self.accounts, self.contacts, self.favourites, self.books, self.events, self.ownerships):
            await store.prepare()
        return self

    async def put(self, account_id: int, number: str, phone: str, *, is_registered: bool, **fields: Any) -> None:
        row = {"_id": account_id, "number": number, "phone": phone, "is_registered": is_registered, "created_at": AT}
        await self.database.collection("accounts").insert_one(row | fields)

    async def numbers(self) -> dict[int, tuple[str, str, bool, bool]]:
        """Of each account its number, how that is shown, and whether it is registered and whether the number is another's."""
        found = await self.accounts.list_by_ids(range(1, 10))
        return {one.id: (one.number, one.phone.text, one.is_registered, one.is_retired) for one in found}


async def test_what_names_a_number_names_it_by_its_identity(database: Database) -> None:
    kept = await Kept(database).open()
    await kept.put(1, "49301", "+49301", is_registered=True, blocked=["49302", WRONG, RIGHT])
    await kept.put(2, WRONG, "+447400123777", is_registered=True)
    await kept.put(3, "hello", "hello", is_registered=False)
    await database.collection("contacts").insert_one(
        {"owner_id": 1, "number": WRONG, "first_name": "Ann", "last_name": None}
    )
    await database.collection("favourites").insert_one(
        {"_id": 1, "owner_id": 1, "number": MARKED, "phone": MARKED, "contact_name": "Ann"}
    )
    await kept.books.replace(1, ["hello", WRONG, MARKED, "+44 7400 123777 ext 1", "49301"])
    await asyncio.gather(
        *(NumberIdentities(database, kept.clock).prepare() for _ in range(3))
    )  # as nodes that start at once do
    assert await kept.numbers() == {
        1: ("49301", "+49301", True, False),
        2: (RIGHT, "+" + RIGHT, True, False),
        3: ("hello", "hello", False, False),
    }
    assert (await kept.accounts.require(1)).blocked == {"49302", RIGHT}
    assert await kept.contacts.find(1, RIGHT) == Contact(1, RIGHT, "Ann", None)
    (favourite,) = await kept.favourites.list_by_owner(1)
    assert (favourite.phone.number, favourite.phone.text, favourite.contact_name) == (RIGHT, "+" + RIGHT, "Ann")
    assert await kept.books.list_numbers(1) == ["447400123777", "49301", "hello"]


class FinishedMeanwhile(NumberIdentities):
    """One of two nodes that start at once: the other one is done between its reading of the accounts and its first change."""

    async def prepare(self) -> None:
        self._accounts = _Accounts(self._accounts, super().prepare)
        await super().prepare()


class _Accounts:
    def __init__(self, collection: Any, other: Any) -> None:
        self._collection, self._other, self._is_done = collection, other, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._collection, name)

    async def find_one(self, *asked: Any) -> Any:
        if not self._is_done:
            self._is_done = True
            await self._other()
        return await self._collection.find_one(*asked)


async def test_a_node_that_comes_second_takes_no_number_away(database: Database) -> None:
    kept = await Kept(database).open()
    await kept.put(1, WRONG, "+" + RIGHT, is_registered=True)
    await FinishedMeanwhile(database, kept.clock).prepare()
    assert await kept.numbers() == {1: (RIGHT, "+" + RIGHT, True, False)}


@pytest.mark.parametrize(
    ("right", "wrong", "holder"),
    [(True, True, 1), (True, False, 1), (False, True, 2), (False, False, 1)],
    ids=["both registered", "the right one", "the wrong one", "neither"],
)
async def test_of_two_accounts_that_are_one_number_the_registered_one_or_else_the_older_has_it(
    database: Database, right: bool, wrong: bool, holder: int
) -> None:
    kept = await Kept(database).open()
    await kept.put(1, RIGHT, "+" + RIGHT, is_registered=right, full_name="Right")
    await kept.put(2, WRONG, "+" + RIGHT, is_registered=wrong, full_name="Wrong")
    for _ in range(2):
        await kept.identities.prepare()
        found = await kept.accounts.find_by_number(RIGHT)
        assert found is not None
        assert found.id == holder
    assert await kept.numbers() == {
        1: (RIGHT, "+" + RIGHT, right, holder != 1),
        2: (RIGHT, "+" + RIGHT, wrong, holder != 2),
    }
    assert {one.full_name for one in await kept.accounts.list_by_ids([1, 2])} == {"Right", "Wrong"}


async def test_what_waited_for_somebody_to_register_goes_to_whom_it_was_meant_for(database: Database) -> None:
    kept = await Kept(database).open()
    await kept.put(1, RIGHT, "+" + RIGHT, is_registered=True)
    await kept.put(2, WRONG, WRONG, is_registered=False)
    invitation = {"number": WRONG, "phone": WRONG, "created_at": AT, "answer": None, "seen": False}
    own = {
        "id": 9,
        "account": 1,
        "number": RIGHT,
        "phone": "+" + RIGHT,
        "created_at": AT,
        "answer": None,
        "seen": False,
    }
    events = database.collection("events")
    await events.insert_many(
        [
            {"_id": 1, "chat": 1, "version": 1, "invitations": [invitation | {"id": 1, "account": 2}]},
            {"_id": 2, "chat": 2, "version": 1, "invitations": [own, invitation | {"id": 2, "account": 2}]},
        ]
    )
    pending = {"account_id": 2, "number": WRONG, "is_proved": False, "nickname": "", "code_asked_at": None}
    await database.collection("ownerships").insert_many(
        [
            pending | {"_id": 1, "login_id": 1},
            pending | {"_id": 2, "login_id": 2},
            pending | {"_id": 3, "login_id": 2, "account_id": 1, "number": RIGHT},
        ]
    )
    await kept.identities.prepare()
    rows = {row["_id"]: row["invitations"] async for row in events.find()}
    assert [(one["account"], one["number"], one["phone"]) for one in rows[1]] == [(1, RIGHT, "+" + RIGHT)]
    assert [one["id"] for one in rows[2]] == [9]
    for login_id in (1, 2):
        (owned,) = await kept.ownerships.list_of_login(login_id)
        assert owned.account_id == 1


async def test_an_account_whose_number_is_another_ones_can_still_be_removed(database: Database) -> None:
    kept = await Kept(database).open()
    await kept.put(1, RIGHT, "+" + RIGHT, is_registered=True)
    await kept.put(2, WRONG, "+" + RIGHT, is_registered=True)
    await kept.identities.prepare()
    await kept.accounts.reset(await kept.accounts.require(2), AT)
    assert await kept.numbers() == {1: (RIGHT, "+" + RIGHT, True, False), 2: (RIGHT, "+" + RIGHT, False, True)}


async def test_of_two_entries_of_one_address_book_the_names_stay(database: Database) -> None:
    kept = await Kept(database).open()
    contacts, favourites = database.collection("contacts"), database.collection("favourites")
    await contacts.insert_many(
        [
            {"owner_id": 1, "number": RIGHT, "first_name": None, "last_name": "Lee"},
            {"owner_id": 1, "number": WRONG, "first_name": "Ann", "last_name": "Other"},
            {"owner_id": 2, "number": WRONG, "first_name": "Bob", "last_name": None},
        ]
    )
    await favourites.insert_many(
        [
            {"_id": 1, "owner_id": 1, "number": WRONG, "phone": "+" + RIGHT, "photo": "a.jpg", "contact_name": "A"},
            {"_id": 2, "owner_id": 1, "number": RIGHT, "phone": "+" + RIGHT, "contact_name": "B"},
        ]
    )
    await kept.identities.prepare()
    assert await kept.contacts.list_by_owner(1) == [Contact(1, RIGHT, "Ann", "Lee")]
    assert await kept.contacts.list_by_owner(2) == [Contact(2, RIGHT, "Bob", None)]
    (favourite,) = await kept.favourites.list_by_owner(1)
    assert (favourite.contact_name, favourite.photo) == ("B", "a.jpg")


async def test_it_is_done_once_but_for_the_day_in_which_earlier_nodes_may_write(database: Database) -> None:
    kept = await Kept(database).open()

    async def passes() -> bool:
        async with recorded_plans(database, "accounts") as plans:
            await kept.identities.prepare()
        return bool(plans)

    assert await passes()
    kept.clock.move(hours=1)
    assert await passes()
    kept.clock.move(hours=AGAIN_FOR / timedelta(hours=1))
    assert not await passes()
    await database.collection("seeds").update_many({"rule": RULE}, {"$set": {"rule": "of last year"}})
    assert await passes()
