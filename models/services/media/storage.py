"""Stores files that messages point to: an upload, or what a URL named."""

import logging
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from models.documents.media import Media, MediaKind, MediaRule
from models.documents.media_formats import START_BYTES
from models.documents.photo import PHOTO_TYPE
from models.errors import Malformed, RateLimited, Unavailable
from models.ports import Imaging
from models.stores.media import MediaFiles, Received

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoreMedia:
    """A file is complete before anybody decides about it, and what nobody keeps leaves nothing behind."""

    files: MediaFiles
    imaging: Imaging

    @asynccontextmanager
    async def receive(
        self, content: AsyncIterator[bytes], rule: MediaRule, find_type: Callable[[bytes], str]
    ) -> AsyncIterator["Arrival"]:
        """Take in a content as it comes. `find_type` is told how it starts, and may refuse it before the rest is read.

        Raises TooLarge, and Malformed for an empty one.
        """
        start, whole = await begin(content, START_BYTES)
        mime_type = find_type(start)
        async with self.files.receive(whole, below_bytes=rule.below_bytes) as received:
            if not received.size_bytes:
                raise Malformed("The file is empty.")
            yield Arrival(self, received, rule.kind, mime_type)

    async def remember_thumbnail(self, media: Media, by: Hashable) -> None:
        """Make a small picture of a stored one, for `by`. One that cannot be read here is sent as it is, and not tried again."""
        try:
            thumbnail = await self.imaging.make_thumbnail(self.files.read(media, 0, media.size_bytes - 1), by=by)
        except Malformed as refusal:
            log.info("no thumbnail: %s", refusal)
            await self.files.remember_unreadable(media)
        except (RateLimited, Unavailable) as refusal:
            log.info("no thumbnail: %s", refusal)
        else:
            async with self.store(thumbnail, PHOTO_TYPE) as stored:
                await self.files.remember_thumbnail(media, stored)

    @asynccontextmanager
    async def store(self, data: bytes, mime_type: str) -> AsyncIterator[Media]:
        """Store what was made here. What points to it is written in the block: without anything that does it is removed again."""
        async with self.files.receive(_whole(data), below_bytes=len(data) + 1) as received:
            yield await received.keep(mime_type)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A complete file that is not kept yet."""

    store: StoreMedia
    received: Received
    kind: MediaKind
    mime_type: str

    async def keep(self, by: Hashable = None) -> Media:
        """The stored file; of an image, with its thumbnail, which is made for `by`.

        It is held until the block of `StoreMedia.receive` ends: what points to it is written before that.
        """
        media = await self.received.keep(self.mime_type)
        if self.kind is MediaKind.IMAGE and media.thumbnail is None and not media.is_unreadable:
            await self.store.remember_thumbnail(media, by)
        return media


async def begin(content: AsyncIterator[bytes], least: int) -> tuple[bytes, AsyncIterator[bytes]]:
    """Returns the first bytes of a content, at least so many if there are any more, and all of it once again."""
    start = bytearray()
    while len(start) < least and (piece := await anext(content, b"")):
        start += piece
    return bytes(start), _joined(bytes(start), content)


async def _joined(start: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if start:
        yield start
    async for piece in rest:
        yield piece


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    yield data
