"""Whose profile a viewer may see a part of: the rule that every way to a status message or a photo goes through."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from models.documents.account import Account, Privacy, Visibility
from models.documents.photo import PhotoStatus, SeenPhoto
from models.documents.session import Actor
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class MayView:
    """`contacts` means viewers in the owner's own address book; a blocked viewer sees nothing (messaging contract 4.6, 8)."""

    contacts: Contacts

    async def __call__(
        self, viewer: Actor, owners: Collection[Account], part: Callable[[Privacy], Visibility]
    ) -> set[int]:
        """The ids of those of these accounts that let the viewer see this part of their profile."""
        asked = [owner.id for owner in owners if part(owner.privacy) is Visibility.CONTACTS]
        knowing = await self.contacts.list_owners_among(viewer.number, asked) if asked else set()
        return {
            owner.id
            for owner in owners
            if owner.id == viewer.account_id
            or (not owner.has_blocked(viewer.number) and (part(owner.privacy) is Visibility.ALL or owner.id in knowing))
        }

    async def photos(self, viewer: Actor, owners: Sequence[Account]) -> list[SeenPhoto]:
        """The photo of each owner as the viewer may see it, in their order. A block is not told: it looks like no photo."""
        visible = await self(viewer, owners, lambda privacy: privacy.photo)
        seen: list[SeenPhoto] = []
        for owner in owners:
            if owner.id not in visible and not owner.has_blocked(viewer.number):
                seen.append(SeenPhoto(owner.number, PhotoStatus.HIDDEN))
            elif owner.id not in visible or owner.photo is None:
                seen.append(SeenPhoto(owner.number, PhotoStatus.NONE))
            else:
                seen.append(SeenPhoto(owner.number, PhotoStatus.SHOWN, owner.photo))
        return seen
