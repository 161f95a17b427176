"""Writes facts of events into the log of the event's chat, where `sync` finds them."""

from dataclasses import dataclass
from datetime import UTC

from models.documents.account import Account
from models.documents.entry import Body, Draft, EventSet, Joined, Message, PollAdded, RsvpSet, SubjectSet
from models.documents.event import (
    Answered,
    Canceled,
    Deleted,
    Edited,
    Event,
    Invited,
    OutboxItem,
    PollPosted,
    Posted,
    ReminderDue,
    Withdrawn,
)
from models.services.chats.announcer import Announcer
from models.services.chats.journal import Journal
from models.services.chats.membership import MembershipCache
from models.stores.accounts import Accounts
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class AppendEventFacts:
    """Appends facts to the log. The owner and the registered invitees are the chat's members; answers and polls are its entries.

    Somebody who blocked the owner is not added by others, and joins by doing something at the event.
    """

    events: Events
    accounts: Accounts
    memberships: MembershipCache
    journal: Journal
    announcer: Announcer

    async def __call__(self, event: Event, item: OutboxItem) -> None:
        by = await self.accounts.require(item.by)
        match item.what:
            case Invited(ids):
                await self._join(event, item, by, ids)
            case Answered(invitation, answer, message):
                await self._let_in(event, item, by)
                await self._append(event, item, by, RsvpSet(invitation, answer, message))
            case Withdrawn():
                await self._append(event, item, by, EventSet(("invitations",)))
            case Posted(message_id, body):
                await self._let_in(event, item, by)
                seq = await self._append(event, item, by, Message(text=body))
                await self.events.set_message_seq(event.id, message_id, seq)
            case PollPosted(poll_id):
                await self._let_in(event, item, by)
                poll = next(each for each in event.polls if each.id == poll_id)
                date = poll.date.astimezone(UTC) if event.is_time_specified else poll.date
                await self._append(event, item, by, PollAdded(poll.id, date, poll.venue))
            case Edited(fields):
                await self._append(event, item, by, EventSet(fields))
                if "title" in fields:
                    await self._append(event, item, by, SubjectSet(event.title), "title")
            case Canceled():
                await self._append(event, item, by, EventSet(("canceled",)))
            case Deleted():
                await self._append(event, item, by, EventSet(("deleted",)))
            case ReminderDue():
                pass

    async def _join(self, event: Event, item: OutboxItem, by: Account, ids: tuple[int, ...]) -> None:
        invited = [each.account_id for each in event.invitations if each.id in ids]
        people = [by, *(one for one in await self.accounts.list_by_ids(invited) if not one.has_blocked(by.number))]
        members = (await self.memberships.require_fresh(event.chat_id)).members
        new = {one.id: one.number for one in people if one.is_registered and one.id not in members}
        if new:
            joined = Joined(tuple(new), tuple(new.values()), admins=(event.owner_id,))
            await self._append(event, item, by, joined)

    async def _let_in(self, event: Event, item: OutboxItem, by: Account) -> None:
        """Adds whoever does something at an event to its chat, unless they do it by a link, without the app."""
        if not by.is_registered or by.id in (await self.memberships.require(event.chat_id)).members:
            return
        if by.id not in (await self.memberships.require_fresh(event.chat_id)).members:
            await self._append(event, item, by, Joined((by.id,), (by.number,)), "joined")

    async def _append(self, event: Event, item: OutboxItem, by: Account, body: Body, part: str = "") -> int:
        """Returns the seq under which the entry is stored, now or before; the chat's state has the change when this returns."""
        lives_s = None
        if isinstance(body, Message):
            lives_s = (await self.memberships.require(event.chat_id)).chat.expires_after_s
        draft = Draft(event.chat_id, by.id, by.number, f"{item.id}{part}", body, expires_after_s=lives_s)
        stored = await self.journal.append(draft)
        await self.announcer.applied(stored.entry)
        return stored.entry.seq
