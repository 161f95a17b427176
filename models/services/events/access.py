"""Access to events: who may see one, and what a block hides."""

from collections.abc import Collection
from dataclasses import dataclass

from models.documents.account import Account
from models.documents.entry import Left
from models.documents.event import Event
from models.documents.session import Actor
from models.errors import EventNotFound, NotTheOwner
from models.services.chats.record_changes import RecordChanges
from models.services.contacts.directory import Directory
from models.services.events.inviting import EVENTS_MAX, JoinEvents
from models.stores.event_lists import EventLists
from models.stores.events import Events
from models.stores.members import Members


@dataclass(frozen=True, slots=True)
class HiddenEvents:
    """The rule of blocks at events: an event does not exist for somebody who blocked its owner, whenever the block was made.

    Such an event is in no list or count, has no id, and sends no packet and no push; an answer that was given stays with the owner.
    Between other people at an event, a block does what it does in a common group: messages flow. Accounts that blocked the viewer are
    shown without name, photo and e-mail address (models/services/users/views.py).
    """

    directory: Directory

    async def list_owners(self, viewer: Actor) -> Collection[int]:
        """Returns the ids of the accounts whose events do not exist for this viewer."""
        me = await self.directory.require(viewer.account_id)
        return [one.id for one in await self.directory.list_by_numbers(me.blocked)] if me.blocked else []

    async def hides(self, viewer: Actor, event: Event) -> bool:
        """Returns whether this event does not exist for this viewer."""
        me = await self.directory.require(viewer.account_id)
        return bool(me.blocked) and me.has_blocked((await self.directory.require(event.owner_id)).number)


@dataclass(frozen=True, slots=True)
class FollowBlocks:
    """Removes an account from the chats of events whose owner it blocks, and adds it again when it unblocks the owner.

    To the others it looks like leaving, so the block is not revealed. Running it again changes nothing.
    """

    events: EventLists
    members: Members
    hidden: HiddenEvents
    record: RecordChanges
    join: JoinEvents

    async def blocked(self, actor: Actor) -> None:
        """Leaves the chats of all events whose owner this account has blocked."""
        owners = await self.hidden.list_owners(actor)
        if not owners:
            return
        invited = await self.events.list_invited_chats(actor.account_id, EVENTS_MAX)
        chats = [chat_id for chat_id, owner_id in invited if owner_id in owners]
        for member in await self.members.list_memberships(actor.account_id, chats):
            if member.is_active:
                await self.record(actor, member.chat_id, Left(actor.account_id, actor.number))

    async def unblocked(self, account: Account) -> None:
        """Rejoins the chats of events whose owner this account does not block."""
        await self.join(account)


@dataclass(frozen=True, slots=True)
class RequireEvent:
    """Returns the event, or raises EventNotFound (docs/events-api.md, "Visibility"); `owned` raises NotTheOwner for invitees."""

    events: Events
    hidden: HiddenEvents

    async def __call__(self, actor: Actor, event_id: int) -> Event:
        event = await self.events.find(event_id)
        if event is None or not event.is_visible_to(actor.account_id) or await self.hidden.hides(actor, event):
            raise EventNotFound
        return event

    async def owned(self, actor: Actor, event_id: int) -> Event:
        event = await self(actor, event_id)
        if event.owner_id != actor.account_id:
            raise NotTheOwner
        return event
