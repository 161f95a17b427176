"""Lets people in at a bounded rate, so that a crowd that comes back at once is greeted in turn instead of all too late.

It protects the node, not one person from another, so it is no rate limit of theirs (`limits.py`). Who comes while there is
room does not wait; who would wait too long is told when to come back, each at a time of their own.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from models.errors import Unavailable

FULL = "Many people come back at once; try again in a moment."
TICK_S = 0.001  # some at a time rather than a timer for each
RETRY_AFTER_MAX_S = 60.0  # to be told to come back in a year would be no help
IsConnected = Callable[[], bool]


class ConnectAdmission:
    """`per_s` people a second, and as many at once when it was quiet; a line of those who wait `wait_s` at most."""

    def __init__(self, per_s: float, wait_s: float) -> None:
        self._per_s = per_s
        self._queue_max = int(per_s * wait_s)
        self._tokens = self._tokens_max = max(1.0, per_s)
        self._at = 0.0
        self._queue: deque[tuple[IsConnected, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._next_return_at = 0.0  # told to the one who was refused last
        self._is_closed = False
        self.admitted = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def admit(self, is_connected: IsConnected) -> bool:
        """Wait for this one's turn; Unavailable, with the time to come back, where that would be too late.

        Returns whether it had to wait: what was known of it before may not hold any more, such as that its session is alive.
        Who is not here any more when the turn comes costs no one else theirs.
        """
        loop = asyncio.get_running_loop()
        if self._is_closed:
            raise Unavailable(FULL, retry_after_ms=1000)
        if not self._queue and self._has_token(loop.time()):
            self._tokens -= 1
            self.admitted += 1
            return False
        if len(self._queue) >= self._queue_max:
            self.refused += 1
            raise Unavailable(FULL, retry_after_ms=self._next_return_ms(loop.time()))
        turn: asyncio.Future[None] = loop.create_future()
        self._queue.append((is_connected, turn))
        self._schedule(loop)
        await turn
        return True

    def close(self) -> None:
        """The node goes: nobody is let in any more, and who waits is told so."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        while self._queue:
            _, turn = self._queue.popleft()
            if not turn.done():
                turn.set_exception(Unavailable(FULL, retry_after_ms=1000))

    def _has_token(self, now: float) -> bool:
        self._tokens = min(self._tokens_max, self._tokens + (now - self._at) * self._per_s)
        self._at = now
        return self._tokens >= 1

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None:
            self._timer = loop.call_later(max(TICK_S, (1 - self._tokens) / self._per_s), self._admit_next, loop)

    def _admit_next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._queue and self._has_token(loop.time()):
            is_connected, turn = self._queue.popleft()
            if turn.done():
                continue
            if is_connected():
                self._tokens -= 1
                self.admitted += 1
            turn.set_result(None)
        if self._queue:
            self._schedule(loop)

    def _next_return_ms(self, now: float) -> int:
        """When the line will have room for one more: behind all who were told so before."""
        soonest = now + self._queue_max / self._per_s
        self._next_return_at = min(max(soonest, self._next_return_at + 1 / self._per_s), now + RETRY_AFTER_MAX_S)
        return int((self._next_return_at - now) * 1000) + 1
