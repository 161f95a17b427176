"""Uploads in parts, by tus: what has arrived stays, at any node, and a whole upload is one message (docs/messaging-api.md)."""

import asyncio
import base64
import hashlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect

from server.embedded import EmbeddedStores
from server.wiring.services import SERVICES
from tests.support.message_fixture import Talk, open_talk
from tests.support.node import Person, running_node
from tests.support.pictures import plain

PATH = "/api/messages/uploads/"
STREAM = "application/offset+octet-stream"
LIMIT = 5_000_000
LIMITS = {"uploads_per_account": 3, "upload_bytes_per_account": 2 * LIMIT}
_count = itertools.count(1)


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    media = {"document_max_bytes": LIMIT, **LIMITS}
    limits = {"enabled": True, "requests_burst": 10_000, "messages_burst": 10_000}
    async with open_talk(stores, tmp_path_factory.mktemp("parts"), media=media, limits=limits) as talk:
        yield talk


def file_of(size: int) -> bytes:
    """A file that nobody else has."""
    return f"file {next(_count)} ".encode() + bytes(range(256)) * (size // 256)


def encoded(**fields: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items())


async def ask(
    talk: Talk, method: str, url: str, person: Person, body: bytes = b"", **headers: str
) -> tuple[int, Any, Any]:
    """The status, the headers and the JSON of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {person.token}", **named}
    url = url if url.startswith("http") else talk.node.url + url
    async with talk.node.http.request(method, url, data=body or None, headers=named) as answer:
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        shown = await answer.json() if answer.content_type == "application/json" and method != "HEAD" else None
        return answer.status, answer.headers, shown


async def begin(talk: Talk, sender: Person, to: Person, data: bytes, **more: Any) -> str:
    """The address of a new upload of a document."""
    fields = {"kind": "document", "contact": to.number, "filename": "a.bin", "length": len(data), **more}
    status, shown = await talk.node.rest("POST", PATH, sender, json=fields)
    assert (status, shown["offset"]) == (201, 0), shown
    url: str = shown["url"]
    return url


async def send_part(talk: Talk, sender: Person, url: str, data: bytes, first: int, stop: int | None = None) -> int:
    """Send these bytes of a file. Returns where the upload is then."""
    headers = {"Content-Type": STREAM, "Upload-Offset": str(first)}
    status, answered, _ = await ask(talk, "PATCH", url, sender, data[first:stop], **headers)
    assert status == 204
    assert answered["Upload-Expires"].endswith("GMT")
    return int(answered["Upload-Offset"])


async def show(talk: Talk, sender: Person, url: str) -> dict[str, Any]:
    status, _, shown = await ask(talk, "GET", url, sender)
    assert status == 200, shown
    found: dict[str, Any] = shown
    return found


async def reach(talk: Talk, sender: Person, url: str, offset: int) -> None:
    """Wait until so much of an upload is stored."""
    async with asyncio.timeout(30):
        while (await show(talk, sender, url))["offset"] < offset:  # noqa: ASYNC110 (it is told to those who ask)
            await asyncio.sleep(0.02)


async def parts_of(talk: Talk, sender: Person) -> list[Any]:
    rows = await talk.database.raw["uploads"].find({"account_id": sender.account_id}).to_list(None)
    return [part["id"] for row in rows for part in row["parts"]]


async def count_chunks(talk: Talk, parts: list[Any]) -> int:
    return int(await talk.database.raw["media.chunks"].count_documents({"files_id": {"$in": parts}}))


async def test_a_file_in_parts_becomes_the_message_that_a_form_makes(talk: Talk) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(tom, "/chat")
    data = file_of(1_200_000)
    fields = encoded(kind="document", contact=tom.number, filename="dir/plan.pdf", caption="Look", client_id="1")
    status, answered, begun = await ask(talk, "POST", PATH, ann, Upload_Length=str(len(data)), Upload_Metadata=fields)
    assert (status, answered["Upload-Offset"], begun["length"]) == (201, "0", len(data))
    url = answered["Location"]
    assert await send_part(talk, ann, url, data, 0, 300_001) == 300_001
    status, answered, _ = await ask(talk, "HEAD", url, ann)
    assert (status, answered["Upload-Offset"], answered["Upload-Length"]) == (200, "300001", str(len(data)))
    assert answered["Cache-Control"] == "no-store"
    assert await send_part(talk, ann, url, data, 300_001, 300_002) == 300_002
    assert await talk.listed(tom, ann) == []
    assert await send_part(talk, ann, url, data, 300_002) == len(data)
    (told,) = [body["message"] for body in await phone.expect("message_created")]
    await phone.client.disconnect()
    expected = {
        "type": "d",
        "file_name": "plan.pdf",
        "mime_type": "application/pdf",
        "size_bytes": len(data),
        "caption": "Look",
        "hash": base64.b64encode(hashlib.sha256(data).digest()).decode(),
    }
    assert {name: told[name] for name in expected} == expected
    shown = await show(talk, ann, url)
    assert shown["message"]["seq"] == told["seq"]
    async with talk.node.http.get(shown["message"]["url"]) as answer:
        assert await answer.read() == data
    assert await talk.database.raw["uploads"].count_documents({"parts.0": {"$exists": True}}) == 0


async def test_what_a_broken_line_brought_stays_and_the_rest_goes_to_another_node(
    talk: Talk, stores: EmbeddedStores
) -> None:
    ann, tom = await talk.people()
    data = file_of(900_000)
    url = await begin(talk, ann, tom, data, client_id="broken")
    async with breaking(talk, ann, url, data, 400_000):
        await reach(talk, ann, url, 400_000)
    async with running_node(stores, talk.node.settings) as other:
        elsewhere = other.url + urlsplit(url).path
        status, begun = await other.rest(
            "POST",
            PATH,
            ann,
            json={"kind": "document", "contact": tom.number, "length": len(data), "client_id": "broken"},
        )
        assert (status, begun["offset"], begun["url"]) == (200, 400_000, elsewhere)
        assert await send_part(talk, ann, elsewhere, data, 400_000) == len(data)
    (message,) = await talk.listed(tom, ann)
    async with talk.node.http.get(talk.node.url + urlsplit(message["url"]).path) as answer:
        assert await answer.read() == data


@asynccontextmanager
async def breaking(
    talk: Talk, sender: Person, url: str, data: bytes, stop: int
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Announces a whole file and sends some of it; the line breaks when the block ends."""
    place = urlsplit(url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = (
        f"PATCH {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {sender.token}\r\n"
        f"Content-Type: {STREAM}\r\nUpload-Offset: 0\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data[:stop])
    await writer.drain()
    yield reader, writer
    writer.transport.abort()


async def test_a_request_that_hangs_is_overtaken_and_its_bytes_do_not_count_twice(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(700_000)
    url = await begin(talk, ann, tom, data)
    async with breaking(talk, ann, url, data, 300_000) as (reader, writer), asyncio.timeout(60):
        await reach(talk, ann, url, 300_000)
        assert await send_part(talk, ann, url, data, 300_000, 600_000) == 600_000
        writer.write(data[300_000:500_000])
        answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 409 ")
    assert await send_part(talk, ann, url, data, 600_000) == len(data)
    (message,) = await talk.listed(tom, ann)
    assert message["hash"] == base64.b64encode(hashlib.sha256(data).digest()).decode()


async def test_an_upload_that_is_done_answers_with_its_message_for_ever(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(1000)
    url = await begin(talk, ann, tom, data, client_id="once", caption="in confidence")
    assert await send_part(talk, ann, url, data, 0) == len(data)
    message = (await show(talk, ann, url))["message"]
    row = await talk.database.raw["uploads"].find_one({"account_id": ann.account_id})
    assert "in confidence" not in str(row), "what is deleted later is nowhere else"
    assert await send_part(talk, ann, url, data, len(data)) == len(data)
    fields = {"kind": "document", "contact": tom.number, "length": len(data), "client_id": "once"}
    for _ in range(2):
        status, shown = await talk.node.rest("POST", PATH, ann, json=fields)
        assert (status, shown["offset"], shown["message"]) == (200 if _ == 0 else 201, len(data), message)
        status, _unused, again = await ask(talk, "HEAD", url, ann)
        assert status == 200
        await talk.database.raw["uploads"].delete_many({})  # as after a day
    assert len(await talk.listed(tom, ann)) == 1


async def test_a_crash_between_the_last_byte_and_the_message_is_mended_by_the_last_byte(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(5000)
    url = await begin(talk, ann, tom, data)
    await talk.block(tom, ann)  # so that the message is stored without being told
    assert await send_part(talk, ann, url, data, 0, len(data) - 1) == len(data) - 1
    uploads = talk.database.raw["uploads"]
    whole = {"length": len(data) - 1}  # as if there were no byte more
    await uploads.update_one({"_id": url.rstrip("/").rpartition("/")[2]}, {"$set": whole})
    assert (await show(talk, ann, url))["offset"] == len(data) - 2
    assert await send_part(talk, ann, url, data, len(data) - 2, len(data) - 1) == len(data) - 1
    assert len(await talk.listed(ann, tom)) == 1


async def test_a_whole_upload_is_read_by_one_request_at_a_time(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(1000)
    url = await begin(talk, ann, tom, data)
    uploads = talk.node.runner.app[SERVICES].media.uploads
    uploads.opened.add(url.rstrip("/").rpartition("/")[2])  # as while another request has it
    status, answered, shown = await ask(talk, "PATCH", url, ann, data, Content_Type=STREAM, Upload_Offset="0")
    assert (status, shown["code"], answered["Retry-After"]) == (503, "unavailable", "1")
    uploads.opened.clear()
    last = len(data) - 1
    status, _, shown = await ask(talk, "PATCH", url, ann, b"xx", Content_Type=STREAM, Upload_Offset=str(last))
    assert (status, shown["code"]) == (413, "too_large")
    assert await send_part(talk, ann, url, data, last) == len(data)
    assert len(await talk.listed(tom, ann)) == 1


async def test_what_does_not_fit_is_refused_and_changes_nothing(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(2000)
    url = await begin(talk, ann, tom, data, client_id="fits")
    await send_part(talk, ann, url, data, 0, 500)
    stream = {"Content-Type": STREAM}
    refusals = [
        ("PATCH", url, b"xx", {**stream, "Upload-Offset": "499"}, 409, "conflict"),
        ("PATCH", url, b"xx", {**stream, "Upload-Offset": "501"}, 409, "conflict"),
        ("PATCH", url, b"xx", {**stream, "Upload-Offset": "-1"}, 400, "malformed"),
        ("PATCH", url, b"xx", stream, 400, "malformed"),
        ("PATCH", url, bytes(1600), {**stream, "Upload-Offset": "500"}, 413, "too_large"),
        ("PATCH", url, b"xx", {"Content-Type": "text/plain", "Upload-Offset": "500"}, 415, "unsupported_media_type"),
        ("PATCH", url, b"xx", {**stream, "Upload-Offset": "500", "Tus-Resumable": "0.2"}, 412, "unsupported_version"),
        ("HEAD", url, b"", {"Tus-Resumable": "2.0.0"}, 412, None),
        ("POST", PATH, b"", {"Upload-Length": "9", "Upload-Metadata": "kind @@"}, 400, "malformed"),
    ]
    for method, place, body, headers, status, code in refusals:
        found, answered, shown = await ask(talk, method, place, ann, body, **headers)
        assert (found, shown and shown["code"]) == (status, code), headers
        assert ("Tus-Version" in answered) is (status == 412)
    document = {"kind": "document", "contact": tom.number, "length": 10}
    for fields, status, code in [
        ({**document, "length": LIMIT}, 413, "too_large"),
        ({**document, "length": 0}, 400, "malformed"),
        ({**document, "kind": "card"}, 400, "malformed"),
        ({**document, "kind": "video", "filename": "a.txt", "filetype": "text/plain"}, 400, "malformed"),
        ({**document, "contact": "4930999999"}, 400, "not_a_contact"),
        ({**document, "client_id": "fits"}, 409, "client_id_reused"),
        ({**document, "caption": "x" * 257}, 400, "too_long"),
    ]:
        found, shown = await talk.node.rest("POST", PATH, ann, json=fields)
        assert (found, shown["code"]) == (status, code), fields
    assert (await show(talk, ann, url))["offset"] == 500


async def test_an_upload_exists_for_its_own_account_alone(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(2000)
    url = await begin(talk, ann, tom, data)
    for method, body in [("GET", b""), ("PATCH", b"x"), ("DELETE", b"")]:
        kind = {"Content-Type": STREAM, "Upload-Offset": "0"} if body else {}
        status, _, shown = await ask(talk, method, url, tom, body, **kind)
        assert (status, shown["code"]) == (404, "media_not_found")
    assert (await show(talk, ann, url))["offset"] == 0


async def test_unfinished_uploads_of_an_account_are_bounded_in_number_and_bytes(talk: Talk) -> None:
    ann, tom = await talk.people()
    large = {"kind": "document", "contact": tom.number, "length": LIMIT - 1}
    for _ in range(2):
        assert (await talk.node.rest("POST", PATH, ann, json=large))[0] == 201
    status, shown = await talk.node.rest("POST", PATH, ann, json=large)
    assert (status, shown["code"]) == (429, "rate_limited")
    small = file_of(10)
    url = await begin(talk, ann, tom, small[:2])
    assert (await talk.node.rest("POST", PATH, ann, json={**large, "length": 1}))[0] == 429
    assert await send_part(talk, ann, url, small, 0, 2) == 2
    await begin(talk, ann, tom, small[:2])


async def test_uploads_that_begin_at_once_share_the_room_too(talk: Talk) -> None:
    ann, tom = await talk.people()
    fields = {"kind": "document", "contact": tom.number, "length": 10}
    begun = [talk.node.rest("POST", PATH, ann, json={**fields, "client_id": f"at once {n}"}) for n in range(12)]
    statuses = {status for status, _ in await asyncio.gather(*begun)}
    assert statuses <= {201, 429}
    assert await talk.database.raw["uploads"].count_documents({"account_id": ann.account_id}) <= 3


async def test_an_upload_in_too_many_parts_is_refused_for_good(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(1000)
    url = await begin(talk, ann, tom, data)
    parts = [{"id": ObjectId(), "bytes": 0} for _ in range(2000)]
    await talk.database.raw["uploads"].update_one({"account_id": ann.account_id}, {"$set": {"parts": parts}})
    stream = {"Content-Type": STREAM, "Upload-Offset": "0"}
    status, _, shown = await ask(talk, "PATCH", url, ann, data, **stream)
    assert (status, shown["code"]) == (400, "malformed")
    assert "2000 parts" in shown["error"]
    assert (await ask(talk, "DELETE", url, ann))[0] == 204


async def test_an_expired_upload_makes_room_for_the_same_one_begun_twice_at_once(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(1000)
    await begin(talk, ann, tom, data, client_id="late")
    await talk.database.raw["uploads"].update_one(
        {"account_id": ann.account_id}, {"$set": {"expires_at": datetime.now(UTC)}}
    )
    fields = {"kind": "document", "contact": tom.number, "filename": "a.bin", "length": len(data), "client_id": "late"}
    begun = [talk.node.rest("POST", PATH, ann, json=fields) for _ in range(8)]
    statuses = sorted([status for status, _ in await asyncio.gather(*begun)])
    assert statuses == [200] * 7 + [201]


async def test_a_file_that_is_refused_whole_is_gone_and_one_that_may_not_be_sent_now_waits(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = b"no picture" * 10
    fields = {"kind": "image", "contact": tom.number, "filename": "a.heic", "length": len(data)}
    _, begun = await talk.node.rest("POST", PATH, ann, json=fields)
    status, _, shown = await ask(talk, "PATCH", begun["url"], ann, data, Content_Type=STREAM, Upload_Offset="0")
    assert (status, shown["code"]) == (400, "malformed")
    assert (await ask(talk, "GET", begun["url"], ann))[0] == 404
    picture = plain(size=(31, 17))
    _, begun = await talk.node.rest("POST", PATH, ann, json={**fields, "filename": "a.png", "length": len(picture)})
    assert (await talk.node.rest("POST", f"/api/contacts/{tom.number}/block/", ann, json={}))[0] == 200
    status, _, shown = await ask(talk, "PATCH", begun["url"], ann, picture, Content_Type=STREAM, Upload_Offset="0")
    assert (status, shown["code"]) == (403, "contact_blocked")
    assert (await show(talk, ann, begun["url"]))["offset"] == len(picture) - 1, "its sender has to come back"
    assert (await talk.node.rest("POST", f"/api/contacts/{tom.number}/unblock/", ann, json={}))[0] == 200
    assert await send_part(talk, ann, begun["url"], picture, len(picture) - 1) == len(picture)
    assert [message["type"] for message in await talk.listed(tom, ann)] == ["i"]


async def test_what_is_cancelled_forgotten_or_expired_leaves_nothing(talk: Talk) -> None:
    ann, tom = await talk.people()
    uploads, arriving = talk.database.raw["uploads"], talk.database.raw["media.uploads"]
    data = file_of(1000)

    async def begun() -> tuple[str, list[Any]]:
        url = await begin(talk, ann, tom, data)
        await send_part(talk, ann, url, data, 0, 500)
        parts = await parts_of(talk, ann)
        assert await count_chunks(talk, parts) == 1
        return url, parts

    url, parts = await begun()
    assert (await ask(talk, "DELETE", url, ann))[0] == 204
    assert (await ask(talk, "HEAD", url, ann))[0] == 404
    assert await count_chunks(talk, parts) == 0

    url, parts = await begun()
    await uploads.update_one({"account_id": ann.account_id}, {"$set": {"expires_at": datetime.now(UTC)}})
    assert (await ask(talk, "HEAD", url, ann))[0] == 404
    await uploads.delete_one({"account_id": ann.account_id})  # as MongoDB does within a minute
    await arriving.update_many({"_id": {"$in": parts}}, {"$set": {"at": datetime.now(UTC) - timedelta(hours=13)}})
    await talk.node.runner.app[SERVICES].runtime.stores.media.sweep()
    assert await count_chunks(talk, parts) == 0

    _, parts = await begun()
    assert (await talk.node.rest("POST", "/api/account/remove-account/", ann, json={}))[0] == 200
    assert await count_chunks(talk, parts) == 0
    assert await uploads.count_documents({"account_id": ann.account_id}) == 0


async def test_a_request_that_writes_into_a_cancelled_upload_leaves_nothing_for_ever(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(700_000)
    url = await begin(talk, ann, tom, data)
    async with breaking(talk, ann, url, data, 300_000) as (reader, writer), asyncio.timeout(60):
        await reach(talk, ann, url, 300_000)
        parts = await parts_of(talk, ann)
        assert (await ask(talk, "DELETE", url, ann))[0] == 204
        writer.write(data[300_000:500_000])
        answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 409 ")
    assert await count_chunks(talk, parts) > 0, "stored by a node that did not know yet"
    past = datetime.now(UTC) - timedelta(hours=13)
    await talk.database.raw["media.uploads"].update_many({"_id": {"$in": parts}}, {"$set": {"at": past}})
    await talk.node.runner.app[SERVICES].runtime.stores.media.sweep()
    assert await count_chunks(talk, parts) == 0


async def test_a_first_write_of_which_nothing_was_heard_counts_if_it_was_stored(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, tom = await talk.people()
    data = file_of(1000)
    url = await begin(talk, ann, tom, data)
    store = talk.node.runner.app[SERVICES].media.uploads.uploads
    write = store.write

    async def write_unheard(*written: Any) -> int:
        await write(*written)
        raise AutoReconnect("the line broke")

    with monkeypatch.context() as broken:
        broken.setattr(store, "write", write_unheard)
        stream = {"Content-Type": STREAM, "Upload-Offset": "0"}
        assert (await ask(talk, "PATCH", url, ann, data[:500], **stream))[0] == 503
    assert (await show(talk, ann, url))["offset"] == 500
    assert await send_part(talk, ann, url, data, 500) == len(data)
    (message,) = await talk.listed(tom, ann)
    assert message["hash"] == base64.b64encode(hashlib.sha256(data).digest()).decode()


async def test_an_upload_that_was_sent_meanwhile_is_not_taken_for_an_empty_file(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = file_of(1000)
    url = await begin(talk, ann, tom, data)
    await send_part(talk, ann, url, data, 0, len(data) - 1)
    uploads = talk.node.runner.app[SERVICES].media.uploads.uploads
    known = await uploads.find(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    assert known is not None
    await send_part(talk, ann, url, data, len(data) - 1)
    with pytest.raises(LookupError):
        [piece async for piece in uploads.read(known)]


async def test_pages_of_other_origins_and_clients_of_tus_are_told_what_is_spoken_here(talk: Talk) -> None:
    ann, tom = await talk.people()
    url = await begin(talk, ann, tom, b"xyz")
    asking = {"Origin": "https://else.where", "Access-Control-Request-Method": "PATCH"}
    asking["Access-Control-Request-Headers"] = "tus-resumable,upload-offset,content-type,authorization"
    status, answered, _ = await ask(talk, "OPTIONS", url, ann, **asking)
    assert status in (200, 204)
    assert "PATCH" in answered["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in answered["Access-Control-Allow-Headers"].split(",")}
    assert {"tus-resumable", "upload-offset"} <= allowed
    _, answered, _ = await ask(talk, "HEAD", url, ann, Origin="https://else.where")
    exposed = {name.strip() for name in answered["Access-Control-Expose-Headers"].split(",")}
    assert {"Upload-Offset", "Upload-Length", "Upload-Expires", "Tus-Resumable", "Location"} <= exposed
    status, answered, _ = await ask(talk, "OPTIONS", PATH, ann)
    assert answered["Tus-Version"] == "1.0.0"
    assert answered["Tus-Extension"] == "creation,expiration,termination"
    assert int(answered["Tus-Max-Size"]) >= LIMIT - 1
