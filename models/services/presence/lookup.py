"""Answers over REST which contacts are online, as far as the viewer's own status and theirs allow."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace

from models.documents.account import Account
from models.documents.session import Actor
from models.facts import VisiblePresence
from models.ports import Clock
from models.services.contacts.contact_rule import RequireContact
from models.services.presence.presence import DENY, ONLINE, Presence
from models.stores.accounts import Accounts
from models.stores.contacts import Contacts
from models.stores.presence_snapshots import PresenceSnapshots


@dataclass(frozen=True, slots=True)
class GetPresence:
    """Shows a viewer that is online what holds now, and any other what it saw last (docs/messaging-api.md, "Presence").

    A viewer that is offline is told nothing of contacts that it never saw. A block holds at once, also for what was seen before.
    """

    presence: Presence
    require_contact: RequireContact
    contacts: Contacts
    accounts: Accounts
    snapshots: PresenceSnapshots
    clock: Clock

    async def of_one(self, actor: Actor, number: str) -> list[VisiblePresence]:
        """Returns a list of one. Raises NotAContact."""
        return await self._show(actor, [await self.require_contact(actor, number)])

    async def of_all(self, actor: Actor) -> list[VisiblePresence]:
        """Returns the presence of all contacts with an account, by number."""
        numbers = await self.contacts.list_numbers(actor.account_id)
        accounts = [each for each in await self.accounts.list_by_numbers(numbers) if each.is_registered]
        return await self._show(actor, sorted(accounts, key=lambda account: account.number))

    async def _show(self, actor: Actor, owners: Collection[Account]) -> list[VisiblePresence]:
        viewer = await self.accounts.require(actor.account_id)
        if not await self.presence.is_online(viewer):
            return await self._show_last(viewer, owners)
        now = self.clock.now()
        shown: dict[int, VisiblePresence] = {}
        looks = await asyncio.gather(*(self.presence.shown_to(viewer, owner) for owner in owners))
        for owner, seen in zip(owners, looks, strict=True):
            shown[owner.id] = replace(seen, last_seen=now) if seen.status == ONLINE else seen
        await self.snapshots.replace(viewer.id, shown)
        return list(shown.values())

    async def _show_last(self, viewer: Account, owners: Collection[Account]) -> list[VisiblePresence]:
        last = await self.snapshots.find(viewer.id, [owner.id for owner in owners])
        shown = []
        for owner in owners:
            seen = replace(last.get(owner.id, VisiblePresence(owner.number, None, None)), number=owner.number)
            if seen.status is not None and owner.has_blocked(viewer.number):
                seen = VisiblePresence(owner.number, DENY, None)
            shown.append(seen)
        return shown
