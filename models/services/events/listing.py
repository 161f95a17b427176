"""Gathers what showing events takes: the people in them, as the viewer sees them, and the words of their messages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.documents.entry import Message
from models.documents.event import Event, PostedMessage
from models.documents.session import Actor
from models.documents.user import SeenUser
from models.services.users.views import SeeUsers
from models.stores.accounts import Accounts
from models.stores.entries import Entries


@dataclass(frozen=True, slots=True)
class Guests:
    """Which of an event's invitees are shown: `limit` of them once `offset` are skipped, in the order in which they are shown."""

    limit: int
    offset: int = 0


NO_GUESTS = Guests(0)


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """An event for one viewer. `messages` are those that nobody deleted, oldest first, with their words as they are now.

    With `guests`, only that part of the invitees is shown; `people` holds nobody who is not needed for that.
    """

    event: Event
    viewer_id: int
    people: Mapping[int, SeenUser]
    messages: Sequence[tuple[PostedMessage, str]]
    guests: Guests | None = None

    @property
    def is_own(self) -> bool:
        return self.event.owner_id == self.viewer_id


@dataclass(frozen=True, slots=True)
class SeeEvents:
    """However many events: one query for all people, and one for all messages with one for what waits to change them."""

    accounts: Accounts
    entries: Entries
    see_users: SeeUsers

    async def __call__(self, actor: Actor, events: Sequence[Event], guests: Guests | None = None) -> list[SeenEvent]:
        if guests is not None and not guests.limit:
            ids = {actor.account_id}.union(*(event.speaker_ids for event in events))
        else:
            ids = set[int]().union(*(event.account_ids for event in events))
        people = await self.see_users(actor, await self.accounts.list_by_ids(ids)) if ids else []
        by_id = {seen.account.id: seen for seen in people}
        words = await self._words(events)
        return [
            SeenEvent(
                event,
                actor.account_id,
                by_id,
                [(each, words[each.id]) for each in event.messages if each.id in words],
                guests,
            )
            for event in events
        ]

    async def one(self, actor: Actor, event: Event, guests: Guests | None = None) -> SeenEvent:
        (seen,) = await self(actor, [event], guests)
        return seen

    async def _words(self, events: Sequence[Event]) -> dict[int, str]:
        """By the messages' ids: from the log, where people edit and delete them; until they are there, from the outbox."""
        words: dict[int, str] = {}
        places: dict[tuple[int, int], int] = {}
        for event in events:
            words |= event.untold_words
            places |= {(event.chat_id, each.seq): each.id for each in event.messages if each.seq is not None}
        for entry in await self.entries.list_at(places):
            message_id = places[entry.chat_id, entry.seq]
            words.pop(message_id, None)
            if isinstance(entry.body, Message) and not entry.is_deleted:
                words[message_id] = entry.body.words or ""
        return words
