"""Limits how much is done at once, and lets askers take turns, however much one of them asks for."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class FairSlots:
    """Admits at most `at_once` holders. Waiting askers are served in turn, one of each, then one of each again.

    Where there are several slots one asker never holds all of them, so that the others need not wait for its slowest
    work.
    """

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._per_asker = max(1, at_once - 1)
        self._held: Counter[Hashable] = Counter()
        self._lines: dict[Hashable, deque[asyncio.Future[None]]] = {}  # in the order in which they are called

    @property
    def in_line(self) -> int:
        """Returns how many hold a slot or wait for one."""
        return self._held.total() + sum(map(len, self._lines.values()))

    def in_line_of(self, by: Hashable) -> int:
        """Returns how many of this asker hold a slot or wait for one."""
        return self._held[by] + len(self._lines.get(by, ()))

    @asynccontextmanager
    async def hold(self, by: Hashable) -> AsyncIterator[None]:
        """Wait for a turn, and hold a slot in the block."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines.setdefault(by, deque()).append(turn)
        self._call()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                self._free += 1
                self._held[by] -= 1
            else:
                self._lines[by].remove(turn)
            self._forget(by)
            self._call()

    def _call(self) -> None:
        while self._free:
            ready = [each for each in self._lines if self._held[each] < self._per_asker]
            if not ready:
                return
            by = ready[0]
            line = self._lines.pop(by)
            turn = line.popleft()
            if line:
                self._lines[by] = line  # behind all others
            self._free -= 1
            self._held[by] += 1
            turn.set_result(None)

    def _forget(self, by: Hashable) -> None:
        if not self._held[by]:
            del self._held[by]
        if not self._lines.get(by, True):
            del self._lines[by]


class Room:
    """Shares a quantity that holders take from and give back to, first come, first served."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._free = total
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, amount: int) -> AsyncIterator[None]:
        """Wait until this much is free, and hold it in the block. More than the total counts as the total."""
        amount = min(amount, self.total)
        place = amount, asyncio.get_running_loop().create_future()
        self._line.append(place)
        self._call()
        try:
            await place[1]
            yield
        finally:
            if place[1].done() and not place[1].cancelled():
                self._free += amount
            else:
                self._line.remove(place)
            self._call()

    def _call(self) -> None:
        while self._line and self._line[0][0] <= self._free:
            amount, turn = self._line.popleft()
            self._free -= amount
            turn.set_result(None)
