"""Sends a message: who, to which chat, may they, is it well-formed; then the journal stores it and the announcer tells it."""

import asyncio
from dataclasses import dataclass

from models.documents.chat import ChatKind, Roster
from models.documents.entry import Draft, Entry, Message
from models.documents.session import Actor
from models.documents.target import Target
from models.errors import ClientIdReused, ContactBlocked, MessageNotFound
from models.events import ChatListed
from models.ports import Fanout
from models.services.directory import Directory
from models.services.limits import TokenBuckets
from models.services.require_contact import RequireContact
from models.services.resolve_chat import ResolveChat
from models.services.rosters import Rosters
from models.stores.chats import Chats
from models.stores.journal import Journal, Stored


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Stored before it is acknowledged, acknowledged before it is announced.

    Two steps, so that a door can keep the order in which one connection sends without waiting for each to be stored:
    `submit` admits and numbers in the order of its calls; what it returns is awaited outside of that order.
    """

    resolve: ResolveChat
    require_contact: RequireContact
    directory: Directory
    rosters: Rosters
    chats: Chats
    journal: Journal
    fanout: Fanout
    limit: TokenBuckets

    async def __call__(self, actor: Actor, target: Target, message: Message, client_id: str) -> Entry:
        """Send and wait until it is stored; the same client id gives the same entry for ever (ClientIdReused if it was no message)."""
        return message_of(await (await self.submit(actor, target, message, client_id)))

    async def submit(self, actor: Actor, target: Target, message: Message, client_id: str) -> asyncio.Future[Stored]:
        """Admit a message to its chat's log, behind all that were submitted before it."""
        self.limit.take(actor.account_id)
        roster = await self.resolve.for_writing(actor, target)
        hidden_from: tuple[int, ...] = ()
        if roster.chat.kind is ChatKind.DIRECT:
            hidden_from = await self._admit_to_direct(actor, roster)
        if message.reply_to is not None and message.reply_to < 1:
            raise MessageNotFound
        return self.journal.append(
            Draft(roster.chat.id, actor.account_id, actor.number, client_id, message, hidden_from)
        )

    async def _admit_to_direct(self, actor: Actor, roster: Roster) -> tuple[int, ...]:
        """Hold the rules between two people; returns from whom the message is kept (messaging contract 8)."""
        peer_id = roster.chat.peer_of(actor.account_id)
        peer = await self.directory.require(peer_id)
        await self.require_contact(actor, peer.number)
        me = await self.directory.require(actor.account_id)
        if me.has_blocked(peer.number):
            raise ContactBlocked
        is_blocked = peer.has_blocked(actor.number)
        if roster.unlisted:
            await self._list(roster, actor.account_id, peer_id, is_blocked=is_blocked)
        return (peer_id,) if is_blocked else ()

    async def _list(self, roster: Roster, account_id: int, peer_id: int, *, is_blocked: bool) -> None:
        for viewer, other in ((account_id, peer_id), (peer_id, account_id)):
            if viewer in roster.unlisted and not (is_blocked and viewer == peer_id):
                await self.chats.reveal(roster.chat.id, viewer)
                self.fanout.publish(ChatListed(roster.chat, roster.numbers[other]), [viewer])
        self.rosters.forget(roster.chat.id)


def message_of(stored: Stored) -> Entry:
    """The entry of an append that was meant to be a message."""
    if not isinstance(stored.entry.body, Message):
        raise ClientIdReused
    return stored.entry
