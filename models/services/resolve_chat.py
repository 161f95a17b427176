"""Finds the chat that a request names, and holds who may be there."""

from models.documents.account import Account
from models.documents.chat import Roster
from models.documents.session import Actor
from models.documents.target import Target
from models.errors import ChatNotFound, Malformed
from models.ports import Clock
from models.services.cache import Cache
from models.services.directory import Directory
from models.services.require_contact import RequireContact
from models.services.rosters import Rosters
from models.stores.chats import Chats

PAIRS_KNOWN = 100_000
FOR_EVER_S = 1e9  # two people have one direct chat, and it never changes; only memory bounds how many are known


class ResolveChat:
    """Answers with a Roster that the actor is in; to everybody else the chat does not exist."""

    def __init__(
        self, chats: Chats, rosters: Rosters, directory: Directory, require_contact: RequireContact, clock: Clock
    ) -> None:
        self._chats = chats
        self._rosters = rosters
        self._directory = directory
        self._require_contact = require_contact
        self._clock = clock
        self._groups: Cache[str, int] = Cache(self._find_group, size=PAIRS_KNOWN, ttl_s=FOR_EVER_S)
        self._pairs: Cache[tuple[int, int], int] = Cache(self._find_pair, size=PAIRS_KNOWN, ttl_s=FOR_EVER_S)

    async def __call__(self, actor: Actor, target: Target) -> Roster:
        """A chat that is there; ChatNotFound otherwise."""
        if target.chat_id is not None:
            return await self._rosters.require_for(target.chat_id, actor.account_id)
        if target.group is not None:
            return await self._rosters.require_for(await self._groups.require(target.group), actor.account_id)
        if target.contact is not None:
            peer = await self._directory.require_number(target.contact)
            return await self._rosters.require(await self._pairs.require(_pair(actor.account_id, peer.id)))
        raise Malformed("Name a chat, a contact or a group.")

    async def for_writing(self, actor: Actor, target: Target) -> Roster:
        """The same, and a direct chat is made when the contact may be written to (NotAContact otherwise)."""
        if target.contact is None:
            return await self(actor, target)
        peer = await self._require_contact(actor, target.contact)
        pair = _pair(actor.account_id, peer.id)
        try:
            chat_id = await self._pairs.require(pair)
        except ChatNotFound:
            chat_id = await self._open_direct(actor, peer)
        return await self._rosters.require(chat_id)

    async def _open_direct(self, actor: Actor, peer: Account) -> int:
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
