"""Sends messages: checks, stores once per client id, and returns the stored entry."""

import asyncio
from dataclasses import dataclass

from models.documents.chat import ChatKind, Roster
from models.documents.entry import Draft, Entry, Message, without_content
from models.documents.session import Actor
from models.documents.target import ChatRef
from models.errors import ChatNotFound, ClientIdReused, ContactBlocked, DomainError, MessageNotFound, NotAContact
from models.facts import ChatListed, ChatMembersChanged
from models.ports import Fanout
from models.services.chats.journal import Journal
from models.services.chats.membership import MembershipCache
from models.services.chats.resolve import ResolveChat
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.directory import Directory
from models.services.runtime.token_bucket import TokenBuckets
from models.stores.chats import Chats
from models.stores.entries import Entries
from models.stores.pending_draft import Stored


@dataclass(frozen=True, slots=True)
class FindStored:
    """For requests that are sent again: a client that never got the answer cannot know that it was stored."""

    resolve: ResolveChat
    chats: Chats
    entries: Entries
    journal: Journal

    async def __call__(self, actor: Actor, target: ChatRef, client_id: str) -> Entry | None:
        """Return what the actor stored in this chat under a client id, or None.

        A message is shown as `as_seen` has it; a change is returned as it was stored, for it may still have to be applied.
        """
        try:
            chat_id = await self.resolve.require_id(actor, target)
        except ChatNotFound:
            return None
        stored = await self.journal.find(chat_id, actor.account_id, client_id)
        if stored is None or not isinstance(stored.body, Message):
            return stored
        return await self.as_seen(actor.account_id, stored)

    async def answer(
        self, actor: Actor, target: ChatRef, client_id: str, refusal: DomainError
    ) -> "asyncio.Future[Stored]":
        """Return what was stored before in the form of the journal's answer; raise the refusal if nothing was.

        A refusal that may pass is raised in any case: the client tries again, and gets its answer then.
        """
        stored = None if refusal.retryable else await self(actor, target, client_id)
        if stored is None:
            raise refusal
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        future.set_result(Stored(stored, is_new=False))
        return future

    async def as_seen(self, account_id: int, entry: Entry) -> Entry:
        """Return an entry as it is now, as far as this account may see it; one that it may not see has no content."""
        member = await self.chats.find_member(entry.chat_id, account_id)
        now = await self.entries.find(entry.chat_id, entry.seq)
        shown = [] if member is None or now is None else await self.entries.as_shown_to(member, [now])
        return shown[0] if shown else without_content(entry)


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Stored before it is acknowledged, acknowledged before it is announced.

    Two steps, so that a door can keep the order in which one connection sends without waiting for each to be stored:
    `submit` admits and numbers in the order of its calls; what it returns is awaited outside of that order.
    """

    resolve: ResolveChat
    require_contact: RequireContact
    directory: Directory
    memberships: MembershipCache
    chats: Chats
    find_stored: FindStored
    journal: Journal
    fanout: Fanout
    limit: TokenBuckets

    async def __call__(self, actor: Actor, target: ChatRef, message: Message, client_id: str) -> Entry:
        """Send and wait until it is stored; the same client id gives the same entry for ever (ClientIdReused if it was no message)."""
        return message_of(await (await self.submit(actor, target, message, client_id)))

    async def find_sent(self, actor: Actor, target: ChatRef, client_id: str) -> Entry | None:
        """The message that this client id has led to already, so that a door need not fetch or keep a file for it again.

        Raises ClientIdReused if it was no message. Whether the actor may still write there does not matter: the answer stays.
        """
        stored = await self.find_stored(actor, target, client_id)
        return None if stored is None else message_of(Stored(stored, is_new=False))

    async def submit(self, actor: Actor, target: ChatRef, message: Message, client_id: str) -> asyncio.Future[Stored]:
        """Admit a message to its chat's log, behind all that were submitted before it."""
        self.limit.take(actor.account_id)
        try:
            if message.reply_to is not None and message.reply_to < 1:
                raise MessageNotFound
            chat_id, hidden_from = await self._admit(actor, target)
        except DomainError as refusal:
            # What was sent while it was allowed keeps its answer: the client may never have got it.
            return await self.find_stored.answer(actor, target, client_id, refusal)
        return self.journal.append(Draft(chat_id, actor.account_id, actor.number, client_id, message, hidden_from))

    def submit_now(
        self, actor: Actor, target: ChatRef, message: Message, client_id: str
    ) -> asyncio.Future[Stored] | None:
        """The same where everything is at hand and nothing is in the way; else None, and nothing has happened.

        To be used when nothing that was submitted before is still being admitted. A message in a busy chat costs no task.
        """
        if message.reply_to is not None and message.reply_to < 1:
            return None
        roster = self.resolve.peek_for_writing(actor, target)
        hidden_from = None if roster is None else self._peek_admission(actor, roster)
        if roster is None or hidden_from is None:
            return None
        self.limit.take(actor.account_id)
        return self.journal.append(
            Draft(roster.chat.id, actor.account_id, actor.number, client_id, message, hidden_from)
        )

    def _peek_admission(self, actor: Actor, roster: Roster) -> tuple[int, ...] | None:
        """What `_admit` finds out, as far as it is at hand; None where it is not, or something is in the way."""
        if roster.chat.kind is not ChatKind.DIRECT:
            return ()
        me, peer = self.directory.peek(actor.account_id), self.directory.peek(roster.chat.peer_of(actor.account_id))
        if me is None or peer is None or roster.unlisted or me.has_blocked(peer.number):
            return None
        known = self.require_contact.peek(actor, peer.number)
        if known is None or known.id != peer.id:
            return None
        return (peer.id,) if peer.has_blocked(actor.number) else ()

    async def _admit(self, actor: Actor, target: ChatRef) -> tuple[int, tuple[int, ...]]:
        """The chat in which the actor may write, and from whom it is kept."""
        roster = await self.resolve.for_writing(actor, target)
        if roster.chat.kind is ChatKind.DIRECT:
            return roster.chat.id, await self._admit_to_direct(actor, roster)
        return roster.chat.id, ()

    async def _admit_to_direct(self, actor: Actor, roster: Roster) -> tuple[int, ...]:
        """Hold the rules between two people; returns from whom the message is kept (messaging contract 8)."""
        peer_id = roster.chat.peer_of(actor.account_id)
        peer = await self.directory.require(peer_id)
        if (await self.require_contact(actor, peer.number)).id != peer_id:
            raise NotAContact  # the number has another owner now; in this chat nobody would read it
        me = await self.directory.require(actor.account_id)
        if me.has_blocked(peer.number):
            raise ContactBlocked
        is_blocked = peer.has_blocked(actor.number)
        if roster.unlisted:
            await self._list(roster, actor.account_id, peer_id, is_blocked=is_blocked)
        return (peer_id,) if is_blocked else ()

    async def _list(self, roster: Roster, account_id: int, peer_id: int, *, is_blocked: bool) -> None:
        for viewer, other in {account_id: peer_id, peer_id: account_id}.items():  # one in a chat with oneself
            if viewer in roster.unlisted and not (is_blocked and viewer == peer_id):
                await self.chats.reveal(roster.chat.id, viewer)
                self.memberships.forget(roster.chat.id)
                self.fanout.signal(ChatMembersChanged(roster.chat.id))
                self.fanout.publish(ChatListed(roster.chat, roster.numbers[other]), [viewer])


def message_of(stored: Stored) -> Entry:
    """The entry of an append that was meant to be a message."""
    if not isinstance(stored.entry.body, Message):
        raise ClientIdReused
    return stored.entry
