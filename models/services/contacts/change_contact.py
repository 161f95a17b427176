"""Changes the names of one contact."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.documents.contact import Contact
from models.documents.session import Actor
from models.events import AccountChanged
from models.ports import Fanout
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class ChangeContact:
    """Set the names that are given and leave the other (design section 9); raises ContactNotFound."""

    contacts: Contacts
    fanout: Fanout

    async def __call__(self, actor: Actor, number: str, names: Mapping[str, str | None]) -> Contact:
        contact = await self.contacts.change(actor.account_id, number, names)
        self.fanout.signal(AccountChanged(actor.account_id))
        return contact
