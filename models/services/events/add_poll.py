"""Suggests another date or place for an event."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.event import Event, Poll, PollPosted
from models.documents.session import Actor
from models.errors import FieldErrors, LimitReached
from models.ports import Clock
from models.services.events.outbox import TellEvent
from models.services.events.outbox_part import outbox_item
from models.services.events.require_event import RequireEvent
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class AddPoll:
    """Owner and invitees may, `most` times each; the same date and place once. Without a date the event's own is meant.

    Raises EventNotFound, LimitReached, and FieldErrors for one that is there, under `body` as the seed document has it.
    """

    events: Events
    require: RequireEvent
    tell: TellEvent
    clock: Clock
    most: int

    async def __call__(self, actor: Actor, event_id: int, date: datetime | None, venue: str) -> tuple[Event, Poll]:
        """Returns the event with the poll in it, and the poll."""
        event = await self.require(actor, event_id)
        poll = Poll(await self.events.next_id("polls"), actor.account_id, date or event.date, venue)
        item = outbox_item(actor, self.clock.now(), PollPosted(poll.id))
        changed = await self.events.add_poll(event_id, poll, item, self.most)
        if changed is None:
            self._require_room(await self.require(actor, event_id), actor)
            raise FieldErrors({"body": ["This date and place have been suggested already."]})
        await self.tell(changed, item)
        return changed, poll

    def _require_room(self, event: Event, actor: Actor) -> None:
        if sum(each.account_id == actor.account_id for each in event.polls) >= self.most:
            raise LimitReached(f"You cannot submit more than {self.most} Polls")
