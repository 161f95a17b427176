"""Broadcasts facts of events on the sockets, to the members of the event's chat: the owner and the registered invitees."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from models.documents.account import Account
from models.documents.event import (
    Answered,
    Canceled,
    Deleted,
    Edited,
    Event,
    Invitation,
    Invited,
    OutboxItem,
    PollPosted,
    Posted,
    ReminderDue,
    Withdrawn,
)
from models.facts import EventUpdated, Fact, PollCreated, RsvpUpdated
from models.ports import Fanout
from models.services.chats.membership import MembershipCache
from models.services.contacts.directory import Directory
from models.stores.accounts import Accounts


@dataclass(frozen=True, slots=True)
class BroadcastEvent:
    """Broadcasts facts of events, as a listener of the event outbox that runs behind the log: the chat has its new members by then.

    Somebody who removed the account hears nothing, and somebody who blocked the owner hears only of what they go on with themselves.
    Like every packet this is a hint: `sync` finds what was missed, and REST the event.
    """

    accounts: Accounts
    directory: Directory
    memberships: MembershipCache
    fanout: Fanout

    async def __call__(self, event: Event, item: OutboxItem) -> None:
        match item.what:
            case Answered(invitation_id) | Withdrawn(invitation_id):
                await self.invitation(event, next(each for each in event.invitations if each.id == invitation_id))
            case PollPosted(poll_id):
                await self._publish(event, PollCreated(event, next(each for each in event.polls if each.id == poll_id)))
            case Invited() | Edited() | Canceled() | Deleted():
                people = {event.owner_id, *(each.account_id for each in event.invitations)}
                accounts = await self.accounts.list_by_ids(people)
                await self._publish(event, EventUpdated(event, _named(accounts)))
            case Posted() | ReminderDue():
                pass  # the text is an entry of the chat, and a reminder changes nothing

    async def invitation(self, event: Event, invitation: Invitation) -> None:
        """Broadcasts that an invitation was answered or seen."""
        account = await self.directory.require(invitation.account_id)
        if account.blocked:
            people = await self.accounts.list_by_ids({event.owner_id, *(each.account_id for each in event.invitations)})
            account = _named(people)[account.id]
        await self._publish(event, RsvpUpdated(event, invitation, account))

    async def _publish(self, event: Event, fact: Fact) -> None:
        roster = await self.memberships.require_confirmed(event.chat_id)
        self.fanout.publish(fact, roster.members, chat=roster.chat)


def _named(people: Collection[Account]) -> dict[int, Account]:
    """Returns the people of an event by id, without the names of those who blocked any of the others: one text goes to all."""
    numbers = {one.number for one in people}
    return {
        one.id: one if one.blocked.isdisjoint(numbers) else replace(one, full_name="", nickname="") for one in people
    }
