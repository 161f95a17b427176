"""Stored files over HTTP: whole, in part, to be kept for ever, and harmless in a browser."""

import hashlib
from collections.abc import AsyncIterator

import pytest

from handlers.rest.media import MediaRoutes
from models.documents.media import Media
from models.services.media.storage import OpenMedia
from models.stores.database import Database
from models.stores.media import MediaFiles
from models.stores.media_chunks import CHUNK_BYTES
from tests.rest.app import Client, client_of
from tests.support.fakes import HandClock

CONTENT = bytes(range(256)) * 2400  # three chunks
SIZE = len(CONTENT)


@pytest.fixture
async def files(database: Database) -> MediaFiles:
    files = MediaFiles(database, b"k" * 32, HandClock())
    await files.prepare()
    return files


@pytest.fixture
async def client(files: MediaFiles) -> AsyncIterator[Client]:
    async with client_of(MediaRoutes(OpenMedia(files)).routes()) as client:
        yield client


async def store(files: MediaFiles, content: bytes = CONTENT, mime_type: str = "image/jpeg") -> Media:
    async def pieces() -> AsyncIterator[bytes]:
        yield content

    async with files.receive(pieces(), below_bytes=1 << 30) as received:
        return await received.keep(mime_type)


@pytest.fixture
async def path(files: MediaFiles) -> str:
    return f"/media/{(await store(files)).name}"


async def test_a_file_needs_no_token_and_may_be_kept_for_ever(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        assert (answer.status, await answer.read()) == (200, CONTENT)
        headers = answer.headers
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["Content-Length"] == str(SIZE)
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Accept-Ranges"] == "bytes"
    assert "Content-Disposition" not in headers


async def test_head_tells_all_but_the_bytes(client: Client, path: str) -> None:
    async with client.get(path) as whole, client.head(path) as head:
        assert (head.status, await head.read()) == (200, b"")
        for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control", "Accept-Ranges"):
            assert head.headers[name] == whole.headers[name]


async def test_whoever_has_it_is_not_sent_it_again(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        etag = answer.headers["ETag"]
    for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        for method in ("GET", "HEAD"):
            async with client.request(method, path, headers={"If-None-Match": header}) as answer:
                assert (answer.status, await answer.read()) == (304, b"")
                assert answer.headers["ETag"] == etag
                assert "Cache-Control" in answer.headers
    async with client.get(path, headers={"If-None-Match": '"other"'}) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 200), ({"If-None-Match": "*"}, 304), ({"Range": "bytes=0-1"}, 206), ({"Range": "bytes=-0"}, 416)]
)  # fmt: skip
async def test_a_cache_keeps_what_an_image_loaded_apart_from_what_a_script_does(
    client: Client, path: str, headers: dict[str, str], status: int
) -> None:
    for origin in ({}, {"Origin": "https://app.example"}):
        async with client.get(path, headers={**headers, **origin}) as answer:
            assert answer.status == status
            assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, SIZE - 1),
        (f"bytes={CHUNK_BYTES - 1}-{CHUNK_BYTES}", CHUNK_BYTES - 1, CHUNK_BYTES),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        (f"bytes=5-{SIZE + 100}", 5, SIZE - 1),
        ("bytes=-1", SIZE - 1, SIZE - 1),
        (f"bytes=-{SIZE + 9}", 0, SIZE - 1),
        ("Bytes = 3 - 4", 3, 4),
        (f"bytes=7-{'9' * 40}", 7, SIZE - 1),
    ],
)
async def test_a_part_is_sent_to_whoever_asks_for_it(
    client: Client, path: str, asked: str, first: int, last: int
) -> None:
    async with client.get(path, headers={"Range": asked}) as answer:
        assert (answer.status, await answer.read()) == (206, CONTENT[first : last + 1])
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
        assert answer.headers["Content-Length"] == str(last - first + 1)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0", f"bytes={'9' * 40}-"])
async def test_a_part_that_is_not_there_is_refused_with_the_size(client: Client, path: str, asked: str) -> None:
    async with client.get(path, headers={"Range": asked}) as answer:
        assert (answer.status, await answer.read()) == (416, b"")
        assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-6", "bytes=9-3", "bytes=-", "bytes=a-b", "lines=0-1", "bytes=٣-٤", "", "bytes=" + "1" * 999]
)
async def test_what_is_no_single_range_is_answered_with_the_whole_file(client: Client, path: str, asked: str) -> None:
    async with client.get(path, headers={"Range": asked}) as answer:
        assert (answer.status, await answer.read()) == (200, CONTENT)


async def test_a_part_of_another_version_is_the_whole_file(client: Client, path: str) -> None:
    async with client.get(path) as answer:
        etag = answer.headers["ETag"]
    async with client.get(path, headers={"Range": "bytes=0-1", "If-Range": etag}) as answer:
        assert answer.status == 206
    async with client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'}) as answer:
        assert answer.status == 200


async def test_an_empty_file_is_sent_and_has_no_parts(client: Client, files: MediaFiles) -> None:
    path = f"/media/{(await store(files, b'')).name}"
    async with client.get(path) as answer:
        assert (answer.status, await answer.read()) == (200, b"")
    for asked in ("bytes=0-", "bytes=-1"):
        async with client.get(path, headers={"Range": asked}) as answer:
            assert answer.status == 416


@pytest.mark.parametrize(
    "mime_type",
    ["text/html", "image/svg+xml", "text/xml", "application/pdf", "text/javascript", "application/octet-stream", "a/b"],
)
async def test_what_a_browser_could_run_is_only_saved(client: Client, files: MediaFiles, mime_type: str) -> None:
    media = await store(files, b"<script>alert(1)</script>", mime_type)
    async with client.get(f"/media/{media.name}") as answer:
        assert answer.headers["Content-Disposition"] == "attachment"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["x", "0" * 32, "0" * 32 + ".jpg", "%00", "..%2f..%2fconfig.yaml"])
async def test_an_unknown_name_is_not_found(client: Client, path: str, name: str) -> None:
    async with client.get(f"/media/{name}") as answer:
        assert answer.status == 404
        assert (await answer.json())["code"] in ("media_not_found", "not_found")


async def test_who_knows_the_content_does_not_know_the_name(client: Client, path: str) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    for name in (sha256, sha256[:32], f"{sha256[:32]}.jpg"):
        async with client.get(f"/media/{name}") as answer:
            assert answer.status == 404


async def test_pages_of_any_site_may_read_a_file(client: Client, path: str) -> None:
    async with client.get(path, headers={"Origin": "https://elsewhere.example"}) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] in ("*", "https://elsewhere.example")
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
