"""Lists somebody's events in pages."""

from dataclasses import dataclass

from models.documents.event import Event, EventFilter
from models.documents.session import Actor
from models.documents.user import PageOf
from models.errors import PageNotFound
from models.services.events.access import HiddenEvents
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class ListEvents:
    """What one owns or is invited to, latest date first, past and cancelled ones too (events contract, section 6)."""

    events: Events
    hidden: HiddenEvents

    async def __call__(self, actor: Actor, wanted: EventFilter, number: int, per_page: int) -> PageOf[Event]:
        """Raises PageNotFound behind the last page; the first one is there also when it is empty."""
        hidden = await self.hidden.list_owners(actor)
        skip = (number - 1) * per_page
        count, found = await self.events.page(actor.account_id, wanted, skip, per_page, hidden=hidden)
        if number > 1 and not found:
            raise PageNotFound
        return PageOf(found, count, number, per_page)
