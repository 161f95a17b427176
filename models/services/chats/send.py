"""Sends messages: checks them, stores them once per client id, and returns the stored entries."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, replace

from models.documents.chat import Chat, ChatKind, Roster
from models.documents.chat_ref import ChatRef
from models.documents.entry import Draft, Entry, Mention, Message, Stored, shown_to, without_content
from models.documents.session import Actor
from models.errors import ChatNotFound, ClientIdReused, DomainError
from models.facts import ChatListed, ChatMembersChanged
from models.ports import Fanout
from models.services.chats.journal import Journal
from models.services.chats.membership import MembershipCache
from models.services.chats.permission import (
    admit_to_direct,
    found_in,
    is_complete,
    list_for,
    load_pair,
    peek_pair,
    require_named,
    require_reply_target,
)
from models.services.chats.resolve import ResolveChat
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.directory import Directory
from models.services.runtime.token_bucket import TokenBuckets
from models.stores.entries import Entries
from models.stores.members import Members


@dataclass(frozen=True, slots=True)
class FindStored:
    """Finds what a request has stored that is sent again: a client without an answer cannot know that it was stored."""

    resolve: ResolveChat
    members: Members
    entries: Entries
    journal: Journal

    async def __call__(self, actor: Actor, target: ChatRef, client_id: str) -> Entry | None:
        """Returns what the actor stored in this chat under a client id, or None.

        A message is returned as the actor may see it now (`as_seen`), a change as it was stored: it may still have to be applied.
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
        """Returns what was stored before as the journal would; raises the refusal if nothing was.

        A refusal that is worth trying again is raised in any case: the client tries again, and gets its answer then.
        """
        stored = None if refusal.retryable else await self(actor, target, client_id)
        if stored is None:
            raise refusal
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        future.set_result(Stored(stored, is_new=False))
        return future

    async def as_seen(self, account_id: int, entry: Entry) -> Entry:
        """Returns an entry as this account may see it now; without content if it may not see it."""
        member = await self.members.find_member(entry.chat_id, account_id)
        now = await self.entries.find(entry.chat_id, entry.seq)
        shown = [] if member is None or now is None else await self.entries.as_shown_to(member, [now])
        return shown[0] if shown else without_content(entry)


@dataclass(frozen=True, slots=True)
class AdmitMessage:
    """Decides from whom a new message is hidden; raises NotAContact or ContactBlocked if it may not be written at all.

    In groups and chats of events every member may write, and nothing is hidden; and everybody may write to oneself.
    """

    require_contact: RequireContact
    directory: Directory

    async def __call__(self, actor: Actor, chat: Chat) -> tuple[int, ...]:
        """Returns the accounts that a message to this chat is hidden from."""
        pair = await load_pair(self.directory, chat, actor.account_id)
        if pair is None:
            return ()
        return admit_to_direct(actor, pair, await self.require_contact(actor, pair[1].number))

    async def to_contact(self, actor: Actor, number: str) -> tuple[int, ...]:
        """Returns the accounts that a message to this number is hidden from, whether or not there is a chat yet."""
        if number == actor.number:
            return ()
        contact = await self.require_contact(actor, number)
        return admit_to_direct(actor, (await self.directory.require(actor.account_id), contact), contact)

    def peek(self, actor: Actor, roster: Roster) -> tuple[int, ...] | None:
        """`__call__` from the caches only.

        Returns None if something is not cached, or if a direct chat must be completed or listed first.
        """
        if roster.chat.kind is not ChatKind.DIRECT:
            return None if roster.unlisted else ()
        pair = peek_pair(self.directory, roster.chat, actor.account_id)
        contact = None if pair is None else self.require_contact.peek(actor, pair[1].number)
        if pair is None or contact is None or roster.unlisted or not is_complete(roster):
            return None
        return admit_to_direct(actor, pair, contact)


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Sends messages: stored before they are acknowledged, acknowledged before they are announced.

    Two steps, so that a connection's messages keep their order without waiting until each is stored: `submit` appends in the
    order of its calls; the future that it returns is awaited outside of that order.
    """

    resolve: ResolveChat
    admit: AdmitMessage
    memberships: MembershipCache
    members: Members
    find_stored: FindStored
    journal: Journal
    fanout: Fanout
    limit: TokenBuckets

    async def __call__(self, actor: Actor, target: ChatRef, message: Message, client_id: str) -> Entry:
        """Send a message and wait until it is stored.

        The same client id returns the same entry for ever; ClientIdReused if that is no message.
        """
        return message_of(await (await self.submit(actor, target, message, client_id)))

    async def find_sent(self, actor: Actor, target: ChatRef, client_id: str) -> Entry | None:
        """Returns the message that this client id has stored already, or None, so that its file need not be taken again.

        Raises ClientIdReused if it is no message. The answer stays, also if the actor may no longer write there.
        """
        stored = await self.find_stored(actor, target, client_id)
        return None if stored is None else message_of(Stored(stored, is_new=False))

    async def submit(self, actor: Actor, target: ChatRef, message: Message, client_id: str) -> asyncio.Future[Stored]:
        """Append a message to its chat's log, behind all that were submitted before it."""
        self.limit.take(actor.account_id)
        return await self.append(actor, target, message, client_id)

    async def append(self, actor: Actor, target: ChatRef, message: Message, client_id: str) -> asyncio.Future[Stored]:
        """`submit` for a caller that has taken the actor's token."""
        try:
            require_reply_target(message)
            roster = await self.resolve.for_writing(actor, target)
            hidden_from = await self.admit(actor, roster.chat)
            if message.mentions:
                message = replace(message, mentions=found_in(roster, message.mentions))
            if roster.unlisted:
                await self._list(roster, actor.account_id, hidden_from)
        except DomainError as refusal:
            # What was sent while it was allowed keeps its answer: the client may never have got it.
            return await self.find_stored.answer(actor, target, client_id, refusal)
        return self._append(actor, roster, message, client_id, hidden_from)

    def submit_now(
        self, actor: Actor, target: ChatRef, message: Message, client_id: str
    ) -> asyncio.Future[Stored] | None:
        """`submit` from the caches only, without a task.

        Returns None, having done nothing, if something is not cached or would be refused.

        To be used when nothing that was submitted before is still being admitted.
        """
        roster = self.resolve.peek(actor, target)
        if roster is None:
            return None
        try:
            require_reply_target(message)
            hidden_from = self.admit.peek(actor, roster)
            if message.mentions:
                message = replace(message, mentions=found_in(roster, message.mentions))
        except DomainError:
            return None
        if hidden_from is None:
            return None
        self.limit.take(actor.account_id)
        return self._append(actor, roster, message, client_id, hidden_from)

    def _append(
        self, actor: Actor, roster: Roster, message: Message, client_id: str, hidden_from: tuple[int, ...]
    ) -> asyncio.Future[Stored]:
        lives_s = roster.chat.expires_after_s
        return self.journal.append(
            Draft(roster.chat.id, actor.account_id, actor.number, client_id, message, hidden_from, lives_s)
        )

    async def _list(self, roster: Roster, account_id: int, hidden_from: Collection[int]) -> None:
        """Put a direct chat into the lists in which its first message makes it appear."""
        for viewer, other in list_for(roster, account_id, hidden_from).items():
            await self.members.reveal(roster.chat.id, viewer)
            self.memberships.forget(roster.chat.id)
            self.fanout.signal(ChatMembersChanged(roster.chat.id))
            self.fanout.publish(ChatListed(roster.chat, roster.numbers[other]), [viewer])


@dataclass(frozen=True, slots=True)
class RequireRecipient:
    """Raises the refusals of SendMessage before a file is taken for the message. Costs one more of the sender's tokens.

    `mentions` are those of the message, whose numbers must be in the chat.
    """

    resolve: ResolveChat
    admit: AdmitMessage
    limit: TokenBuckets

    async def __call__(self, actor: Actor, target: ChatRef, mentions: Collection[Mention] = ()) -> None:
        self.limit.take(actor.account_id)
        await self.check(actor, target, mentions)

    async def check(self, actor: Actor, target: ChatRef, mentions: Collection[Mention] = ()) -> None:
        """Raise the refusals of SendMessage but for the rate, at no cost."""
        if target.contact is None:
            roster = await self.resolve(actor, target)
            await self.admit(actor, roster.chat)
            found_in(roster, mentions)
        else:
            await self.admit.to_contact(actor, target.contact)
            require_named(mentions, (actor.number, target.contact))


def message_of(stored: Stored) -> Entry:
    """Returns the stored entry if it is a message, else raises ClientIdReused."""
    if not isinstance(stored.entry.body, Message):
        raise ClientIdReused
    return shown_to(stored.entry, stored.entry.sender_id)
