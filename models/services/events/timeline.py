"""Shows somebody's events as a line in time that a client walks along by the date of the last event it got.

First what is not over, by date ascending, then what is over, by date descending; of one date the newest first (events
contract, section 6). The date is all that says how far a client has come, so

- a page never ends within one date: what else has that date comes along, beyond the page's length;
- a date before `now - 2 h` means that only what is over is left. Some of what is not over may be as old (events without a
  time live for 12 h): all of that is on the first page, and if the page would end there, the next date comes along. So is
  what begins to be over soon, for a client needs time to ask for the next page.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.documents.event import TIMED_LIVES, Event
from models.documents.session import Actor
from models.ports import Clock
from models.services.events.access import HiddenEvents
from models.stores.events import Events

TO_ASK_AGAIN = timedelta(minutes=15)  # between two pages; who takes longer may miss what was about to begin


@dataclass(frozen=True, slots=True)
class Place:
    """How far a client has come: the date of the last event it got. `excluded` are events that it holds and wants no more.

    With any of these, events of the very date are shown, too.
    """

    cursor: datetime | None = None
    excluded: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class GetTimeline:
    """A page of what somebody owns, or is invited to and does not own; empty at the end."""

    events: Events
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
    events: Events
    account_id: int
    now: datetime
    excluded: frozenset[int]
    hidden: Collection[int]  # owners whose events are none to this account
    is_owner: bool

    async def first(self, limit: int) -> list[Event]:
        """What a later cursor could not reach, and as much more as is asked for, at least one date if there is one."""
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
        """Whether it is long enough, and ends where its last date says that more is upcoming."""
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
        """The page with the rest of its last date."""
        if len(page) < limit:
            return page
        at = page[-1].date
        same = await self.events.list_at(
            self.account_id, is_owner=self.is_owner, at=at, excluded=self.excluded, hidden=self.hidden
        )
        return [event for event in page if event.date != at] + [
            event for event in same if event.is_over(self.now) == is_over
        ]
