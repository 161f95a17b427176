"""Removes stored files with their last use, on all nodes: the bytes of a deleted message, of a removed account's photos."""

import logging
from collections.abc import Collection, Sequence
from typing import Protocol

from models.stores.media import Content, MediaFiles

log = logging.getLogger(__name__)

PAGE = 200  # files looked at together; one query of each store for all of them
PAGES_PER_SWEEP = 25


class UsesMedia(Protocol):
    """A store whose rows point to files."""

    async def list_used(self, names: Collection[str]) -> set[str]:
        """Those of these names that a row points to."""
        ...


class RemoveUnusedMedia:
    """One content is one file, whoever uploaded it, so it goes when nothing points to it under any of its names.

    A file that is taken away is looked for once more before its bytes go, so that a message that was forwarded at the same
    moment keeps it. What is on its way into a message is held (models/stores/media.py) and stays.
    """

    def __init__(self, files: MediaFiles, users: Sequence[UsesMedia]) -> None:
        self._files = files
        self._users = (files, *users)
        self._swept_to: Content | None = None

    async def __call__(self, names: Collection[str]) -> int:
        """Remove those of these files that nothing points to, and what was made of them; returns how many contents went."""
        removed = 0
        for content in await self._files.list_contents(names):
            if await self._remove(content):
                removed += 1 + (await self(content.made_of_it) if content.made_of_it else 0)
        return removed

    async def after(self, names: Collection[str]) -> None:
        """Remove them behind a change that is complete without this: never raises, and the sweep does what fails here."""
        try:
            await self(names)
        except Exception as error:  # noqa: BLE001 (whatever it is, the change stands)
            log.warning("unused files wait to be swept away: %s", type(error).__name__)

    async def sweep(self) -> int:
        """Look at the next files, all of them one after the other round by round, and remove those that nothing points to.

        Finds what a crash between a change and its file has left, also before there was any removal. Files of the last hours
        are passed over: what points to them may be on its way. Two nodes may do it at once.
        """
        removed = 0
        for _ in range(PAGES_PER_SWEEP):
            page = await self._files.list_old(self._swept_to, PAGE)
            self._swept_to = page[-1] if len(page) == PAGE else None
            used = await self._list_used([name for content in page for name in content.names])
            for content in page:
                if used.isdisjoint(content.names):
                    removed += await self(content.names)
            if self._swept_to is None:
                break
        return removed

    async def _remove(self, content: Content) -> bool:
        if await self._list_used(content.names) or not await self._files.take_away(content):
            return False
        if await self._list_used(content.names) and await self._files.bring_back(content):
            return False
        await self._files.remove_bytes(content)
        return True

    async def _list_used(self, names: Collection[str]) -> set[str]:
        used: set[str] = set()
        for store in self._users if names else ():
            used |= await store.list_used(names)
        return used
