"""The stored files: one copy per content, nothing left of half ones, on both drivers."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from models.documents.media import Box, Media
from models.errors import TooLarge
from models.stores.database import Database, Row
from models.stores.media import NAMES_MAX, SWEPT_AFTER, MediaFiles
from models.stores.media_chunks import CHUNK_BYTES, MediaChunks
from models.stores.received import CHUNKS_PER_WRITE
from tests.support.fakes import HandClock
from tests.support.plans import recorded_plans

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])

KEY = b"k" * 32
BIG = bytes(range(256)) * 1024 * 10 + b"end"  # 2.5 MiB: more than one write, and not a whole number of chunks


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def files(database: Database, clock: HandClock) -> MediaFiles:
    files = MediaFiles(database, KEY, clock)
    await files.prepare()
    return files


async def pieces(content: bytes, size: int = 65536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def breaking(content: bytes) -> AsyncIterator[bytes]:
    yield content
    raise ConnectionResetError


async def store(files: MediaFiles, content: bytes, mime_type: str = "image/png") -> Media:
    async with files.receive(pieces(content), below_bytes=1 << 30) as received:
        return await received.keep(mime_type)


async def read(files: MediaFiles, media: Media, first: int = 0, last: int | None = None) -> bytes:
    end = media.size_bytes - 1 if last is None else last
    return b"".join([piece async for piece in files.read(media, first, end)])


async def rows(database: Database) -> tuple[int, int, int]:
    """How many files, chunks and uploads there are."""
    files, chunks, uploads = [
        await database.collection(f"media.{name}").count_documents({}) for name in ("files", "chunks", "uploads")
    ]
    return files, chunks, uploads


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, CHUNK_BYTES * CHUNKS_PER_WRITE])
async def test_what_is_stored_is_read_again(files: MediaFiles, size: int) -> None:
    content = (BIG * 2)[:size]
    media = await store(files, content)
    assert await files.find(media.name) == media
    assert (media.size_bytes, media.sha256) == (size, hashlib.sha256(content).digest())
    assert await read(files, media) == content


async def test_any_part_of_a_file_can_be_read(files: MediaFiles) -> None:
    media = await store(files, BIG)
    edges = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 4 * CHUNK_BYTES - 1, 4 * CHUNK_BYTES, len(BIG) - 1]
    for first in edges:
        for last in (edge for edge in edges if edge >= first):
            assert await read(files, media, first, last) == BIG[first : last + 1], (first, last)


async def test_the_same_content_is_stored_once(files: MediaFiles, database: Database) -> None:
    first = await store(files, BIG)
    before = await rows(database)
    assert await store(files, BIG) == first
    assert await rows(database) == before
    assert before[0] == 1
    assert before[2] == 0


async def test_two_uploads_of_one_content_that_end_together_leave_one_copy(
    files: MediaFiles, database: Database
) -> None:
    async with (
        files.receive(pieces(BIG), below_bytes=1 << 30) as one,
        files.receive(pieces(BIG, 1000), below_bytes=1 << 30) as other,
    ):
        media = await one.keep("image/png")
        assert await other.keep("image/png") == media
    assert await read(files, media) == BIG
    assert await rows(database) == (1, len(BIG) // CHUNK_BYTES + 1, 0)


async def test_one_content_has_a_name_for_each_type_it_came_with(files: MediaFiles, database: Database) -> None:
    sound, video = await store(files, BIG, "audio/3gpp"), await store(files, BIG, "video/3gpp")
    assert sound.name != video.name
    assert (sound.mime_type, video.mime_type) == ("audio/3gpp", "video/3gpp")
    assert await files.find(sound.name) == sound
    assert await files.find(video.name) == video
    assert (await rows(database))[0] == 1


async def test_one_content_has_a_name_for_each_file_name_up_to_a_bound(files: MediaFiles, database: Database) -> None:
    for number in [*range(NAMES_MAX + 1), 0]:
        async with files.receive(pieces(b"one"), below_bytes=99) as received:
            media = await received.keep("application/octet-stream", f"{number}.txt")
        assert media.file_name == (f"{number}.txt" if number < NAMES_MAX else None)
        assert await files.find(media.name) == media
    assert (await store(files, b"one")).file_name is None
    assert (await rows(database))[0] == 1


async def test_parts_of_a_content_are_emptied_before_it_is_kept(files: MediaFiles) -> None:
    boxes = [Box(CHUNK_BYTES - 2, CHUNK_BYTES + 2, 3 * CHUNK_BYTES + 5), Box(len(BIG) - 9, len(BIG) - 5, len(BIG))]
    expected = bytearray(BIG)
    for box in boxes:
        box.empty(expected, 0)
    async with files.receive(pieces(BIG), below_bytes=1 << 30) as received:
        await received.empty(boxes)
        media = await received.keep("video/mp4")
    assert media.sha256 == hashlib.sha256(expected).digest()
    assert await read(files, media) == expected
    assert (await store(files, bytes(expected), "video/mp4")) == media


async def test_two_contents_have_two_names(files: MediaFiles) -> None:
    one, other = await store(files, b"one"), await store(files, b"other")
    assert one.name != other.name
    assert await read(files, one) == b"one"


async def test_a_name_needs_the_key_of_the_installation(
    files: MediaFiles, database: Database, clock: HandClock
) -> None:
    media = await store(files, b"known to everybody")
    assert media.sha256.hex() not in media.name
    async with MediaFiles(database, b"other" * 8, clock).receive(
        pieces(b"known to everybody"), below_bytes=99
    ) as there:
        assert (await there.keep("image/png")).name != media.name
    assert len(media.name.partition(".")[0]) == 32


async def test_a_file_with_as_many_bytes_as_the_limit_is_too_large_and_leaves_nothing(
    files: MediaFiles, database: Database
) -> None:
    with pytest.raises(TooLarge):
        async with files.receive(pieces(BIG), below_bytes=len(BIG)):
            raise AssertionError("it was received")
    assert await rows(database) == (0, 0, 0)
    async with files.receive(pieces(BIG), below_bytes=len(BIG) + 1) as received:
        await received.keep("image/png")


async def test_an_upload_that_breaks_off_leaves_nothing(files: MediaFiles, database: Database) -> None:
    with pytest.raises(ConnectionResetError):
        async with files.receive(breaking(BIG), below_bytes=1 << 30):
            raise AssertionError("it was received")
    assert await rows(database) == (0, 0, 0)


async def test_a_write_that_is_broken_off_is_left_to_the_sweep(
    files: MediaFiles, database: Database, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may still do what nobody waits for any more."""
    sent: list[Any] = []

    async def break_off(_: MediaChunks, chunks: list[Row]) -> None:
        sent.extend(chunks)
        raise asyncio.CancelledError

    with monkeypatch.context() as patch, pytest.raises(asyncio.CancelledError):
        patch.setattr(MediaChunks, "write", break_off)
        async with files.receive(pieces(BIG), below_bytes=1 << 30):
            raise AssertionError("it was received")
    await MediaChunks(database).write(sent)
    clock.move(seconds=SWEPT_AFTER.total_seconds(), minutes=1)
    assert await files.sweep() == 1
    assert await rows(database) == (0, 0, 0)


async def test_what_is_not_kept_leaves_nothing(files: MediaFiles, database: Database) -> None:
    async with files.receive(pieces(BIG), below_bytes=1 << 30) as received:
        assert received.size_bytes == len(BIG)
    assert await rows(database) == (0, 0, 0)


async def test_the_sweep_removes_what_a_crash_left_and_nothing_else(
    files: MediaFiles, database: Database, clock: HandClock
) -> None:
    kept = await store(files, b"kept")
    uploads, chunks = database.collection("media.uploads"), database.collection("media.chunks")
    file_id = (await database.collection("media.files").find({}).to_list(None))[0]["_id"]
    await uploads.insert_one({"_id": file_id, "at": clock.now()})  # crashed right behind the claim
    await uploads.insert_one({"_id": "half", "at": clock.now()})
    await chunks.insert_one({"files_id": "half", "n": 0, "data": b"half"})
    await uploads.insert_one({"_id": "going on", "at": clock.now() + timedelta(hours=1)})
    await chunks.insert_one({"files_id": "going on", "n": 0, "data": b"young"})
    clock.move(seconds=SWEPT_AFTER.total_seconds(), minutes=1)
    assert await files.sweep() == 2
    assert await rows(database) == (1, 2, 1)
    assert await read(files, kept) == b"kept"


async def test_a_file_that_lost_a_chunk_is_broken_off_and_not_passed_on_with_a_hole(
    files: MediaFiles, database: Database
) -> None:
    for lost in (0, 3, 4, len(BIG) // CHUNK_BYTES):
        media = await store(files, BIG + bytes([lost]))
        row = await database.collection("media.files").find_one({"metadata.sha256": media.sha256})
        assert row is not None
        await database.collection("media.chunks").delete_one({"files_id": row["_id"], "n": lost})
        with pytest.raises(LookupError):
            await read(files, media)


async def test_a_file_is_found_and_read_by_indexes(files: MediaFiles, database: Database) -> None:
    media = await store(files, BIG)
    async with recorded_plans(database, "media.files") as plans:
        await files.find(media.name)
        await read(files, media)
    assert [plan.index for plan in plans] == ["metadata.names.name: 1", "metadata.sha256: 1"]
    async with recorded_plans(database, "media.chunks") as plans:
        await read(files, media, CHUNK_BYTES, CHUNK_BYTES)
    assert [(plan.index, plan.docs_examined) for plan in plans[-1:]] == [("files_id: 1, n: 1", 1)]
