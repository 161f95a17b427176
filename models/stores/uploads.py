"""Uploads in parts: files that arrive over several requests, to any nodes, and what has arrived of them.

Each request writes a part of its own, into chunks like those of files (media_chunks.py), and counts them in the upload's row
once they are stored. A request that has been overtaken by a later one, because its line broke and its node does not know yet,
finds that it is no longer the writer and ends; what it may have written beyond its counted bytes belongs to no content.

`media.uploads` lists the parts like other arriving contents, so that the same sweep removes their chunks. A part that is removed
stays on that list until then: a request that does not know of it yet may still write.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from time import monotonic
from typing import Any

from bson import Binary, ObjectId
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from models.documents.media import MediaKind
from models.documents.upload import Upload
from models.errors import Conflict, Malformed, TooLarge, Unavailable
from models.ports import Clock
from models.stores.database import Database, Row
from models.stores.media_chunks import CHUNK_BYTES, MediaChunks

INDEXES = [
    IndexModel([("account_id", ASCENDING)], name="account"),
    IndexModel([("expires_at", ASCENDING)], name="clean_up", expireAfterSeconds=0),
]
WRITE_BYTES = 8 * CHUNK_BYTES  # of one durable write
WRITE_AFTER_S = 1.0  # or as soon as so long: what came over a slow line is not lost with the node
PARTS_MAX = 2000  # all are in one row
ADD_TRIES = 3  # each fails only if an expired one is cleaned up at that moment


class Uploads:
    """Unfinished uploads, and those that became messages, until they expire."""

    def __init__(self, database: Database, clock: Clock, kept_for: timedelta) -> None:
        """`kept_for` is how long an upload waits for its next part."""
        self._uploads = database.collection("uploads")
        self._arriving = database.collection("media.uploads")
        self._chunks = MediaChunks(database)
        self._clock = clock
        self.kept_for = kept_for

    async def prepare(self) -> None:
        await self._uploads.create_indexes(INDEXES)

    async def find(self, upload_id: str) -> Upload | None:
        row = await self._uploads.find_one({"_id": upload_id, "expires_at": {"$gt": self._clock.now()}})
        return None if row is None else _upload_of(row)

    async def list_unfinished(self, account_id: int) -> list[Upload]:
        query = {"account_id": account_id, "is_sent": False, "expires_at": {"$gt": self._clock.now()}}
        return [_upload_of(row) for row in await self._uploads.find(query).to_list(None)]

    async def add(self, upload: Upload) -> Upload:
        """Store an upload that begins. Returns the one that is stored under this id, which may be an earlier one."""
        row: Row = {
            "_id": upload.id,
            "account_id": upload.account_id,
            "kind": upload.kind.value,
            "length": upload.length,
            "mime_type": upload.mime_type,
            "expires_at": upload.expires_at,
            "parts": [],
            **_said(upload),
        }
        for _ in range(ADD_TRIES):
            try:
                await self._uploads.insert_one(row)
            except DuplicateKeyError:
                known = await self.find(upload.id)
                if known is not None:
                    return known
                expired = {"_id": upload.id, "expires_at": {"$lte": self._clock.now()}}  # and not cleaned up yet
                await self._remove_parts(await self._uploads.find_one_and_delete(expired))
            else:
                return upload
        raise Unavailable

    async def say(self, upload_id: str, fields: Mapping[str, Any]) -> None:
        """Replace the fields of the message of an upload that is not sent."""
        await self._uploads.update_one({"_id": upload_id, "is_sent": False}, {"$set": {"fields": _kept(fields)}})

    async def append(self, upload: Upload, content: AsyncIterator[bytes]) -> Upload:
        """Store the next part of an upload as it arrives. Returns the upload with what has been stored.

        However the content ends, what has arrived is kept. Raises Conflict if another request has gone on with it,
        Malformed if it came in too many parts, TooLarge at the first byte beyond its length, and what `content` raises.
        """
        part = ObjectId()
        expires_at = self._clock.now() + self.kept_for
        await self._arriving.insert_one({"_id": part, "at": expires_at})
        row = await self._uploads.find_one_and_update(
            {
                "_id": upload.id,
                "received": upload.received,
                "is_sent": False,
                f"parts.{PARTS_MAX - 1}": {"$exists": False},
            },
            {"$set": {"writer": part, "expires_at": expires_at}, "$push": {"parts": {"id": part, "bytes": 0}}},
            return_document=ReturnDocument.AFTER,
        )
        if row is None:
            await self._arriving.delete_one({"_id": part})
            too_many = {"_id": upload.id, f"parts.{PARTS_MAX - 1}": {"$exists": True}}
            if await self._uploads.find_one(too_many, {"_id": True}) is not None:
                raise Malformed(f"An upload has at most {PARTS_MAX} parts; begin it again with larger ones.")
            raise Conflict("This upload has gone on elsewhere; ask for its offset.")
        earlier = [each["id"] for each in row["parts"]]
        await self._arriving.update_many({"_id": {"$in": earlier}}, {"$set": {"at": expires_at}})
        writing = _Part(self, part, upload)
        try:
            await writing.take(content)
        finally:
            # Shielded, so that what a request brought is kept when the request is cancelled.
            await asyncio.shield(writing.end())
        stored = await self.find(upload.id)
        if stored is None:
            raise Conflict("This upload was cancelled.")
        return stored

    async def read(self, upload: Upload) -> AsyncIterator[bytes]:
        """Yields all bytes that have arrived. Raises LookupError if the upload is sent or removed meanwhile."""
        row = await self._uploads.find_one({"_id": upload.id, "is_sent": False}, {"parts": True})
        if row is None:
            raise LookupError(f"upload {upload.id} is gone")
        for part in row["parts"]:
            async for piece in self._chunks.read_first(part["id"], part["bytes"]):
                yield piece

    async def mark_sent(self, upload: Upload) -> None:
        """Note that the message of an upload is stored, and remove its bytes and its words."""
        row = await self._uploads.find_one_and_update(
            {"_id": upload.id}, {"$set": {**_said(upload.as_sent()), "parts": []}}
        )
        await self._remove_parts(row)

    async def remove(self, upload_id: str) -> None:
        await self._remove_parts(await self._uploads.find_one_and_delete({"_id": upload_id}))

    async def forget(self, account_id: int) -> None:
        """Delete the uploads of this account."""
        for row in await self._uploads.find({"account_id": account_id}, {"_id": True}).to_list(None):
            await self.remove(row["_id"])

    async def _remove_parts(self, row: Row | None) -> None:
        for part in [] if row is None else row["parts"]:
            await self._remove_part(part["id"])

    async def _remove_part(self, part: ObjectId) -> None:
        """Remove a part whose writer may still write: what comes after this is for the sweep."""
        await self._chunks.remove(part)
        await self._arriving.update_one({"_id": part}, {"$set": {"at": self._clock.now()}}, upsert=True)

    async def write(self, part: ObjectId, upload: Upload, n: int, data: bytearray) -> int:
        """Store bytes of a part as chunks from number `n` on, and count them. Returns the number of the next chunk.

        Raises Conflict, and the bytes do not count, if another request has gone on with the upload.
        """
        pieces = [bytes(data[at : at + CHUNK_BYTES]) for at in range(0, len(data), CHUNK_BYTES)]
        rows = [
            {"_id": ObjectId(), "files_id": part, "n": number, "data": Binary(piece)}
            for number, piece in enumerate(pieces, start=n)
        ]
        await self._chunks.write(rows)
        counted = await self._uploads.update_one(
            {"_id": upload.id, "writer": part, "parts.id": part},
            {"$inc": {"received": len(data), "parts.$.bytes": len(data)}},
        )
        if not counted.matched_count:
            raise Conflict("This upload has gone on elsewhere; ask for its offset.")
        return n + len(rows)

    async def drop_empty(self, part: ObjectId, upload: Upload, *, is_settled: bool) -> None:
        """Forget a part that brought nothing. It is kept if a write of which nothing was heard did count its bytes.

        `is_settled` says that no write of it can still arrive.
        """
        await self._uploads.update_one({"_id": upload.id}, {"$pull": {"parts": {"id": part, "bytes": 0}}})
        if await self._uploads.find_one({"_id": upload.id, "parts.id": part}, {"_id": True}) is not None:
            return
        if is_settled:
            await self._arriving.delete_one({"_id": part})
        else:
            await self._remove_part(part)


class _Part:
    """What one request brings."""

    def __init__(self, uploads: Uploads, part: ObjectId, upload: Upload) -> None:
        self._uploads = uploads
        self._part = part
        self._upload = upload
        self._left = upload.length - upload.received
        self._waiting = bytearray()
        self._chunks = 0
        self._is_over = False  # nothing more can be written

    async def take(self, content: AsyncIterator[bytes]) -> None:
        written_at = monotonic()
        async for piece in _with_pauses(content, WRITE_AFTER_S):
            if len(piece) > self._left:
                raise TooLarge(f"The upload has {self._upload.length} bytes, and this is more.")
            self._left -= len(piece)
            self._waiting += piece
            if len(self._waiting) >= WRITE_BYTES or monotonic() - written_at >= WRITE_AFTER_S:
                await self._write()
                written_at = monotonic()

    async def end(self) -> None:
        """Store what has arrived last."""
        if not self._is_over:
            await self._write()
        if not self._chunks:
            await self._uploads.drop_empty(self._part, self._upload, is_settled=not self._is_over)

    async def _write(self) -> None:
        if not self._waiting:
            return
        self._is_over = True  # if it fails, nobody knows whether these bytes count: the sender asks
        data, self._waiting = self._waiting, bytearray()
        self._chunks = await self._uploads.write(self._part, self._upload, self._chunks, data)
        self._is_over = False


async def _with_pauses(content: AsyncIterator[bytes], pause_s: float) -> AsyncIterator[bytes]:
    """Yields the content, and an empty piece whenever nothing has come for so long."""
    while True:
        coming = asyncio.ensure_future(_next(content))
        try:
            while not (await asyncio.wait([coming], timeout=pause_s))[0]:
                yield b""
        finally:
            if not coming.done():
                coming.cancel()
        piece = coming.result()
        if piece is None:
            return
        yield piece


async def _next(content: AsyncIterator[bytes]) -> bytes | None:
    return await anext(content, None)


def _said(upload: Upload) -> Row:
    """Returns the fields of a row that are others once the message is stored."""
    return {
        "file_name": upload.file_name,
        "fields": _kept(upload.fields),
        "received": upload.received,
        "is_sent": upload.is_sent,
    }


def _kept(fields: Mapping[str, Any]) -> str:
    """Returns fields as the text of which they are made: MongoDB has not all the numbers and texts that JSON has."""
    return json.dumps(fields)


def _upload_of(row: Row) -> Upload:
    return Upload(
        row["_id"],
        row["account_id"],
        MediaKind(row["kind"]),
        row["length"],
        row["file_name"],
        row["mime_type"],
        json.loads(row["fields"]),
        row["expires_at"],
        row["received"],
        row["is_sent"],
    )
