"""Tells clients to sync once more where the database may have stored late what a dead node had asked of it.

When a node dies, the others tell their clients to sync. A database that stands still at that time, or has no majority, may
carry out later what it had read, or had not read yet, from the dead node's connections, and no node would tell of it. So a write
is sent after the node's end, and where it is not answered at once, clients are told again when it is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from models.tasks import cancel

log = logging.getLogger(__name__)

AT_ONCE_S = 0.5  # a write is answered by a database that works, also by a busy one
SETTLES_S = 1.0  # what waited in other connections is carried out by then
RETRY_S = 0.5


class LateWrites:
    """One task while a node's end is being followed up, none otherwise."""

    def __init__(self, settle: Callable[[], Awaitable[None]], resync: Callable[[], None]) -> None:
        """`settle` is a write, and raises while the database is away; `resync` tells all clients of this node to sync."""
        self._settle = settle
        self._resync = resync
        self._is_due = False
        self._task: asyncio.Task[None] | None = None

    def node_died(self) -> None:
        """A node is gone, and may have stored things that it told nobody."""
        self._is_due = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow_up(), name="late writes")

    async def close(self) -> None:
        if self._task is not None:
            await cancel(self._task)

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
