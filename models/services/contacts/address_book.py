"""Replaces a whole address book."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.documents.contact import CONTACTS_MAX, Contact, ContactsChange
from models.documents.session import Actor
from models.errors import ContactsFull
from models.events import AccountChanged
from models.ports import Fanout
from models.services.contacts.new_number_limit import LimitNewNumbers
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import changed, and how many of the address book's numbers have an account.

    `updated` counts the entries whose names really differ, not all that stayed (messaging contract, section 5).
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
    """Make the actor's address book these entries and no others; of two with one number the last counts.

    Raises ContactsFull, with nothing changed, when they are more than `contacts_max`, and TooManyNewNumbers likewise. An import that differs in nothing
    writes nothing. After a fault in the middle the same import again completes it.
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
            finally:  # a fault may have left half of it: no cache may believe what was before
                self.fanout.signal(AccountChanged(actor.account_id))
        existing = len(await self.accounts.list_registered(numbers))
        return ImportReport(
            added=len(change.added),
            removed=len(change.removed),
            updated=len(change.updated),
            existing=existing,
            non_existing=len(numbers) - existing,
        )
