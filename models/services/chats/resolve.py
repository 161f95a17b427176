"""Finds the chat that a request names."""

from models.documents.account import Account
from models.documents.chat import Roster
from models.documents.chat_ref import ChatRef
from models.documents.session import Actor
from models.errors import AccountNotFound, ChatNotFound, Malformed
from models.facts import ChatMembersChanged
from models.ports import Clock, Fanout
from models.services.chats.membership import MembershipCache
from models.services.chats.permission import is_complete, may_open, require_unblocked
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.directory import Directory
from models.services.runtime.cache import Cache
from models.stores.chats import Chats

PAIRS_KNOWN = 100_000
FOR_EVER_S = 1e9  # two people have one direct chat, and it never changes; only memory bounds how many are known


class ResolveChat:
    """Finds the roster of the chat that a request names. To an actor that is not in a chat, it does not exist."""

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
        self._memberships = memberships
        self._directory = directory
        self._require_contact = require_contact
        self._fanout = fanout
        self._clock = clock
        self._groups: Cache[str, int] = Cache(self._find_group, size=PAIRS_KNOWN, ttl_s=FOR_EVER_S)
        self._own: Cache[tuple[int, str], int] = Cache(self._open_own, size=PAIRS_KNOWN, ttl_s=FOR_EVER_S)
        self._pairs: Cache[tuple[int, int], int] = Cache(self._find_pair, size=PAIRS_KNOWN, ttl_s=FOR_EVER_S)

    async def __call__(self, actor: Actor, target: ChatRef) -> Roster:
        """Returns the roster of a chat that the actor is in. Raises ChatNotFound for any other."""
        roster = await self._memberships.require(await self.require_id(actor, target))
        if not may_open(roster, actor.account_id):
            raise ChatNotFound
        return roster

    def peek(self, actor: Actor, target: ChatRef) -> Roster | None:
        """Returns the roster from the caches only, or None if something is not cached or the chat is not open to the actor."""
        if target.chat_id is not None:
            chat_id: int | None = target.chat_id
        elif target.group is not None:
            chat_id = self._groups.peek(target.group)
        else:
            peer = None if target.contact is None else self._directory.peek_number(target.contact)
            chat_id = None if peer is None else self._pairs.peek(_pair(actor.account_id, peer.id))
        roster = None if chat_id is None else self._memberships.peek(chat_id)
        return roster if roster is not None and may_open(roster, actor.account_id) else None

    async def require_id(self, actor: Actor, target: ChatRef) -> int:
        """Returns the id of the chat that is named, also for an actor that is not in it.

        Raises ChatNotFound if there is none.
        """
        if target.chat_id is not None:
            return target.chat_id
        if target.group is not None:
            return await self._groups.require(target.group)
        if target.contact is not None:
            try:
                peer = await self._directory.require_number(target.contact)
            except AccountNotFound:
                raise ChatNotFound from None  # whether a number has an account is not told to everybody
            return await self._pairs.require(_pair(actor.account_id, peer.id))
        raise Malformed("Name a chat, a contact or a group.")

    async def for_writing(self, actor: Actor, target: ChatRef) -> Roster:
        """Returns the roster of a chat that the actor writes to; makes the direct chat with a contact if there is none.

        Raises ChatNotFound, NotAContact if the contact rule forbids it, and ContactBlocked before a chat is made.
        """
        if target.contact is None:
            return await self(actor, target)
        if target.contact == actor.number:
            return await self._memberships.require(await self.require_own(actor))
        peer = await self._require_contact(actor, target.contact)
        pair = _pair(actor.account_id, peer.id)
        try:
            chat_id = await self._pairs.require(pair)
        except ChatNotFound:
            chat_id = await self._open_direct(actor, peer)
        roster = await self._memberships.require(chat_id)
        if not is_complete(roster):
            # Another request is making it, or its node crashed between the two writes: a message in it would reach nobody.
            await self._open_direct(actor, peer)
            self._memberships.forget(chat_id)
            self._fanout.signal(ChatMembersChanged(chat_id))
            roster = await self._memberships.require(chat_id)
        return roster

    async def require_own(self, actor: Actor) -> int:
        """Returns the id of the actor's chat with itself; makes it if there is none."""
        return await self._own.require((actor.account_id, actor.number))

    async def find_own(self, actor: Actor) -> int | None:
        """Returns the id of the actor's chat with itself, or None."""
        try:
            return await self._pairs.require((actor.account_id, actor.account_id))
        except ChatNotFound:
            return None

    async def _open_direct(self, actor: Actor, peer: Account) -> int:
        require_unblocked(await self._directory.require(actor.account_id), peer)
        chat = await self._chats.require_direct(
            (actor.account_id, actor.number), (peer.id, peer.number), self._clock.now()
        )
        return chat.id

    async def _find_pair(self, pair: tuple[int, int]) -> int:
        chat = await self._chats.find_direct(*pair)
        if chat is None:
            raise ChatNotFound
        return chat.id

    async def _open_own(self, me: tuple[int, str]) -> int:
        # Also where there is one: whoever made it may have crashed over it.
        chat = await self._chats.require_direct(me, me, self._clock.now())
        self._memberships.forget(chat.id)
        return chat.id

    async def _find_group(self, group: str) -> int:
        chat = await self._chats.find_group(group)
        if chat is None:
            raise ChatNotFound
        return chat.id


def _pair(first: int, second: int) -> tuple[int, int]:
    return min(first, second), max(first, second)
