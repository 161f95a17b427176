"""Finds an event for somebody: its owner and who is invited see it, to everybody else it does not exist, as to who blocked the owner."""

from dataclasses import dataclass

from models.documents.event import Event
from models.documents.session import Actor
from models.errors import EventNotFound, NotTheOwner
from models.services.events.access import HiddenEvents
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class RequireEvent:
    """The event, or EventNotFound (events contract 6.0); `owned` raises NotTheOwner for those who are only invited."""

    events: Events
    hidden: HiddenEvents

    async def __call__(self, actor: Actor, event_id: int) -> Event:
        event = await self.events.find(event_id)
        if event is None or not event.is_visible_to(actor.account_id) or await self.hidden.hides(actor, event):
            raise EventNotFound
        return event

    async def owned(self, actor: Actor, event_id: int) -> Event:
        event = await self(actor, event_id)
        if event.owner_id != actor.account_id:
            raise NotTheOwner
        return event
