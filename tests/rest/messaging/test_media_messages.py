"""Messages with files over HTTP (docs/messaging-api.md, "Media"): uploaded or behind a URL, kept once, loaded by whoever got them."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pillow_heif
import pytest
from aiohttp import FormData, web
from PIL import Image

from server.embedded import EmbeddedStores
from tests.support.message_fixture import Talk, open_talk
from tests.support.node import Person
from tests.support.pictures import decoded, encoded, halves, plain
from tests.support.recordings import sound, video

PICTURE = plain()
FILM, TONE = video(), sound()
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


def content(kind: str, more: str = "") -> bytes:
    """A file that no other test sends. Of an image nothing is kept that stands behind it."""
    return plain(size=(40, 30 + len(more))) if kind == "image" else PICTURE + f"{more}{kind}".encode()


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
    data = content(kind)
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


async def test_an_image_says_how_large_it_is_on_both_wires(talk: Talk, site: Site) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(tom, "/chat")
    site.files["/one.png"] = "image/png", plain(size=(70, 50))
    for body in (
        form(plain(size=(70, 50)), "one.png", contact=tom.number),
        {"contact": tom.number, "url": site.url + "/one.png"},
    ):
        status, sent = await send(talk, "image", ann, data=body)
        assert status == 200, sent
    for shown in (
        *await talk.listed(tom, ann),
        *[told["message"] for told in await phone.expect("message_created", 2)],
        *(await phone.ask("history", {"contact": ann.number}))["entries"],
    ):
        if shown.get("kind", "message") == "message":
            assert (shown["width"], shown["height"]) == (70, 50)
            assert base64.b64decode(shown["blur"])


async def test_a_video_says_its_size_and_length_and_has_a_poster_on_both_wires(talk: Talk) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(tom, "/chat")
    status, sent = await send(talk, "video", ann, data=form(FILM, "film.mp4", contact=tom.number))
    assert status == 200, sent
    (listed,) = await talk.listed(tom, ann)
    (told,) = await phone.expect("message_created")
    entries = (await phone.ask("history", {"contact": ann.number}))["entries"]
    for shown in (listed, told["message"], *[each for each in entries if each["kind"] == "message"]):
        assert (shown["width"], shown["height"], shown["duration_ms"]) == (320, 240, 1000)
        assert base64.b64decode(shown["blur"])
        assert shown["poster"].removeprefix(talk.node.url).startswith("/media/")
    mime_type, poster = await load(talk, listed["poster"])
    assert (mime_type, decoded(poster).size) == ("image/jpeg", (320, 240))
    owner = await talk.device(ann, "/chat")
    await owner.ask("message_delete", {"chat": sent["chat"], "seq": sent["seq"]})
    for url in (sent["url"], listed["poster"]):
        async with talk.node.http.get(url) as answer:
            assert answer.status == 404
    (gone,) = await talk.listed(tom, ann)
    assert gone.keys().isdisjoint({"width", "height", "blur", "duration_ms", "poster"})


@pytest.mark.parametrize("file_name", ["film.mp4", "film.avi"])
async def test_a_video_is_stored_without_the_place_where_it_was_taken(talk: Talk, file_name: str) -> None:
    ann, tom = await talk.people()
    data = video(frames=5, location="+52.5163+013.3777/")
    assert b"52.5163" in data
    for _ in range(2):
        status, sent = await send(talk, "video", ann, data=form(data, file_name, contact=tom.number))
        assert status == 200, sent
    _, stored = await load(talk, sent["url"])
    assert b"52.5163" not in stored
    assert len(stored) == len(data)
    assert sent["hash"] == base64.b64encode(hashlib.sha256(stored).digest()).decode()
    first, second = await talk.listed(tom, ann)
    assert first["url"] == second["url"] == sent["url"]
    assert (first["width"], first["height"], first["duration_ms"]) == (320, 240, 200)
    status, again = await send(talk, "video", tom, data=form(stored, file_name, contact=ann.number))
    assert (status, again["url"]) == (200, sent["url"])


@pytest.mark.parametrize(("kind", "file_name"), [("voice", "note.ogg"), ("audio", "song.ogg")])
async def test_a_sound_says_how_long_and_how_loud_it_is_on_both_wires(talk: Talk, kind: str, file_name: str) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(tom, "/chat")
    status, sent = await send(talk, kind, ann, data=form(TONE, file_name, contact=tom.number))
    assert status == 200, sent
    (told,) = await phone.expect("message_created")
    for shown in (told["message"], *await talk.listed(tom, ann)):
        assert abs(shown["duration_ms"] - 2000) < 60
        assert max(base64.b64decode(shown["waveform"])) == 255
        assert shown.get("file_name") == (file_name if kind == "audio" else None)


async def test_a_file_that_is_there_already_is_not_decoded_again(talk: Talk) -> None:
    ann, tom = await talk.people()
    for _ in range(2):
        status, sent = await send(talk, "voice", ann, data=form(TONE, "note.ogg", contact=tom.number))
        assert status == 200, sent
        marked = {"metadata.duration_ms": 1234}
        await talk.database.raw["media.files"].update_one(
            {"metadata.sha256": hashlib.sha256(TONE).digest()}, {"$set": marked}
        )
    assert (await talk.listed(tom, ann))[1]["duration_ms"] == 1234


@pytest.mark.parametrize(
    "wrong",
    [{"type": "v", "poster": "https://example.org/a.jpg"}, {"type": "v", "url": "https://example.org/a", "poster": "/media/0.jpg"}, {"type": "v", "duration_ms": 0}, {"type": "s", "waveform": "AAAA"},
     {"type": "a", "waveform": "!" * 88}, {"type": "s", "duration_ms": 86_400_001}],
)  # fmt: skip
async def test_a_socket_takes_no_other_facts_than_a_recording_can_have(talk: Talk, wrong: dict[str, Any]) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(ann, "/chat")
    right = {
        "duration_ms": 2500,
        "waveform": base64.b64encode(bytes(64)).decode(),
        "poster": "/media/" + "0" * 32 + ".jpg",
    }
    body = {"contact": tom.number, "url": "/media/" + "0" * 32 + ".mp4"}
    known = {"v": ("duration_ms", "poster"), "s": ("duration_ms", "waveform"), "a": ("duration_ms", "waveform")}
    for kind, names in known.items():
        sent = await phone.ask("message_send", {**body, **right, "type": kind, "client_id": kind})
        assert {name: sent["message"].get(name) for name in right} == {
            name: right[name] if name in names else None for name in right
        }
    refused = await phone.ask("message_send", {**body, **wrong, "client_id": "wrong"})
    assert refused["error"]["code"] == "malformed"


@pytest.mark.parametrize(("kind", "file_name"), [("image", "me.png"), ("video", "me.webm"), ("voice", "me.webm")])
async def test_a_file_that_cannot_be_read_says_nothing_of_itself(talk: Talk, kind: str, file_name: str) -> None:
    ann, tom = await talk.people()
    status, sent = await send(talk, kind, ann, data=form(b"no picture", file_name, contact=tom.number))
    assert status == 200, sent
    (listed,) = await talk.listed(tom, ann)
    assert listed.keys().isdisjoint({"width", "height", "blur", "duration_ms", "poster", "waveform"})
    bare = {"metadata.sha256": hashlib.sha256(b"no picture").digest(), "metadata.is_bare": True}
    assert await talk.database.raw["media.files"].count_documents(bare) == 0  # so a later server may read it


def with_place(kind: str) -> bytes:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 58.0)}  # GPS
    exif[0x010F] = "a camera in Berlin"
    return encoded(Image.new("RGB", (80, 60), "teal"), kind, exif=exif)


@pytest.mark.parametrize("source", ["upload", "url"])
@pytest.mark.parametrize(
    ("kind", "mime_type"), [("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("AVIF", "image/avif")]
)
async def test_an_image_is_stored_without_the_place_where_it_was_taken(
    talk: Talk, site: Site, kind: str, mime_type: str, source: str
) -> None:
    ann, tom = await talk.people()
    data = with_place(kind)
    name = f"me.{kind.lower()}"
    site.files[f"/{name}"] = "application/octet-stream", data
    for _ in range(2):
        upload = form(data, name, contact=tom.number)
        body = upload if source == "upload" else {"contact": tom.number, "url": f"{site.url}/{name}"}
        status, sent = await send(talk, "image", ann, data=body)
        assert status == 200, sent
    found, stored = await load(talk, sent["url"])
    assert found == mime_type
    assert b"camera in Berlin" in data
    assert b"camera in Berlin" not in stored
    assert 0x8825 not in Image.open(BytesIO(stored)).getexif()
    assert decoded(stored).tobytes() == decoded(data).tobytes()
    assert sent["hash"] == base64.b64encode(hashlib.sha256(stored).digest()).decode()
    first, second = await talk.listed(tom, ann)
    assert first["url"] == second["url"] == sent["url"]
    assert (first["width"], first["height"], first["mime_type"]) == (80, 60, mime_type)
    original = {"metadata.sha256": hashlib.sha256(data).digest()}
    assert await talk.database.raw["media.files"].count_documents(original) == 0
    # The image goes on to somebody else as it is.
    status, again = await send(talk, "image", tom, data=form(stored, name, contact=ann.number))
    assert (status, again["url"]) == (200, sent["url"])


@pytest.mark.parametrize("file_name", ["IMG_1.HEIC", "IMG_1.heif", "IMG_1.jpg"])
async def test_a_photo_of_an_iphone_is_stored_as_a_jpeg_that_is_upright(talk: Talk, file_name: str) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(tom, "/chat")
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "a camera in Berlin", 6
    out = BytesIO()
    pillow_heif.from_pillow(halves((160, 120))).save(out, exif=exif.tobytes())
    status, sent = await send(talk, "image", ann, data=form(out.getvalue(), file_name, contact=tom.number))
    assert status == 200, sent
    mime_type, stored = await load(talk, sent["url"])
    assert (mime_type, sent["url"][-4:]) == ("image/jpeg", ".jpg")
    picture = decoded(stored)
    assert (picture.format, picture.size) == ("JPEG", (120, 160))
    assert not picture.getexif()
    assert sent["hash"] == base64.b64encode(hashlib.sha256(stored).digest()).decode()
    (told,) = await phone.expect("message_created")
    for shown in (told["message"], *await talk.listed(tom, ann)):
        assert (shown["mime_type"], shown["width"], shown["height"]) == ("image/jpeg", 120, 160)


async def test_a_jpeg_that_is_called_heic_is_served_as_what_it_is(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = encoded(halves((40, 30)), "JPEG")
    for name in ("a.jpg", "IMG_1.HEIC"):
        status, sent = await send(talk, "image", ann, data=form(data, name, contact=tom.number))
        assert status == 200, sent
        mime_type, stored = await load(talk, sent["url"])
        assert (mime_type, decoded(stored).format, sent["url"][-4:]) == ("image/jpeg", "JPEG", ".jpg")


async def test_an_image_is_not_clean_because_it_was_once_sent_as_a_video(talk: Talk) -> None:
    ann, tom = await talk.people()
    for kind, name in (("video", "me.mp4"), ("image", "me.jpg")):
        status, sent = await send(talk, kind, ann, data=form(with_place("JPEG"), name, contact=tom.number))
        assert status == 200, sent
    _, stored = await load(talk, sent["url"])
    assert b"camera in Berlin" not in stored


async def test_an_image_that_came_in_another_format_than_its_name_says_can_be_shown(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = encoded(halves((40, 30)), "TIFF")
    status, sent = await send(talk, "image", ann, data=form(data, "scan.jpg", contact=tom.number))
    assert status == 200, sent
    mime_type, stored = await load(talk, sent["url"])
    assert (mime_type, decoded(stored).format, decoded(stored).size) == ("image/jpeg", "JPEG", (40, 30))


@pytest.mark.parametrize(("kind", "file_name"), [("image", "me.jpg"), ("video", "film.mp4")])
async def test_nothing_is_sent_with_its_place_because_too_much_is_to_be_done(
    talk: Talk, monkeypatch: pytest.MonkeyPatch, kind: str, file_name: str
) -> None:
    ann, tom = await talk.people()
    before = await kept(talk)
    data = with_place("JPEG") if kind == "image" else video(frames=2, location="+52.5163+013.3777/")
    monkeypatch.setattr("server.media.imaging.WAITING_MAX", 0)
    status, refused = await send(talk, kind, ann, data=form(data + b"!", file_name, contact=tom.number))
    assert (status, refused["code"]) == (503, "unavailable")
    assert await kept(talk) == before
    monkeypatch.undo()
    assert (await send(talk, kind, ann, data=form(data, file_name, contact=tom.number)))[0] == 200


async def test_a_heic_that_cannot_be_read_is_refused(talk: Talk) -> None:
    """It could not be shown by anybody, and nobody knows what is in it."""
    ann, tom = await talk.people()
    before = await kept(talk)
    for data, name in ((b"no heic", "a.heic"), (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "a.jpg")):
        status, refused = await send(talk, "image", ann, data=form(data, name, contact=tom.number))
        assert (status, refused["code"]) == (400, "malformed")
    assert await kept(talk) == before


async def test_an_image_of_which_an_earlier_version_made_a_thumbnail_alone_says_how_large_it_is(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = plain(size=(71, 51))
    for _ in range(2):
        status, sent = await send(talk, "image", ann, data=form(data, "me.png", contact=tom.number))
        assert status == 200, sent
        content = {"metadata.sha256": hashlib.sha256(data).digest()}
        await talk.database.raw["media.files"].update_one(content, {"$unset": {"metadata.placeholder": True}})
    assert [(one["width"], one["height"]) for one in await talk.listed(tom, ann)] == [(71, 51)] * 2


async def test_a_deleted_image_says_nothing_of_itself(talk: Talk) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(ann, "/chat")
    status, sent = await send(talk, "image", ann, data=form(PICTURE, "me.png", contact=tom.number))
    assert status == 200, sent
    await phone.ask("message_delete", {"chat": sent["chat"], "seq": sent["seq"]})
    entries = (await phone.ask("history", {"chat": sent["chat"]}))["entries"]
    (shown,) = [entry for entry in entries if entry["kind"] == "message"]
    assert shown["deleted"]
    assert shown.keys().isdisjoint({"width", "height", "blur", "url"})


@pytest.mark.parametrize(
    "wrong",
    [{"width": 5}, {"height": 5}, {"width": 0, "height": 5}, {"width": 5, "height": 1_000_001}, {"width": "5", "height": 5},
     {"blur": "no base64"}, {"blur": "A" * 68}, {"blur": 5}],
)  # fmt: skip
async def test_a_socket_takes_no_other_sizes_than_a_picture_can_have(talk: Talk, wrong: dict[str, Any]) -> None:
    ann, tom = await talk.people()
    phone = await talk.device(ann, "/chat")
    image = {"contact": tom.number, "type": "i", "url": "https://example.org/a.png"}
    told = {"width": 1600, "height": 400, "blur": "lgsu7wAI9wiIh4hwj3CI+AiIgIAICIgA"}
    sent = await phone.ask("message_send", {**image, **told, "client_id": "1"})
    assert sent["message"].items() >= told.items()
    refused = await phone.ask("message_send", {**image, **wrong, "client_id": "2"})
    assert refused["error"]["code"] in ("malformed", "too_long")


@pytest.mark.parametrize(("kind", "letter", "file_name", "mime_type"), KINDS, ids=NAMES)
async def test_a_url_is_fetched_and_recipients_load_the_copy(
    talk: Talk, site: Site, kind: str, letter: str, file_name: str, mime_type: str
) -> None:
    ann, tom = await talk.people()
    data = content(kind, "behind a URL")
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
