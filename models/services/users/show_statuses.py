"""Shows the status messages of contacts, as far as they let the viewer see them."""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.account import Account, StatusChange
from models.documents.session import Actor
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.visibility import MaySee
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.status_histories import StatusHistories

Status = tuple[str, str | None]  # the number and the text; None when hidden or never set


@dataclass(frozen=True, slots=True)
class ShowStatuses:
    """Of one contact (raises NotAContact), of all that exist, and a contact's earlier ones."""

    require_contact: RequireContact
    contacts: Contacts
    accounts: Accounts
    histories: StatusHistories
    may_see: MaySee

    async def of_one(self, actor: Actor, number: str) -> list[Status]:
        return await self._show(actor, [await self.require_contact(actor, number)])

    async def of_all(self, actor: Actor) -> list[Status]:
        """By number."""
        numbers = await self.contacts.list_numbers(actor.account_id)
        accounts = [each for each in await self.accounts.list_by_numbers(numbers) if each.is_registered]
        return await self._show(actor, sorted(accounts, key=lambda account: account.number))

    async def history(self, actor: Actor, number: str) -> list[StatusChange]:
        """Newest first; empty when hidden."""
        owner = await self.require_contact(actor, number)
        if not await self._visible(actor, [owner]):
            return []
        return await self.histories.list_of(owner.id)

    async def _show(self, actor: Actor, owners: Collection[Account]) -> list[Status]:
        visible = await self._visible(actor, owners)
        return [(owner.number, owner.status_message if owner.id in visible else None) for owner in owners]

    async def _visible(self, actor: Actor, owners: Collection[Account]) -> set[int]:
        return await self.may_see(actor, owners, lambda privacy: privacy.status_message)
