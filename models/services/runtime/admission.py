"""Admits connections at a bounded rate, so that a crowd that reconnects at once is served in turn instead of all of it too late.

This protects the node. It does not limit what one account or address may do (token_bucket.py).
"""

import asyncio
from collections import deque
from collections.abc import Callable

from models.errors import Unavailable

FULL = "Many people come back at once; try again in a moment."
TICK_S = 0.001  # admits several with one timer
RETRY_AFTER_MAX_S = 60.0  # nobody is sent away for longer than this
IsConnected = Callable[[], bool]


class ConnectAdmission:
    """Admits `per_s` connections a second, and up to `per_s` at once after a pause.

    Others wait in a queue, for at most `wait_s`.
    """

    def __init__(self, per_s: float, wait_s: float) -> None:
        self._per_s = per_s
        self._queue_max = int(per_s * wait_s)
        self._tokens = self._tokens_max = max(1.0, per_s)
        self._at = 0.0
        self._queue: deque[tuple[IsConnected, asyncio.Future[None]]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._next_return_at = 0.0  # the time that the last refused connection was given
        self._is_closed = False
        self.admitted = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def admit(self, is_connected: IsConnected) -> bool:
        """Wait for this connection's turn.

        Returns whether it had to wait: facts that were checked before, such as that its session is alive, may have changed
        meanwhile. A connection for which `is_connected` is false when its turn comes uses no place. Raises Unavailable,
        with the time after which to come back, if the queue is full or the node is shutting down.
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
        """Admit nobody from now on, and refuse all who wait."""
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
        """Returns the milliseconds until the queue has room for one more, behind all who were refused before."""
        soonest = now + self._queue_max / self._per_s
        self._next_return_at = min(max(soonest, self._next_return_at + 1 / self._per_s), now + RETRY_AFTER_MAX_S)
        return int((self._next_return_at - now) * 1000) + 1
