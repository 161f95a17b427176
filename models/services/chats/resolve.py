"""Finds the chat that a request names, and checks that the actor may write there."""

from dataclasses import dataclass

from models.documents.account import Account
from models.documents.chat import Roster
from models.documents.chat_ref import ChatRef
from models.documents.session import Actor
from models.errors import AccountNotFound, ChatNotFound, ContactBlocked, Malformed
from models.facts import ChatMembersChanged
from models.ports import Clock, Fanout
from models.services.chats.membership import MembershipCache
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.directory import Directory
from models.services.runtime.cache import Cache
from models.services.runtime.token_bucket import TokenBuckets
from models.stores.chats import Chats

PAIRS_KNOWN = 100_000
FOR_EVER_S = 1e9  # two people have one direct chat, and it never changes; only memory bounds how many are known


class ResolveChat:
    """Answers with a Roster that the actor is in; to everybody else the chat does not exist."""

    def __init__(
        self,
        chats: Chats,
        memberships: MembershipCache,
        directory: Directory,
        require_contact: RequireContact,
        fanout: Fanout,
        clock: Clock,
    ) -> None:
        self._chats = chats
        self._rosters = memberships
        self._directory = directory
        self._require_contact = require_contact
        self._fanout = fanout
        self._clock = clock
        self._groups: Cache[str, int] = Cache(self._find_group, size=PAIRS_KNOWN, ttl_s=FOR_EVER_S)
        self._pairs: Cache[tuple[int, int], int] = Cache(self._find_pair, size=PAIRS_KNOWN, ttl_s=FOR_EVER_S)

    async def __call__(self, actor: Actor, target: ChatRef) -> Roster:
        """A chat that is there; ChatNotFound otherwise."""
        roster = await self._rosters.require_for(await self.require_id(actor, target), actor.account_id)
        if actor.account_id in roster.unlisted:
            raise ChatNotFound  # all that was ever said in it was kept from the actor
        return roster

    def peek(self, actor: Actor, target: ChatRef) -> Roster | None:
        """The same where everything is at hand and nothing is in the way; None says nothing."""
        if target.chat_id is not None:
            chat_id: int | None = target.chat_id
        elif target.group is not None:
            chat_id = self._groups.peek(target.group)
        else:
            peer = None if target.contact is None else self._directory.peek_number(target.contact)
            chat_id = None if peer is None else self._pairs.peek(_pair(actor.account_id, peer.id))
        roster = None if chat_id is None else self._rosters.peek(chat_id)
        if roster is None or actor.account_id not in roster.roles or actor.account_id in roster.unlisted:
            return None
        return roster

    def peek_for_writing(self, actor: Actor, target: ChatRef) -> Roster | None:
        """The same as `for_writing`, likewise."""
        if target.contact is not None and self._require_contact.peek(actor, target.contact) is None:
            return None
        roster = self.peek(actor, target)
        if roster is not None and roster.chat.pair is not None and roster.members != set(roster.chat.pair):
            return None
        return roster

    async def require_id(self, actor: Actor, target: ChatRef) -> int:
        """The id of the chat that is meant, whoever is in it; ChatNotFound if there is none."""
        if target.chat_id is not None:
            return target.chat_id
        if target.group is not None:
            return await self._groups.require(target.group)
        if target.contact is not None:
            try:
                peer = await self._directory.require_number(target.contact)
            except AccountNotFound:
                raise ChatNotFound from None  # who is here and who is not, is not told to everybody
            return await self._pairs.require(_pair(actor.account_id, peer.id))
        raise Malformed("Name a chat, a contact or a group.")

    async def for_writing(self, actor: Actor, target: ChatRef) -> Roster:
        """The same, and a direct chat is made when the contact may be written to (NotAContact otherwise)."""
        if target.contact is None:
            return await self(actor, target)
        peer = await self._require_contact(actor, target.contact)
        pair = _pair(actor.account_id, peer.id)
        try:
            chat_id = await self._pairs.require(pair)
        except ChatNotFound:
            chat_id = await self._open_direct(actor, peer)
        roster = await self._rosters.require(chat_id)
        if set(pair) != roster.members:
            # Somebody else is just making it, or crashed between the two writes: nobody would hear what is said in it.
            await self._open_direct(actor, peer)
            self._rosters.forget(chat_id)
            self._fanout.signal(ChatMembersChanged(chat_id))
            roster = await self._rosters.require(chat_id)
        return roster

    async def _open_direct(self, actor: Actor, peer: Account) -> int:
        if (await self._directory.require(actor.account_id)).has_blocked(peer.number):
            raise ContactBlocked  # before there is a chat with nothing in it
        chat = await self._chats.require_direct(
            (actor.account_id, actor.number), (peer.id, peer.number), self._clock.now()
        )
        return chat.id

    async def _find_pair(self, pair: tuple[int, int]) -> int:
        chat = await self._chats.find_direct(*pair)
        if chat is None:
            raise ChatNotFound
        return chat.id

    async def _find_group(self, group: str) -> int:
        chat = await self._chats.find_group(group)
        if chat is None:
            raise ChatNotFound
        return chat.id


def _pair(first: int, second: int) -> tuple[int, int]:
    return min(first, second), max(first, second)


@dataclass(frozen=True, slots=True)
class RequireRecipient:
    """The refusals of SendMessage without its effects. A file takes one more of the sender's tokens, for the work that it makes."""

    resolve: ResolveChat
    require_contact: RequireContact
    directory: Directory
    limit: TokenBuckets

    async def __call__(self, actor: Actor, target: ChatRef) -> None:
        self.limit.take(actor.account_id)
        if target.contact is None:
            await self.resolve(actor, target)
            return
        await self.require_contact(actor, target.contact)
        if (await self.directory.require(actor.account_id)).has_blocked(target.contact):
            raise ContactBlocked
