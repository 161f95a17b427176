"""Posts a message at an event: a few per person, shown with the event, and an entry of its chat like any other."""

from dataclasses import dataclass

from models.documents.event import Event, Posted, PostedMessage
from models.documents.session import Actor
from models.ports import Clock
from models.services.events.outbox import TellEvent
from models.services.events.outbox_part import outbox_item
from models.services.events.require_event import RequireEvent
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
    tell: TellEvent
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
