"""What a viewer may see of other people's photos; the rule that every way to a photo goes through."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.documents.account import Account, Visibility
from models.documents.photo import PhotoStatus, SeenPhoto
from models.documents.session import Actor
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class SeePhotos:
    """`contacts` means viewers in the owner's own address book; a blocked viewer sees no photo (messaging contract 4.6, 8)."""

    contacts: Contacts

    async def __call__(self, viewer: Actor, owners: Sequence[Account]) -> list[SeenPhoto]:
        """One for each owner, in their order."""
        refusals = await self.refusals(viewer, owners)
        return [_seen(owner, refusal) for owner, refusal in zip(owners, refusals, strict=True)]

    async def refusals(self, viewer: Actor, owners: Sequence[Account]) -> list[PhotoStatus | None]:
        """For each owner what the viewer is told in place of any photo; None where it may see them."""
        has_me: Collection[int] = ()
        if any(owner.privacy.photo is Visibility.CONTACTS for owner in owners):
            has_me = set(await self.contacts.list_owners_of(viewer.number))
        return [_refusal(owner, viewer, is_contact=owner.id in has_me) for owner in owners]


def _refusal(owner: Account, viewer: Actor, *, is_contact: bool) -> PhotoStatus | None:
    if owner.id == viewer.account_id:
        return None
    if owner.has_blocked(viewer.number):
        return PhotoStatus.NONE  # a block is not told
    if owner.privacy.photo is Visibility.ALL or (owner.privacy.photo is Visibility.CONTACTS and is_contact):
        return None
    return PhotoStatus.HIDDEN


def _seen(owner: Account, refusal: PhotoStatus | None) -> SeenPhoto:
    if refusal is not None or owner.photo is None:
        return SeenPhoto(owner.number, refusal or PhotoStatus.NONE)
    return SeenPhoto(owner.number, PhotoStatus.SHOWN, owner.photo)
