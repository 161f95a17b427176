"""Lists the photos that a contact has had."""

from dataclasses import dataclass

from models.documents.photo import PhotoChange
from models.documents.session import Actor
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.visibility import MaySee
from models.stores.accounts import Accounts
from models.stores.photos import Photos


@dataclass(frozen=True, slots=True)
class ListPhotoHistory:
    """Newest first. Whoever may not see a present photo sees none of the former ones; raises NotAContact."""

    accounts: Accounts
    photos: Photos
    require_contact: RequireContact
    may_see: MaySee

    async def __call__(self, actor: Actor, number: str) -> list[PhotoChange]:
        owner = await self.accounts.require((await self.require_contact(actor, number)).id)
        if not await self.may_see(actor, [owner], lambda privacy: privacy.photo):
            return []
        return await self.photos.list_by_owner(owner.id)
