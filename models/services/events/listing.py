"""Lists events and inviters, counts unanswered invitations, and gathers what an event's view shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.documents.collation import sort_by_name
from models.documents.entry import Message
from models.documents.event import Event, EventFilter, PostedMessage
from models.documents.session import Actor
from models.documents.user import PageOf, UserView
from models.errors import PageNotFound
from models.ports import Clock
from models.services.events.access import HiddenEvents
from models.services.users.views import UserViews
from models.stores.accounts import Accounts
from models.stores.entries import Entries
from models.stores.event_lists import EventLists
from models.stores.members import Members


@dataclass(frozen=True, slots=True)
class Guests:
    """The part of an event's invitees that is shown: `limit` of them after the first `offset`, in the order in which they are shown."""

    limit: int
    offset: int = 0


NO_GUESTS = Guests(0)


@dataclass(frozen=True, slots=True)
class EventView:
    """An event for one viewer. `messages` are those that are not deleted, oldest first, with their present texts.

    With `guests`, only that part of the invitees is shown, and `people` has only whom that part needs.
    """

    event: Event
    viewer_id: int
    people: Mapping[int, UserView]
    messages: Sequence[tuple[PostedMessage, str]]
    guests: Guests | None = None

    @property
    def is_own(self) -> bool:
        return self.event.owner_id == self.viewer_id


@dataclass(frozen=True, slots=True)
class EventViews:
    """Gathers views of any number of events by one query each for people, messages, changes not yet applied to them, and members."""

    accounts: Accounts
    entries: Entries
    views: UserViews
    members: Members

    async def __call__(self, actor: Actor, events: Sequence[Event], guests: Guests | None = None) -> list[EventView]:
        if guests is not None and not guests.limit:
            ids = {actor.account_id}.union(*(event.speaker_ids for event in events))
        else:
            ids = set[int]().union(*(event.account_ids for event in events))
        people = await self.views(actor, await self.accounts.list_by_ids(ids)) if ids else []
        by_id = {seen.account.id: seen for seen in people}
        words = await self._words(actor.account_id, events)
        return [
            EventView(
                event,
                actor.account_id,
                by_id,
                [(each, words[each.id]) for each in event.messages if each.id in words],
                guests,
            )
            for event in events
        ]

    async def one(self, actor: Actor, event: Event, guests: Guests | None = None) -> EventView:
        (seen,) = await self(actor, [event], guests)
        return seen

    async def _words(self, viewer_id: int, events: Sequence[Event]) -> dict[int, str]:
        """Returns texts by the messages' ids: from the log, where people edit and delete them; from the outbox until they are there.

        What the viewer cleared or deleted for itself is left out. What was said before it came is not: whoever is invited reads it.
        """
        words: dict[int, str] = {}
        places: dict[tuple[int, int], int] = {}
        for event in events:
            words |= event.untold_words
            places |= {(event.chat_id, each.seq): each.id for each in event.messages if each.seq is not None}
        # Before the entries: what its row does not name any more is named by them (Members.hide_message).
        rows = await self.members.list_members({(chat_id, viewer_id) for chat_id, _ in places}) if places else []
        own = {member.chat_id: member for member in rows}
        for entry in await self.entries.list_at(places):
            message_id = places[entry.chat_id, entry.seq]
            words.pop(message_id, None)
            member = own.get(entry.chat_id)
            if viewer_id in entry.hidden_by or (member is not None and member.has_hidden(entry.seq)):
                continue
            if isinstance(entry.body, Message) and not entry.is_deleted:
                words[message_id] = entry.body.words or ""
        return words


@dataclass(frozen=True, slots=True)
class ListEvents:
    """Lists the events that an account owns or is invited to, latest date first, past and cancelled ones included.

    See docs/events-api.md, "Lists".
    """

    events: EventLists
    hidden: HiddenEvents

    async def __call__(self, actor: Actor, wanted: EventFilter, number: int, per_page: int) -> PageOf[Event]:
        """Returns a page. Raises PageNotFound behind the last page; the first page exists also if it is empty."""
        hidden = await self.hidden.list_owners(actor)
        skip = (number - 1) * per_page
        count, found = await self.events.page(actor.account_id, wanted, skip, per_page, hidden=hidden)
        if number > 1 and not found:
            raise PageNotFound
        return PageOf(found, count, number, per_page)


@dataclass(frozen=True, slots=True)
class ListInviters:
    """Lists the registered people who invited the account, each once, by full name (docs/events-api.md, "Phone books")."""

    events: EventLists
    hidden: HiddenEvents
    accounts: Accounts
    views: UserViews

    async def __call__(self, actor: Actor) -> list[UserView]:
        hidden = await self.hidden.list_owners(actor)
        found = await self.accounts.list_by_ids(await self.events.list_inviters(actor.account_id, hidden=hidden))
        seen = await self.views(actor, [account for account in found if account.is_registered])
        return sort_by_name(seen, lambda each: each.rank)


@dataclass(frozen=True, slots=True)
class CountUnanswered:
    """Counts unanswered invitations to events that are not over (docs/events-api.md, "Statistics")."""

    events: EventLists
    hidden: HiddenEvents
    clock: Clock

    async def __call__(self, actor: Actor) -> int:
        return await self.events.count_unanswered(
            actor.account_id, self.clock.now(), hidden=await self.hidden.list_owners(actor)
        )
