"""The timeline: an account's events by date, which a client pages through by the date of the last event it got.

First come events that are not over, by date ascending, then those that are over, by date descending; of one date the newest first
(docs/events-api.md, "Timeline"). The date is all that a client sends of its position, so

- a page never ends within one date: all other events of its last date follow, beyond the page's length;
- a date before `now - 2 h` means that only events that are over are left. Some that are not over may be as old (events without a
  time last for 12 h): all of these are on the first page, and if the page would end there, the next date follows. So do events
  that are over soon, because a client needs time to ask for the next page.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.documents.event import TIMED_LIVES, Event
from models.documents.session import Actor
from models.ports import Clock
from models.services.events.access import HiddenEvents
from models.stores.event_lists import EventLists

# Between two pages; a client that takes longer may miss an event that was about to begin.
TO_ASK_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Place:
    """A client's position: the date of the last event it got. `excluded` are events that it has already.

    With any of these, events of that very date are shown, too.
    """

    cursor: datetime | None = None
    excluded: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class GetTimeline:
    """Returns a page of the events that an account owns, or is invited to; an empty page at the end."""

    events: EventLists
    hidden: HiddenEvents
    clock: Clock

    async def __call__(self, actor: Actor, place: Place, *, is_owner: bool, limit: int) -> list[Event]:
        hidden = await self.hidden.list_owners(actor)
        excluded = frozenset(place.excluded)
        line = _Line(self.events, actor.account_id, self.clock.now(), excluded, hidden, is_owner=is_owner)
        cursor = place.cursor
        if cursor is not None and cursor <= line.now - TIMED_LIVES:
            return await line.expired(limit, before=cursor)
        page = await line.upcoming(limit, after=cursor) if cursor is not None else await line.first(limit)
        return page if line.is_full(page, limit) else page + await line.expired(max(limit - len(page), 1))


@dataclass(frozen=True, slots=True)
class _Line:
    events: EventLists
    account_id: int
    now: datetime
    excluded: frozenset[int]
    hidden: Collection[int]  # owners who are blocked: their events do not exist for this account
    is_owner: bool

    async def first(self, limit: int) -> list[Event]:
        """Returns the events that a later position could not reach, and as many more as are asked for: one date at least."""
        soon = self.now - TIMED_LIVES + TO_ASK_AGAIN
        old = await self.events.list_upcoming(
            self.account_id,
            is_owner=self.is_owner,
            now=self.now,
            until=soon,
            excluded=self.excluded,
            hidden=self.hidden,
            limit=0,
        )
        return old + await self.upcoming(max(limit - len(old), 1), after=soon)

    def is_full(self, page: list[Event], limit: int) -> bool:
        """Returns whether the page is long enough, and its last date says that more is to come."""
        return len(page) >= limit and page[-1].date > self.now - TIMED_LIVES

    async def upcoming(self, limit: int, *, after: datetime) -> list[Event]:
        page = await self.events.list_upcoming(
            self.account_id,
            is_owner=self.is_owner,
            now=self.now,
            after=after,
            excluded=self.excluded,
            hidden=self.hidden,
            limit=limit,
        )
        return await self._whole(page, limit, is_over=False)

    async def expired(self, limit: int, *, before: datetime | None = None) -> list[Event]:
        page = await self.events.list_expired(
            self.account_id,
            is_owner=self.is_owner,
            now=self.now,
            before=before,
            is_inclusive=bool(self.excluded),
            excluded=self.excluded,
            hidden=self.hidden,
            limit=limit,
        )
        return await self._whole(page, limit, is_over=True)

    async def _whole(self, page: list[Event], limit: int, *, is_over: bool) -> list[Event]:
        """Returns the page with all events of its last date."""
        if len(page) < limit:
            return page
        at = page[-1].date
        same = await self.events.list_at(
            self.account_id, is_owner=self.is_owner, at=at, excluded=self.excluded, hidden=self.hidden
        )
        return [event for event in page if event.date != at] + [
            event for event in same if event.is_over(self.now) == is_over
        ]
