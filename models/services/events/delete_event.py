"""Deletes an event."""

from dataclasses import dataclass

from models.documents.event import Deleted
from models.documents.session import Actor
from models.errors import EventNotFound
from models.ports import Clock
from models.services.events.outbox import TellEvent
from models.services.events.outbox_part import outbox_item
from models.services.events.require_event import RequireEvent
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class DeleteEvent:
    """It is gone for everybody; only its owner may. Raises EventNotFound and NotTheOwner."""

    events: Events
    require: RequireEvent
    tell: TellEvent
    clock: Clock

    async def __call__(self, actor: Actor, event_id: int) -> None:
        await self.require.owned(actor, event_id)
        item = outbox_item(actor, self.clock.now(), Deleted())
        deleted = await self.events.delete(event_id, item)
        if deleted is None:
            raise EventNotFound
        await self.tell(deleted, item)
