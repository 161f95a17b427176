"""Brings somebody who signs in into the chats of the events that this number was invited to before."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from models.documents.account import Account
from models.documents.entry import Draft, Joined
from models.documents.event import Event, EventFilter
from models.services.announcer import Announcer
from models.services.rosters import Rosters
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.events import Events
from models.stores.journal import Journal

EVENTS_MAX = 1000  # the latest by date; a number that more people invited finds the others in its list of events


@dataclass(frozen=True, slots=True)
class JoinEvents:
    """The invitations themselves need nothing: they are bound to the number's account from the beginning.

    Nobody is brought to people that they blocked.
    """

    events: Events
    accounts: Accounts
    chats: Chats
    rosters: Rosters
    journal: Journal
    announcer: Announcer

    async def __call__(self, account: Account) -> None:
        _, invited = await self.events.page(account.id, EventFilter(is_owner=False), 0, EVENTS_MAX)
        if not invited:
            return
        memberships = await self.chats.list_memberships(account.id, [event.chat_id for event in invited])
        known = {member.chat_id for member in memberships if member.is_active}
        missing = [event for event in invited if event.chat_id not in known]
        for event in await self._without_blocked(account, missing):
            if account.id in (await self.rosters.require_fresh(event.chat_id)).members:
                continue  # a change that was stored and not applied yet
            joined = Joined((account.id,), (account.number,))
            stored = await self.journal.append(Draft(event.chat_id, account.id, account.number, uuid4().hex, joined))
            await self.announcer.applied(stored.entry)

    async def _without_blocked(self, account: Account, invited: Sequence[Event]) -> Sequence[Event]:
        if not account.blocked:
            return invited
        owners = await self.accounts.list_by_ids({event.owner_id for event in invited})
        blocked = {owner.id for owner in owners if account.has_blocked(owner.number)}
        return [event for event in invited if event.owner_id not in blocked]
