"""Lists an address book, with who of it is reachable now."""

from dataclasses import dataclass

from models.documents.contact import ListedContact
from models.documents.session import Actor
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class ListContacts:
    """All contacts of the actor, by number. `exists` is looked up in this very call, so a sync is only a report of it."""

    contacts: Contacts
    accounts: Accounts

    async def __call__(self, actor: Actor) -> list[ListedContact]:
        listed = await self.contacts.list_by_owner(actor.account_id)
        existing = await self.accounts.list_registered([contact.number for contact in listed])
        return [ListedContact(contact, contact.number in existing) for contact in listed]
