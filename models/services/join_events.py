"""Brings somebody who signs in into the chats of the events that this number was invited to before."""

from dataclasses import dataclass
from uuid import uuid4

from models.documents.account import Account
from models.documents.entry import Draft, Joined
from models.documents.event import EventFilter
from models.services.announcer import Announcer
from models.services.rosters import Rosters
from models.stores.events import Events
from models.stores.journal import Journal

EVENTS_MAX = 1000  # the latest by date; a number that more people invited finds the others in its list of events


@dataclass(frozen=True, slots=True)
class JoinEvents:
    """The invitations themselves need nothing: they are bound to the number's account from the beginning."""

    events: Events
    rosters: Rosters
    journal: Journal
    announcer: Announcer

    async def __call__(self, account: Account) -> None:
        _, invited = await self.events.page(account.id, EventFilter(is_owner=False), 0, EVENTS_MAX)
        for event in invited:
            if account.id in (await self.rosters.require_fresh(event.chat_id)).members:
                continue
            joined = Joined((account.id,), (account.number,))
            stored = await self.journal.append(Draft(event.chat_id, account.id, account.number, uuid4().hex, joined))
            await self.announcer.applied(stored.entry)
