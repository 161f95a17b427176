"""Chunks of media files, as GridFS stores them: the bytes of a file in rows of equal size, counted from 0."""

from collections.abc import AsyncIterator

from bson import Binary, ObjectId
from pymongo import ASCENDING, IndexModel

from models.stores.database import Database, Row

CHUNK_INDEXES = [IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)]  # as GridFS specifies it

CHUNK_BYTES = 255 * 1024  # the default of GridFS: a row of 256 KiB with its other fields
CHUNKS_PER_READ = 4  # 1 MiB in memory per download


class MediaChunks:
    """The chunks of all files, those that are arriving included."""

    def __init__(self, database: Database) -> None:
        self._chunks = database.collection("media.chunks")

    async def prepare(self) -> None:
        await self._chunks.create_indexes(CHUNK_INDEXES)

    async def read(self, file_id: ObjectId, size: int, first: int, last: int) -> AsyncIterator[bytes]:
        """Yields the bytes from `first` to `last` of chunks of this size. Raises LookupError if one is missing."""
        n, position = first // size, first
        while position <= last:
            upto = min(n + CHUNKS_PER_READ, last // size + 1)
            # One query per piece, so that a slow reader holds no cursor open.
            query = self._chunks.find({"files_id": file_id, "n": {"$gte": n, "$lt": upto}}).sort("n", ASCENDING)
            for chunk in await query.to_list(None):
                data = chunk["data"]
                start = position - chunk["n"] * size
                piece = data[start : last + 1 - chunk["n"] * size]
                if start < 0 or not piece:
                    raise LookupError(f"{file_id} lacks a chunk")
                yield piece
                position += len(piece)
            if position <= last and position != upto * size:
                raise LookupError(f"{file_id} lacks a chunk")
            n = upto

    async def read_first(self, file_id: ObjectId, count: int) -> AsyncIterator[bytes]:
        """Yields the first `count` bytes of chunks that need not be of equal size. Raises LookupError if there are fewer."""
        n = 0
        while count:
            query = self._chunks.find({"files_id": file_id, "n": {"$gte": n, "$lt": n + CHUNKS_PER_READ}})
            chunks = await query.sort("n", ASCENDING).to_list(None)
            if [chunk["n"] for chunk in chunks] != list(range(n, n + len(chunks))) or not chunks:
                raise LookupError(f"{file_id} lacks a chunk")
            for chunk in chunks:
                piece = chunk["data"][:count]
                if piece:
                    yield piece
                count -= len(piece)
            n += len(chunks)

    async def write(self, chunks: list[Row]) -> None:
        await self._chunks.insert_many(chunks)

    async def replace(self, file_id: ObjectId, n: int, data: bytearray) -> None:
        await self._chunks.update_one({"files_id": file_id, "n": n}, {"$set": {"data": Binary(bytes(data))}})

    async def remove(self, file_id: ObjectId) -> None:
        """Delete all chunks of a file."""
        await self._chunks.delete_many({"files_id": file_id})
