"""A content while it is received: its chunks are stored as they come, before it is known whether it will be kept."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from time import monotonic

from bson import Binary, ObjectId

from models.documents.media import FREE, Box, Media
from models.errors import TooLarge, Unavailable
from models.stores.database import Row
from models.stores.media_chunks import CHUNK_BYTES, MediaChunks

CHUNKS_PER_WRITE = 8  # 2 MiB in memory per upload; one durable write per chunk would wait eight times as long
UPLOAD_LIVES = timedelta(
    hours=6
)  # an older one is refused; less than SWEPT_AFTER (media.py), so that no sweep meets one that succeeds
# Takes the id of the chunks, the type, the size in bytes, the SHA-256 and the file name of a content. Returns the file of this
# content, and whether it consists of these chunks.
Claim = Callable[[ObjectId, str, int, bytes, str], Awaitable[tuple[Media, bool]]]


class Received:
    """A content that arrives; `keep` makes it a file by `claim`."""

    def __init__(self, stored: MediaChunks, file_id: ObjectId, claim: Claim) -> None:
        self._stored = stored
        self._claim = claim
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

    @property
    def digest(self) -> bytes:
        """Returns the SHA-256 of what has been received."""
        return self._hash.digest()

    def read(self) -> AsyncIterator[bytes]:
        """Yields the whole content, which need not be kept."""
        return self._stored.read(self._file_id, CHUNK_BYTES, 0, self.size_bytes - 1)

    async def empty(self, boxes: Sequence[Box]) -> None:
        """Make these parts of the content empty ones."""
        spans = [(box.type_at, max(box.stop, box.type_at + len(FREE))) for box in boxes]
        touched = {n for first, stop in spans for n in range(first // CHUNK_BYTES, (stop - 1) // CHUNK_BYTES + 1)}
        self.is_writing = True
        for n in sorted(touched):
            at = n * CHUNK_BYTES
            content = self._stored.read(self._file_id, CHUNK_BYTES, at, min(at + CHUNK_BYTES, self.size_bytes) - 1)
            data = bytearray(b"".join([piece async for piece in content]))
            for box in boxes:
                box.empty(data, at)
            await self._stored.replace(self._file_id, n, data)
        self.is_writing = False
        self._hash = hashlib.sha256()
        async for piece in self.read():
            self._hash.update(piece)

    async def keep(self, mime_type: str, file_name: str = "") -> Media:
        """Make the content a file. Equal contents are one file, with one name per type and file name."""
        if monotonic() - self._began > UPLOAD_LIVES.total_seconds():
            raise Unavailable("The upload took too long; try again.")
        # If the claim is interrupted, nobody knows whether it was stored; the sweep will find out.
        self.is_kept = True
        self.sha256 = self.digest
        media, is_ours = await self._claim(self._file_id, mime_type, self.size_bytes, self.sha256, file_name)
        self.is_kept = is_ours
        return media

    async def _write(self, chunks: list[Row]) -> None:
        self.is_writing = True
        await self._stored.write(chunks)
        self.is_writing = False

    def _chunk(self, data: bytearray) -> Row:
        self._chunks += 1
        return {"_id": ObjectId(), "files_id": self._file_id, "n": self._chunks - 1, "data": Binary(bytes(data))}
