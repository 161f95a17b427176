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
    """The result of posting; `count` is how many messages the author has at this event now."""

    event: Event
    count: int
    is_over_limit: bool = False


@dataclass(frozen=True, slots=True)
class PostMessage:
    """Posts a message of the owner or an invitee, up to `most` each (docs/events-api.md, "Messages").

    Reaching the limit is a result, and no refusal. Raises EventNotFound.
    """

    events: Events
    require: RequireEvent
    outbox: EventOutbox
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
        await self.outbox(posted, item)
        return Posting(posted, _count(posted, actor))


def _count(event: Event, actor: Actor) -> int:
    return sum(each.account_id == actor.account_id for each in event.messages)


@dataclass(frozen=True, slots=True)
class AddPoll:
    """Adds a poll of the owner or an invitee, up to `most` each, and one per date and place.

    Without a date it is about the event's own.

    Raises EventNotFound, LimitReached, and FieldErrors under `body` for a poll that exists (docs/events-api.md, "Polls").
    """

    events: Events
    require: RequireEvent
    outbox: EventOutbox
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
        await self.outbox(changed, item)
        return changed, poll

    def _require_room(self, event: Event, actor: Actor) -> None:
        if sum(each.account_id == actor.account_id for each in event.polls) >= self.most:
            raise LimitReached(f"You cannot submit more than {self.most} Polls")


@dataclass(frozen=True, slots=True)
class SuggestTime:
    """Suggests a time, up to `most` per person; the event stays as it is. Raises EventNotFound and LimitReached."""

    events: Events
    require: RequireEvent
    most: int

    async def __call__(self, actor: Actor, event_id: int, suggestion: TimeSuggestion) -> None:
        await self.require(actor, event_id)
        if await self.events.suggest_time(event_id, suggestion, self.most) is None:
            await self.require(actor, event_id)
            raise LimitReached(f"You cannot submit more than {self.most} time suggestions")
