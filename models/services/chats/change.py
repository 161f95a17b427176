"""Edits, deletes and pins messages, reacts to them and votes in polls: each change is stored in the log first, and then applied."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from models.documents.chat import Member, Roster
from models.documents.chat_ref import ChatRef
from models.documents.entry import (
    Deletion,
    Draft,
    Edit,
    Entry,
    Mention,
    Message,
    MessageChange,
    Pin,
    Reaction,
    Stored,
    Vote,
    shown_to,
)
from models.documents.poll import ChatPoll
from models.documents.reaction import find_emoji
from models.documents.session import Actor
from models.errors import (
    ClientIdReused,
    DomainError,
    Malformed,
    MessageDeleted,
    MessageNotFound,
    NotYourMessage,
    PinsFull,
    PollClosed,
)
from models.facts import MessageHidden
from models.ports import Clock, Fanout
from models.services.chats.journal import Journal
from models.services.chats.permission import PINS_MAX, found_in, load_pair, require_change_allowed, require_may_pin
from models.services.chats.resolve import ResolveChat
from models.services.chats.send import FindStored
from models.services.contacts.directory import Directory
from models.services.media.unused import RemoveUnusedMedia
from models.services.runtime.token_bucket import TokenBuckets
from models.stores.entries import Entries, visible
from models.stores.members import Members
from models.stores.message_changes import MessageChanges

log = logging.getLogger(__name__)

Admit = Callable[[Roster, Entry], Awaitable[None]]  # raises the refusal of a change to this message

CAPTIONED = frozenset("ilvd")  # types whose caption an edit changes; cards and sounds have no text to edit


@dataclass(frozen=True, slots=True)
class ChangeMessage:
    """Lets senders edit their messages, senders and admins delete them, and members react, pin and vote.

    `submit_…` appends in the order of the calls, like SendMessage. Its future is given to `finish` outside of that order.
    """

    resolve: ResolveChat
    directory: Directory
    members: Members
    entries: Entries
    journal: Journal
    fanout: Fanout
    limit: TokenBuckets
    find_stored: FindStored
    remove_media: RemoveUnusedMedia
    changes: MessageChanges
    clock: Clock

    async def submit_edit(
        self,
        actor: Actor,
        target: ChatRef,
        seq: int,
        text: str,
        client_id: str,
        mentions: tuple[Mention, ...] = (),
    ) -> asyncio.Future[Stored]:
        """Replace the text or the caption of the actor's own message, and with it the mentions."""

        async def admit(roster: Roster, message: Entry) -> None:
            if message.sender_id != actor.account_id:
                raise NotYourMessage
            if message.is_deleted:
                raise MessageDeleted
            if isinstance(message.body, Message) and message.body.type not in {"t", *CAPTIONED}:
                raise Malformed("A message of this type has no text to edit.")
            require_change_allowed(await load_pair(self.directory, roster.chat, actor.account_id), message)

        return await self._submit(actor, target, Edit(seq, text, mentions), client_id, admit)

    async def submit_deletion(self, actor: Actor, target: ChatRef, seq: int, client_id: str) -> asyncio.Future[Stored]:
        """Delete a message for everybody, as its sender or as an admin of the group."""

        async def admit(roster: Roster, message: Entry) -> None:
            if message.sender_id != actor.account_id and actor.account_id not in roster.admins:
                raise NotYourMessage
            if message.is_deleted:
                raise MessageDeleted

        return await self._submit(actor, target, Deletion(seq), client_id, admit)

    async def submit_reaction(
        self, actor: Actor, target: ChatRef, seq: int, emoji: str | None, client_id: str
    ) -> asyncio.Future[Stored]:
        """Set the actor's one reaction to a message, or take it back with None. Malformed for what is not one emoji."""
        reaction = None if emoji is None else find_emoji(emoji)

        async def admit(roster: Roster, message: Entry) -> None:
            if reaction is None and emoji is not None:
                raise Malformed("emoji: must be one emoji.")
            if message.is_deleted:
                raise MessageDeleted
            require_change_allowed(await load_pair(self.directory, roster.chat, actor.account_id), message)

        return await self._submit(actor, target, Reaction(seq, reaction), client_id, admit)

    async def submit_pin(
        self, actor: Actor, target: ChatRef, seq: int, client_id: str, *, pinned: bool
    ) -> asyncio.Future[Stored]:
        """Pin a message in its chat for everybody, or unpin it. In a group, see `Pinners`; in the chat of an event, admins may."""

        async def admit(roster: Roster, message: Entry) -> None:
            require_may_pin(roster, actor.account_id)
            if message.is_deleted:
                raise MessageDeleted
            require_change_allowed(await load_pair(self.directory, roster.chat, actor.account_id), message)
            is_more = pinned and message.pinned_at is None
            if is_more and await self.changes.count_pinned(roster.chat.id, PINS_MAX) >= PINS_MAX:
                raise PinsFull

        return await self._submit(actor, target, Pin(seq, pinned), client_id, admit)

    async def submit_vote(
        self, actor: Actor, target: ChatRef, seq: int, options: tuple[int, ...], client_id: str
    ) -> asyncio.Future[Stored]:
        """Let the actor's vote in a poll be for these options and no others; () takes it back.

        Raises PollClosed from the poll's `closes_at` on, also for a vote that is taken back.
        """
        self.limit.take(actor.account_id)
        try:
            roster, message = await self._require_message(actor, target, seq)
            if message.is_deleted:
                raise MessageDeleted
            poll = _require_poll(message)
            poll.require_choice(options)
            if poll.is_closed(self.clock.now()):
                raise PollClosed
            require_change_allowed(await load_pair(self.directory, roster.chat, actor.account_id), message)
        except DomainError as refusal:
            return await self.find_stored.answer(actor, target, client_id, refusal)
        return self._append(actor, roster, message, Vote(seq, options, poll.is_secret), client_id)

    async def finish(self, future: asyncio.Future[Stored], kind: type[MessageChange]) -> tuple[Entry, Entry]:
        """Wait until a change is stored, and apply it. Returns the change and the message as it is now.

        A change that cannot be applied now, because the database went away, is applied by later reads and by the sweep.
        """
        stored = await future
        change = stored.entry
        if not isinstance(change.body, kind):
            raise ClientIdReused
        try:
            gone = await self.entries.apply(change)
            if gone:
                await self.remove_media.after(gone)
        except Exception:
            log.exception("change %d of chat %d is stored and waits to be applied", change.seq, change.chat_id)
        message = await self.entries.find(change.chat_id, change.body.of)
        if message is None:
            raise MessageNotFound
        if stored.is_new:
            author_id = change.sender_id
            (change,) = await self.entries.with_tallies(change.chat_id, [change], change.seq)
            return shown_to(change, author_id), shown_to(message, author_id)
        # Sent again: since then its author may have lost sight of the message.
        author_id = change.sender_id
        return await self.find_stored.as_seen(author_id, change), await self.find_stored.as_seen(author_id, message)

    async def hide(self, actor: Actor, target: ChatRef, seq: int) -> int:
        """Hide a message from the actor alone ("delete for me"). Returns the chat's id.

        This is no entry of the log, which others read too. Devices that are away learn it from the hidden seqs in every sync. A
        message that is hidden already is announced once more: a request is sent again when it got no answer, and then the
        devices may not have been told either.
        """
        self.limit.take(actor.account_id)
        chat_id = await self.resolve.require_id(actor, target)
        member = await self.members.find_member(chat_id, actor.account_id)
        if member is None or not await self._is_hidden(member, seq):
            await self._require_message(actor, target, seq)
            await self.members.hide_message(chat_id, actor.account_id, seq)
        self.fanout.publish(MessageHidden(chat_id, seq, actor.account_id), [actor.account_id])
        return chat_id

    async def _is_hidden(self, member: Member, seq: int) -> bool:
        """Returns whether a member has deleted this message for itself."""
        if seq in member.hidden or 0 < seq <= member.cleared:
            return True
        message = await self.entries.find(member.chat_id, seq) if member.hidden_count > len(member.hidden) else None
        return message is not None and member.account_id in message.hidden_by

    async def _submit(
        self, actor: Actor, target: ChatRef, change: MessageChange, client_id: str, admit: Admit
    ) -> asyncio.Future[Stored]:
        """Append a change unless `admit` refuses it. A refused change that was stored before keeps its answer."""
        self.limit.take(actor.account_id)
        try:
            roster, message = await self._require_message(actor, target, change.of)
            await admit(roster, message)
            if isinstance(change, Edit) and change.mentions:
                change = replace(change, mentions=found_in(roster, change.mentions))
        except DomainError as refusal:
            return await self.find_stored.answer(actor, target, client_id, refusal)
        return self._append(actor, roster, message, change, client_id)

    def _append(
        self, actor: Actor, roster: Roster, message: Entry, change: MessageChange, client_id: str
    ) -> asyncio.Future[Stored]:
        # A change is hidden from those from whom the message was hidden, and is over with it.
        return self.journal.append(
            Draft(
                roster.chat.id,
                actor.account_id,
                actor.number,
                client_id,
                change,
                message.hidden_from,
                expires_at=message.expires_at,
            )
        )

    async def _require_message(self, actor: Actor, target: ChatRef, seq: int) -> tuple[Roster, Entry]:
        roster = await self.resolve(actor, target)
        member = await self.members.find_member(roster.chat.id, actor.account_id)
        message = await self.entries.find(roster.chat.id, seq)
        if message is None or member is None or not visible([message], member) or not isinstance(message.body, Message):
            raise MessageNotFound
        return roster, message


def _require_poll(message: Entry) -> ChatPoll:
    """Returns the poll of a message. Raises Malformed if it is none."""
    if not isinstance(message.body, Message) or message.body.poll is None:
        raise Malformed("This message is no poll.")
    return message.body.poll
