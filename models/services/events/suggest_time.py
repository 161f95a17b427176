"""Notes that somebody would rather have an event at another time."""

from dataclasses import dataclass

from models.documents.event import TimeSuggestion
from models.documents.session import Actor
from models.errors import LimitReached
from models.services.events.require_event import RequireEvent
from models.stores.events import Events


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
