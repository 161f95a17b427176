"""Finds one entry of an address book, with whether it is reachable now."""

from dataclasses import dataclass

from models.documents.contact import ListedContact
from models.documents.session import Actor
from models.errors import ContactNotFound
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class FindContact:
    """The actor's contact with this number, or ContactNotFound."""

    contacts: Contacts
    accounts: Accounts

    async def __call__(self, actor: Actor, number: str) -> ListedContact:
        contact = await self.contacts.find(actor.account_id, number)
        if contact is None:
            raise ContactNotFound
        return ListedContact(contact, number in await self.accounts.list_registered([number]))
