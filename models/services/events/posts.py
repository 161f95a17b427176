"""Posts at events: messages, polls and suggested times."""

from dataclasses import dataclass
from datetime import datetime

from models.documents.event import Event, Poll, PollPosted, Posted, PostedMessage, TimeSuggestion
from models.documents.session import Actor
from models.errors import FieldErrors, LimitReached
from models.ports import Clock
from models.services.events.access import RequireEvent
from models.services.events.outbox import EventOutbox, outbox_item
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class Posting:
    """How posting went. `count` is how many messages the author has at this event now."""

    event: Event
    count: int
    is_over_limit: bool = False


@dataclass(frozen=True, slots=True)
class PostMessage:
    """Owner and invitees may, `most` times each. Reaching the limit is an answer of its own (seed document, "Messages").

    Raises EventNotFound.
    """

    events: Events
    require: RequireEvent
    tell: EventOutbox
    clock: Clock
    most: int

    async def __call__(self, actor: Actor, event_id: int, body: str) -> Posting:
        await self.require(actor, event_id)
        message = PostedMessage(await self.events.next_id("event_messages"), actor.account_id)
        item = outbox_item(actor, self.clock.now(), Posted(message.id, body))
        posted = await self.events.post(event_id, message, item, self.most)
        if posted is None:
            event = await self.require(actor, event_id)
            return Posting(event, _count(event, actor), is_over_limit=True)
        await self.tell(posted, item)
        return Posting(posted, _count(posted, actor))


def _count(event: Event, actor: Actor) -> int:
    return sum(each.account_id == actor.account_id for each in event.messages)


@dataclass(frozen=True, slots=True)
class AddPoll:
    """Owner and invitees may, `most` times each; the same date and place once. Without a date the event's own is meant.

    Raises EventNotFound, LimitReached, and FieldErrors for one that is there, under `body` as the seed document has it.
    """

    events: Events
    require: RequireEvent
    tell: EventOutbox
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


@dataclass(frozen=True, slots=True)
class SuggestTime:
    """Owner and invitees may, `most` times each; the event stays as it is. Raises EventNotFound and LimitReached."""

    events: Events
    require: RequireEvent
    most: int

    async def __call__(self, actor: Actor, event_id: int, suggestion: TimeSuggestion) -> None:
        await self.require(actor, event_id)
        if await self.events.suggest_time(event_id, suggestion, self.most) is None:
            await self.require(actor, event_id)
            raise LimitReached(f"You cannot submit more than {self.most} time suggestions")
