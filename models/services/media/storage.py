"""Stored files: storing and opening them, and removing those that nothing uses any more."""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from models.documents.media import Media, MediaKind, MediaRule
from models.documents.media_formats import START_BYTES
from models.documents.photo import PHOTO_TYPE
from models.errors import Malformed, MediaNotFound, RateLimited, Unavailable
from models.ports import Imaging
from models.stores.media import Content, MediaFiles, Received

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoreMedia:
    """Stores files. A file is complete before anything decides about it, and one that is not kept leaves nothing behind."""

    files: MediaFiles
    imaging: Imaging

    @asynccontextmanager
    async def receive(
        self, content: AsyncIterator[bytes], rule: MediaRule, find_type: Callable[[bytes], str]
    ) -> AsyncIterator["PendingFile"]:
        """Receive a file as its content arrives, and yield it when it is complete.

        `find_type` is called with the first bytes and returns the type; it may refuse the file before the rest is read.
        Raises TooLarge, and Malformed for an empty file.
        """
        start, whole = await read_start(content, START_BYTES)
        mime_type = find_type(start)
        async with self.files.receive(whole, below_bytes=rule.below_bytes) as received:
            if not received.size_bytes:
                raise Malformed("The file is empty.")
            yield PendingFile(self, received, rule.kind, mime_type)

    async def set_thumbnail(self, media: Media, by: Hashable) -> None:
        """Make a thumbnail of a stored picture, at the cost of `by`.

        A picture that cannot be decoded is sent without one, and for a while nobody tries again.
        """
        try:
            thumbnail = await self.imaging.make_thumbnail(self.files.read(media, 0, media.size_bytes - 1), by=by)
        except Malformed as refusal:
            log.info("no thumbnail: %s", refusal)
            await self.files.mark_unreadable(media)
        except (RateLimited, Unavailable) as refusal:
            log.info("no thumbnail: %s", refusal)
        else:
            async with self.store(thumbnail, PHOTO_TYPE) as stored:
                await self.files.set_thumbnail(media, stored)

    @asynccontextmanager
    async def store(self, data: bytes, mime_type: str) -> AsyncIterator[Media]:
        """Store bytes that this server made, and yield the file.

        The block writes what points to the file; one that nothing points to is removed again.
        """
        async with self.files.receive(single_piece(data), below_bytes=len(data) + 1) as received:
            yield await received.keep(mime_type)


@dataclass(frozen=True, slots=True)
class PendingFile:
    """A complete file that is not kept yet."""

    store: StoreMedia
    received: Received
    kind: MediaKind
    mime_type: str

    async def keep(self, by: Hashable = None) -> Media:
        """Keep the file, and make a thumbnail if it is an image, at the cost of `by`. Returns the stored file.

        The file is held until the block of `StoreMedia.receive` ends; the block writes what points to it.
        """
        media = await self.received.keep(self.mime_type)
        if self.kind is MediaKind.IMAGE and media.thumbnail is None and not media.is_unreadable:
            await self.store.set_thumbnail(media, by)
        return media


async def read_start(content: AsyncIterator[bytes], least: int) -> tuple[bytes, AsyncIterator[bytes]]:
    """Read the first bytes of a content, at least `least` if it has as many.

    Returns them, and the whole content once more.
    """
    start = bytearray()
    while len(start) < least and (piece := await anext(content, b"")):
        start += piece
    return bytes(start), _joined(bytes(start), content)


async def _joined(start: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if start:
        yield start
    async for piece in rest:
        yield piece


async def single_piece(data: bytes) -> AsyncIterator[bytes]:
    """Yields bytes that are at hand, for calls that take a content as it arrives."""
    yield data


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """Opens stored files. Knowing the name is the permission: it cannot be guessed, nor derived from the content."""

    files: MediaFiles

    async def __call__(self, name: str) -> Media:
        """Returns the file of this name. Raises MediaNotFound."""
        media = await self.files.find(name)
        if media is None:
            raise MediaNotFound
        return media

    def read(self, media: Media, first: int, last: int) -> AsyncIterator[bytes]:
        """Yields its bytes from `first` to `last`, both included."""
        return self.files.read(media, first, last)


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

        Returns how many contents went.
        """
        removed = 0
        for content in await self._files.list_contents(names):
            if await self._remove(content):
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

    async def _remove(self, content: Content) -> bool:
        if await self._list_used(content.names) or not await self._files.detach(content):
            return False
        if await self._list_used(content.names) and await self._files.restore(content):
            return False
        await self._files.remove_bytes(content)
        return True

    async def _list_used(self, names: Collection[str]) -> set[str]:
        used: set[str] = set()
        for store in self._users if names else ():
            used |= await store.list_used(names)
        return used
