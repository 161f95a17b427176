"""Removes contacts from an address book."""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.session import Actor
from models.errors import ContactNotFound
from models.events import AccountChanged
from models.ports import Fanout
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class RemoveContacts:
    """Remove those of these numbers that are contacts; how many were.

    A single number that is none raises ContactNotFound, whichever door asked (messaging contract, section 5).
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
