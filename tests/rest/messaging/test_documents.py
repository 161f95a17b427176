"""Documents: files of any kind, which this server keeps and hands on, and never shows (docs/messaging-api.md, "Media")."""

import base64
import hashlib
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import FormData, web

from server.embedded import EmbeddedStores
from tests.support.message_fixture import Talk, open_talk
from tests.support.node import Person

LIMIT = 100_000
PDF = b"%PDF-1.7 of nobody"


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    media = {"allow_private_addresses": True, "document_max_bytes": LIMIT}
    async with open_talk(stores, tmp_path_factory.mktemp("documents"), media=media) as talk:
        yield talk


def form(data: bytes, file_name: str, mime_type: str = "application/octet-stream", **fields: str) -> FormData:
    made = FormData(fields, quote_fields=False)
    made.add_field("filename", BytesIO(data), filename=file_name, content_type=mime_type)
    return made


async def send(talk: Talk, sender: Person, data: Any) -> dict[str, Any]:
    status, sent = await talk.node.rest("POST", "/api/messages/send-document/", sender, data=data)
    assert status == 200, sent
    shown: dict[str, Any] = sent
    return shown


async def load(talk: Talk, url: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
    """What anybody gets there, without a token."""
    async with talk.node.http.request(method, url, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_a_document_is_told_and_listed_with_its_name_and_size(talk: Talk) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(tom, "/chat")
    sent = await send(talk, ann, form(PDF, "dir/contract.pdf", contact=tom.number, caption="Please sign"))
    expected = {
        "id": sent["id"],
        "type": "d",
        "hash": base64.b64encode(hashlib.sha256(PDF).digest()).decode(),
        "mime_type": "application/pdf",
        "file_name": "contract.pdf",
        "size_bytes": len(PDF),
        "caption": "Please sign",
    }
    (listed,) = await talk.listed(tom, ann)
    assert listed.items() >= (expected | {"url": sent["url"]}).items()
    (told,) = await phone.expect("message_created")
    entries = (await phone.ask("history", {"contact": ann.number}))["entries"]
    for shown in (told["message"], *[entry for entry in entries if entry["kind"] == "message"]):
        assert shown.items() >= expected.items()
        assert talk.node.url + shown["url"] == sent["url"]


@pytest.mark.parametrize(
    ("file_name", "stated", "shown", "mime_type"),
    [
        ("a.html", "text/plain", "a.html", "text/html"),
        ("LICENSE", "text/plain; charset=utf-8", "LICENSE", "text/plain"),
        ("data", "application/octet-stream", "data", "application/octet-stream"),
        ("data.xyz", "application/vnd.acme+json", "data.xyz", "application/vnd.acme+json"),
        ("..", "not a type", "file", "application/octet-stream"),
        ("x\u202egnp.exe", "image/png", "xgnp.exe", "application/x-msdos-program"),
        ("नमस्ते.odt", "", "नमस्ते.odt", "application/vnd.oasis.opendocument.text"),
    ],
)
async def test_the_name_of_a_document_is_cleaned_and_says_its_type(
    talk: Talk, file_name: str, stated: str, shown: str, mime_type: str
) -> None:
    ann, tom = await talk.people()
    body = form(file_name.encode(), file_name, stated or "application/octet-stream", contact=tom.number)
    await send(talk, ann, body)
    (listed,) = await talk.listed(tom, ann)
    assert listed["file_name"] == shown
    if not shown.endswith((".exe", ".odt")):  # Python knows more types of these from one version to the next
        assert listed["mime_type"] == mime_type
    assert listed["mime_type"] != "image/png"


HOSTILE = {
    "page.html": b"<script>alert(1)</script>",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "photo.png": b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
    "page.xhtml": b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
    "report.pdf": b"%PDF-1.7 <script>alert(1)</script>",
    "run.js": b"alert(1)",
    "feed.xml": b"<?xml version='1.0'?><?xml-stylesheet href='x'?><x/>",
}


@pytest.mark.parametrize("file_name", HOSTILE)
@pytest.mark.parametrize("query", ["", "?name=page.html&type=text/html&inline=1&download=0"])
async def test_a_document_is_only_ever_an_attachment_without_a_type(talk: Talk, file_name: str, query: str) -> None:
    ann, tom = await talk.people()
    data = HOSTILE[file_name]
    sent = await send(talk, ann, form(data, file_name, "text/html", contact=tom.number))
    for method, headers, status in (
        ("GET", {}, 200),
        ("GET", {"Accept": "text/html"}, 200),
        ("GET", {"Range": "bytes=0-3"}, 206),
        ("GET", {"Range": "bytes=999999-"}, 416),
        ("HEAD", {}, 200),
    ):
        answered, got, body = await load(talk, sent["url"] + query, method, **headers)
        assert answered == status
        assert got["Content-Disposition"] == f'attachment; filename="{file_name}"'
        assert got["X-Content-Type-Options"] == "nosniff"
        assert {"sandbox", "default-src 'none'"} == {each.strip() for each in got["Content-Security-Policy"].split(";")}
        if status != 416:
            assert got["Content-Type"] == "application/octet-stream"
            assert body == (b"" if method == "HEAD" else data[:4] if status == 206 else data)


@pytest.mark.parametrize(
    ("file_name", "plain"),
    [
        ("Straße.pdf", "Stra_e.pdf"),
        ('say "hi"; filename=evil.exe', "say _hi__ filename_evil.exe"),
        ("two words.txt", "two words.txt"),
        ("100%41.txt", "100_41.txt"),
        ("写真.jpg", "__.jpg"),
    ],
)
async def test_a_document_is_saved_under_its_name_in_any_script(talk: Talk, file_name: str, plain: str) -> None:
    ann, tom = await talk.people()
    sent = await send(talk, ann, form(file_name.encode(), file_name, contact=tom.number))
    _, got, _ = await load(talk, sent["url"])
    assert (
        got["Content-Disposition"] == f"attachment; filename=\"{plain}\"; filename*=utf-8''{quote(file_name, safe='')}"
    )


async def test_equal_contents_are_one_file_and_each_is_saved_under_its_own_name(talk: Talk) -> None:
    ann, tom = await talk.people()
    sent = [await send(talk, ann, form(b"equal", name, contact=tom.number)) for name in ("a.txt", "b.txt", "a.txt")]
    assert sent[0]["url"] == sent[2]["url"] != sent[1]["url"]
    names = [(await load(talk, each["url"]))[1]["Content-Disposition"] for each in sent[:2]]
    assert names == ['attachment; filename="a.txt"', 'attachment; filename="b.txt"']
    assert await talk.database.raw["media.files"].count_documents({"length": 5}) == 1
    phone = await talk.device(ann, "/chat")
    for gone, status in ((sent[0], 200), (sent[1], 200), (sent[2], 404)):
        await phone.ask("message_delete", {"chat": gone["chat"], "seq": gone["seq"]})
        assert (await load(talk, sent[0]["url"]))[0] == status


async def test_a_picture_sent_as_a_document_stays_as_it_is_and_is_not_shown(talk: Talk) -> None:
    ann, tom = await talk.people()
    picture = b"\x89PNG\r\n\x1a\n and what its camera wrote"
    fields = {"contact": tom.number}
    made = FormData(fields, quote_fields=False)
    made.add_field("filename", BytesIO(picture), filename="a.png", content_type="image/png")
    status, image = await talk.node.rest("POST", "/api/messages/send-image/", ann, data=made)
    assert status == 200, image
    document = await send(talk, ann, form(picture, "a.png", "image/png", **fields))
    assert (await load(talk, image["url"]))[1]["Content-Type"] == "image/png"
    _, got, body = await load(talk, document["url"])
    assert (got["Content-Type"], body) == ("application/octet-stream", picture)


async def test_a_document_behind_a_url_is_called_as_its_server_calls_it(talk: Talk) -> None:
    ann, tom = await talk.people()

    async def show(request: web.Request) -> web.Response:
        said = request.query.get("said")
        headers = {"Content-Disposition": said} if said else {}
        return web.Response(body=PDF, content_type="application/pdf", headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", show)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        site = f"http://127.0.0.1:{runner.addresses[0][1]}"
        for path in ("/a%20plan.pdf?x=y", "/x?said=attachment;filename=../../b.pdf", "/"):
            await send(talk, ann, {"contact": tom.number, "url": site + path})
    finally:
        await runner.cleanup()
    listed = await talk.listed(tom, ann)
    assert [one["file_name"] for one in listed] == ["a plan.pdf", "b.pdf", "file"]
    assert {one["mime_type"] for one in listed} == {"application/pdf"}


@pytest.mark.parametrize(
    ("data", "refusal"), [(b"", (400, "malformed")), (b"x" * LIMIT, (413, "too_large"))], ids=["empty", "too large"]
)
async def test_an_empty_and_a_too_large_document_leave_nothing(
    talk: Talk, data: bytes, refusal: tuple[int, str]
) -> None:
    ann, tom = await talk.people()
    before = await talk.database.raw["media.chunks"].count_documents({})
    body = form(data, "a.bin", contact=tom.number)
    status, refused = await talk.node.rest("POST", "/api/messages/send-document/", ann, data=body)
    assert (status, refused["code"]) == refusal
    assert await talk.listed(tom, ann) == []
    assert await talk.database.raw["media.chunks"].count_documents({}) == before


async def test_a_document_is_forwarded_edited_and_deleted_on_a_socket(talk: Talk) -> None:
    ann, tom = await talk.people()
    sent = await send(talk, ann, form(b"forwarded", "plan.pdf", contact=tom.number))
    phone = await talk.device(tom, "/chat")
    (shown,) = [
        entry
        for entry in (await phone.ask("history", {"contact": ann.number}))["entries"]
        if entry["kind"] == "message"
    ]
    content = {name: shown[name] for name in ("type", "url", "hash", "mime_type", "file_name", "size_bytes")}
    answer = await phone.ask("message_send", {"contact": ann.number, "client_id": "f", **content})
    assert answer["message"].items() >= content.items()
    place = {"chat": answer["message"]["chat"], "seq": answer["message"]["seq"]}
    edited = await phone.ask("message_edit", {**place, "client_id": "e", "text": "the plan"})
    assert edited["ok"], edited
    assert [one["caption"] for one in await talk.listed(ann, tom)] == ["", "the plan"]
    owner = await talk.device(ann, "/chat")
    await owner.ask("message_delete", {"chat": sent["chat"], "seq": sent["seq"]})
    assert (await load(talk, sent["url"]))[0] == 200  # what was forwarded keeps the file
    await phone.ask("message_delete", {**place, "scope": "all"})
    assert (await load(talk, sent["url"]))[0] == 404
    for entry in (await phone.ask("history", {"contact": ann.number}))["entries"]:
        assert entry.keys().isdisjoint({"url", "file_name", "size_bytes", "mime_type", "caption"})


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"file_name": "..\\a\u202eb.txt"}, {"file_name": "ab.txt"}),
        ({}, {"file_name": "file"}),
        ({"size_bytes": 0}, {"size_bytes": 0}),
        ({"file_name": "x" * 256}, "too_long"),
        ({"file_name": 5}, "malformed"),
        ({"size_bytes": -1}, "malformed"),
        ({"size_bytes": 1.5}, "malformed"),
        ({"url": "javascript:alert(1)"}, "malformed"),
        ({"url": None}, "malformed"),
    ],
)
async def test_a_socket_says_of_a_document_what_can_be_said(talk: Talk, said: dict[str, Any], shown: Any) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(ann, "/chat")
    body = {"contact": tom.number, "client_id": "1", "type": "d", "url": "https://example.org/a.pdf", **said}
    answer = await phone.ask("message_send", body)
    if isinstance(shown, str):
        assert answer["error"]["code"] == shown
    else:
        assert answer["message"].items() >= shown.items()


async def test_a_chat_list_shows_what_a_document_is_called(talk: Talk) -> None:
    ann, tom = await talk.people()
    for caption, snippet in (("", "plan.pdf"), ("The plan", "The plan")):
        await send(talk, ann, form(PDF, "plan.pdf", contact=tom.number, caption=caption))
        (chat,) = (await talk.get("/api/messages/chats/", tom))["chats"]
        assert chat["snippet"] == snippet


async def test_a_document_that_is_sent_again_is_one_message(talk: Talk) -> None:
    ann, tom = await talk.people()
    group = await talk.group(ann, tom)
    sent = [await send(talk, ann, form(data, "a.txt", group_id=group, client_id="k")) for data in (b"one time", b"two")]
    assert sent[0] == sent[1]
    assert len(await talk.listed(tom, group)) == 1


async def test_a_file_answers_a_message_in_a_chat_that_is_named_by_its_id(talk: Talk) -> None:
    ann, tom = await talk.people()
    group = await talk.group(ann, tom)
    for to in (tom, group):
        first = await talk.send(ann, to)
        fields = {"chat": str(first["chat"]), "reply_to": str(first["seq"]), "client_id": "k"}
        sent = [await send(talk, ann, form(PDF, "a.pdf", **fields)) for _ in range(2)]
        assert sent[0] == sent[1]
        assert sent[0]["chat"] == first["chat"]
        phone = await talk.device(ann, "/chat")
        entries = (await phone.ask("history", {"chat": first["chat"]}))["entries"]
        assert [each.get("reply_to") for each in entries if each["kind"] == "message"] == [None, first["seq"]]


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"chat": "999999"}, (404, "chat_not_found")),
        ({"chat": "0"}, (400, "malformed")),
        ({"chat": "1e3"}, (400, "malformed")),
        ({"contact": "TOM", "reply_to": "0"}, (400, "malformed")),
        ({"contact": "TOM", "reply_to": "first"}, (400, "malformed")),
    ],
)
async def test_a_chat_or_an_answer_that_cannot_be_there_is_refused(
    talk: Talk, fields: dict[str, str], refusal: tuple[int, str]
) -> None:
    ann, tom = await talk.people()
    named = {name: tom.number if value == "TOM" else value for name, value in fields.items()}
    status, refused = await talk.node.rest(
        "POST", "/api/messages/send-document/", ann, data=form(PDF, "a.pdf", **named)
    )
    assert (status, refused["code"]) == refusal
