"""Counts the invitations that wait for somebody's answer."""

from dataclasses import dataclass

from models.documents.session import Actor
from models.ports import Clock
from models.services.events.access import HiddenEvents
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class CountUnanswered:
    """Those to events that are not over (events contract, section 6)."""

    events: Events
    hidden: HiddenEvents
    clock: Clock

    async def __call__(self, actor: Actor) -> int:
        return await self.events.count_unanswered(
            actor.account_id, self.clock.now(), hidden=await self.hidden.list_owners(actor)
        )
