"""Edits, deletes and reacts: each is an entry of the log first, and then applied to the message it changes."""

import asyncio
import logging
from dataclasses import dataclass

from models.documents.chat import ChatKind, Roster
from models.documents.entry import Deletion, Draft, Edit, Entry, Message, MessageChange, Reaction
from models.documents.session import Actor
from models.documents.target import Target
from models.errors import (
    ClientIdReused,
    ContactBlocked,
    Forbidden,
    Malformed,
    MessageDeleted,
    MessageNotFound,
    NotYourMessage,
)
from models.events import MessageHidden
from models.ports import Fanout
from models.services.directory import Directory
from models.services.limits import TokenBuckets
from models.services.remove_unused_media import RemoveUnusedMedia
from models.services.resolve_chat import ResolveChat
from models.stores.chats import Chats
from models.stores.entries import Entries, visible
from models.stores.journal import Journal
from models.stores.journal_queue import Stored

log = logging.getLogger(__name__)

CAPTIONED = frozenset("ilv")  # types whose caption an edit changes; cards and sounds have no text to edit


@dataclass(frozen=True, slots=True)
class ChangeMessage:
    """Who may change what: a sender its own messages' text, a sender or an admin a message's existence, a member its own reaction.

    `submit_…` appends in the order of the calls, like SendMessage; what it returns is given to `finish` outside of that order.
    """

    resolve: ResolveChat
    directory: Directory
    chats: Chats
    entries: Entries
    journal: Journal
    fanout: Fanout
    limit: TokenBuckets
    remove_media: RemoveUnusedMedia

    async def submit_edit(
        self, actor: Actor, target: Target, seq: int, text: str, client_id: str
    ) -> asyncio.Future[Stored]:
        """Replace the text (or the caption) of an own message."""
        roster, message = await self._require_message(actor, target, seq)
        if message.sender_id != actor.account_id:
            raise NotYourMessage
        if message.is_deleted:
            return await self._same_again(roster, actor, client_id)
        if isinstance(message.body, Message) and message.body.type not in {"t", *CAPTIONED}:
            raise Malformed("A message of this type has no text to edit.")
        await self._require_listener(actor, roster, message)
        return self._append(actor, roster, Edit(seq, text), client_id, message)

    async def submit_deletion(self, actor: Actor, target: Target, seq: int, client_id: str) -> asyncio.Future[Stored]:
        """Take a message away from everybody: its sender may, and so may an admin of the group."""
        roster, message = await self._require_message(actor, target, seq)
        if message.sender_id != actor.account_id and actor.account_id not in roster.admins:
            raise NotYourMessage
        if message.is_deleted:
            return await self._same_again(roster, actor, client_id)
        return self._append(actor, roster, Deletion(seq), client_id, message)

    async def submit_reaction(
        self, actor: Actor, target: Target, seq: int, emoji: str | None, client_id: str
    ) -> asyncio.Future[Stored]:
        """Set or take back the actor's one reaction to a message."""
        roster, message = await self._require_message(actor, target, seq)
        if message.is_deleted:
            return await self._same_again(roster, actor, client_id)
        await self._require_listener(actor, roster, message)
        return self._append(actor, roster, Reaction(seq, emoji), client_id, message)

    async def finish(self, future: asyncio.Future[Stored], kind: type[MessageChange]) -> tuple[Entry, Entry]:
        """Wait until the change is stored, and apply it; returns it and the message as it is now.

        What is not applied because of a crash or a database that went away is healed by whoever reads next.
        """
        change = (await future).entry
        if not isinstance(change.body, kind):
            raise ClientIdReused
        try:
            gone = await self.entries.apply(change)
            if gone is not None:
                await self.remove_media.after([gone])
        except Exception:
            log.exception("change %d of chat %d is stored and waits to be applied", change.seq, change.chat_id)
        message = await self.entries.find(change.chat_id, change.body.of)
        if message is None:
            raise MessageNotFound
        return change, message

    async def hide(self, actor: Actor, target: Target, seq: int) -> int:
        """Keep a message from the actor's own eyes only ("delete for me"); returns the chat's id.

        This is no entry: everybody else's log must not show that somebody tidied up. Devices that are away learn it from
        the list of hidden seqs in every sync.
        """
        roster, _ = await self._require_message(actor, target, seq)
        await self.chats.hide_message(roster.chat.id, actor.account_id, seq)
        self.fanout.publish(MessageHidden(roster.chat.id, seq, actor.account_id), [actor.account_id])
        return roster.chat.id

    async def _require_message(self, actor: Actor, target: Target, seq: int) -> tuple[Roster, Entry]:
        self.limit.take(actor.account_id)
        roster = await self.resolve(actor, target)
        member = await self.chats.find_member(roster.chat.id, actor.account_id)
        message = await self.entries.find(roster.chat.id, seq)
        if message is None or member is None or not visible([message], member) or not isinstance(message.body, Message):
            raise MessageNotFound
        return roster, message

    async def _require_listener(self, actor: Actor, roster: Roster, message: Entry) -> None:
        """Between two people of whom one blocked the other, nothing new is said by a change of what both have.

        Who was blocked may still change what was kept from the other anyway, and take back what it said.
        """
        if roster.chat.kind is not ChatKind.DIRECT:
            return
        peer = await self.directory.require(roster.chat.peer_of(actor.account_id))
        me = await self.directory.require(actor.account_id)
        if me.has_blocked(peer.number):
            raise ContactBlocked
        if peer.has_blocked(me.number) and peer.id not in message.hidden_from:
            raise Forbidden

    async def _same_again(self, roster: Roster, actor: Actor, client_id: str) -> asyncio.Future[Stored]:
        """A deleted message takes no change any more, but one that was stored before keeps its answer."""
        stored = await self.entries.find_by_client(roster.chat.id, actor.account_id, client_id)
        if stored is None:
            raise MessageDeleted
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        future.set_result(Stored(stored, is_new=False))
        return future

    def _append(
        self, actor: Actor, roster: Roster, change: MessageChange, client_id: str, message: Entry
    ) -> asyncio.Future[Stored]:
        # Whoever never got the message hears of no change to it.
        return self.journal.append(
            Draft(roster.chat.id, actor.account_id, actor.number, client_id, change, message.hidden_from)
        )
