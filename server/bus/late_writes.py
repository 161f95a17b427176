"""Tells clients to sync once more if the database may have stored a dead node's last writes late.

When a node dies, the others tell their clients to sync. A database that stands still at that time, or has no majority, may carry
out the dead node's writes later, and no node would announce them. So a write of this node's own is sent after the other's end;
if it is not answered at once, clients are told again when it is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

AT_ONCE_S = 0.5  # a write is answered by a database that works, also by a busy one
SETTLES_S = 1.0  # what waited in other connections is carried out by then
RETRY_S = 0.5


class LateWrites:
    """Follows up the death of nodes, in one task that runs only meanwhile."""

    def __init__(self, settle: Callable[[], Awaitable[None]], resync: Callable[[], None]) -> None:
        """`settle` writes to the database, and raises while it is away; `resync` tells all clients of this node to sync."""
        self._settle = settle
        self._resync = resync
        self._is_due = False
        self._tasks = BackgroundTasks()
        self._task: asyncio.Task[None] | None = None

    def node_died(self) -> None:
        """A node died, and may have stored things that it announced to nobody."""
        self._is_due = True
        if self._task is None or self._task.done():
            self._task = self._tasks.start("late writes", self._follow_up())

    async def close(self) -> None:
        """Stop following up."""
        await self._tasks.stop()

    async def _follow_up(self) -> None:
        while self._is_due:
            self._is_due = False
            began = monotonic()
            while not await self._is_settled():  # noqa: ASYNC110 (the database tells nobody)
                await asyncio.sleep(RETRY_S)
            if monotonic() - began > AT_ONCE_S:
                log.info("the database stood still when a node died: telling clients to sync once more")
                await asyncio.sleep(SETTLES_S)
                self._resync()

    async def _is_settled(self) -> bool:
        try:
            await self._settle()
        except Exception as error:  # noqa: BLE001 (tried again)
            log.warning("the database is away after a node died: %s", type(error).__name__)
            return False
        return True
