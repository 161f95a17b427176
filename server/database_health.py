"""Whether the database answers, looked at again and again, so that whoever asks is told at once."""

import asyncio
import logging
from time import monotonic

from pymongo.errors import PyMongoError

from models.stores.database import Database
from models.tasks import cancel

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
PATIENCE_S = 2.0  # longer than a stall of this process; a database that takes as long is of no use to anybody


class DatabaseHealth:
    """Pings the database from `open` to `close`, and says in the log when it goes away and when it is back."""

    def __init__(self, database: Database) -> None:
        self.is_up = True
        self._database = database
        self._away_since = 0.0
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Look once, and then go on looking."""
        await self._look()
        self._task = asyncio.create_task(self._keep_looking(), name="database health")

    async def close(self) -> None:
        """Look no longer."""
        if self._task is not None:
            await cancel(self._task)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._look()

    async def _look(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._database.ping()
        except (PyMongoError, OSError) as error:
            self._failed("silent" if isinstance(error, TimeoutError) else type(error).__name__)
        else:
            self._answered()

    def _failed(self, reason: str) -> None:
        if self.is_up:
            self._away_since = monotonic()
            log.warning("MongoDB is away: %s", reason)
        self.is_up = False

    def _answered(self) -> None:
        if not self.is_up:
            log.warning("MongoDB is back, after %.0f s", monotonic() - self._away_since)
        self.is_up = True
