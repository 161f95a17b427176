"""Delivers queued notifications: a task of each node claims what is due, delivers several at a time, and sleeps in between.

What this node queues wakes the task at once; it finds what others left, or what is to be tried again, by looking now and then. A crash
loses nothing: a row that nobody finished is due again when its lease ends, and the service is given the same id again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from random import uniform

from models.ports import Clock
from models.stores.notifications import Kind, Notifications, Taken
from models.tasks import BackgroundTasks, cancel

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # several times the longest attempt
POLL_S = 5.0  # how long a row of a dead node may wait beyond its lease
PATIENCE_S = 2.0  # at the end, for deliveries under way
GIVE_UP_AFTER = timedelta(days=1)  # older news tells nobody anything
RETRY_MAX_S = 3600.0


@dataclass(frozen=True, slots=True)
class RetryRules:
    """The wait after the first failed attempt; it doubles with each further one, up to an hour."""

    first_s: float = 5.0

    def delay(self, attempts: int, asked_s: float | None = None) -> timedelta:
        """Returns the wait after so many attempts: with a random part, and never shorter than the service asked for."""
        longest = min(self.first_s * 2 ** min(attempts - 1, 20), RETRY_MAX_S)
        return timedelta(seconds=max(uniform(longest / 2, longest), asked_s or 0.0))  # noqa: S311 (nobody gains by guessing)


class DeliverNotifications:
    """Passes due notifications to `deliver`, which finishes each row or puts it back."""

    def __init__(
        self,
        kind: Kind,
        notifications: Notifications,
        deliver: Callable[[Taken], Awaitable[None]],
        clock: Clock,
        *,
        at_once: int,
    ) -> None:
        self._kind = kind
        self._notifications = notifications
        self._deliver = deliver
        self._clock = clock
        self._at_once = at_once
        self._work = asyncio.Event()
        self._is_closing = False
        self._running: dict[asyncio.Task[None], Taken] = {}
        self._tasks = BackgroundTasks()
        self._claiming: asyncio.Task[None] | None = None
        self.behind_s = 0.0  # how long the oldest of the latest batch had waited for its first attempt

    @property
    def under_way(self) -> int:
        """Returns how many notifications this node is delivering."""
        return len(self._running)

    async def open(self) -> None:
        self._claiming = self._tasks.start(f"{self._kind} delivery", self._run())

    async def close(self) -> None:
        """Stops claiming, waits a moment for deliveries under way, and leaves the rest for any node to claim at once."""
        self._is_closing = True
        self._work.set()
        if self._claiming is not None:
            await asyncio.wait([self._claiming], timeout=PATIENCE_S)
            await cancel(self._claiming)
        if self._running:
            await asyncio.wait(self._running, timeout=PATIENCE_S)
        left = dict(self._running)
        await cancel(*left)
        for taken in left.values():
            try:
                await self._notifications.put_back(taken, self._clock.now())
            except Exception as error:  # noqa: BLE001 (the lease ends by itself)
                log.warning("%s waits for its lease to end: %s", taken.what.key, type(error).__name__)

    def wake(self) -> None:
        """Wakes the task: something was queued."""
        self._work.set()

    async def _run(self) -> None:
        while not self._is_closing:
            self._work.clear()
            try:
                wait_s = await self._take()
            except Exception as error:  # noqa: BLE001 (the next look tries again)
                log.warning("%s delivery waits: %s", self._kind, type(error).__name__)
                wait_s = POLL_S
            if wait_s:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._work.wait(), wait_s)

    async def _take(self) -> float:
        """Starts what is due. Returns how long the task may sleep."""
        free = self._at_once - len(self._running)
        if free <= 0:
            return POLL_S
        now = self._clock.now()
        taken = await self._notifications.take(self._kind, now, LEASE, free)
        waited = (now - each.what.at for each in taken if each.attempts == 1)
        self.behind_s = max(waited, default=timedelta()).total_seconds()
        for each in taken:
            task = self._tasks.start(f"{self._kind} {each.what.key}", self._surely(each))
            self._running[task] = each
            task.add_done_callback(self._ended)
        if taken:
            return 0.0
        due = await self._notifications.find_next_due(self._kind)
        return POLL_S if due is None else min(max((due - self._clock.now()).total_seconds(), 0.01), POLL_S)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.pop(task, None)
        # Not after each delivery: claiming many costs the database as much as claiming one.
        if len(self._running) <= self._at_once // 2:
            self._work.set()

    async def _surely(self, taken: Taken) -> None:
        try:
            await self._deliver(taken)
        except Exception:
            log.exception("%s waits for its lease to end", taken.what.key)
