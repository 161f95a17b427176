"""Knows the large chats of this node's accounts, and subscribes to the channels of these chats.

The database has them (`large` on member rows). It is asked once for each account that connects, with one query for all accounts of a
loop turn, and again for all accounts after anything that may have lost a signal. In between, signals say which accounts joined and left.
Each membership carries the seq of its last change, so that of two signals that overtook each other the later change counts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping

from models.facts import ChatMembersChanged
from models.services.runtime.batch_loader import BatchLoader
from server.bus.names import RedisNames
from server.bus.shards import Shards

log = logging.getLogger(__name__)

AT_ONCE = 1000  # accounts of one query

Memberships = Mapping[int, Mapping[int, int]]  # account id -> chat id -> seq of the last change


class LargeChats:
    """The large chats of the accounts that have a socket on this node."""

    def __init__(
        self, shards: Shards, names: RedisNames, read: Callable[[Collection[int]], Awaitable[Memberships]]
    ) -> None:
        """`read` asks the database for the large chats of these accounts."""
        self._read = read
        self._shards = shards
        self._names = names
        self._ask = BatchLoader(read, at_once=AT_ONCE)
        self._chats: dict[int, dict[int, int]] = {}  # account id -> chat id -> seq of the last change
        self._known: set[int] = set()  # accounts that were read from the database
        self._holders: dict[int, set[int]] = {}  # chat id -> accounts here
        self.is_outdated = asyncio.Event()  # set: `learn_all` is due

    def __len__(self) -> int:
        """Returns how many chats this node subscribes to."""
        return len(self._holders)

    def channel(self, chat_id: int) -> str:
        """Returns the channel of a chat."""
        return self._names.own(f"c:{chat_id}")

    def holders(self, chat_id: int) -> Collection[int]:
        """Returns the accounts on this node that are in this chat."""
        return self._holders.get(chat_id, ())

    def arrive(self, account_id: int) -> None:
        """The account has its first socket here: signals about it count from now on."""
        self._chats[account_id] = {}

    def leave(self, account_id: int) -> None:
        """The account has lost its last socket here."""
        self._known.discard(account_id)
        for chat_id in self._chats.pop(account_id):
            self._let_go(chat_id, account_id)

    async def learn(self, account_id: int) -> Collection[str]:
        """Subscribe to the account's chats. Returns their channels. Never raises: what cannot be read now is read later."""
        mine = self._chats[account_id]
        if account_id not in self._known:
            try:
                found = await self._ask(account_id)
            except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
                log.warning("large chats are not known: %s", type(error).__name__)
                self.learn_again()
                return ()
            if self._chats.get(account_id) is not mine:
                return ()  # it left meanwhile
            self._take(account_id, found or {}, is_late=False)
        return [self.channel(chat_id) for chat_id in mine]

    def learn_again(self) -> None:
        """Read the chats of all accounts here anew, soon, because signals may have been missed."""
        self.is_outdated.set()

    def changed(self, change: ChatMembersChanged) -> None:
        """Apply a signal: accounts joined or left a large chat."""
        for account_id in change.came:
            mine = self._chats.get(account_id)
            if mine is not None and mine.get(change.chat_id, -1) < change.seq:
                self._hold(change.chat_id, account_id, change.seq, is_late=True)
        for account_id in change.left:
            if self._chats.get(account_id, {}).get(change.chat_id, change.seq) < change.seq:
                del self._chats[account_id][change.chat_id]
                self._let_go(change.chat_id, account_id)

    async def learn_all(self) -> None:
        """Read the chats of all accounts here anew. Raises what the database raises; some may have been read by then."""
        accounts = list(self._chats)
        for first in range(0, len(accounts), AT_ONCE):
            before = {
                each: dict(self._chats[each]) for each in accounts[first : first + AT_ONCE] if each in self._chats
            }
            found = await self._read(before)
            for account_id, chats in before.items():
                if account_id in self._chats:
                    self._take(account_id, found.get(account_id, {}), is_late=True)
                    self._drop(account_id, chats, found.get(account_id, {}))

    def _take(self, account_id: int, chats: Mapping[int, int], *, is_late: bool) -> None:
        self._known.add(account_id)
        for chat_id, seq in chats.items():
            if self._chats[account_id].get(chat_id, -1) < seq:
                self._hold(chat_id, account_id, seq, is_late=is_late)

    def _drop(self, account_id: int, before: Mapping[int, int], now: Mapping[int, int]) -> None:
        """Forget chats that the account was in before the database was asked, and is in no longer."""
        mine = self._chats[account_id]
        for chat_id in before.keys() - now.keys():
            if mine.get(chat_id) == before[chat_id]:
                del mine[chat_id]
                self._let_go(chat_id, account_id)

    def _hold(self, chat_id: int, account_id: int, seq: int, *, is_late: bool) -> None:
        self._chats[account_id][chat_id] = seq
        channel = self.channel(chat_id)
        if chat_id not in self._holders:
            self._holders[chat_id] = set()
            self._shards.add(channel)
        self._holders[chat_id].add(account_id)
        if is_late:
            self._shards.tell_when_late(channel)

    def _let_go(self, chat_id: int, account_id: int) -> None:
        holders = self._holders[chat_id]
        holders.discard(account_id)
        if not holders:
            del self._holders[chat_id]
            self._shards.remove(self.channel(chat_id))
