"""Brings somebody who signs in into the chats of the events that this number was invited to before."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import uuid4

from models.documents.account import Account
from models.documents.entry import Draft, Joined
from models.services.chats.announcer import Announcer
from models.services.chats.membership import Rosters
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
        owners = dict(await self.events.list_invited_chats(account.id, EVENTS_MAX))
        if not owners:
            return
        for member in await self.chats.list_memberships(account.id, owners):
            if member.is_active:
                del owners[member.chat_id]
        blocked = await self._list_blocked(account, set(owners.values()))
        for chat_id, owner_id in owners.items():
            if owner_id in blocked or account.id in (await self.rosters.require_fresh(chat_id)).members:
                continue  # a member now, by a change that was stored and not applied yet
            joined = Joined((account.id,), (account.number,))
            stored = await self.journal.append(Draft(chat_id, account.id, account.number, uuid4().hex, joined))
            await self.announcer.applied(stored.entry)

    async def _list_blocked(self, account: Account, owner_ids: Collection[int]) -> set[int]:
        if not account.blocked:
            return set()
        return {one.id for one in await self.accounts.list_by_ids(owner_ids) if account.has_blocked(one.number)}
