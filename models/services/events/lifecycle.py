"""Creates an event with its invitations and its chat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from models.documents.event import Event, Invited
from models.documents.phone import Phone
from models.documents.session import Actor
from models.ports import Clock
from models.services.events.inviting import InvitePeople
from models.services.events.outbox import TellEvent
from models.services.events.outbox_part import outbox_item
from models.stores.chats import Chats
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class EventPlan:
    """What somebody wants to do, and with whom."""

    title: str
    date: datetime
    is_time_specified: bool = True
    total_spots: int = 1
    location: Mapping[str, Any] = field(default_factory=dict)
    address: str = ""
    venue_name: str = ""
    invited: Sequence[Phone] = ()


@dataclass(frozen=True, slots=True)
class CreateEvent:
    """The caller owns it and is in its chat, with those of the invited who are registered.

    Raises TooManyInvitees and RateLimited.
    """

    events: Events
    chats: Chats
    invite: InvitePeople
    tell: TellEvent
    clock: Clock

    async def __call__(self, actor: Actor, plan: EventPlan) -> Event:
        await self.invite.reserve(actor, (), plan.invited)
        now = self.clock.now()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)  # as later reads will show it
        event_id = await self.events.next_id()
        # An event that is not stored in the end leaves a chat without members, which nobody can see.
        chat = await self.chats.create_event_chat(event_id, (actor.account_id, actor.number), plan.title, now)
        invitations = await self.invite.list_new(plan.invited, {actor.number})
        item = outbox_item(actor, now, Invited(tuple(each.id for each in invitations)))
        event = Event(
            event_id,
            chat.id,
            actor.account_id,
            plan.title,
            plan.date,
            created_at=now,
            modified_at=now,
            is_time_specified=plan.is_time_specified,
            total_spots=plan.total_spots,
            spots_at_first=plan.total_spots,
            location=plan.location,
            address=plan.address,
            venue_name=plan.venue_name,
            invitations=[replace(each, created_at=now) for each in invitations],
            outbox=[item],
        )
        await self.events.create(event)
        await self.tell(event, item)
        return event
