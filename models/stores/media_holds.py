"""Holds stored files while something that points to them is being written, so that nobody removes them meanwhile."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bson import ObjectId
from pymongo.errors import PyMongoError

from models.ports import Clock
from models.stores.database import Database

log = logging.getLogger(__name__)


class MediaHolds:
    """Holds files as an upload on its way into a message is held (media.py). A hold that a crash left ends by itself."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._files = database.collection("media.files")
        self._clock = clock

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[bool]:
        """Hold the file of this name for as long as the block lasts. Yields whether there is such a file."""
        hold_id = ObjectId()
        hold = {"id": hold_id, "at": self._clock.now()}
        named = {"metadata.names.name": name}
        found = await self._files.update_one(named, {"$push": {"metadata.holds": hold}})
        try:
            yield found.matched_count == 1
        finally:
            try:
                await self._files.update_one(named, {"$pull": {"metadata.holds": {"id": hold_id}}})
            except PyMongoError as error:
                log.warning("a file stays held for a while: %s", type(error).__name__)
