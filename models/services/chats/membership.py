"""Caches the chats and their members on each node, and applies pending changes of a chat before its members are read.

A cached roster may be outdated while another node's signal is on its way, or was lost; the cache's lifetime bounds for how long
a removed member may still write (docs/architecture.md, "Caches"). To decide who is told something, call `confirm` first, unless
it is certain that nothing changed in between.
"""

import asyncio
from collections.abc import Callable, Collection

from models.documents.chat import Roster
from models.documents.entry import Entry, Left, PersonalChange
from models.facts import ChatMembersChanged, Invalidation
from models.services.runtime.cache import Cache
from models.stores.chats import Chats
from models.stores.entries import CHAT_CHANGES, MEMBERSHIPS, PERSONAL_CHANGES, Entries

APPLIED_CHANGES = [*CHAT_CHANGES, *PERSONAL_CHANGES]
TTL_S = 30.0  # how long somebody removed elsewhere may still be believed a member when the bus is broken, unless set


class MembershipCache:
    """Loads a chat with its members, after the changes that are stored and not applied yet."""

    peek: Callable[[int], Roster | None]  # the roster of a chat if it is cached

    def __init__(
        self,
        chats: Chats,
        entries: Entries,
        signal: Callable[[Invalidation], None],
        recovered: Callable[[Entry], None],
        *,
        ttl_s: float = TTL_S,
    ) -> None:
        """`signal` tells all nodes of each applied change; `recovered` is called with each that a crash had left."""
        self._chats = chats
        self._entries = entries
        self._signal = signal
        self._recovered = recovered
        self._rosters: Cache[int, Roster] = Cache(self._load, size=20_000, ttl_s=ttl_s)
        self.peek = self._rosters.peek

    async def require(self, chat_id: int) -> Roster:
        """Returns the chat with its members. Raises ChatNotFound."""
        return await self._rosters.require(chat_id)

    async def require_for(self, chat_id: int, account_id: int) -> Roster:
        """Returns the chat for one of its members. Raises ChatNotFound for any other account."""
        roster = await self.require(chat_id)
        roster.require_member(account_id)
        return roster

    async def require_fresh(self, chat_id: int) -> Roster:
        """Returns the chat as the database has it now, for changes that must not rely on a cached roster."""
        self.forget(chat_id)
        return await self.require(chat_id)

    async def require_confirmed(self, chat_id: int) -> Roster:
        """Returns the chat with every change of its members that is stored by now. Raises ChatNotFound."""
        await self.confirm([chat_id])
        return await self.require(chat_id)

    async def confirm(self, chat_ids: Collection[int]) -> None:
        """Forget those rosters of these chats that lack a stored change or are being loaded.

        Two small queries, however many chats there are, and none for chats of two people or one, whose members never change.
        """
        for chat_id in chat_ids:
            if self.peek(chat_id) is None:
                self.forget(chat_id)  # it may be under way, and have been read before a change
        kept = [chat_id for chat_id in chat_ids if self._is_in_doubt(chat_id)]
        if not kept:
            return
        # In this order: a change that is applied between the two is in the second.
        changing = await self._entries.list_chats_pending(kept, MEMBERSHIPS)
        seqs = await self._chats.list_members_seqs(kept)
        for chat_id in kept:
            roster = self.peek(chat_id)
            if roster is None or chat_id in changing or roster.known < seqs.get(chat_id, 0):
                self.forget(chat_id)

    def _is_in_doubt(self, chat_id: int) -> bool:
        roster = self.peek(chat_id)
        return roster is not None and roster.chat.pair is None

    def forget(self, chat_id: int) -> None:
        self._rosters.forget(chat_id)

    def forget_all(self) -> None:
        """Forget all rosters: changes may have been missed."""
        self._rosters.clear()

    async def apply(self, change: Entry) -> Collection[int]:
        """Bring the rows up to date with one stored change and tell every node.

        Returns the accounts that are in a large chat by it.

        Earlier changes that are not applied yet, since their node is late or died, are applied first: after this change they would
        be skipped as late.
        """
        await self.catch_up(change.chat_id, before=change.seq)
        return await self._apply(change)

    async def _apply(self, change: Entry) -> Collection[int]:
        came = await self._chats.apply(change)
        await self._entries.settle(change)
        if isinstance(change.body, PersonalChange):
            return came  # the chat is as it was
        self.forget(change.chat_id)
        left = [change.body.account] if isinstance(change.body, Left) else []
        self._signal(ChatMembersChanged(change.chat_id, change.seq, list(came), left))
        return came

    async def catch_up(self, chat_id: int, *, before: int | None = None) -> bool:
        """Apply the changes of a chat that a crash left unapplied, in the order of the log. Returns whether there were any.

        With `before`, only entries of lower seqs.
        """
        pending = await self._entries.list_pending(chat_id, APPLIED_CHANGES)
        due = [change for change in pending if before is None or change.seq < before]
        for change in due:
            await self._apply(change)
            self._recovered(change)
        return bool(due)

    async def catch_up_all(self, chat_ids: Collection[int]) -> None:
        """Apply what crashes left unapplied in many chats. One query where nothing waits, which is nearly always."""
        for chat_id in await self._entries.list_chats_pending(chat_ids, APPLIED_CHANGES):
            await self.catch_up(chat_id)

    async def _load(self, chat_id: int) -> Roster:
        # All changes up to there were applied before its members are read, whichever of these two is answered first.
        seqs, _ = await asyncio.gather(self._chats.list_members_seqs([chat_id]), self.catch_up(chat_id))
        return await self._chats.load_roster(chat_id, known=seqs.get(chat_id, 0))
