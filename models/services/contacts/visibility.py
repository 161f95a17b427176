"""Visibility of profiles: the one rule that decides whether a viewer may see a status message or a photo."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from models.documents.account import Account, Privacy, Visibility
from models.documents.photo import PhotoStatus, PhotoView
from models.documents.session import Actor
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class MayView:
    """Applies the owners' privacy settings and block lists (docs/messaging-api.md, "Privacy").

    `contacts` means the viewers in the owner's own address book. A blocked viewer sees nothing.
    """

    contacts: Contacts

    async def __call__(
        self, viewer: Actor, owners: Collection[Account], part: Callable[[Privacy], Visibility]
    ) -> set[int]:
        """Returns the ids of those of these accounts that let the viewer see a part of their profile.

        `part` reads its setting.
        """
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
        """Returns the owners' photos as the viewer may see them, in the order of the owners.

        A block is not revealed: to a blocked viewer it looks as if there were no photo.
        """
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
