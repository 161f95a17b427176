"""Forms with a file in them: streamed, in any order, and with nothing left of what is refused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData, web

from handlers.rest.media import MediaRoutes
from handlers.rest.uploads import read_upload, taking
from models.documents.media import MediaKind, MediaRule
from models.services.media.fetching import FetchUrl
from models.services.media.storage import OpenMedia, StoreMedia
from models.stores.database import Database
from models.stores.media import MediaFiles
from server.media.fetcher import HttpFetcher
from server.media.imaging import PictureProcesses
from tests.rest.app import BODY_MAX_BYTES, Client, client_of
from tests.support.fakes import HandClock
from tests.support.pictures import bomb, decoded, encoded, halves
from tests.support.socket_fixture import until

BELOW = 3 << 20
BIG = bytes(range(256)) * 4096 * 2  # 2 MiB: more than http.body_max_bytes of these tests


@dataclass
class Door:
    """A route for each kind that keeps what comes with `keep=yes`, and shows what it read."""

    client: Client
    database: Database

    async def post(self, kind: MediaKind, data: FormData | dict[str, Any] | bytes, **options: Any) -> tuple[int, Any]:
        async with self.client.post(f"/api/messages/send-{kind.value}", data=data, **options) as answer:
            return answer.status, await answer.json()

    async def rows(self) -> tuple[int, int, int]:
        """How many files, chunks and uploads there are."""
        names = ("files", "chunks", "uploads")
        files, chunks, uploads = [await self.database.collection(f"media.{n}").count_documents({}) for n in names]
        return files, chunks, uploads

    async def until(self, holds: Callable[[tuple[int, int, int]], bool]) -> None:
        """Look at the rows until this holds of them: nothing tells a test when the server has noticed something."""

        async def is_so() -> bool:
            return holds(await self.rows())

        await until(is_so)


@pytest.fixture
async def door(database: Database, tmp_path: Path) -> AsyncIterator[Door]:
    files = MediaFiles(database, b"k" * 32, HandClock())
    await files.prepare()
    store = StoreMedia(files, PictureProcesses(max_pixels=4_000_000, folder=tmp_path))
    fetch = FetchUrl(HttpFetcher(timeout_s=5, max_redirects=2, allow_private_addresses=True), store)

    async def post(request: web.Request) -> web.Response:
        rule = MediaRule(MediaKind(request.match_info["kind"]), BELOW)
        async with read_upload(request, "filename", taking(store, rule)) as (fields, arrival):
            shown: dict[str, Any] = {"fields": dict(fields)}
            if arrival is None and "url" in fields:
                async with fetch(fields["url"], rule) as fetched:
                    media = await fetched.keep()
            elif arrival is None or fields.get("keep") != "yes":
                return web.json_response(shown)
            else:
                media = await arrival.keep()
            shown |= {"name": media.name, "hash": media.hash, "type": media.mime_type}
        return web.json_response(shown)

    async def say(request: web.Request) -> web.Response:
        """A file of another server, which says of it what is asked for."""
        said = {name: value for name, value in request.query.items() if name != "body"}
        return web.Response(body=request.query["body"].encode("latin-1"), headers=said)

    routes = [
        web.post("/api/messages/send-{kind}", post),
        web.get("/said", say),
        *MediaRoutes(OpenMedia(files)).routes(),
    ]
    async with client_of(routes) as client:
        yield Door(client, database)


def form(*parts: tuple[str, Any], name: str = "a.mp4") -> FormData:
    """Fields, and bytes as a file with this name, in this order."""
    made = FormData()
    for key, value in parts:
        if isinstance(value, bytes):
            made.add_field(key, BytesIO(value), filename=name)
        else:
            made.add_field(key, value)
    return made


class TestReading:
    async def test_fields_may_stand_before_and_behind_a_file_larger_than_any_body(self, door: Door) -> None:
        assert len(BIG) > BODY_MAX_BYTES
        caption = "Hello 👩🏽‍🚀"
        parts = [("caption", caption), ("filename", BIG), ("keep", "yes"), ("contact", "491")]
        status, shown = await door.post(MediaKind.VIDEO, form(*parts))
        assert (status, shown["type"]) == (200, "video/mp4")
        assert shown["fields"] == {"caption": caption, "keep": "yes", "contact": "491"}
        async with door.client.get(f"/media/{shown['name']}") as answer:
            assert await answer.read() == BIG

    async def test_what_the_door_does_not_keep_leaves_nothing(self, door: Door) -> None:
        assert (await door.post(MediaKind.VIDEO, form(("filename", BIG), ("contact", "491"))))[0] == 200
        assert await door.rows() == (0, 0, 0)

    async def test_a_form_without_a_file_and_other_bodies_are_read_too(self, door: Door) -> None:
        fields = {"contact": "491", "filename": "no file"}
        for options in ({"data": form(*fields.items())}, {"data": fields}):
            assert await door.post(MediaKind.VIDEO, **options) == (200, {"fields": fields})
        async with door.client.post("/api/messages/send-video", json=fields) as answer:
            assert await answer.json() == {"fields": fields}

    async def test_a_field_given_several_times_is_a_list(self, door: Door) -> None:
        _, shown = await door.post(MediaKind.VIDEO, form(("a", "1"), ("a", "2")))
        assert shown["fields"] == {"a": ["1", "2"]}

    async def test_files_in_other_fields_are_passed_over(self, door: Door) -> None:
        status, shown = await door.post(MediaKind.VIDEO, form(("other", b"bytes"), ("a", "1")))
        assert (status, shown["fields"]) == (200, {"a": "1"})


class TestRefusals:
    @pytest.mark.parametrize("size", [BELOW, BELOW + 1, BELOW * 2])
    async def test_a_file_of_its_limit_is_too_large_and_leaves_nothing(self, door: Door, size: int) -> None:
        status, refusal = await door.post(MediaKind.VIDEO, form(("keep", "yes"), ("filename", b"x" * size)))
        assert (status, refusal["code"]) == (413, "too_large")
        assert await door.rows() == (0, 0, 0)

    async def test_a_file_below_its_limit_is_taken(self, door: Door) -> None:
        parts = [("keep", "yes"), ("filename", b"x" * (BELOW - 1))]
        assert (await door.post(MediaKind.VIDEO, form(*parts)))[0] == 200

    @pytest.mark.parametrize("where", [0, 1])
    async def test_fields_together_have_the_limit_of_other_bodies(self, door: Door, where: int) -> None:
        parts: list[tuple[str, Any]] = [("a", "x" * 600_000), ("b", "x" * 600_000)]
        parts.insert(where * 2, ("filename", b"file"))
        status, refusal = await door.post(MediaKind.VIDEO, form(*parts))
        assert (status, refusal["code"]) == (413, "too_large")
        assert await door.rows() == (0, 0, 0)

    @pytest.mark.parametrize(
        ("kind", "name", "named"),
        [(MediaKind.VIDEO, "a.exe", "avi, mov, mp4"), (MediaKind.IMAGE, "a.svg", "avif, gif, heic, heif, jpeg, jpg, png"),
         (MediaKind.IMAGE, "png", "gif"), (MediaKind.AUDIO, "a.mp4", "mp3"), (MediaKind.VOICE, "a.mp3.html", "wma")],
    )  # fmt: skip
    async def test_a_wrong_extension_is_refused_with_the_right_ones(
        self, door: Door, kind: MediaKind, name: str, named: str
    ) -> None:
        status, refusal = await door.post(kind, form(("keep", "yes"), ("filename", b"x"), name=name))
        assert (status, refusal["code"]) == (400, "malformed")
        assert named in refusal["error"]
        assert await door.rows() == (0, 0, 0)

    async def test_an_empty_file_and_a_second_file_are_refused(self, door: Door) -> None:
        for parts in ([("filename", b"")], [("filename", b"x"), ("filename", b"y")]):
            status, refusal = await door.post(MediaKind.VIDEO, form(("keep", "yes"), *parts))
            assert (status, refusal["code"]) == (400, "malformed")
        assert await door.rows() == (0, 0, 0)

    @pytest.mark.parametrize(
        "body",
        [b"", b"--x", b"no form", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data; name=filename; filename=a.mp4\r\n\r\nx",
         b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--y--\r\n--x--\r\n",
         b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\xfe\r\n--x--\r\n',
         b"".join(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' for _ in range(100)) + b"--x--\r\n"],
        ids=["empty", "open", "text", "no part", "cut", "nested", "bytes", "parts"],
    )  # fmt: skip
    async def test_a_broken_form_is_malformed_and_no_fault(self, door: Door, body: bytes) -> None:
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        status, shown = await door.post(MediaKind.VIDEO, body, headers=headers)
        assert (status, shown.get("code")) in {(400, "malformed"), (200, None)}, shown
        assert await door.rows() == (0, 0, 0)

    async def test_a_form_of_another_kind_is_unsupported(self, door: Door) -> None:
        headers = {"Content-Type": "multipart/mixed; boundary=x"}
        assert (await door.post(MediaKind.VIDEO, b"--x--\r\n", headers=headers))[0] == 415

    async def test_an_upload_whose_connection_is_cut_leaves_nothing(self, door: Door) -> None:
        server = door.client.server
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(
            b"POST /api/messages/send-video HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            b"--x\r\nContent-Disposition: form-data; name=filename; filename=a.mp4\r\n\r\n" + BIG + BIG[:500_000]
        )
        await writer.drain()
        await door.until(lambda rows: rows[1] > 0)
        writer.close()
        await writer.wait_closed()
        await door.until(lambda rows: rows == (0, 0, 0))


class TestImages:
    async def test_an_image_has_a_thumbnail(self, door: Door) -> None:
        image = encoded(halves((1200, 600)))
        _, shown = await door.post(MediaKind.IMAGE, form(("filename", image), ("keep", "yes"), name="A.PNG"))
        async with door.client.get(f"/media/{shown['name']}") as answer:
            assert await answer.read() == image
        async with door.client.get(f"/media/{shown['name']}/thumbnail") as answer:
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
            assert decoded(await answer.read()).size == (320, 160)

    @pytest.mark.parametrize("data", [b"no image", bomb(2100)], ids=["text", "bomb"])
    async def test_what_cannot_be_read_is_sent_without_one(self, door: Door, data: bytes) -> None:
        status, shown = await door.post(MediaKind.IMAGE, form(("filename", data), ("keep", "yes"), name="a.jpg"))
        assert status == 200
        async with door.client.get(f"/media/{shown['name']}/thumbnail") as answer:
            assert answer.status == 404

    async def test_the_same_image_again_is_the_same_file(self, door: Door) -> None:
        image = encoded(halves())
        first = await door.post(MediaKind.IMAGE, form(("filename", image), ("keep", "yes"), name="a.png"))
        before = await door.rows()
        assert await door.post(MediaKind.IMAGE, form(("keep", "yes"), ("filename", image), name="b.png")) == first
        assert await door.rows() == before
        assert before[::2] == (2, 0)


def raw_form(disposition: str, content: bytes, *headers: str) -> bytes:
    """A form with one file, whose headers are as they are given, and `keep`."""
    lines = "".join(f"{line}\r\n" for line in (f"Content-Disposition: form-data; {disposition}", *headers))
    keep = b'--x\r\nContent-Disposition: form-data; name="keep"\r\n\r\nyes\r\n--x--\r\n'
    return b"--x\r\n" + lines.encode() + b"\r\n" + content + b"\r\n" + keep


class TestNames:
    """What a phone or a browser calls a file keeps nobody from sending it."""

    async def post(self, door: Door, kind: MediaKind, body: bytes) -> tuple[int, Any]:
        return await door.post(kind, body, headers={"Content-Type": "multipart/form-data; boundary=x"})

    @pytest.mark.parametrize(
        "named",
        ['filename="a;b;c.png"', r'filename="say \"hi\";.png"', r'filename="C:\;\a.png"', 'filename="a%0Ab;%22.png"', 'filename="写真.png"',
         f'filename="{"x" * 2000}.png"', "filename=my photo.png", "filename*=UTF-8''a%3bb%3bc.png", "filename=\"a;b\"; filename*=utf-8''c.png"],
    )  # fmt: skip
    async def test_a_file_is_taken_whatever_it_is_called(self, door: Door, named: str) -> None:
        status, shown = await self.post(door, MediaKind.IMAGE, raw_form(f'name="filename"; {named}', b"GIF89a"))
        assert (status, shown.get("type")) == (200, "image/png"), shown

    @pytest.mark.parametrize(
        ("kind", "content", "headers", "found"),
        [
            (MediaKind.IMAGE, b"\xff\xd8\xff\xe0", (), "image/jpeg"),
            (MediaKind.IMAGE, b"x", ("Content-Type: image/PJPEG",), "image/jpeg"),
            (MediaKind.VOICE, b"\0\0\0\x18ftypM4A ", ("Content-Type: application/octet-stream",), "audio/mp4"),
            (MediaKind.VIDEO, b"\0\0\0\x18ftyp3gp4", ("Content-Type: video/*",), "video/3gpp"),
        ],
    )
    async def test_a_file_without_an_ending_is_known_by_its_type_or_its_first_bytes(
        self, door: Door, kind: MediaKind, content: bytes, headers: tuple[str, ...], found: str
    ) -> None:
        for name in ("blob", ""):
            body = raw_form(f'name="filename"; filename="{name}"', content, *headers)
            status, shown = await self.post(door, kind, body)
            assert (status, shown.get("type")) == (200, found), shown

    async def test_a_file_that_nobody_chose_is_none(self, door: Door) -> None:
        body = raw_form('name="filename"; filename=""', b"", "Content-Type: application/octet-stream")
        assert await self.post(door, MediaKind.IMAGE, body) == (200, {"fields": {"keep": "yes"}})

    @pytest.mark.parametrize(
        ("disposition", "problem"),
        [('filename="a.png"', "no name"), ('name="filename"; filename="a.png"' + "; x=y" * 20, "too many parameters")],
    )
    async def test_of_a_part_that_cannot_be_used_the_problem_is_named(
        self, door: Door, disposition: str, problem: str
    ) -> None:
        status, refusal = await self.post(door, MediaKind.IMAGE, raw_form(disposition, b"x"))
        assert (status, refusal["code"]) == (400, "malformed")
        assert problem in refusal["error"]
        assert await door.rows() == (0, 0, 0)


class TestUrls:
    async def test_what_a_url_names_is_copied(self, door: Door) -> None:
        image = encoded(halves())
        _, there = await door.post(MediaKind.IMAGE, form(("filename", image), ("keep", "yes"), name="a.png"))
        url = str(door.client.make_url(f"/media/{there['name']}"))
        status, copy = await door.post(MediaKind.IMAGE, {"url": url})
        assert (status, copy["name"], copy["type"]) == (200, there["name"], "image/png")

    @pytest.mark.parametrize(
        ("kind", "said", "found"),
        [
            (MediaKind.AUDIO, {"Content-Type": "audio/m4a"}, "audio/mp4"),
            (MediaKind.VOICE, {"Content-Type": "AUDIO/X-WAV; codecs=1"}, "audio/wav"),
            (MediaKind.AUDIO, {"Content-Disposition": 'attachment; filename="a;b;c.MP3"'}, "audio/mpeg"),
            (MediaKind.AUDIO, {"Content-Disposition": "inline; filename*=UTF-8''%e2%82%ac.oga"}, "audio/ogg"),
            (MediaKind.VIDEO, {"body": "\0\0\0\x14ftypqt  "}, "video/quicktime"),
        ],
    )
    async def test_a_url_without_an_ending_is_known_by_what_its_server_says(
        self, door: Door, kind: MediaKind, said: dict[str, str], found: str
    ) -> None:
        url = door.client.make_url("/said").with_query({"body": "x", "Content-Type": "application/octet-stream"} | said)
        status, shown = await door.post(kind, {"url": str(url)})
        assert (status, shown.get("type")) == (200, found), shown

    async def test_what_does_not_fit_is_refused_and_leaves_nothing(self, door: Door) -> None:
        _, there = await door.post(MediaKind.IMAGE, form(("filename", b"GIF89a"), ("keep", "yes"), name="a.gif"))
        before = await door.rows()
        url = str(door.client.make_url(f"/media/{there['name']}"))
        assert (await door.post(MediaKind.VIDEO, {"url": url}))[1]["code"] == "malformed"
        assert (await door.post(MediaKind.IMAGE, {"url": url + "x"}))[1]["code"] == "url_refused"
        assert await door.rows() == before
