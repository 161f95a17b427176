"""Cancels an event."""

from dataclasses import dataclass

from models.documents.event import Canceled
from models.documents.session import Actor
from models.ports import Clock
from models.services.events.outbox import TellEvent
from models.services.events.outbox_part import outbox_item
from models.services.events.require_event import RequireEvent
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class CancelEvent:
    """For good, by its owner, as often as is liked; it stays in every list, without a reminder (events contract, section 6).

    Raises EventNotFound and NotTheOwner.
    """

    events: Events
    require: RequireEvent
    tell: TellEvent
    clock: Clock

    async def __call__(self, actor: Actor, event_id: int) -> None:
        event = await self.require.owned(actor, event_id)
        item = outbox_item(actor, self.clock.now(), Canceled())
        canceled = None if event.is_canceled else await self.events.cancel(event_id, item)
        if canceled is not None:
            await self.tell(canceled, item)
