"""The page files of all versions that nodes run, for the time of an upgrade in which they differ."""

import asyncio
import logging
from dataclasses import dataclass, field

from models.ports import Clock
from models.stores.page_versions import PageVersions
from server.http.page_files import PageFiles

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0  # at most: anybody may ask for a version that does not exist


@dataclass(slots=True)
class ServedVersions:
    """The files of this node's version, and those that other nodes stored.

    A page may come from one node and its modules from another, which serves them as they are in the page's version or not at all.
    All who ask for a version that is not known here share one query per LOOK_EVERY_S, and wait for it.
    """

    own: PageFiles
    store: PageVersions
    clock: Clock
    _others: dict[str, PageFiles] = field(default_factory=dict)
    _looking: asyncio.Task[None] | None = None
    _looked_at: float = float("-inf")

    async def announce(self) -> None:
        """Store this node's version for the others; call it before the first page is served."""
        await self.store.keep(self.own.version, self.own.pack(), self.clock.now())

    async def find(self, version: str) -> PageFiles | None:
        """Returns the files of a version, or None if no node started with it lately."""
        if version == self.own.version:
            return self.own
        for _ in range(2):  # a query that was under way already may be older than the version
            if version in self._others:
                break
            if self._looking is None:
                self._looking = asyncio.create_task(self._look(), name="page versions")
            await asyncio.shield(self._looking)
        return self._others.get(version)

    async def _look(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(self._looked_at + LOOK_EVERY_S - loop.time())
            self._looked_at = loop.time()
            known = await self.store.list_versions()
            for version in self._others.keys() - known:
                del self._others[version]
            for version in known - self._others.keys() - {self.own.version}:
                await self._load(version)
        finally:
            self._looking = None

    async def _load(self, version: str) -> None:
        packed = await self.store.find(version)
        if packed is None:
            return
        files = await asyncio.to_thread(PageFiles.unpack, packed)
        if files.version == version:
            self._others[version] = files
        else:
            log.warning("the page files of version %s are not what was stored, and are not served", version)
