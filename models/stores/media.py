"""Media: files in GridFS, one copy per content, under names that only this installation can make.

The rows are GridFS's own (`media.files`, `media.chunks`), so that every tool reads them, but they are written here: the
drivers' GridFS writers collect up to 48 MB before they send anything, and the two drivers spell them differently.

A file comes in as chunks first, and one insert of its row then makes it a file and claims its content. Of two uploads of the
same content one gets the claim; the other's chunks are removed, and it is answered with the first one's file. `media.uploads`
knows what is on its way, so that what a crash left behind can be swept away.
"""

import asyncio
import hashlib
import hmac
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import Any

from bson import Binary, ObjectId
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError, PyMongoError

from models.documents.media import Media, extension_for
from models.documents.photo import Rendition
from models.errors import TooLarge, Unavailable
from models.ports import Clock
from models.stores.database import Database, Row

log = logging.getLogger(__name__)

FILE_INDEXES = [
    # One file per content; two uploads that end at once are settled here.
    IndexModel(
        [("metadata.sha256", ASCENDING)],
        unique=True,
        name="once",
        partialFilterExpression={"metadata.sha256": {"$exists": True}},
    ),
    IndexModel([("metadata.names.name", ASCENDING)], name="name"),
]
CHUNK_INDEXES = [IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)]  # the GridFS specification's

CHUNK_BYTES = 255 * 1024  # GridFS's own size: a row of 256 KiB, with room for its other fields
CHUNKS_PER_WRITE = 8  # 2 MiB in memory per upload; a durable write for each chunk would cost eight times the waiting
CHUNKS_PER_READ = 4  # 1 MiB in memory per download
# Uploads older than the first are refused, than the second swept: whoever sweeps never meets an upload that still ends well.
UPLOAD_LIVES = timedelta(hours=6)
SWEPT_AFTER = timedelta(hours=12)


class MediaFiles:
    """The stored files of this installation."""

    def __init__(self, database: Database, key: bytes, clock: Clock) -> None:
        """`key` makes the names: whoever knows a content cannot tell from it where, or whether, it is stored."""
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
        return None if row is None else _media(row, name)

    async def read(self, media: Media, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes from `first` to `last`, both counted from 0 and included, in pieces."""
        row = await self._files.find_one({"metadata.sha256": media.sha256}, {"chunkSize": True})
        if row is None:
            raise LookupError(f"{media.name} is gone")
        size = row["chunkSize"]
        n, position = first // size, first
        while position <= last:
            upto = min(n + CHUNKS_PER_READ, last // size + 1)
            # One query per piece: a client that reads slowly holds no cursor open.
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
        """Store a content as it comes; in the block it is complete, and `keep` makes it a file.

        Raises TooLarge at the first byte too many. What the block does not keep leaves nothing behind, whatever ends it.
        """
        file_id = ObjectId()
        received = Received(self, file_id)
        await self._uploads.insert_one({"_id": file_id, "at": self._clock.now()})
        try:
            await received.take(content, below_bytes)
            yield received
        finally:
            if not received.is_kept:
                # Shielded: whoever is cancelled because a client went away still cleans up.
                await asyncio.shield(self._discard(file_id, is_settled=not received.is_writing))

    async def remember_thumbnail(self, media: Media, thumbnail: Media) -> None:
        """This content has this small picture."""
        await self._files.update_one(
            {"metadata.sha256": media.sha256}, {"$set": {"metadata.thumbnail": thumbnail.name}}
        )

    async def remember_renditions(self, name: str, renditions: Mapping[Rendition, str]) -> None:
        """The content that has this name has these further forms."""
        await self._files.update_one(
            {"metadata.names.name": name},
            {"$set": {"metadata.renditions": {each.value: name for each, name in renditions.items()}}},
        )

    async def sweep(self) -> int:
        """Remove what uploads left that a crash ended long ago; returns how many there were. Two nodes may do it at once."""
        rows = await self._uploads.find({"at": {"$lt": self._clock.now() - SWEPT_AFTER}}).to_list(1000)
        for row in rows:
            await self._remove_unless_file(row["_id"])
        return len(rows)

    async def write_chunks(self, chunks: list[Row]) -> None:
        await self._chunks.insert_many(chunks)

    async def claim(self, file_id: ObjectId, mime_type: str, size_bytes: int, sha256: bytes) -> tuple[Media, bool]:
        """Make received chunks a file; the file of this content, and whether it is of these chunks."""
        name = {"name": self._name_of(sha256, mime_type), "type": mime_type}
        row: Row = {
            "_id": file_id,
            "length": size_bytes,
            "chunkSize": CHUNK_BYTES,
            "uploadDate": self._clock.now(),
            "metadata": {"sha256": Binary(sha256), "names": [name]},
        }
        try:
            await self._files.insert_one(row)
        except DuplicateKeyError:
            known = {"metadata.sha256": Binary(sha256)}
            await self._files.update_one(known, {"$addToSet": {"metadata.names": name}})
            stored = await self._files.find_one(known)
            if stored is None:
                raise
            return _media(stored, name["name"]), stored["_id"] == file_id
        return _media(row, name["name"]), True

    async def forget_upload(self, file_id: ObjectId) -> None:
        await self._uploads.delete_one({"_id": file_id})

    async def _discard(self, file_id: ObjectId, *, is_settled: bool) -> None:
        try:
            if is_settled:
                await self._remove_unless_file(file_id)
            else:
                # The write that was broken off may still arrive behind this; the sweep comes behind both.
                await self._chunks.delete_many({"files_id": file_id})
        except PyMongoError as error:
            log.warning("an upload waits to be swept away: %s", type(error).__name__)

    async def _remove_unless_file(self, file_id: ObjectId) -> None:
        if await self._files.find_one({"_id": file_id}, {"_id": True}) is None:
            await self._chunks.delete_many({"files_id": file_id})
        await self.forget_upload(file_id)

    def _name_of(self, sha256: bytes, mime_type: str) -> str:
        """The same for the same content and type, so that a client that has it need not load it again; 128 bits."""
        extension = extension_for(mime_type)
        stem = hmac.digest(self._key, sha256 + mime_type.encode(), "sha256")[:16].hex()
        return f"{stem}.{extension}" if extension else stem


class Received:
    """A content on its way to become a file."""

    def __init__(self, files: MediaFiles, file_id: ObjectId) -> None:
        self._files = files
        self._file_id = file_id
        self._began = monotonic()
        self.size_bytes = 0
        self.is_kept = False
        self.is_writing = False  # stays True when a write is broken off: nobody knows whether it arrives
        self._sha256 = hashlib.sha256()
        self._chunks = 0

    async def take(self, content: AsyncIterator[bytes], below_bytes: int) -> None:
        """Take in all of a content, in bounded memory."""
        buffer = bytearray()
        waiting: list[Row] = []
        async for piece in content:
            self.size_bytes += len(piece)
            if self.size_bytes >= below_bytes:
                raise TooLarge(f"The file must have fewer than {below_bytes} bytes.")
            self._sha256.update(piece)
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
        """Make it a file. Of one content there is one, under one name per type."""
        if monotonic() - self._began > UPLOAD_LIVES.total_seconds():
            raise Unavailable("The upload took too long; try again.")
        # If the claim breaks in the middle, nobody knows whether it holds: the sweep will.
        self.is_kept = True
        media, is_ours = await self._files.claim(self._file_id, mime_type, self.size_bytes, self._sha256.digest())
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


def _media(row: Row, name: str) -> Media:
    metadata: dict[str, Any] = row["metadata"]
    mime_type = next(each["type"] for each in metadata["names"] if each["name"] == name)
    further = metadata.get("thumbnail"), metadata.get("renditions", {})
    return Media(name, mime_type, row["length"], bytes(metadata["sha256"]), *further)
