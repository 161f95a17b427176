"""Messages with files over HTTP (messaging contract 9.2): uploaded or behind a URL, kept once, loaded by whoever got them."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData, web

from server.embedded import EmbeddedStores
from tests.support.message_world import Talk, open_talk
from tests.support.node import Person
from tests.support.pictures import plain

PICTURE = plain()
LIMIT = 100_000
KINDS = [
    ("image", "i", "me.PNG", "image/png"),
    ("voice", "s", "note.aac", "audio/aac"),
    ("audio", "a", "song.wma", "audio/x-ms-wma"),
    ("video", "v", "film.mp4", "video/mp4"),
]
NAMES = [kind for kind, *_ in KINDS]


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    limits = dict.fromkeys(("image_max_bytes", "audio_max_bytes", "video_max_bytes"), LIMIT)
    media = {"allow_private_addresses": True, **limits}
    async with open_talk(stores, tmp_path_factory.mktemp("media"), media=media) as talk:
        yield talk


@dataclass
class Site:
    """Somebody's web server: what it has, and what it was asked for."""

    url: str
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def show(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path not in self.files:
            raise web.HTTPNotFound
        mime_type, data = self.files[request.path]
        return web.Response(body=data, content_type=mime_type)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site("")
    app = web.Application()
    app.router.add_get("/{path:.*}", site.show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


def form(data: bytes, file_name: str, **fields: str) -> FormData:
    made = FormData(fields)
    made.add_field("filename", BytesIO(data), filename=file_name)
    return made


async def send(talk: Talk, kind: str, sender: Person, **options: Any) -> tuple[int, Any]:
    return await talk.node.rest("POST", f"/api/messages/send-{kind}/", sender, **options)


async def load(talk: Talk, url: str) -> tuple[str, bytes]:
    """What anybody gets there, without a token."""
    async with talk.node.http.get(url) as answer:
        assert answer.status == 200
        return answer.content_type, await answer.read()


async def kept(talk: Talk) -> list[int]:
    """How many files and pieces of files, and uploads on their way, there are."""
    return [await talk.database.raw[f"media.{name}"].count_documents({}) for name in ("files", "chunks", "uploads")]


@pytest.mark.parametrize(("kind", "letter", "file_name", "mime_type"), KINDS, ids=NAMES)
async def test_an_upload_is_answered_listed_and_loaded(
    talk: Talk, kind: str, letter: str, file_name: str, mime_type: str
) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(tom, "/chat")
    data = PICTURE + kind.encode()
    body = form(data, file_name, contact=tom.number, caption="Cool☺️")
    status, sent = await send(talk, kind, ann, data=body)
    assert status == 200, sent
    assert sent["id"] == sent["message_id"]
    assert sent["hash"] == base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert await load(talk, sent["url"]) == (mime_type, data)
    (listed,) = await talk.listed(tom, ann)
    expected = {"id": sent["id"], "type": letter, "url": sent["url"], "hash": sent["hash"], "mime_type": mime_type}
    assert listed.items() >= expected.items()
    assert listed.get("caption") == ("Cool☺️" if kind in ("image", "video") else None)
    (told,) = await phone.expect("message_created")
    assert talk.node.url + told["message"]["url"] == sent["url"]
    assert told["message"]["id"] == sent["id"]
    assert told["message"].get("caption") == listed.get("caption")


@pytest.mark.parametrize(("kind", "letter", "file_name", "mime_type"), KINDS, ids=NAMES)
async def test_a_url_is_fetched_and_recipients_load_the_copy(
    talk: Talk, site: Site, kind: str, letter: str, file_name: str, mime_type: str
) -> None:
    ann, tom = await talk.people()
    data = PICTURE + b"behind a URL" + kind.encode()
    site.files["/" + file_name] = "application/octet-stream", data
    site.files["/bare"] = mime_type, data
    for path in ("/" + file_name, "/bare"):
        status, sent = await send(talk, kind, ann, data={"contact": tom.number, "url": site.url + path})
        assert status == 200, sent
        assert sent["url"].startswith(talk.node.url + "/media/")
        site.files.pop(path)
        assert await load(talk, sent["url"]) == (mime_type, data)
    assert [message["type"] for message in await talk.listed(tom, ann)] == [letter, letter]


async def test_the_file_wins_over_the_url(talk: Talk, site: Site) -> None:
    ann, tom = await talk.people()
    status, sent = await send(
        talk, "image", ann, data=form(PICTURE, "a.png", contact=tom.number, url=site.url + "/a.png")
    )
    assert status == 200
    assert (await load(talk, sent["url"]))[1] == PICTURE
    assert site.asked == []


async def test_one_content_is_one_file_and_each_send_a_message(talk: Talk) -> None:
    ann, tom = await talk.people()
    group = await talk.group(ann, tom)
    _, first = await send(talk, "image", ann, data=form(PICTURE, "a.png", contact=tom.number))
    before = await kept(talk)
    _, second = await send(talk, "image", tom, data=form(PICTURE, "b.png", group_id=group))
    assert first["url"] == second["url"]
    assert first["id"] != second["id"]
    assert await kept(talk) == before


async def test_a_client_id_makes_one_message_of_two_uploads(talk: Talk) -> None:
    ann, tom = await talk.people()
    sent = [
        await send(talk, "voice", ann, data=form(data, "a.ogg", contact=tom.number, client_id="k"))
        for data in (b"one", b"two")
    ]
    assert sent[0] == sent[1]
    assert len(await talk.listed(tom, ann)) == 1


async def test_a_card_is_kept_in_its_message(talk: Talk) -> None:
    ann, tom = await talk.people()
    before = await kept(talk)
    card = form("BEGIN:VCARD\nFN:Zoë".encode(), "zoe.vcf", contact=tom.number, vcard="another", name="Zoë")
    assert (await send(talk, "vcard", ann, data=card))[0] == 200
    (listed,) = await talk.listed(tom, ann)
    assert (listed["vcard"], listed["name"]) == ("BEGIN:VCARD\nFN:Zoë", "Zoë")
    assert await kept(talk) == before


@pytest.mark.parametrize(
    ("kind", "body", "refusal"),
    [
        ("image", {"contact": "TOM"}, (400, "malformed")),
        ("voice", {"contact": "TOM", "url": ""}, (400, "malformed")),
        ("audio", {"contact": "TOM", "filename": "a.mp3"}, (400, "malformed")),
        ("video", {"contact": "TOM", "url": "film.mp4"}, (400, "url_refused")),
        ("image", {"contact": "TOM", "url": "ftp://example.org/a.png"}, (400, "url_refused")),
        ("image", {"contact": "TOM", "url": "SITE/missing.png"}, (400, "url_refused")),
        ("image", {"contact": "TOM", "url": "SITE/a.mp3"}, (400, "malformed")),
        ("audio", {"contact": "TOM", "url": "SITE/empty.mp3"}, (400, "malformed")),
        ("video", {"contact": "TOM", "url": "SITE/large.mp4"}, (413, "too_large")),
        ("image", {"contact": "TOM", "url": "SITE/a.png", "caption": "x" * 257}, (400, "too_long")),
        ("image", {"url": "SITE/a.png"}, (400, "malformed")),
        ("image", {"contact": "4999999999", "url": "SITE/a.png"}, (400, "not_a_contact")),
        ("image", {"group_id": "12-34", "url": "SITE/a.png"}, (404, "chat_not_found")),
        ("image", {"contact": "TOM", "url": "SITE/a.png", "account": "1"}, (400, "wrong_account")),
    ],
)
async def test_what_is_wrong_is_refused_and_leaves_nothing(
    talk: Talk, site: Site, kind: str, body: dict[str, str], refusal: tuple[int, str]
) -> None:
    ann, tom = await talk.people()
    site.files |= {"/a.png": ("image/png", b"new"), "/a.mp3": ("audio/mpeg", b"x"), "/empty.mp3": ("audio/mpeg", b"")}
    site.files["/large.mp4"] = "video/mp4", b"x" * LIMIT
    before = await kept(talk)
    fields = {name: tom.number if value == "TOM" else value.replace("SITE", site.url) for name, value in body.items()}
    assert await talk.refused(f"/api/messages/send-{kind}/", ann, **fields) == refusal
    assert await kept(talk) == before
    assert await talk.listed(tom, ann) == []
    if body.get("url") == "SITE/a.png":
        assert site.asked == []  # nobody makes this server fetch for a message that it would refuse


@pytest.mark.parametrize(
    ("kind", "file_name", "data", "fields", "refusal"),
    [
        ("image", "a.mp3", b"x", {"contact": "TOM"}, (400, "malformed")),
        ("image", "png", b"x", {"contact": "TOM"}, (400, "malformed")),
        ("voice", "a.mp4", b"x", {"contact": "TOM"}, (400, "malformed")),
        ("video", "a.mp4", b"", {"contact": "TOM"}, (400, "malformed")),
        ("audio", "a.mp3", b"x" * LIMIT, {"contact": "TOM"}, (413, "too_large")),
        ("image", "a.png", b"new", {}, (400, "malformed")),
        ("image", "a.png", b"new", {"contact": "4999999999"}, (400, "not_a_contact")),
        ("image", "a.png", b"new", {"group_id": "12-34"}, (404, "chat_not_found")),
        ("image", "a.png", b"new", {"contact": "TOM", "account": "1"}, (400, "wrong_account")),
        ("image", "a.png", b"new", {"contact": "TOM", "client_id": "x" * 65}, (400, "too_long")),
        ("vcard", "a.vcf", b"\xff\xfe", {"contact": "TOM"}, (400, "malformed")),
        ("vcard", "a.vcf", b"", {"contact": "TOM", "vcard": "text"}, (400, "malformed")),
        ("vcard", "a.vcf", b"x" * 700_000, {"contact": "TOM"}, (413, "too_large")),
        ("vcard", "a.vcf", b"x", {"contact": "TOM", "account": "1"}, (400, "wrong_account")),
    ],
)
async def test_an_upload_that_is_refused_leaves_nothing(
    talk: Talk, kind: str, file_name: str, data: bytes, fields: dict[str, str], refusal: tuple[int, str]
) -> None:
    ann, tom = await talk.people()
    before = await kept(talk)
    fields = {name: tom.number if value == "TOM" else value for name, value in fields.items()}
    status, body = await send(talk, kind, ann, data=form(data, file_name, **fields))
    assert (status, body["code"]) == refusal
    assert await kept(talk) == before
    assert await talk.listed(tom, ann) == []


async def test_who_blocked_somebody_sends_it_no_file_either(talk: Talk) -> None:
    ann, tom = await talk.people()
    await talk.block(ann, tom)
    before = await kept(talk)
    status, body = await send(talk, "image", ann, data=form(b"new", "a.png", contact=tom.number))
    assert (status, body["code"]) == (403, "contact_blocked")
    assert await kept(talk) == before


@pytest.mark.parametrize("kind", [*NAMES, "vcard"])
async def test_nobody_without_a_token_uploads(talk: Talk, kind: str) -> None:
    url = f"{talk.node.url}/api/messages/send-{kind}/"
    async with talk.node.http.post(url, data=form(b"x", "a.png", contact="1")) as answer:
        assert answer.status == 401


@pytest.mark.parametrize("change", ["the contact is removed", "the contact is blocked", "nothing"])
@pytest.mark.parametrize("source", ["upload", "url"])
async def test_a_retry_gets_the_first_answer_whatever_has_changed_since(
    talk: Talk, site: Site, source: str, change: str
) -> None:
    """Promise 2: the same chat, sender and client id have the same answer for ever, also when the URL is gone."""
    ann, tom = await talk.people()
    site.files["/a.png"] = ("image/png", PICTURE)
    fields = {"contact": tom.number, "client_id": "k"}

    async def attempt() -> tuple[int, Any]:
        data = form(PICTURE, "a.png", **fields) if source == "upload" else {**fields, "url": f"{site.url}/a.png"}
        return await send(talk, "image", ann, data=data)

    first = await attempt()
    assert first[0] == 200, first
    if change == "the contact is removed":
        assert (await talk.node.rest("DELETE", f"/api/contacts/{tom.number}/", ann))[0] == 200
    elif change == "the contact is blocked":
        assert (await talk.node.rest("POST", f"/api/contacts/{tom.number}/block/", ann))[0] == 200
    site.files.clear()
    before = await kept(talk)
    assert await attempt() == first
    assert await kept(talk) == before
    fields["client_id"] = "another"
    if change != "nothing":
        assert (await attempt())[0] in (400, 403)
