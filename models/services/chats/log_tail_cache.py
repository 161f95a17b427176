"""Caches the ends of logs for seconds, so that what a crowd of clients missed is read once for all of them.

The cache needs no invalidation: every change of a message is an entry with a seq of its own, so what a log holds up to its end
stays the same until the end moves. Callers read the end from the database first, and a tail is used only if it was read for
that very end. What a viewer may see of it is decided afterwards for each. A former member sees only part of the log, so the
cache is not used for them.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from models.documents.entry import Entry
from models.stores.entries import Entries

KEPT_FOR_S = 5.0  # a crowd comes within seconds; MongoDB elects nobody in so short a time
LEAST = 32  # entries that are read at least: the next client has a cursor a little further back
MOST = 500  # entries of one tail; a client further behind reads alone
CHARS_MAX = 2**25  # of all tails
ENTRY_CHARS = 1000  # what an entry takes beside its text
_seq = attrgetter("seq")


@dataclass(frozen=True, slots=True)
class _LogTail:
    """All entries of a chat from `first` to `end`, where its log ended at the time, oldest first."""

    end: int
    first: int
    entries: Sequence[Entry]
    chars: int
    until: float

    def covers(self, first: int, end: int) -> bool:
        return self.end == end and self.first <= first


class LogTailCache:
    """The last entries of logs that were read within the last KEPT_FOR_S seconds."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._kept: dict[int, _LogTail] = {}  # by chat, the one read longest ago first
        self._reading: dict[int, tuple[int, int, asyncio.Task[_LogTail]]] = {}  # chat -> first, end
        self._chars = 0
        self._sweeping: asyncio.TimerHandle | None = None

    async def list_range(
        self, chat_id: int, first: int, end: int, *, limit: int, newest_first: bool = False
    ) -> list[Entry]:
        """Returns as `Entries.list_range` up to `end`, which the caller must have just read as the end of the log."""
        if first > end:
            return []
        needed = max(first, end - limit + 1) if newest_first else first
        if end - needed >= MOST:
            return await self._entries.list_range(chat_id, first, end, limit=limit, newest_first=newest_first)
        found = (await self._tail(chat_id, needed, end)).entries
        found = found[bisect_left(found, first, key=_seq) :]
        return list(found[-limit:] if newest_first else found[:limit])

    async def _tail(self, chat_id: int, first: int, end: int) -> _LogTail:
        kept = self._kept.get(chat_id)
        if kept is not None and kept.covers(first, end) and kept.until > asyncio.get_running_loop().time():
            return kept
        reading = self._reading.get(chat_id)
        if reading is None or reading[0] > first or reading[1] != end:
            first = max(1, min(first, end - LEAST + 1))
            reading = first, end, asyncio.create_task(self._read(chat_id, first, end), name="tail of a log")
            self._reading[chat_id] = reading
        # Shielded: a caller that is cancelled must not cancel it for the others.
        return await asyncio.shield(reading[2])

    async def _read(self, chat_id: int, first: int, end: int) -> _LogTail:
        this = asyncio.current_task()
        try:
            entries = await self._entries.list_range(chat_id, first, end, limit=end - first + 1)
            chars = sum(entry.chars + ENTRY_CHARS for entry in entries)
            tail = _LogTail(end, first, entries, chars, asyncio.get_running_loop().time() + KEPT_FOR_S)
            self._keep(chat_id, tail)
            return tail
        finally:
            if self._reading.get(chat_id, (0, 0, None))[2] is this:
                del self._reading[chat_id]

    def _keep(self, chat_id: int, tail: _LogTail) -> None:
        self._forget(chat_id)
        self._kept[chat_id] = tail
        self._chars += tail.chars
        while self._chars > CHARS_MAX:
            self._forget(next(iter(self._kept)))
        self._sweep_later()

    def _forget(self, chat_id: int) -> None:
        tail = self._kept.pop(chat_id, None)
        if tail is not None:
            self._chars -= tail.chars

    def _sweep_later(self) -> None:
        if self._sweeping is None and self._kept:
            self._sweeping = asyncio.get_running_loop().call_later(KEPT_FOR_S, self._sweep)

    def _sweep(self) -> None:
        """Drop the tails that have expired."""
        self._sweeping = None
        now = asyncio.get_running_loop().time()
        for chat_id in [chat_id for chat_id, tail in self._kept.items() if tail.until <= now]:
            self._forget(chat_id)
        self._sweep_later()
