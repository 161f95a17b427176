"""Media: files in GridFS, one per content, under names that only this installation can make.

The rows are those of GridFS (`media.files`, `media.chunks`), so that every tool reads them. They are written here, since
the drivers' own writers collect up to 48 MB before they send anything, and differ between the two drivers.

A file arrives as chunks. Then one insert of its row makes it a file and claims its content. If two uploads of equal content
end at once, one gets the claim; the chunks of the other are removed, and it is answered with the first one's file.
`media.uploads` lists what is arriving, so that the remains of a crash can be swept away.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

from bson import Binary, ObjectId
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from models.documents.media import Media, extension_for
from models.documents.photo import Rendition
from models.errors import TooLarge, Unavailable
from models.ports import Clock
from models.stores.database import Database, Row

log = logging.getLogger(__name__)

FILE_INDEXES = [
    # One file per content, also if two uploads end at once.
    IndexModel(
        [("metadata.sha256", ASCENDING)],
        unique=True,
        name="once",
        partialFilterExpression={"metadata.sha256": {"$exists": True}},
    ),
    IndexModel([("metadata.names.name", ASCENDING)], name="name"),
    # For finding the file whose thumbnail or rendition a file is.
    IndexModel([("metadata.thumbnail", ASCENDING)], name="thumbnail", sparse=True),
    IndexModel([("metadata.renditions.$**", ASCENDING)], name="renditions"),
]
CHUNK_INDEXES = [IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)]  # as GridFS specifies it

CHUNK_BYTES = 255 * 1024  # the default of GridFS: a row of 256 KiB with its other fields
CHUNKS_PER_WRITE = 8  # 2 MiB in memory per upload; one durable write per chunk would wait eight times as long
CHUNKS_PER_READ = 4  # 1 MiB in memory per download
# Uploads older than the first are refused, and older than the second are swept, so that no sweep meets one that succeeds.
UPLOAD_LIVES = timedelta(hours=6)
SWEPT_AFTER = timedelta(hours=12)
HELD_FOR = timedelta(hours=1)  # longer than anything takes to write what points to an upload; after that it has crashed
UNREADABLE_FOR = timedelta(days=1)  # then it is tried again, since a decoder may have been mended
CLAIMS = 5  # tries; each fails only if the file is removed at that moment


@dataclass(frozen=True, slots=True)
class Content:
    """One stored content with all its names, and the names of its thumbnail and renditions."""

    row: Row

    @property
    def id(self) -> ObjectId:
        file_id: ObjectId = self.row["_id"]
        return file_id

    @property
    def names(self) -> list[str]:
        return [each["name"] for each in self.row["metadata"]["names"]]

    @property
    def made_of_it(self) -> list[str]:
        metadata = self.row["metadata"]
        return [*filter(None, [metadata.get("thumbnail")]), *metadata.get("renditions", {}).values()]


class MediaFiles:
    """All stored files."""

    def __init__(self, database: Database, key: bytes, clock: Clock) -> None:
        """`key` makes the names: knowing a content does not tell under which name it is stored, or whether it is."""
        self._files = database.collection("media.files")
        self._chunks = database.collection("media.chunks")
        self._uploads = database.collection("media.uploads")
        self._key = key
        self._clock = clock

    async def prepare(self) -> None:
        await self._files.create_indexes(FILE_INDEXES)
        await self._chunks.create_indexes(CHUNK_INDEXES)

    async def find(self, name: str) -> Media | None:
        row = await self._files.find_one({"metadata.names.name": name})
        return None if row is None else self._media(row, name)

    async def read(self, media: Media, first: int, last: int) -> AsyncIterator[bytes]:
        """Yields the bytes from `first` to `last`, both counted from 0 and included.

        Raises LookupError if the file is removed.
        """
        row = await self._files.find_one({"metadata.sha256": media.sha256}, {"chunkSize": True})
        if row is None:
            raise LookupError(f"{media.name} is gone")
        size = row["chunkSize"]
        n, position = first // size, first
        while position <= last:
            upto = min(n + CHUNKS_PER_READ, last // size + 1)
            # One query per piece, so that a slow reader holds no cursor open.
            query = self._chunks.find({"files_id": row["_id"], "n": {"$gte": n, "$lt": upto}}).sort("n", ASCENDING)
            for chunk in await query.to_list(None):
                data = chunk["data"]
                start = position - chunk["n"] * size
                piece = data[start : last + 1 - chunk["n"] * size]
                if start < 0 or not piece:
                    raise LookupError(f"{media.name} lacks a chunk")
                yield piece
                position += len(piece)
            if position <= last and position != upto * size:
                raise LookupError(f"{media.name} lacks a chunk")
            n = upto

    @asynccontextmanager
    async def receive(self, content: AsyncIterator[bytes], *, below_bytes: int) -> AsyncIterator["Received"]:
        """Store a content as it arrives, and yield it when it is complete; `keep` then makes it a file.

        Raises TooLarge at the first byte too many. A content that the block does not keep is removed, however the block
        ends. A kept one is held until the block ends: nobody removes it before the block has written what points to it.
        """
        file_id = ObjectId()
        received = Received(self, file_id)
        await self._uploads.insert_one({"_id": file_id, "at": self._clock.now()})
        try:
            await received.take(content, below_bytes)
            yield received
        finally:
            if not received.is_kept:
                # Shielded, so that a request that is cancelled because its client went away still cleans up.
                await asyncio.shield(self._discard(file_id, is_settled=not received.is_writing))
            if received.sha256 is not None:
                await asyncio.shield(self._release(file_id, received.sha256))

    async def set_thumbnail(self, media: Media, thumbnail: Media) -> None:
        """Note that this small picture is the thumbnail of a content."""
        await self._files.update_one(
            {"metadata.sha256": media.sha256}, {"$set": {"metadata.thumbnail": thumbnail.name}}
        )

    async def set_renditions(self, name: str, renditions: Mapping[Rendition, str]) -> None:
        """Note the renditions of the content with this name."""
        await self._files.update_one(
            {"metadata.names.name": name},
            {"$set": {"metadata.renditions": {each.value: name for each, name in renditions.items()}}},
        )

    async def mark_unreadable(self, media: Media) -> None:
        """Note that no thumbnail or renditions can be made of a content, so that no node tries again for UNREADABLE_FOR."""
        await self._files.update_one(
            {"metadata.sha256": media.sha256}, {"$set": {"metadata.unreadable_at": self._clock.now()}}
        )

    async def list_used(self, names: Collection[str]) -> set[str]:
        """Returns those of these names that are the thumbnail or a rendition of a file."""
        among = {"$in": list(names)}
        paths = ["metadata.thumbnail", *(f"metadata.renditions.{each.value}" for each in Rendition)]
        rows = await self._files.find({"$or": [{path: among} for path in paths]}, {"metadata": True}).to_list(None)
        return {name for row in rows for name in Content(row).made_of_it}.intersection(names)

    async def list_contents(self, names: Collection[str]) -> list[Content]:
        """Returns the contents that have these names."""
        return [
            Content(row) for row in await self._files.find({"metadata.names.name": {"$in": list(names)}}).to_list(None)
        ]

    async def list_old(self, behind: Content | None, limit: int) -> list[Content]:
        """Returns the next contents behind this one that were stored longer than SWEPT_AFTER ago, oldest first."""
        # An ObjectId begins with the time at which it was made.
        until = ObjectId.from_datetime(self._clock.now() - SWEPT_AFTER)
        ids = {"$lt": until} if behind is None else {"$gt": behind.id, "$lt": until}
        rows = await self._files.find({"_id": ids}).sort("_id", ASCENDING).limit(limit).to_list(limit)
        return [Content(row) for row in rows]

    async def detach(self, content: Content) -> bool:
        """Hide a content from all readers. Returns False if it is held, or hidden already.

        Its bytes stay until `remove_bytes`, or, if that is never called, until a sweep after SWEPT_AFTER.
        """
        await self._uploads.update_one({"_id": content.id}, {"$set": {"at": self._clock.now()}}, upsert=True)
        held = {"$elemMatch": {"at": {"$gte": self._clock.now() - HELD_FOR}}}
        found = await self._files.delete_one({"_id": content.id, "metadata.holds": {"$not": held}})
        if not found.deleted_count:
            await self.forget_upload(content.id)
        return found.deleted_count == 1

    async def restore(self, content: Content) -> bool:
        """Undo `detach`. Returns False if an equal content was stored meanwhile, under the same names."""
        try:
            await self._files.insert_one(content.row)
        except DuplicateKeyError:
            return False
        await self.forget_upload(content.id)
        return True

    async def remove_bytes(self, content: Content) -> None:
        """Delete the bytes of a detached content."""
        await self._remove_unless_file(content.id)

    async def sweep(self) -> int:
        """Remove the remains of uploads that a crash ended long ago.

        Returns how many there were. Two nodes may do it at once.
        """
        rows = await self._uploads.find({"at": {"$lt": self._clock.now() - SWEPT_AFTER}}).to_list(1000)
        for row in rows:
            await self._remove_unless_file(row["_id"])
        return len(rows)

    async def write_chunks(self, chunks: list[Row]) -> None:
        await self._chunks.insert_many(chunks)

    async def claim(self, file_id: ObjectId, mime_type: str, size_bytes: int, sha256: bytes) -> tuple[Media, bool]:
        """Make received chunks a file. Returns the file of this content, and whether it consists of these chunks."""
        name = {"name": self._name_of(sha256, mime_type), "type": mime_type}
        hold = {"id": file_id, "at": self._clock.now()}
        row: Row = {
            "_id": file_id,
            "length": size_bytes,
            "chunkSize": CHUNK_BYTES,
            "uploadDate": self._clock.now(),
            "metadata": {"sha256": Binary(sha256), "names": [name], "holds": [hold]},
        }
        for _ in range(CLAIMS):
            try:
                await self._files.insert_one(row)
            except DuplicateKeyError:
                known = {"metadata.sha256": Binary(sha256)}
                added = {"$addToSet": {"metadata.names": name, "metadata.holds": hold}}
                stored = await self._files.find_one_and_update(known, added, return_document=ReturnDocument.AFTER)
                if stored is not None:
                    return self._media(stored, name["name"]), stored["_id"] == file_id
            else:
                return self._media(row, name["name"]), True
        raise Unavailable

    async def forget_upload(self, file_id: ObjectId) -> None:
        await self._uploads.delete_one({"_id": file_id})

    async def _release(self, file_id: ObjectId, sha256: bytes) -> None:
        """Release the hold of the upload with this id."""
        try:
            await self._files.update_one(
                {"metadata.sha256": Binary(sha256)}, {"$pull": {"metadata.holds": {"id": file_id}}}
            )
        except PyMongoError as error:
            log.warning("a file stays held for a while: %s", type(error).__name__)

    async def _discard(self, file_id: ObjectId, *, is_settled: bool) -> None:
        try:
            if is_settled:
                await self._remove_unless_file(file_id)
            else:
                # The interrupted write may still arrive after this; the sweep removes it.
                await self._chunks.delete_many({"files_id": file_id})
        except PyMongoError as error:
            log.warning("an upload waits to be swept away: %s", type(error).__name__)

    async def _remove_unless_file(self, file_id: ObjectId) -> None:
        if await self._files.find_one({"_id": file_id}, {"_id": True}) is None:
            await self._chunks.delete_many({"files_id": file_id})
        await self.forget_upload(file_id)

    def _media(self, row: Row, name: str) -> Media:
        metadata: dict[str, Any] = row["metadata"]
        mime_type = next(each["type"] for each in metadata["names"] if each["name"] == name)
        further = metadata.get("thumbnail"), metadata.get("renditions", {})
        tried_at = metadata.get("unreadable_at")
        is_unreadable = tried_at is not None and tried_at > self._clock.now() - UNREADABLE_FOR
        return Media(name, mime_type, row["length"], bytes(metadata["sha256"]), *further, is_unreadable)

    def _name_of(self, sha256: bytes, mime_type: str) -> str:
        """Returns the name for a content and type, 128 bits of a keyed hash.

        Equal contents have equal names, so a client that has the file need not load it again.
        """
        extension = extension_for(mime_type)
        stem = hmac.digest(self._key, sha256 + mime_type.encode(), "sha256")[:16].hex()
        return f"{stem}.{extension}" if extension else stem


class Received:
    """A content that arrives."""

    def __init__(self, files: MediaFiles, file_id: ObjectId) -> None:
        self._files = files
        self._file_id = file_id
        self._began = monotonic()
        self.size_bytes = 0
        self.is_kept = False
        self.is_writing = False  # stays True if a write is interrupted, since it may still arrive
        self.sha256: bytes | None = None  # once it is claimed
        self._hash = hashlib.sha256()
        self._chunks = 0

    async def take(self, content: AsyncIterator[bytes], below_bytes: int) -> None:
        """Read all of a content, in bounded memory."""
        buffer = bytearray()
        waiting: list[Row] = []
        async for piece in content:
            self.size_bytes += len(piece)
            if self.size_bytes >= below_bytes:
                raise TooLarge(f"The file must have fewer than {below_bytes} bytes.")
            self._hash.update(piece)
            buffer += piece
            while len(buffer) >= CHUNK_BYTES:
                waiting.append(self._chunk(buffer[:CHUNK_BYTES]))
                del buffer[:CHUNK_BYTES]
                if len(waiting) == CHUNKS_PER_WRITE:
                    await self._write(waiting)
                    waiting = []
        if buffer:
            waiting.append(self._chunk(buffer))
        if waiting:
            await self._write(waiting)

    async def keep(self, mime_type: str) -> Media:
        """Make the content a file. Equal contents are one file, with one name per type."""
        if monotonic() - self._began > UPLOAD_LIVES.total_seconds():
            raise Unavailable("The upload took too long; try again.")
        # If the claim is interrupted, nobody knows whether it was stored; the sweep will find out.
        self.is_kept = True
        self.sha256 = self._hash.digest()
        media, is_ours = await self._files.claim(self._file_id, mime_type, self.size_bytes, self.sha256)
        self.is_kept = is_ours
        if is_ours:
            await self._files.forget_upload(self._file_id)
        return media

    async def _write(self, chunks: list[Row]) -> None:
        self.is_writing = True
        await self._files.write_chunks(chunks)
        self.is_writing = False

    def _chunk(self, data: bytearray) -> Row:
        self._chunks += 1
        return {"_id": ObjectId(), "files_id": self._file_id, "n": self._chunks - 1, "data": Binary(bytes(data))}
