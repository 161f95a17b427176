"""Whose profile a viewer may see a part of."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from models.documents.account import Account, Privacy, Visibility
from models.documents.session import Actor
from models.stores.contacts import Contacts


@dataclass(frozen=True, slots=True)
class MaySee:
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
