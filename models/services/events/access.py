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
from models.stores.chats import Chats
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class HiddenEvents:
    """The rule of blocks at events, whenever the block was made, and until it is taken back.

    Somebody who blocked the owner has nothing of the event: not in any list or count, by no id, on no socket, by no push; an
    answer that was given stays with the owner. Between other people at an event a block does what it does in a common group:
    messages flow. Accounts that blocked the viewer are shown without name, photo and e-mail address (see_users.py).
    """

    directory: Directory

    async def list_owners(self, viewer: Actor) -> Collection[int]:
        """The ids of the accounts whose events do not exist for this viewer."""
        me = await self.directory.require(viewer.account_id)
        return [one.id for one in await self.directory.list_by_numbers(me.blocked)] if me.blocked else []

    async def hides(self, viewer: Actor, event: Event) -> bool:
        """Whether this event does not exist for this viewer."""
        me = await self.directory.require(viewer.account_id)
        return bool(me.blocked) and me.has_blocked((await self.directory.require(event.owner_id)).number)


@dataclass(frozen=True, slots=True)
class FollowBlocks:
    """Takes somebody out of the chats of events whose owner they block, and back into them when the block is taken back.

    To the others it looks like leaving, so that the block is not told. Done again it changes nothing.
    """

    events: Events
    chats: Chats
    hidden: HiddenEvents
    record: RecordChanges
    join: JoinEvents

    async def blocked(self, actor: Actor) -> None:
        """Leave the chats of all events whose owner this account has blocked."""
        owners = await self.hidden.list_owners(actor)
        if not owners:
            return
        invited = await self.events.list_invited_chats(actor.account_id, EVENTS_MAX)
        chats = [chat_id for chat_id, owner_id in invited if owner_id in owners]
        for member in await self.chats.list_memberships(actor.account_id, chats):
            if member.is_active:
                await self.record(actor, member.chat_id, Left(actor.account_id, actor.number))

    async def unblocked(self, account: Account) -> None:
        """Go back into the chats of events whose owner it does not block."""
        await self.join(account)


@dataclass(frozen=True, slots=True)
class RequireEvent:
    """The event, or EventNotFound (events contract 6.0); `owned` raises NotTheOwner for those who are only invited."""

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
