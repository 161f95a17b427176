"""Shows one photo: the actor's own, or a contact's as the actor may see it."""

from dataclasses import dataclass

from models.documents.photo import Photo, SeenPhoto
from models.documents.session import Actor
from models.errors import PhotoNotFound
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.visibility import MaySee
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class ShowPhoto:
    """Always the photo that the owner has now, on every node."""

    accounts: Accounts
    require_contact: RequireContact
    may_see: MaySee

    async def own(self, actor: Actor) -> Photo:
        """The actor's own, or PhotoNotFound."""
        photo = (await self.accounts.require(actor.account_id)).photo
        if photo is None:
            raise PhotoNotFound
        return photo

    async def __call__(self, actor: Actor, number: str) -> SeenPhoto:
        """A contact's; raises NotAContact."""
        contact = await self.require_contact(actor, number)
        (seen,) = await self.may_see.photos(actor, [await self.accounts.require(contact.id)])
        return seen
