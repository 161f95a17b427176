"""Stored files: storing and opening them; unused.py removes those that nothing points to any more."""

import logging
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from models.documents.file_name import NAMELESS, clean_file_name
from models.documents.media import MEDIA, Media, MediaKind, MediaRule, Recording, type_of_document
from models.documents.media_formats import FILM_TYPES, START_BYTES, is_called_heic, starts_as_film, starts_as_heic
from models.documents.photo import PHOTO_TYPE
from models.errors import Malformed, MediaNotFound, RateLimited, Unavailable
from models.ports import Imaging
from models.stores.media import MediaFiles
from models.stores.received import Received

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoreMedia:
    """Stores files. A file is complete before anything decides about it, and one that is not kept leaves nothing behind."""

    files: MediaFiles
    imaging: Imaging

    @asynccontextmanager
    async def receive(
        self,
        content: AsyncIterator[bytes],
        rule: MediaRule,
        find_type: Callable[[bytes], str],
        file_name: str = "",
        stated_type: str = "",
    ) -> AsyncIterator["PendingFile"]:
        """Receive a file as its content arrives, and yield it when it is complete.

        `find_type` is called with the first bytes and returns the type; it may refuse the file before the rest is read.
        `file_name` and `stated_type` are what its sender, or its server, says of it.
        Raises TooLarge, and Malformed for an empty file.
        """
        start, whole = await read_start(content, START_BYTES)
        mime_type = find_type(start)
        async with AsyncExitStack() as holds, self.files.receive(whole, below_bytes=rule.below_bytes) as received:
            if not received.size_bytes:
                raise Malformed("The file is empty.")
            is_heic = is_called_heic(mime_type) or starts_as_heic(start)
            name = clean_file_name(file_name)
            is_film = starts_as_film(start)
            yield PendingFile(self, received, rule.kind, mime_type, name, stated_type, is_heic, is_film, holds)

    async def examine(self, media: Media, kind: MediaKind, by: Hashable) -> Media:
        """Find out what messages of this kind say of a stored file, at the cost of `by`. Returns the file with that.

        A file that cannot be decoded is sent without, and for a while nobody tries again.
        """
        try:
            found = await self._decode(media, kind, by)
        except Malformed as refusal:
            log.info("nothing known of a file: %s", refusal)
            await self.files.mark_unreadable(media, kind)
            return media
        except (RateLimited, Unavailable) as refusal:
            log.info("nothing known of a file: %s", refusal)
            return media
        if found.poster is None:
            return await self.files.note_found(media, found)
        async with self.store(found.poster.data, PHOTO_TYPE) as stored:
            return await self.files.note_found(media, found, stored)

    async def _decode(self, media: Media, kind: MediaKind, by: Hashable) -> Recording:
        content = self.files.read(media, 0, media.size_bytes - 1)
        match kind:
            case MediaKind.IMAGE:
                return Recording(poster=await self.imaging.make_thumbnail(content, by=by))
            case MediaKind.VIDEO:
                return await self.imaging.examine_video(content, by=by)
            case _:
                return await self.imaging.examine_sound(content, by=by)

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
    file_name: str  # cleaned; "" for none
    stated_type: str
    is_heic: bool
    is_film: bool  # whatever it is called
    holds: AsyncExitStack  # ends with the block of `StoreMedia.receive`

    def message_fields(self, media: Media) -> dict[str, Any]:
        """Returns the fields of a message with the stored file: where it is read, what it is called, and what is known of it."""
        fields: dict[str, Any] = {"url": MEDIA + media.name, "hash": media.hash, "mime_type": media.mime_type}
        match self.kind:
            case MediaKind.DOCUMENT:
                fields["mime_type"] = type_of_document(self.file_name, self.stated_type)
                fields |= {"file_name": self.file_name or NAMELESS, "size_bytes": self.received.size_bytes}
            case MediaKind.VOICE:
                fields |= {"duration_ms": media.duration_ms, "waveform": media.waveform}
            case MediaKind.AUDIO:
                fields |= {"duration_ms": media.duration_ms, "waveform": media.waveform}
                fields["file_name"] = self.file_name or None
            case MediaKind.IMAGE | MediaKind.VIDEO if media.placeholder is not None:
                fields |= asdict(media.placeholder)
                if self.kind is MediaKind.VIDEO and media.thumbnail is not None:
                    fields |= {"duration_ms": media.duration_ms, "poster": MEDIA + media.thumbnail}
        return fields

    async def keep(self, by: Hashable = None) -> Media:
        """Keep the file, and find out what its message says of it, at the cost of `by`. Returns the stored file.

        The file is held until the block of `StoreMedia.receive` ends; the block writes what points to it.
        """
        match self.kind:
            case MediaKind.IMAGE:
                media = await self._keep_image(by)
            case MediaKind.VIDEO if self.mime_type in FILM_TYPES or self.is_film:
                media = await self._keep_film(by)
            case _:
                media = await self._keep()
        return media if media.is_known_as(self.kind) else await self.store.examine(media, self.kind, by)

    async def _keep(self) -> Media:
        return await self.received.keep(self.mime_type, self.file_name if self.kind is MediaKind.DOCUMENT else "")

    async def _keep_image(self, by: Hashable) -> Media:
        """Keep an image without its metadata, and in a format that can be shown.

        Raises Malformed for a HEIC that cannot be read, RateLimited, and Unavailable: an image is not sent with its metadata.
        """
        if not is_called_heic(self.mime_type) and await self.store.files.is_bare(self.received.digest):
            return await self._keep()
        try:
            made = await self._make_bare(by)
        except Malformed:
            if self.is_heic:
                raise
            return await self._keep()  # and each time anew, for it is not bare
        if made is None:
            media = await self._keep()
        else:
            data, mime_type = made
            receiving = self.store.files.receive(single_piece(data), below_bytes=len(data) + 1)
            media = await (await self.holds.enter_async_context(receiving)).keep(mime_type)
        await self.store.files.mark_bare(media)
        return media

    async def _keep_film(self, by: Hashable) -> Media:
        """Keep a video without its metadata.

        Raises Malformed for one with more of them than anybody needs, RateLimited, and Unavailable: it is not sent with them.
        """
        if await self.store.files.is_bare(self.received.digest):
            return await self._keep()
        boxes = await self.store.imaging.find_metadata(self.received.read(), by=by)
        if boxes:
            await self.received.empty(boxes)
        media = await self._keep()
        if self.is_film:  # another file that is called so may be an image
            await self.store.files.mark_bare(media)
        return media

    async def _make_bare(self, by: Hashable) -> tuple[bytes, str] | None:
        """Returns the image without metadata, and its type; None for one that stays as it is.

        Raises Malformed for what is no picture.
        """
        imaging = self.store.imaging
        if is_called_heic(self.mime_type):  # also a JPEG: it would be served by that name
            return await imaging.convert_image(self.received.read(), by=by), PHOTO_TYPE
        try:
            data = await imaging.clean_image(self.received.read(), by=by)
        except Malformed:
            return await imaging.convert_image(self.received.read(), by=by), PHOTO_TYPE
        return None if data is None else (data, self.mime_type)


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
