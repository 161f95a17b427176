"""Media: files in GridFS, one per content, under names that only this installation can make.

The rows are those of GridFS (`media.files`, `media.chunks`), so that every tool reads them. They are written here, since
the drivers' own writers collect up to 48 MB before they send anything, and differ between the two drivers.

A file arrives as chunks. Then one insert of its row makes it a file and claims its content. If two uploads of equal content
end at once, one gets the claim; the chunks of the other are removed, and it is answered with the first one's file.
`media.uploads` lists what is arriving, so that the remains of a crash can be swept away.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import timedelta

from bson import Binary, ObjectId
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from models.documents.media import Media, MediaKind, Recording
from models.documents.photo import Rendition
from models.errors import Unavailable
from models.ports import Clock
from models.stores.database import Database, Row
from models.stores.media_chunks import CHUNK_BYTES, MediaChunks
from models.stores.media_rows import FILE_INDEXES, Content, media_of, name_row, unreadable_field
from models.stores.received import Received

log = logging.getLogger(__name__)

SWEPT_AFTER = timedelta(hours=12)  # since an upload began; none that is older than UPLOAD_LIVES becomes a file
HELD_FOR = timedelta(hours=1)  # longer than anything takes to write what points to an upload; after that it has crashed
NAMES_MAX = 200  # of one content; whoever sends it under one more is given it without a file name
CLAIMS = 5  # tries; each fails only if the file is removed at that moment


class MediaFiles:
    """All stored files."""

    def __init__(self, database: Database, key: bytes, clock: Clock) -> None:
        """`key` makes the names: knowing a content does not tell under which name it is stored, or whether it is."""
        self._files = database.collection("media.files")
        self._chunks = MediaChunks(database)
        self._uploads = database.collection("media.uploads")
        self._key = key
        self._clock = clock

    async def prepare(self) -> None:
        await self._files.create_indexes(FILE_INDEXES)
        await self._chunks.prepare()

    async def find(self, name: str) -> Media | None:
        row = await self._files.find_one({"metadata.names.name": name})
        return None if row is None else media_of(row, name, self._clock.now())

    async def read(self, media: Media, first: int, last: int) -> AsyncIterator[bytes]:
        """Yields the bytes from `first` to `last`, both counted from 0 and included.

        Raises LookupError if the file is removed.
        """
        row = await self._files.find_one({"metadata.sha256": media.sha256}, {"chunkSize": True})
        if row is None:
            raise LookupError(f"{media.name} is gone")
        async for piece in self._chunks.read(row["_id"], row["chunkSize"], first, last):
            yield piece

    @asynccontextmanager
    async def receive(self, content: AsyncIterator[bytes], *, below_bytes: int) -> AsyncIterator[Received]:
        """Store a content as it arrives, and yield it when it is complete; `keep` then makes it a file.

        Raises TooLarge at the first byte too many. A content that the block does not keep is removed, however the block
        ends. A kept one is held until the block ends: nobody removes it before the block has written what points to it.
        """
        file_id = ObjectId()
        received = Received(self._chunks, file_id, self._make_file)
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

    async def note_found(self, media: Media, found: Recording, thumbnail: Media | None = None) -> Media:
        """Note what is found out about a content; `thumbnail` is the stored poster. Returns the file with that."""
        poster = found.poster
        if poster is not None and thumbnail is not None:
            media = replace(media, thumbnail=thumbnail.name, placeholder=poster.placeholder)
        media = replace(
            media,
            duration_ms=found.duration_ms or media.duration_ms,
            waveform=found.waveform or media.waveform,
        )
        known = {
            "thumbnail": media.thumbnail,
            "placeholder": None if media.placeholder is None else asdict(media.placeholder),
            "duration_ms": media.duration_ms,
            "waveform": media.waveform,
        }
        made = {f"metadata.{name}": value for name, value in known.items() if value is not None}
        await self._files.update_one({"metadata.sha256": media.sha256}, {"$set": made})
        return media

    async def is_bare(self, sha256: bytes) -> bool:
        """Returns whether a content is stored that is known to be without metadata."""
        query = {"metadata.sha256": Binary(sha256), "metadata.is_bare": True}
        return await self._files.find_one(query, {"_id": True}) is not None

    async def mark_bare(self, media: Media) -> None:
        """Note that an image has no metadata."""
        await self._files.update_one({"metadata.sha256": media.sha256}, {"$set": {"metadata.is_bare": True}})

    async def set_renditions(self, name: str, renditions: Mapping[Rendition, str]) -> None:
        """Note the renditions of the content with this name."""
        await self._files.update_one(
            {"metadata.names.name": name},
            {"$set": {"metadata.renditions": {each.value: name for each, name in renditions.items()}}},
        )

    async def mark_unreadable(self, media: Media, kind: MediaKind) -> None:
        """Note that a content cannot be decoded as a file of this kind, so that no node tries again for UNREADABLE_FOR."""
        await self._files.update_one(
            {"metadata.sha256": media.sha256}, {"$set": {f"metadata.{unreadable_field(kind)}": self._clock.now()}}
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
        found = await self._files.delete_one({"_id": content.id, "metadata.holds": {"$not": self._held()}})
        if not found.deleted_count:
            await self._forget_upload(content.id)
        return found.deleted_count == 1

    async def drop_names(self, content: Content, names: Collection[str]) -> bool:
        """Take names from a content that has others. Returns False if it is held."""
        query = {"_id": content.id, "metadata.holds": {"$not": self._held()}}
        drop = {"$pull": {"metadata.names": {"name": {"$in": list(names)}}}}
        return (await self._files.update_one(query, drop)).matched_count == 1

    async def add_names(self, content: Content, names: Collection[str]) -> None:
        """Undo `drop_names` for these."""
        again = [each for each in content.row["metadata"]["names"] if each["name"] in names]
        await self._files.update_one({"_id": content.id}, {"$addToSet": {"metadata.names": {"$each": again}}})

    def _held(self) -> Row:
        """Returns the condition for the holds of a content that is held."""
        return {"$elemMatch": {"at": {"$gte": self._clock.now() - HELD_FOR}}}

    async def restore(self, content: Content) -> bool:
        """Undo `detach`. Returns False if an equal content was stored meanwhile, under the same names."""
        try:
            await self._files.insert_one(content.row)
        except DuplicateKeyError:
            return False
        await self._forget_upload(content.id)
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

    async def _claim(
        self, file_id: ObjectId, mime_type: str, size_bytes: int, sha256: bytes, file_name: str
    ) -> tuple[Media, bool]:
        """Make received chunks a file. Returns the file of this content, and whether it consists of these chunks."""
        name = name_row(self._key, sha256, mime_type, file_name)
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
                known: Row = {"metadata.sha256": Binary(sha256)}
                if file_name:
                    has_room = {f"metadata.names.{NAMES_MAX - 1}": {"$exists": False}}
                    known["$or"] = [{"metadata.names.name": name["name"]}, has_room]
                added = {"$addToSet": {"metadata.names": name, "metadata.holds": hold}}
                stored = await self._files.find_one_and_update(known, added, return_document=ReturnDocument.AFTER)
                if stored is not None:
                    return media_of(stored, name["name"], self._clock.now()), stored["_id"] == file_id
                if file_name and await self._files.find_one({"metadata.sha256": Binary(sha256)}, {"_id": True}):
                    name, file_name = name_row(self._key, sha256, mime_type), ""
                    row["metadata"]["names"] = [name]
            else:
                return media_of(row, name["name"], self._clock.now()), True
        raise Unavailable

    async def _make_file(
        self, file_id: ObjectId, mime_type: str, size_bytes: int, sha256: bytes, file_name: str
    ) -> tuple[Media, bool]:
        media, is_ours = await self._claim(file_id, mime_type, size_bytes, sha256, file_name)
        if is_ours:
            await self._forget_upload(file_id)
        return media, is_ours

    async def _forget_upload(self, file_id: ObjectId) -> None:
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
                await self._chunks.remove(file_id)
        except PyMongoError as error:
            log.warning("an upload waits to be swept away: %s", type(error).__name__)

    async def _remove_unless_file(self, file_id: ObjectId) -> None:
        if await self._files.find_one({"_id": file_id}, {"_id": True}) is None:
            await self._chunks.remove(file_id)
        await self._forget_upload(file_id)
