"""Takes away what messages said whose time is over: a sweep of every node, seconds after nobody is shown it any more.

Every step may be done twice, by any node, and what a crash leaves half-done is found by the next sweep: what has a time of its own
stays in an index until all of it is gone, and a log counts as swept only behind what is gone.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from models.documents.entry import split_key
from models.services.media.unused import RemoveUnusedMedia
from models.stores.ended_entries import EndedEntries
from models.stores.lifetimes import Lifetimes
from models.stores.notifications import Notifications
from models.stores.retention import Retention

log = logging.getLogger(__name__)

EVERY_S = 15.0  # a fourth of the minute that is promised
AT_ONCE = 500  # rows, by a handful of queries
BATCHES = 200  # of one sweep; the next goes on
CHATS_AT_ONCE = 100
CLOCKS_APART = timedelta(minutes=1)  # between two nodes

# Called with the keys of entries whose content is gone from the log; may be called again with the same.
EndedListener = Callable[[Collection[int]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class EndMessages:
    """Ends messages, edits, reactions, previews, their files and the pushes that quote them. `ended` listeners forget theirs."""

    entries: EndedEntries
    retention: Retention
    notifications: Notifications
    remove_media: RemoveUnusedMedia
    lifetimes: Lifetimes
    ended: Sequence[EndedListener] = ()

    async def __call__(self) -> int:
        """Returns how many entries said something that is gone now, as far as they were found by this sweep."""
        await self.notifications.drop_over(self.lifetimes.now())
        count = await self._end_expired()
        return count + (0 if self.lifetimes.retention is None else await self._end_old())

    async def end_log(self, chat_id: int) -> None:
        """End all that a log says now, for a chat that nobody can read any more."""
        keys = await self.entries.list_of_log(chat_id, 1, AT_ONCE)
        while keys:
            await self._end(keys)
            keys = await self.entries.list_of_log(chat_id, split_key(keys[-1])[1] + 1, AT_ONCE)

    async def _end_expired(self) -> int:
        count = unsettled = 0
        for _ in range(BATCHES):
            keys = await self.entries.list_expired(self.lifetimes.now(), AT_ONCE, skip=unsettled)
            if keys and not await self._end(keys):
                unsettled += len(keys)
            count += len(keys)
            if len(keys) < AT_ONCE:
                break
        return count

    async def _end_old(self) -> int:
        for _ in range(BATCHES):
            if await self.retention.begin(AT_ONCE) < AT_ONCE:
                break
        count = 0
        unsettled = set[int]()
        for _ in range(BATCHES):
            due = await self.retention.list_due(self.lifetimes.oldest, CHATS_AT_ONCE, skip=len(unsettled))
            for chat_id, first in due:
                if chat_id not in unsettled:
                    count += await self._end_old_in(chat_id, first, unsettled)
            if len(due) < CHATS_AT_ONCE:
                break
        return count

    async def _end_old_in(self, chat_id: int, first: int, unsettled: set[int]) -> int:
        """End the next old messages of one chat, so that a long log does not hold up the others.

        A chat whose files could not be removed is added to `unsettled`.
        """
        now, oldest = self.lifetimes.now(), self.lifetimes.oldest
        old = await self.retention.list_old(chat_id, first, oldest, AT_ONCE)
        if old.keys and not await self._end(old.keys):
            unsettled.add(chat_id)
            return len(old.keys)
        # Whatever is stored from now on is not older than this.
        await self.retention.advance(chat_id, old.next_seq, old.next_at or now - CLOCKS_APART)
        return len(old.keys)

    async def _end(self, keys: Collection[int]) -> bool:
        """Returns whether nothing is left of these. If something is, they are not settled, and the next sweep finds them again."""
        files = await self.entries.erase(keys)
        for forget in self.ended:
            await forget(keys)
        if files and not await self.remove_media.try_after(files):
            return False
        await self.entries.settle(keys)
        return True
