"""Answers an invitation with yes or no, against the places that are left."""

from dataclasses import dataclass

from models.documents.event import Answered, Event
from models.documents.session import Actor
from models.errors import EventFull
from models.ports import Clock
from models.services.events.outbox import TellEvent
from models.services.events.outbox_part import outbox_item
from models.services.events.require_event import RequireEvent
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class AnswerInvitation:
    """As often as is liked, also after the event (events contract, section 6). Raises EventNotFound, and EventFull for a yes.

    For the owner, who has no invitation, nothing changes.
    """

    events: Events
    require: RequireEvent
    tell: TellEvent
    clock: Clock

    async def __call__(self, actor: Actor, event_id: int, *, answer: bool, message: str | None) -> Event:
        event = await self.require(actor, event_id)
        invitation = event.find_invitation(actor.account_id)
        if invitation is None:
            return event
        item = outbox_item(actor, self.clock.now(), Answered(invitation.id, answer, message))
        answered = await self.events.answer(event_id, actor.account_id, answer=answer, message=message, item=item)
        if answered is not None:
            await self.tell(answered, item)
            return answered
        await self.require(actor, event_id)  # deleted meanwhile: EventNotFound
        raise EventFull
