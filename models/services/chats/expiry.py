"""Sets how long messages of a chat stay, and deletes all of a chat for one account."""

from dataclasses import dataclass

from models.documents.chat import Chat
from models.documents.chat_ref import ChatRef
from models.documents.entry import SEQ_MAX, Draft, ExpirySet
from models.documents.session import Actor
from models.errors import ChatNotFound, ClientIdReused, DomainError, Forbidden, Malformed
from models.facts import ChatCleared
from models.ports import Fanout
from models.services.chats.announcer import Announcer
from models.services.chats.journal import Journal
from models.services.chats.membership import MembershipCache
from models.services.chats.permission import load_pair, may_open, require_may_set_expiry
from models.services.chats.resolve import ResolveChat
from models.services.chats.send import FindStored
from models.services.contacts.directory import Directory
from models.services.runtime.token_bucket import TokenBuckets
from models.stores.entries import Entries
from models.stores.members import Members


@dataclass(frozen=True, slots=True)
class TimedChat:
    """A chat after its timer was set; `peer_number` is that of the other person of a direct chat."""

    chat: Chat
    peer_number: str | None


@dataclass(frozen=True, slots=True)
class SetExpiry:
    """Sets after how many seconds messages are gone that are sent from now on; None for never.

    Raises ChatNotFound, NotAnAdmin, ContactBlocked, Forbidden and Malformed. With `most_s` 0 no timer may be set on this server.
    """

    resolve: ResolveChat
    memberships: MembershipCache
    directory: Directory
    journal: Journal
    announcer: Announcer
    find_stored: FindStored
    limit: TokenBuckets
    least_s: int
    most_s: int

    async def __call__(self, actor: Actor, target: ChatRef, seconds: int | None, client_id: str) -> TimedChat:
        """Returns the chat as it is for every later request on this node. Setting what is set already is no change."""
        self.limit.take(actor.account_id)
        chat_id = await self.resolve.require_id(actor, target)
        try:
            is_set = await self._is_set(actor, chat_id, seconds)
        except DomainError as refusal:
            stored = (await (await self.find_stored.answer(actor, target, client_id, refusal))).entry
        else:
            if is_set:
                return await self._show(actor, chat_id)
            change = ExpirySet(seconds)
            draft = Draft(chat_id, actor.account_id, actor.number, client_id, change)
            stored = (await self.journal.append(draft)).entry
        if not isinstance(stored.body, ExpirySet):
            raise ClientIdReused
        await self.announcer.applied(stored)
        return await self._show(actor, chat_id)

    async def _is_set(self, actor: Actor, chat_id: int, seconds: int | None) -> bool:
        """Returns whether the chat has this timer already. Raises the refusal if the actor may not set it."""
        roster = await self.memberships.require_fresh(chat_id)
        if not may_open(roster, actor.account_id):
            raise ChatNotFound
        require_may_set_expiry(roster, await load_pair(self.directory, roster.chat, actor.account_id), actor.account_id)
        if seconds is not None and not self.most_s:
            raise Forbidden
        if seconds is not None and not self.least_s <= seconds <= self.most_s:
            raise Malformed(f"expires_after_s: must be from {self.least_s} to {self.most_s} seconds, or null.")
        return roster.chat.expires_after_s == seconds

    async def _show(self, actor: Actor, chat_id: int) -> TimedChat:
        roster = await self.memberships.require(chat_id)
        pair = roster.chat.pair
        return TimedChat(roster.chat, roster.numbers.get(roster.chat.peer_of(actor.account_id)) if pair else None)


@dataclass(frozen=True, slots=True)
class ClearChat:
    """Deletes everything that is in a chat for the actor alone, also in one that it has left. Raises ChatNotFound.

    This is one number in its member row, however much there was, and no entry of the log, which others read too. Devices that are
    away learn it by every sync.
    """

    resolve: ResolveChat
    memberships: MembershipCache
    members: Members
    entries: Entries
    fanout: Fanout
    limit: TokenBuckets

    async def __call__(self, actor: Actor, target: ChatRef, up_to: int | None = None) -> tuple[int, int]:
        """Delete up to this entry, or all that there is. Returns the chat's id and the seq up to which it is cleared now."""
        self.limit.take(actor.account_id)
        chat_id = await self.resolve.require_id(actor, target)
        # In this order nobody clears behind its own departure (see ReadChatSummaries).
        end = await self.entries.last_seq(chat_id)
        await self.memberships.catch_up_all([chat_id])
        member = await self.members.find_member(chat_id, actor.account_id)
        if member is None or not member.is_listed:
            raise ChatNotFound
        seq = min(end, member.last_seq or SEQ_MAX, SEQ_MAX if up_to is None else up_to)
        await self.members.clear(chat_id, actor.account_id, seq)
        seq = max(seq, member.cleared)
        self.fanout.publish(ChatCleared(chat_id, seq), [actor.account_id])
        return chat_id, seq
