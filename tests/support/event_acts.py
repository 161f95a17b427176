"""What people do at events, without the doors: each act is one step of the store, told as its service would tell it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import uuid4

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
    Poll,
    PollPosted,
    Posted,
    PostedMessage,
    What,
)
from models.ports import Clock
from models.services.events.outbox import EventOutbox
from models.stores.accounts import Accounts
from models.stores.chats import Chats
from models.stores.events import Events


class Tells(Protocol):
    """What has a way to tell: a node."""

    @property
    def tell(self) -> EventOutbox: ...


@dataclass(kw_only=True)
class EventActs:
    """What people do at events, as the services behind the doors would do it. `node` tells, where no other is named."""

    clock: Clock
    accounts: Accounts = field(init=False)
    chats: Chats = field(init=False)
    events: Events = field(init=False)
    node: Any = field(init=False)

    def item(self, by: Account, what: What) -> OutboxItem:
        return OutboxItem(uuid4().hex, self.clock.now(), by.id, what)

    async def create(self, owner: Account, *guests: Account, in_hours: float = 48, **fields: Any) -> Event:
        """An event that is told, with these invited."""
        now, event_id = self.clock.now(), await self.events.next_id()
        chat = await self.chats.create_event_chat(event_id, (owner.id, owner.number), "Dinner", now)
        invitations = await self.invitations_of(*guests)
        item = self.item(owner, Invited(tuple(each.id for each in invitations)))
        known: dict[str, Any] = {
            "title": "Dinner",
            "date": now + timedelta(hours=in_hours),
            "total_spots": 10,
            "created_at": now,
            "modified_at": now,
            "invitations": invitations,
            "outbox": (item,),
        } | fields
        event = Event(
            id=event_id, chat_id=chat.id, owner_id=owner.id, **{"spots_at_first": known["total_spots"]} | known
        )
        await self.events.create(event)
        await self.node.tell(event, item)
        return await self.find(event)

    async def invitations_of(self, *guests: Account) -> tuple[Invitation, ...]:
        ids = await self.events.next_ids("invitations", len(guests) or 1)
        return tuple(
            Invitation(number, guest.id, guest.phone, self.clock.now())
            for number, guest in zip(ids, guests, strict=False)
        )

    async def find(self, event: Event) -> Event:
        found = await self.events.find(event.id)
        assert found is not None
        return found

    async def invite(self, event: Event, *guests: Account, node: Tells | None = None) -> Event:
        owner = await self.accounts.require(event.owner_id)
        invitations = await self.invitations_of(*guests)
        item = self.item(owner, Invited(tuple(each.id for each in invitations)))
        return await self._told(await self.events.invite(event.id, invitations, item, 100), item, node)

    async def answer(
        self, event: Event, guest: Account, answer: bool, message: str | None = None, node: Tells | None = None
    ) -> Event:
        invitation = event.find_invitation(guest.id)
        assert invitation is not None
        item = self.item(guest, Answered(invitation.id, answer, message))
        changed = await self.events.answer(event.id, guest.id, answer=answer, message=message, item=item)
        return await self._told(changed, item, node)

    async def edit(self, event: Event, node: Tells | None = None, **fields: Any) -> Event:
        owner = await self.accounts.require(event.owner_id)
        item = self.item(owner, Edited(tuple(fields)))
        return await self._told(await self.events.edit(replace(event, **fields), list(fields), item), item, node)

    async def cancel(self, event: Event) -> Event:
        item = self.item(await self.accounts.require(event.owner_id), Canceled())
        return await self._told(await self.events.cancel(event.id, item), item)

    async def delete(self, event: Event) -> Event:
        item = self.item(await self.accounts.require(event.owner_id), Deleted())
        return await self._told(await self.events.delete(event.id, item), item)

    async def suggest(self, event: Event, by: Account, venue: str) -> Event:
        poll = Poll(await self.events.next_id("polls"), by.id, event.date, venue)
        item = self.item(by, PollPosted(poll.id))
        return await self._told(await self.events.add_poll(event.id, poll, item, 3), item)

    async def post(self, event: Event, by: Account, body: str) -> Event:
        message = PostedMessage(await self.events.next_id("event_messages"), by.id)
        item = self.item(by, Posted(message.id, body))
        return await self._told(await self.events.post(event.id, message, item, 3), item)

    async def _told(self, changed: Event | None, item: OutboxItem, node: Tells | None = None) -> Event:
        assert changed is not None
        await (node or self.node).tell(changed, item)
        return changed
