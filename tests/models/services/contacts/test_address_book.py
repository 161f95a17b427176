"""The verbs of the address book: what they refuse, and that every change is signalled and nothing else is."""

from dataclasses import replace

import pytest
from typing_extensions import override

from models.documents.contact import Contact, ContactsChange, ListedContact
from models.documents.session import Actor
from models.errors import ContactExists, ContactNotFound, ContactsFull
from models.facts import AccountChanged
from models.services.contacts.address_book import (
    AddContact,
    ChangeContact,
    FindContact,
    ImportContacts,
    ImportReport,
    ListContacts,
    RemoveContacts,
)
from models.stores.contacts import Contacts
from models.stores.database import Database
from tests.support.fixture import Fixture, build_fixture


@pytest.fixture
async def fixture(database: Database) -> Fixture:
    return await build_fixture(database)


@pytest.fixture
async def ann(fixture: Fixture) -> Actor:
    return await fixture.register("490")


@pytest.fixture
def add(fixture: Fixture) -> AddContact:
    return AddContact(fixture.contacts, fixture.accounts, fixture.fanout, fixture.unlimited, contacts_max=3)


@pytest.fixture
def import_contacts(fixture: Fixture) -> ImportContacts:
    return ImportContacts(fixture.contacts, fixture.accounts, fixture.fanout, fixture.unlimited, contacts_max=3)


def numbered(actor: Actor, *numbers: str) -> list[Contact]:
    return [Contact(actor.account_id, number) for number in numbers]


class TestExists:
    async def test_it_follows_the_account_without_a_sync(self, fixture: Fixture, ann: Actor, add: AddContact) -> None:
        contact = Contact(ann.account_id, "491", "Tom")
        assert not (await add(ann, contact)).exists
        find, list_contacts = (
            FindContact(fixture.contacts, fixture.accounts),
            ListContacts(fixture.contacts, fixture.accounts),
        )
        for is_registered in (False, True, False):
            await fixture.register("491", is_registered=is_registered)
            assert await find(ann, "491") == ListedContact(contact, is_registered)
            assert await list_contacts(ann) == [ListedContact(contact, is_registered)]

    async def test_an_unknown_contact_is_not_found_even_if_its_account_is_there(
        self, fixture: Fixture, ann: Actor
    ) -> None:
        await fixture.register("491")
        with pytest.raises(ContactNotFound):
            await FindContact(fixture.contacts, fixture.accounts)(ann, "491")


class TestSignals:
    """What caches hold of an account is forgotten after each change of its address book, and only then."""

    async def test_an_added_contact_is_signalled_and_a_refused_one_is_not(
        self, fixture: Fixture, ann: Actor, add: AddContact
    ) -> None:
        await add(ann, Contact(ann.account_id, "491"))
        assert fixture.fanout.signals == [AccountChanged(ann.account_id)]
        with pytest.raises(ContactExists):
            await add(ann, Contact(ann.account_id, "491"))
        assert len(fixture.fanout.signals) == 1

    async def test_an_import_is_signalled_once_and_one_that_differs_in_nothing_is_not(
        self, fixture: Fixture, ann: Actor, import_contacts: ImportContacts
    ) -> None:
        for _ in range(2):
            await import_contacts(ann, numbered(ann, "491", "492"))
        assert fixture.fanout.signals == [AccountChanged(ann.account_id)]

    async def test_an_import_that_breaks_off_is_signalled_and_completed_by_the_next(
        self, fixture: Fixture, ann: Actor, database: Database
    ) -> None:
        class BreaksOff(Contacts):
            @override
            async def apply(self, owner_id: int, change: ContactsChange) -> None:
                await super().apply(owner_id, replace(change, added=change.added[:1]))
                raise ConnectionError

        with pytest.raises(ConnectionError):
            await ImportContacts(BreaksOff(database), fixture.accounts, fixture.fanout, fixture.unlimited)(
                ann, numbered(ann, "491", "492")
            )
        assert fixture.fanout.signals == [AccountChanged(ann.account_id)]
        report = await ImportContacts(fixture.contacts, fixture.accounts, fixture.fanout, fixture.unlimited)(
            ann, numbered(ann, "491", "492")
        )
        assert report.added == 1
        assert await fixture.contacts.list_numbers(ann.account_id) == {"491", "492"}

    async def test_a_changed_name_is_signalled_and_an_unknown_number_is_not(self, fixture: Fixture, ann: Actor) -> None:
        change = ChangeContact(fixture.contacts, fixture.fanout)
        with pytest.raises(ContactNotFound):
            await change(ann, "491", {"first_name": "Tom"})
        assert fixture.fanout.signals == []
        await fixture.contacts.append(Contact(ann.account_id, "491"))
        assert await change(ann, "491", {"first_name": "Tom"}) == Contact(ann.account_id, "491", "Tom")
        assert fixture.fanout.signals == [AccountChanged(ann.account_id)]

    async def test_a_removal_is_signalled_if_it_removed_anything(self, fixture: Fixture, ann: Actor) -> None:
        remove = RemoveContacts(fixture.contacts, fixture.fanout)
        with pytest.raises(ContactNotFound):
            await remove(ann, ["491"])
        assert await remove(ann, ["491", "492"]) == 0
        assert fixture.fanout.signals == []
        await fixture.contacts.append(Contact(ann.account_id, "491"))
        assert await remove(ann, ["491", "492"]) == 1
        assert fixture.fanout.signals == [AccountChanged(ann.account_id)]


class TestLimits:
    async def test_a_full_address_book_takes_no_more_and_loses_nothing(
        self, fixture: Fixture, ann: Actor, add: AddContact
    ) -> None:
        for contact in numbered(ann, "491", "492", "493"):
            await add(ann, contact)
        with pytest.raises(ContactsFull):
            await add(ann, Contact(ann.account_id, "494"))
        with pytest.raises(ContactExists):
            await add(ann, Contact(ann.account_id, "491"))
        assert await fixture.contacts.list_numbers(ann.account_id) == {"491", "492", "493"}

    async def test_an_import_over_the_limit_changes_nothing(
        self, fixture: Fixture, ann: Actor, import_contacts: ImportContacts
    ) -> None:
        await import_contacts(ann, numbered(ann, "490"))
        with pytest.raises(ContactsFull):
            await import_contacts(ann, numbered(ann, "491", "492", "493", "494"))
        assert await fixture.contacts.list_numbers(ann.account_id) == {"490"}

    async def test_a_number_twice_counts_once(self, ann: Actor, import_contacts: ImportContacts) -> None:
        report = await import_contacts(ann, numbered(ann, "491", "492", "491", "493", "492"))
        assert report == ImportReport(added=3, removed=0, updated=0, existing=0, non_existing=3)

    async def test_an_import_may_replace_a_full_address_book(self, ann: Actor, import_contacts: ImportContacts) -> None:
        await import_contacts(ann, numbered(ann, "491", "492", "493"))
        report = await import_contacts(ann, numbered(ann, "494", "495", "496"))
        assert (report.added, report.removed) == (3, 3)
