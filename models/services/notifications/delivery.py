"""Delivers what is queued: a task of each node that takes what is due, works at some of it at once, and sleeps otherwise.

What this node queues wakes it at once; what others left, or what waits to be tried again, it finds by looking now and then.
Nothing is lost by a crash: a row that nobody finished is due again when its lease ends, and then the services are told the
same ids again.
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
from models.tasks import cancel

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)  # several times what one attempt may take
POLL_S = 5.0  # how long a row of a dead node may lie beyond its lease
PATIENCE_S = 2.0  # at the end, for what is on its way
GIVE_UP_AFTER = timedelta(days=1)  # what is a day old tells nobody anything
RETRY_MAX_S = 3600.0


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How long to wait after the first failed attempt; it doubles with each further one, up to an hour."""

    first_s: float = 5.0

    def delay(self, attempts: int, asked_s: float | None = None) -> timedelta:
        """The wait after so many attempts: not in step with anybody else's, and never shorter than the service asked for."""
        longest = min(self.first_s * 2 ** min(attempts - 1, 20), RETRY_MAX_S)
        return timedelta(seconds=max(uniform(longest / 2, longest), asked_s or 0.0))  # noqa: S311 (nobody gains by guessing)


class DeliverNotifications:
    """Hands what is due to `deliver`, which finishes each row or puts it back."""

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
        self._task: asyncio.Task[None] | None = None
        self.behind_s = 0.0  # how long the oldest of what was taken last had waited for its first attempt

    @property
    def under_way(self) -> int:
        """How many are being delivered by this node."""
        return len(self._running)

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name=f"{self._kind} delivery")

    async def close(self) -> None:
        """Take nothing more, wait a moment for what is on its way, and leave the rest to whoever comes next, at once."""
        self._is_closing = True
        self._work.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=PATIENCE_S)
            await cancel(self._task)
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
        """Something was queued."""
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
        """Begin what is due; how long there will be nothing to do unless somebody wakes us."""
        free = self._at_once - len(self._running)
        if free <= 0:
            return POLL_S
        now = self._clock.now()
        taken = await self._notifications.take(self._kind, now, LEASE, free)
        waited = (now - each.what.at for each in taken if each.attempts == 1)
        self.behind_s = max(waited, default=timedelta()).total_seconds()
        for each in taken:
            task = asyncio.create_task(self._surely(each), name=f"{self._kind} {each.what.key}")
            self._running[task] = each
            task.add_done_callback(self._ended)
        if taken:
            return 0.0
        due = await self._notifications.find_next_due(self._kind)
        return POLL_S if due is None else min(max((due - self._clock.now()).total_seconds(), 0.01), POLL_S)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._running.pop(task, None)
        # Not at each end: what is taken together costs the database as much as what is taken alone.
        if len(self._running) <= self._at_once // 2:
            self._work.set()

    async def _surely(self, taken: Taken) -> None:
        try:
            await self._deliver(taken)
        except Exception:
            log.exception("%s waits for its lease to end", taken.what.key)
