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
    # One file per content; two uploads that end at once are settled here.
    IndexModel(
        [("metadata.sha256", ASCENDING)],
        unique=True,
        name="once",
        partialFilterExpression={"metadata.sha256": {"$exists": True}},
    ),
    IndexModel([("metadata.names.name", ASCENDING)], name="name"),
    # Which files have this one as their thumbnail, or as another form of theirs.
    IndexModel([("metadata.thumbnail", ASCENDING)], name="thumbnail", sparse=True),
    IndexModel([("metadata.renditions.$**", ASCENDING)], name="renditions"),
]
CHUNK_INDEXES = [IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)]  # the GridFS specification's

CHUNK_BYTES = 255 * 1024  # GridFS's own size: a row of 256 KiB, with room for its other fields
CHUNKS_PER_WRITE = 8  # 2 MiB in memory per upload; a durable write for each chunk would cost eight times the waiting
CHUNKS_PER_READ = 4  # 1 MiB in memory per download
# Uploads older than the first are refused, than the second swept: whoever sweeps never meets an upload that still ends well.
UPLOAD_LIVES = timedelta(hours=6)
SWEPT_AFTER = timedelta(hours=12)
HELD_FOR = timedelta(hours=1)  # longer than anything takes between an upload and what points to it; then it crashed
UNREADABLE_FOR = timedelta(days=1)  # then another try: a decoder may have been mended
CLAIMS = 5  # tries; each is lost only to somebody who removed the file at that moment


@dataclass(frozen=True, slots=True)
class Content:
    """One stored content under all its names, and the names of what was made of it (thumbnail, renditions)."""

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
        return None if row is None else self._media(row, name)

    async def read(self, media: Media, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes from `first` to `last`, both counted from 0 and included, in pieces; LookupError when they are removed."""
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
        What it keeps is held until it ends: nobody removes it before the block has written what points to it.
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
            if received.sha256 is not None:
                await asyncio.shield(self._release(file_id, received.sha256))

    async def set_thumbnail(self, media: Media, thumbnail: Media) -> None:
        """This content has this small picture."""
        await self._files.update_one(
            {"metadata.sha256": media.sha256}, {"$set": {"metadata.thumbnail": thumbnail.name}}
        )

    async def set_renditions(self, name: str, renditions: Mapping[Rendition, str]) -> None:
        """The content that has this name has these further forms."""
        await self._files.update_one(
            {"metadata.names.name": name},
            {"$set": {"metadata.renditions": {each.value: name for each, name in renditions.items()}}},
        )

    async def mark_unreadable(self, media: Media) -> None:
        """No smaller forms can be made of this content: nobody tries again for a while (UNREADABLE_FOR), on any node."""
        await self._files.update_one(
            {"metadata.sha256": media.sha256}, {"$set": {"metadata.unreadable_at": self._clock.now()}}
        )

    async def list_used(self, names: Collection[str]) -> set[str]:
        """Those of these names that a file has as its thumbnail or as another form."""
        among = {"$in": list(names)}
        paths = ["metadata.thumbnail", *(f"metadata.renditions.{each.value}" for each in Rendition)]
        rows = await self._files.find({"$or": [{path: among} for path in paths]}, {"metadata": True}).to_list(None)
        return {name for row in rows for name in Content(row).made_of_it}.intersection(names)

    async def list_contents(self, names: Collection[str]) -> list[Content]:
        """The contents that have these names."""
        return [
            Content(row) for row in await self._files.find({"metadata.names.name": {"$in": list(names)}}).to_list(None)
        ]

    async def list_old(self, behind: Content | None, limit: int) -> list[Content]:
        """The next contents behind this one that were stored longer than SWEPT_AFTER ago, oldest first."""
        # An id begins with the time at which it was made.
        until = ObjectId.from_datetime(self._clock.now() - SWEPT_AFTER)
        ids = {"$lt": until} if behind is None else {"$gt": behind.id, "$lt": until}
        rows = await self._files.find({"_id": ids}).sort("_id", ASCENDING).limit(limit).to_list(limit)
        return [Content(row) for row in rows]

    async def detach(self, content: Content) -> bool:
        """From now on nobody finds this content; False if somebody holds it, or has taken it away already.

        Its bytes stay until `remove_bytes`, or until the sweep of SWEPT_AFTER later if that is never called.
        """
        await self._uploads.update_one({"_id": content.id}, {"$set": {"at": self._clock.now()}}, upsert=True)
        held = {"$elemMatch": {"at": {"$gte": self._clock.now() - HELD_FOR}}}
        found = await self._files.delete_one({"_id": content.id, "metadata.holds": {"$not": held}})
        if not found.deleted_count:
            await self.forget_upload(content.id)
        return found.deleted_count == 1

    async def restore(self, content: Content) -> bool:
        """Undo `detach`; False if the same content was stored anew meanwhile, under the same names."""
        try:
            await self._files.insert_one(content.row)
        except DuplicateKeyError:
            return False
        await self.forget_upload(content.id)
        return True

    async def remove_bytes(self, content: Content) -> None:
        """Remove what `detach` has left."""
        await self._remove_unless_file(content.id)

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
        """Let go of a content that was claimed by the upload with this id."""
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
                # The write that was broken off may still arrive behind this; the sweep comes behind both.
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
        self.sha256: bytes | None = None  # once it is claimed
        self._hash = hashlib.sha256()
        self._chunks = 0

    async def take(self, content: AsyncIterator[bytes], below_bytes: int) -> None:
        """Take in all of a content, in bounded memory."""
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
        """Make it a file. Of one content there is one, under one name per type."""
        if monotonic() - self._began > UPLOAD_LIVES.total_seconds():
            raise Unavailable("The upload took too long; try again.")
        # If the claim breaks in the middle, nobody knows whether it holds: the sweep will.
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
