"""Knows whether the database answers, from regular pings, so that readiness checks need not wait for it."""

import asyncio
import logging
from time import monotonic

from pymongo.errors import PyMongoError

from models.stores.database import Database
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
PATIENCE_S = 0.5  # a balancer that asks each second, and needs two refusals, does not notice one such pause
SAID_AFTER_S = 2.0  # shorter pauses are not logged


class DatabaseHealth:
    """Pings the database from `open` to `close`, and logs when it has gone away and when it is back."""

    def __init__(self, database: Database) -> None:
        self.is_up = True
        self._database = database
        self._answered_at = monotonic()
        self._is_said = False
        self._tasks = BackgroundTasks()

    async def open(self) -> None:
        """Ping once, and then every quarter of a second."""
        await self._look()
        self._tasks.repeat("database health", self._look, every_s=LOOK_EVERY_S)

    async def close(self) -> None:
        """Stop pinging."""
        await self._tasks.stop()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._database.ping()
        except (PyMongoError, OSError) as error:
            self._failed(error)
        else:
            self._answered()

    def _failed(self, error: Exception) -> None:
        self.is_up = False
        if not self._is_said and monotonic() - self._answered_at > SAID_AFTER_S:
            self._is_said = True
            # Without a reachable server the driver waits longer than this ping, so a timeout means no answer.
            reason = "no answer" if isinstance(error, TimeoutError) else type(error).__name__
            log.warning("MongoDB is away (%s): nothing is stored until it is back", reason)

    def _answered(self) -> None:
        if self._is_said:
            log.warning("MongoDB is back, after %.0f s", monotonic() - self._answered_at)
        self.is_up, self._is_said, self._answered_at = True, False, monotonic()
