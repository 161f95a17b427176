"""Users as others see them: the visible part of a profile, and status messages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from models.documents.account import Account, StatusChange
from models.documents.session import Actor
from models.documents.user import UserView
from models.services.contacts.address_book import list_contact_accounts
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.visibility import MayView
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.status_histories import StatusHistories


@dataclass(frozen=True, slots=True)
class UserViews:
    """Returns accounts as a viewer may see them.

    The photo follows the owner's `privacy.photo`, whichever API it was set through. An invitation changes nothing about
    that. Accounts that blocked the viewer are shown without their names, photos and e-mail addresses. The events API has no
    privacy setting for the address: it is shown to everybody else, except for accounts in `without_tie`, whose owners do
    not know the viewer.
    """

    may_view: MayView

    async def __call__(
        self, viewer: Actor, accounts: Sequence[Account], *, without_tie: Collection[int] = ()
    ) -> list[UserView]:
        """Returns one view per account, in their order."""
        with_photo = await self.may_view(viewer, accounts, lambda privacy: privacy.photo)
        return [
            UserView(
                account,
                account.photo if account.id in with_photo else None,
                "" if account.id in without_tie or account.has_blocked(viewer.number) else account.email,
                is_nameless=account.has_blocked(viewer.number),
            )
            for account in accounts
        ]


Status = tuple[str, str | None]  # number and text; the text is None if it is hidden or was never set


@dataclass(frozen=True, slots=True)
class GetStatuses:
    """Reads status messages as the actor may see them (docs/messaging-api.md, "Status messages")."""

    require_contact: RequireContact
    contacts: Contacts
    accounts: Accounts
    histories: StatusHistories
    may_view: MayView

    async def of_one(self, actor: Actor, number: str) -> list[Status]:
        """Returns the status message of a contact. Raises NotAContact."""
        return await self._list(actor, [await self.require_contact(actor, number)])

    async def of_all(self, actor: Actor) -> list[Status]:
        """Returns the status messages of all contacts with a registered account, by number."""
        return await self._list(actor, await list_contact_accounts(self.contacts, self.accounts, actor.account_id))

    async def history(self, actor: Actor, number: str) -> list[StatusChange]:
        """Returns a contact's status messages, newest first; none if they are hidden. Raises NotAContact."""
        owner = await self.require_contact(actor, number)
        if not await self._visible(actor, [owner]):
            return []
        return await self.histories.list_of(owner.id)

    async def _list(self, actor: Actor, owners: Collection[Account]) -> list[Status]:
        visible = await self._visible(actor, owners)
        return [(owner.number, owner.status_message if owner.id in visible else None) for owner in owners]

    async def _visible(self, actor: Actor, owners: Collection[Account]) -> set[int]:
        return await self.may_view(actor, owners, lambda privacy: privacy.status_message)
