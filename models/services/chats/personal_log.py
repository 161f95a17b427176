"""What an account keeps for itself, in the log of its chat with itself: settings of its chats, and stars on messages.

So all of its devices learn of it by the cursor and the promises of every other log. A change is acknowledged once it is applied to the
rows that lists are read from. Nobody is shown an entry before that: the announcer applies it before it tells the other devices, and a
sync applies what a crash has left before it shows the log. So a request that is sent after one has heard of a
change, by whatever way, finds it done.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from models.documents.account import Account
from models.documents.chat import Member
from models.documents.chat_ref import ChatRef
from models.documents.chat_settings import Setting, SettingsChange, VisibleSettings
from models.documents.entry import ChatSettingsSet, Draft, Entry, Message, PersonalChange, Starred, Stored
from models.documents.session import Actor
from models.errors import (
    ChatNotFound,
    ClientIdReused,
    DomainError,
    MessageDeleted,
    MessageNotFound,
    Unavailable,
)
from models.ports import Clock
from models.services.chats.announcer import Announcer
from models.services.chats.draft_room import DraftRoom
from models.services.chats.journal import Journal
from models.services.chats.membership import MembershipCache
from models.services.chats.resolve import ResolveChat
from models.services.chats.send import FindStored
from models.services.runtime.token_bucket import TokenBuckets
from models.stores.chats import Chats
from models.stores.entries import Entries
from models.stores.instants import to_milliseconds
from models.stores.members import Members
from models.stores.personal_state import PersonalState

APPLIED_WITHIN_S = 10.0  # as long as a sender waits for the journal
# Fields of ChatSettings as a client gives them: `archived` and `marked_unread` are yes or no.
AskedSettings = Mapping[str, Setting | bool]


@dataclass(frozen=True, slots=True)
class OpenSelfChat:
    """Makes the chat of an account with itself. It may be called again."""

    chats: Chats
    clock: Clock

    async def __call__(self, account: Account) -> None:
        me = account.id, account.number
        await self.chats.require_direct(me, me, self.clock.now())


@dataclass(frozen=True, slots=True)
class RecordPersonalChange:
    """Appends changes to the actor's own log, in the order of the calls, and waits until they are applied."""

    resolve: ResolveChat
    find_stored: FindStored
    journal: Journal
    announcer: Announcer
    memberships: MembershipCache

    def submit(self, actor: Actor, own_id: int, change: PersonalChange, client_id: str) -> asyncio.Future[Stored]:
        """Append a change to the actor's chat with itself."""
        return self.journal.append(Draft(own_id, actor.account_id, actor.number, client_id, change))

    async def answer_again(
        self, actor: Actor, own_id: int, client_id: str, refusal: DomainError
    ) -> asyncio.Future[Stored]:
        """Returns what was stored before under this client id; raises the refusal if nothing was."""
        return await self.find_stored.answer(actor, ChatRef(chat_id=own_id), client_id, refusal)

    async def finish(self, future: asyncio.Future[Stored]) -> Entry:
        """Wait until a change is stored and applied, and return its entry.

        Raises Unavailable if it cannot be applied now. It is stored: the next sync of the account, or the sweep, applies it.
        """
        stored = await future
        try:
            async with asyncio.timeout(APPLIED_WITHIN_S):
                await self.announcer.applied(stored.entry)
                if not stored.is_new:  # its node may have crashed before it applied it
                    await self.memberships.catch_up(stored.entry.chat_id)
        except TimeoutError:
            raise Unavailable(retry_after_ms=1000) from None
        return stored.entry


@dataclass(frozen=True, slots=True)
class SetChatSettings:
    """Sets what an account wants of one of its chats. The fields that are not named stay, and the last entry that names one wins.

    A former member may do it, too: the settings of a chat outlast one's being in it.
    """

    record: RecordPersonalChange
    members: Members
    entries: Entries
    room: DraftRoom
    personal: PersonalState
    clock: Clock
    limit: TokenBuckets

    async def submit(
        self, actor: Actor, target: ChatRef, asked: AskedSettings, client_id: str
    ) -> asyncio.Future[Stored]:
        """Append the change. Raises ChatNotFound, and TooLong if the account's drafts are too long together."""
        self.limit.take(actor.account_id)
        own_id = await self.record.resolve.require_own(actor)
        try:
            member = await require_member(self.record.resolve, self.members, actor, target)
            change = ChatSettingsSet(member.chat_id, await self._change(member, asked))
            append = partial(self.record.submit, actor, own_id, change, client_id)
            if change.text is not None:
                return await self.room.append(actor.account_id, own_id, change, append)
        except DomainError as refusal:
            return await self.record.answer_again(actor, own_id, client_id, refusal)
        return append()

    async def finish(self, future: asyncio.Future[Stored]) -> tuple[Entry, VisibleSettings]:
        """Returns the entry, once it is applied, and the settings of its chat as they are now."""
        entry = await self.record.finish(future)
        if not isinstance(entry.body, ChatSettingsSet):
            raise ClientIdReused
        return entry, await self.personal.find(entry.body.of_chat, entry.sender_id, self.clock.now())

    async def __call__(
        self, actor: Actor, target: ChatRef, asked: AskedSettings, client_id: str
    ) -> tuple[Entry, VisibleSettings]:
        return await self.finish(await self.submit(actor, target, asked, client_id))

    async def _change(self, member: Member, asked: AskedSettings) -> SettingsChange:
        change = dict(asked)
        if isinstance(end := asked.get("muted_until"), datetime):
            change["muted_until"] = to_milliseconds(end)
        if "archived" in asked:
            change["archived"] = await find_end(self.entries, member) if asked["archived"] else None
        if "marked_unread" in asked:
            change["marked_unread"] = member.read if asked["marked_unread"] else None
        return change


@dataclass(frozen=True, slots=True)
class StarMessage:
    """Marks a message with a star, or takes it back; only the account itself sees it."""

    record: RecordPersonalChange
    members: Members
    entries: Entries
    limit: TokenBuckets

    async def submit(
        self, actor: Actor, target: ChatRef, seq: int, client_id: str, *, is_starred: bool
    ) -> asyncio.Future[Stored]:
        """Append the change. Raises ChatNotFound, MessageNotFound, and for a new star MessageDeleted."""
        self.limit.take(actor.account_id)
        own_id = await self.record.resolve.require_own(actor)
        try:
            member = await require_member(self.record.resolve, self.members, actor, target)
            if is_starred:
                await self._require_message(member, seq)
            elif seq > await find_end(self.entries, member):
                raise MessageNotFound  # a row for every number would be kept for ever
        except DomainError as refusal:
            return await self.record.answer_again(actor, own_id, client_id, refusal)
        return self.record.submit(actor, own_id, Starred(member.chat_id, seq, is_starred), client_id)

    async def finish(self, future: asyncio.Future[Stored]) -> Entry:
        """Returns the entry, once it is applied."""
        entry = await self.record.finish(future)
        if not isinstance(entry.body, Starred):
            raise ClientIdReused
        return entry

    async def __call__(self, actor: Actor, target: ChatRef, seq: int, client_id: str, *, is_starred: bool) -> Entry:
        return await self.finish(await self.submit(actor, target, seq, client_id, is_starred=is_starred))

    async def _require_message(self, member: Member, seq: int) -> None:
        found = await self.entries.find(member.chat_id, seq)
        shown = [] if found is None else await self.entries.as_shown_to(member, [found])
        if not shown or not isinstance(shown[0].body, Message):
            raise MessageNotFound
        if shown[0].is_deleted:
            raise MessageDeleted


async def require_member(resolve: ResolveChat, members: Members, actor: Actor, target: ChatRef) -> Member:
    """Returns the row of the actor in a chat that it is or was in. Raises ChatNotFound for any other."""
    chat_id = await resolve.require_id(actor, target)
    member = await members.find_member(chat_id, actor.account_id)
    if member is None or not member.is_synced:
        raise ChatNotFound
    return member


async def find_end(entries: Entries, member: Member) -> int:
    """Returns the last entry of a chat that is there for a member: of the log, or before it left."""
    end = await entries.last_seq(member.chat_id)
    return end if member.last_seq is None else min(end, member.last_seq)
