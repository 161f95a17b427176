"""Whose profile a viewer may see a part of: the rule that every way to a status message or a photo goes through."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from models.documents.account import Account, Privacy, Visibility
from models.documents.photo import PhotoStatus, PhotoView
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
        with_contacts_only = [owner.id for owner in owners if part(owner.privacy) is Visibility.CONTACTS]
        with_viewer_as_contact = (
            await self.contacts.list_owners_among(viewer.number, with_contacts_only) if with_contacts_only else set()
        )
        return {
            owner.id
            for owner in owners
            if owner.id == viewer.account_id
            or (
                not owner.has_blocked(viewer.number)
                and (part(owner.privacy) is Visibility.ALL or owner.id in with_viewer_as_contact)
            )
        }

    async def list_photos(self, viewer: Actor, owners: Sequence[Account]) -> list[PhotoView]:
        """The photo of each owner as the viewer may see it, in their order. A block is not told: it looks like no photo."""
        visible = await self(viewer, owners, lambda privacy: privacy.photo)
        seen: list[PhotoView] = []
        for owner in owners:
            if owner.id not in visible and not owner.has_blocked(viewer.number):
                seen.append(PhotoView(owner.number, PhotoStatus.HIDDEN))
            elif owner.id not in visible or owner.photo is None:
                seen.append(PhotoView(owner.number, PhotoStatus.NONE))
            else:
                seen.append(PhotoView(owner.number, PhotoStatus.SHOWN, owner.photo))
        return seen
