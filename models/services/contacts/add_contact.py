"""Adds one contact to an address book."""

from dataclasses import dataclass

from models.documents.contact import CONTACTS_MAX, Contact, ListedContact
from models.documents.session import Actor
from models.errors import ContactExists, ContactsFull
from models.events import AccountChanged
from models.ports import Fanout
from models.services.contacts.new_number_limit import LimitNewNumbers
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class AddContact:
    """Add one entry; a number that nobody has is as welcome as one's own (messaging contract, section 5).

    Raises ContactExists for a number that is there, ContactsFull when `contacts_max` entries are, and
    TooManyNewNumbers.
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
