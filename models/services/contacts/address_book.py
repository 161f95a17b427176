"""The address book: listing, finding, adding, importing, changing and removing contacts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.contact import CONTACTS_MAX, Contact, ContactsChange, ListedContact
from models.documents.session import Actor
from models.errors import ContactExists, ContactNotFound, ContactsFull
from models.facts import AccountChanged
from models.ports import Fanout
from models.services.contacts.new_number_limit import LimitNewNumbers
from models.services.runtime.batch_loader import BatchLoader
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class ImportReport:
    """The result of an import.

    `updated` counts only the entries whose names changed. `existing` counts the numbers with a registered account, and
    `non_existing` the others (docs/messaging-api.md, "Contacts").
    """

    added: int
    removed: int
    updated: int
    existing: int
    non_existing: int

    @property
    def synced(self) -> int:
        return self.existing + self.non_existing


@dataclass(frozen=True, slots=True)
class ImportContacts:
    """Replaces the actor's address book by these entries. Of several entries with one number the last counts.

    An import that changes nothing writes nothing. One that failed halfway can be repeated. Raises ContactsFull for more
    than `contacts_max` entries, and TooManyNewNumbers; after either nothing has changed.
    """

    contacts: Contacts
    accounts: Accounts
    fanout: Fanout
    limit: LimitNewNumbers
    contacts_max: int = CONTACTS_MAX

    async def __call__(self, actor: Actor, wanted: Sequence[Contact]) -> ImportReport:
        numbers = {contact.number for contact in wanted}
        if len(numbers) > self.contacts_max:
            raise ContactsFull(f"An address book holds at most {self.contacts_max} contacts.")
        await self.limit(actor, numbers)
        change = ContactsChange.between(await self.contacts.list_by_owner(actor.account_id), wanted)
        if change:
            try:
                await self.contacts.apply(actor.account_id, change)
            finally:  # also after a fault, which may have left half of the change
                self.fanout.signal(AccountChanged(actor.account_id))
        existing = len(await self.accounts.list_registered(numbers))
        return ImportReport(
            added=len(change.added),
            removed=len(change.removed),
            updated=len(change.updated),
            existing=existing,
            non_existing=len(numbers) - existing,
        )


AT_ONCE = 16  # address books in one query; with ten thousand contacts each they are some megabytes


class ListContacts:
    """Lists all contacts of the actor by number, each with whether the number has a registered account.

    Requests that come while a query runs share the next one: the two queries are four fifths of what an answer costs.
    """

    def __init__(self, contacts: Contacts, accounts: Accounts) -> None:
        self._contacts = contacts
        self._accounts = accounts
        self._books: BatchLoader[int, list[ListedContact]] = BatchLoader(self._read, at_once=AT_ONCE)

    async def __call__(self, actor: Actor) -> list[ListedContact]:
        return await self._books(actor.account_id) or []

    async def _read(self, owner_ids: Collection[int]) -> dict[int, list[ListedContact]]:
        books = await self._contacts.list_by_owners(owner_ids)
        existing = await self._accounts.list_registered({each.number for book in books.values() for each in book})
        return {
            owner_id: [ListedContact(contact, contact.number in existing) for contact in book]
            for owner_id, book in books.items()
        }


async def list_contact_accounts(contacts: Contacts, accounts: Accounts, owner_id: int) -> list[Account]:
    """Returns the registered accounts of the numbers in an address book, by number."""
    found = await accounts.list_by_numbers(await contacts.list_numbers(owner_id))
    return sorted((each for each in found if each.is_registered), key=lambda account: account.number)


@dataclass(frozen=True, slots=True)
class FindContact:
    """Returns the actor's contact with this number. Raises ContactNotFound."""

    contacts: Contacts
    accounts: Accounts

    async def __call__(self, actor: Actor, number: str) -> ListedContact:
        contact = await self.contacts.find(actor.account_id, number)
        if contact is None:
            raise ContactNotFound
        return ListedContact(contact, number in await self.accounts.list_registered([number]))


@dataclass(frozen=True, slots=True)
class AddContact:
    """Adds one contact.

    The number may be the actor's own, and need not have an account (docs/messaging-api.md, "Contacts").

    Raises ContactExists, ContactsFull at `contacts_max` entries, and TooManyNewNumbers.
    """

    contacts: Contacts
    accounts: Accounts
    fanout: Fanout
    limit: LimitNewNumbers
    contacts_max: int = CONTACTS_MAX

    async def __call__(self, actor: Actor, contact: Contact) -> ListedContact:
        if await self.contacts.has(contact.owner_id, contact.number):
            raise ContactExists
        if await self.contacts.count(contact.owner_id) >= self.contacts_max:
            raise ContactsFull
        await self.limit(actor, [contact.number])
        if not await self.contacts.append(contact):
            raise ContactExists
        self.fanout.signal(AccountChanged(contact.owner_id))
        return ListedContact(contact, contact.number in await self.accounts.list_registered([contact.number]))


@dataclass(frozen=True, slots=True)
class ChangeContact:
    """Sets those names of a contact that are given, and leaves the other as it is. Raises ContactNotFound."""

    contacts: Contacts
    fanout: Fanout

    async def __call__(self, actor: Actor, number: str, names: Mapping[str, str | None]) -> Contact:
        contact = await self.contacts.change(actor.account_id, number, names)
        self.fanout.signal(AccountChanged(actor.account_id))
        return contact


@dataclass(frozen=True, slots=True)
class RemoveContacts:
    """Removes the contacts with these numbers. Returns how many there were.

    Raises ContactNotFound for a single number that is no contact (docs/messaging-api.md, "Contacts").
    """

    contacts: Contacts
    fanout: Fanout

    async def __call__(self, actor: Actor, numbers: Collection[str]) -> int:
        removed = await self.contacts.remove(actor.account_id, numbers)
        if removed:
            self.fanout.signal(AccountChanged(actor.account_id))
        elif len(numbers) == 1:
            raise ContactNotFound
        return removed
