"""Rosters: who is in a chat, kept per node for the message path and for announcing."""

from collections.abc import Callable, Collection

from models.documents.chat import Roster
from models.documents.entry import Entry, Left
from models.events import ChatMembersChanged, Signal
from models.services.cache import Cache
from models.stores.chats import Chats
from models.stores.entries import CHAT_CHANGES, Entries

TTL_S = 30.0  # how long somebody removed elsewhere may still be believed a member when the bus is broken, unless set


class Rosters:
    """Loads a chat with its members; changes that are stored and not applied yet are applied first."""

    def __init__(
        self,
        chats: Chats,
        entries: Entries,
        signal: Callable[[Signal], None],
        recovered: Callable[[Entry], None] | None = None,
        *,
        ttl_s: float = TTL_S,
    ) -> None:
        """`signal` tells all nodes of each change that was applied, `recovered` hears of each that somebody else had left."""
        self._chats = chats
        self._entries = entries
        self._signal = signal
        self._recovered = recovered
        self._rosters: Cache[int, Roster] = Cache(self._load, size=20_000, ttl_s=ttl_s)

    def peek(self, chat_id: int) -> Roster | None:
        return self._rosters.peek(chat_id)

    async def require(self, chat_id: int) -> Roster:
        """The chat with its members, or ChatNotFound."""
        return await self._rosters.require(chat_id)

    async def require_for(self, chat_id: int, account_id: int) -> Roster:
        """The same for one of its members; to everybody else, ChatNotFound."""
        roster = await self.require(chat_id)
        roster.require_member(account_id)
        return roster

    async def require_fresh(self, chat_id: int) -> Roster:
        """The chat as the database has it now: for changes that must not go by what this node believes."""
        self.forget(chat_id)
        return await self.require(chat_id)

    def forget(self, chat_id: int) -> None:
        self._rosters.forget(chat_id)

    def forget_all(self) -> None:
        """Any chat may have changed unheard."""
        self._rosters.clear()

    async def apply(self, change: Entry) -> Collection[int]:
        """Bring the rows up to date with one stored change, and tell every node; returns who is in a large chat by it."""
        came = await self._chats.apply(change)
        await self._entries.settle(change)
        self.forget(change.chat_id)
        left = [change.body.account] if isinstance(change.body, Left) else []
        self._signal(ChatMembersChanged(change.chat_id, change.seq, list(came), left))
        return came

    async def catch_up(self, chat_id: int, *, before: int | None = None) -> bool:
        """Apply what is stored and not applied yet, in the order of the log: what a crash left; whether there was anything.

        With `before`, only entries of lower seqs.
        """
        pending = await self._entries.list_pending(chat_id, CHAT_CHANGES)
        due = [change for change in pending if before is None or change.seq < before]
        for change in due:
            await self.apply(change)
            if self._recovered is not None:
                self._recovered(change)
        return bool(due)

    async def catch_up_all(self, chat_ids: Collection[int]) -> None:
        """The same for many chats, by one query where nothing waits, which is nearly always."""
        for chat_id in await self._entries.list_chats_pending(chat_ids, CHAT_CHANGES):
            await self.catch_up(chat_id)

    async def _load(self, chat_id: int) -> Roster:
        await self.catch_up(chat_id)
        return await self._chats.load_roster(chat_id)
