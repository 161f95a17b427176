"""Lists somebody's events in pages."""

from dataclasses import dataclass

from models.documents.event import Event, EventFilter
from models.documents.session import Actor
from models.documents.user import PageOf
from models.errors import PageNotFound
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class ListEvents:
    """What one owns or is invited to, latest date first, past and cancelled ones too (events contract, section 6)."""

    events: Events

    async def __call__(self, actor: Actor, wanted: EventFilter, number: int, per_page: int) -> PageOf[Event]:
        """Raises PageNotFound behind the last page; the first one is there also when it is empty."""
        count, found = await self.events.page(actor.account_id, wanted, (number - 1) * per_page, per_page)
        if number > 1 and not found:
            raise PageNotFound
        return PageOf(found, count, number, per_page)
