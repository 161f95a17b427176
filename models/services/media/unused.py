"""Removes stored files that nothing points to any more."""

import logging
from collections.abc import Collection, Sequence
from typing import Protocol

from models.stores.media import MediaFiles
from models.stores.media_rows import Content

log = logging.getLogger(__name__)

PAGE = 200  # files that are checked together, by one query of each store
PAGES_PER_SWEEP = 25


class UsesMedia(Protocol):
    """A store whose rows point to files."""

    async def list_used(self, names: Collection[str]) -> set[str]:
        """Returns those of these names that a row points to."""
        ...


class RemoveUnusedMedia:
    """Removes files that nothing points to any more, under any of their names: equal contents are one file.

    A file is hidden first, then its uses are looked up once more, and only then its bytes are removed. So a message that
    was forwarded at the same moment keeps its file. A file on its way into a message is held (models/stores/media.py) and
    stays.
    """

    def __init__(self, files: MediaFiles, users: Sequence[UsesMedia]) -> None:
        self._files = files
        self._users = (files, *users)
        self._swept_to: Content | None = None

    async def __call__(self, names: Collection[str]) -> int:
        """Remove those of these files that nothing points to, with their thumbnails and renditions.

        Of a content that is still used under another name, those of these names go that nothing points to.

        Returns how many contents went.
        """
        removed = 0
        for content in await self._files.list_contents(names):
            if await self._remove(content, names):
                removed += 1 + (await self(content.made_of_it) if content.made_of_it else 0)
        return removed

    async def after(self, names: Collection[str]) -> None:
        """Remove unused files after a change that is complete without this.

        Never raises: the sweep does what fails here.
        """
        try:
            await self(names)
        except Exception as error:  # noqa: BLE001 (the change itself is stored)
            log.warning("unused files wait to be swept away: %s", type(error).__name__)

    async def try_after(self, names: Collection[str]) -> bool:
        """Remove as `after`. Returns False if it has to be tried again: it failed, or a content was held at that moment."""
        try:
            await self(names)
            left = {name for content in await self._files.list_contents(names) for name in content.names}
            unused = left.intersection(names) - await self._list_used(names)
        except Exception as error:  # noqa: BLE001 (as in `after`)
            log.warning("unused files are tried again: %s", type(error).__name__)
            return False
        return not unused

    async def sweep(self) -> int:
        """Check the next files, where the last call stopped, and remove the unused ones. Returns how many were removed.

        This finds files that a crash left between a change and its file. Files of the last hours are skipped, since the row
        that points to them may be about to be written. Two nodes may do it at once.
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

    async def _remove(self, content: Content, names: Collection[str]) -> bool:
        if used := await self._list_used(content.names):
            await self._drop_names(content, set(names).intersection(content.names) - used)
            return False
        if not await self._files.detach(content):
            return False
        if await self._list_used(content.names) and await self._files.restore(content):
            return False
        await self._files.remove_bytes(content)
        return True

    async def _drop_names(self, content: Content, names: Collection[str]) -> None:
        """Take these names, with what the file was called, from a content that others use under another name.

        As with a whole file, their uses are looked up once more when nobody finds it by them any more.
        """
        if names and await self._files.drop_names(content, names) and (used := await self._list_used(names)):
            await self._files.add_names(content, used)

    async def _list_used(self, names: Collection[str]) -> set[str]:
        used: set[str] = set()
        for store in self._users if names else ():
            used |= await store.list_used(names)
        return used
