"""The store of contacts, on both drivers: one row per number, found from both sides, never by a scan."""

import asyncio
from typing import get_args

import pytest

from models.documents.contact import Contact, ContactsChange
from models.errors import ContactNotFound
from models.stores.contacts import Contacts
from models.stores.database import Database, Driver
from tests.support.plans import recorded_plans

ANN, BEN, KIM = 1, 2, 3
TOM = Contact(ANN, "491", "Tom", "Sawyer")
EVA = Contact(ANN, "492", "Eva")


pytestmark = pytest.mark.parametrize("driver", get_args(Driver))


@pytest.fixture
async def contacts(database: Database) -> Contacts:
    store = Contacts(database)
    await store.prepare()
    await store.prepare()  # each start of the server does
    return store


async def test_a_contact_comes_back_as_it_was_put_in(contacts: Contacts) -> None:
    assert await contacts.append(TOM)
    assert await contacts.find(ANN, "491") == TOM
    assert await contacts.has(ANN, "491")


async def test_an_unknown_number_and_another_owner_find_nothing(contacts: Contacts) -> None:
    await contacts.append(TOM)
    for owner_id, number in ((ANN, "492"), (BEN, "491")):
        assert await contacts.find(owner_id, number) is None
        assert not await contacts.has(owner_id, number)
        assert await contacts.remove(owner_id, [number]) == 0
        with pytest.raises(ContactNotFound):
            await contacts.change(owner_id, number, {"first_name": "X"})
    assert await contacts.find(ANN, "491") == TOM


async def test_a_number_is_stored_once_whoever_is_first(contacts: Contacts) -> None:
    added = await asyncio.gather(*(contacts.append(Contact(ANN, "491", f"Tom {n}")) for n in range(8)))
    assert sorted(added) == [False] * 7 + [True]
    assert await contacts.count(ANN) == 1


async def test_an_address_book_is_listed_by_number(contacts: Contacts) -> None:
    for contact in (EVA, TOM, Contact(BEN, "493")):
        await contacts.append(contact)
    assert await contacts.list_by_owner(ANN) == [TOM, EVA]
    assert await contacts.list_numbers(ANN) == {"491", "492"}
    assert await contacts.count(ANN) == 2
    assert await contacts.list_by_owner(KIM) == []
    assert await contacts.list_numbers(KIM) == set()


async def test_the_owners_of_a_number_are_those_who_have_it_now(contacts: Contacts) -> None:
    for owner_id in (KIM, ANN, BEN):
        await contacts.append(Contact(owner_id, "491"))
    await contacts.append(EVA)
    assert await contacts.list_owners_among("491", [ANN, BEN, KIM, 999]) == {ANN, BEN, KIM}
    await contacts.remove(BEN, ["491"])
    assert await contacts.list_owners_among("491", [ANN, BEN, KIM]) == {ANN, KIM}
    assert await contacts.list_owners_among("499", [ANN]) == set()


async def test_a_change_leaves_the_name_that_it_does_not_name(contacts: Contacts) -> None:
    await contacts.append(TOM)
    assert await contacts.change(ANN, "491", {"first_name": "Thomas"}) == Contact(ANN, "491", "Thomas", "Sawyer")
    assert await contacts.change(ANN, "491", {"last_name": None}) == Contact(ANN, "491", "Thomas")
    assert await contacts.find(ANN, "491") == Contact(ANN, "491", "Thomas")


async def test_a_whole_change_is_applied_and_may_be_applied_again(contacts: Contacts) -> None:
    await contacts.append(TOM)
    await contacts.append(EVA)
    await contacts.append(Contact(BEN, "492", "Mine"))
    wanted = [Contact(ANN, "491", "Thomas"), Contact(ANN, "490", "Kim")]
    change = ContactsChange.between([TOM, EVA], wanted)
    for _ in range(2):
        await contacts.apply(ANN, change)
        assert await contacts.list_by_owner(ANN) == [wanted[1], wanted[0]]
    assert await contacts.find(BEN, "492") == Contact(BEN, "492", "Mine")


async def test_an_empty_change_is_nothing(contacts: Contacts) -> None:
    await contacts.apply(ANN, ContactsChange.between([], []))
    assert await contacts.list_by_owner(ANN) == []


async def test_removal_counts_what_was_there(contacts: Contacts) -> None:
    await contacts.append(TOM)
    await contacts.append(EVA)
    assert await contacts.remove(ANN, ["491", "492", "499"]) == 2
    assert await contacts.remove(ANN, ["491"]) == 0
    assert await contacts.remove(ANN, []) == 0


class TestPlans:
    async def test_no_query_scans_the_collection(self, contacts: Contacts, database: Database) -> None:
        for owner_id in (ANN, BEN, KIM):
            for number in range(490, 510):
                await contacts.append(Contact(owner_id, str(number)))
        async with recorded_plans(database, "contacts") as plans:
            await contacts.find(ANN, "491")
            await contacts.has(ANN, "491")
            await contacts.list_by_owner(ANN)
            await contacts.list_numbers(ANN)
            await contacts.list_owners_among("491", [ANN, BEN])
            await contacts.count(ANN)
            await contacts.change(ANN, "491", {"first_name": "Tom"})
            await contacts.apply(ANN, ContactsChange((Contact(ANN, "600"),), (Contact(ANN, "491"),), ("492",)))
            await contacts.remove(ANN, ["491", "493"])
        by_owner, by_number = "owner_id: 1, number: 1", "number: 1, owner_id: 1"
        assert len(plans) == 11  # `apply` is three
        assert [plan.index for plan in plans] == [by_owner] * 4 + [by_number] + [by_owner] * 6

    async def test_what_is_asked_of_each_message_reads_the_index_alone(
        self, contacts: Contacts, database: Database
    ) -> None:
        await contacts.append(TOM)
        async with recorded_plans(database, "contacts") as plans:
            await contacts.has(ANN, "491")
            await contacts.list_numbers(ANN)
            await contacts.list_owners_among("491", [ANN, BEN])
        assert [plan.docs_examined for plan in plans] == [0, 0, 0]
