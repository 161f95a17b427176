"""Lists the photos of everybody in an address book."""

from dataclasses import dataclass

from models.documents.photo import SeenPhoto
from models.documents.session import Actor
from models.services.contacts.visibility import MaySee
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class ListPhotos:
    """Those contacts that have a registered account, by number (messaging contract 7)."""

    contacts: Contacts
    accounts: Accounts
    may_see: MaySee

    async def __call__(self, actor: Actor) -> list[SeenPhoto]:
        numbers = await self.contacts.list_numbers(actor.account_id)
        owners = [owner for owner in await self.accounts.list_by_numbers(numbers) if owner.is_registered]
        return await self.may_see.photos(actor, sorted(owners, key=lambda owner: owner.number))
