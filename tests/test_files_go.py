"""A file goes with its last use, for everybody and on all nodes, and not before."""

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiohttp import FormData
from bson import ObjectId
from PIL import Image

from models.documents.entry import entry_key
from server.embedded import EmbeddedStores
from tests.support.message_fixture import Talk, open_talk
from tests.support.node import Person, running_node
from tests.support.pictures import encoded, plain

_colours = itertools.count(1)


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    async with open_talk(stores, tmp_path_factory.mktemp("files")) as talk:
        yield talk


def new_picture(side: int = 300) -> bytes:
    """A picture that nobody else has."""
    number = next(_colours)
    return plain(size=(side, side + number), colour=(number * 7 % 256, number * 31 % 256, number * 101 % 256))


async def send_image(talk: Talk, sender: Person, to: Person | str, data: bytes, **fields: str) -> dict[str, Any]:
    form = FormData({"group_id": to} if isinstance(to, str) else {"contact": to.number})
    for name, value in fields.items():
        form.add_field(name, value)
    form.add_field("filename", BytesIO(data), filename="a.png")
    status, sent = await talk.node.rest("POST", "/api/messages/send-image/", sender, data=form)
    assert status == 200, sent
    shown: dict[str, Any] = sent
    return shown


async def set_photo(talk: Talk, person: Person, data: bytes, path: str = "/api/account/profile-photo/") -> None:
    form = FormData()
    form.add_field("photo", BytesIO(data), filename="a.png")
    status, shown = await talk.node.rest("POST", path, person, data=form)
    assert status == 200, shown


async def status_of(talk: Talk, url: str) -> int:
    async with talk.node.http.get(url) as answer:
        await answer.read()
        return answer.status


async def delete(talk: Talk, person: Person, sent: dict[str, Any], scope: str = "all") -> None:
    device = await talk.device(person, "/chat")
    key = int(sent["id"], 16)
    body = {"chat": key >> 32, "seq": key & 0xFFFFFFFF, "scope": scope, "client_id": f"delete {sent['id']}"}
    answer = await device.ask("message_delete", body)
    assert answer["ok"], answer


async def stored(talk: Talk) -> list[int]:
    return [await talk.database.raw[f"media.{name}"].count_documents({}) for name in ("files", "chunks", "uploads")]


async def test_what_is_deleted_for_all_is_gone_with_its_thumbnail(talk: Talk) -> None:
    ann, tom = await talk.people()
    before = await stored(talk)
    sent = await send_image(talk, ann, tom, new_picture())
    assert await status_of(talk, sent["url"]) == 200
    assert await status_of(talk, sent["url"] + "/thumbnail") == 200
    await delete(talk, ann, sent)
    assert await status_of(talk, sent["url"]) == 404
    assert await status_of(talk, sent["url"] + "/thumbnail") == 404
    assert await stored(talk) == before


async def test_a_file_stays_while_another_message_has_it(talk: Talk) -> None:
    ann, tom, eve = await talk.people(3)
    data = new_picture()
    first, second = await send_image(talk, ann, tom, data), await send_image(talk, tom, eve, data)
    assert first["url"] == second["url"]
    await delete(talk, ann, first)
    assert await status_of(talk, second["url"]) == 200
    assert await status_of(talk, second["url"] + "/thumbnail") == 200
    await delete(talk, tom, second)
    assert await status_of(talk, second["url"]) == 404


async def test_what_a_deleted_file_was_called_goes_though_an_equal_content_stays_under_another_name(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = new_picture()

    async def send(file_name: str) -> dict[str, Any]:
        form = FormData({"contact": tom.number})
        form.add_field("filename", BytesIO(data), filename=file_name)
        status, sent = await talk.node.rest("POST", "/api/messages/send-document/", ann, data=form)
        assert status == 200, sent
        shown: dict[str, Any] = sent
        return shown

    first, second, third = [await send(name) for name in ("secret.bin", "plain.bin", "plain.bin")]
    assert first["url"] != second["url"] == third["url"]
    await delete(talk, ann, first)
    await delete(talk, ann, second)
    assert await status_of(talk, first["url"]) == 404
    assert await status_of(talk, third["url"]) == 200
    files = await talk.database.raw["media.files"].find({}).to_list(None)
    called = [named.get("file_name") for row in files for named in row["metadata"]["names"]]
    assert "plain.bin" in called
    assert "secret.bin" not in called
    await delete(talk, ann, third)
    assert await status_of(talk, third["url"]) == 404


@pytest.mark.parametrize("is_whole", [False, True], ids=["path", "whole URL"])
async def test_a_file_stays_while_a_forward_has_it(talk: Talk, is_whole: bool) -> None:
    ann, tom = await talk.people()
    sent = await send_image(talk, ann, tom, new_picture())
    url = sent["url"] if is_whole else sent["url"].removeprefix(talk.node.url)
    device = await talk.device(tom, "/chat")
    forward = {"contact": ann.number, "client_id": "forward", "type": "i", "url": url}
    answer = await device.ask("message_send", forward)
    assert answer["ok"], answer
    await delete(talk, ann, sent)
    assert await status_of(talk, sent["url"]) == 200
    await delete(talk, tom, answer["message"])
    assert await status_of(talk, sent["url"]) == 404


async def test_delete_for_me_keeps_the_file(talk: Talk) -> None:
    ann, tom = await talk.people()
    sent = await send_image(talk, ann, tom, new_picture())
    await delete(talk, ann, sent, scope="me")
    assert await status_of(talk, sent["url"]) == 200


async def test_a_file_that_is_somebody_s_photo_too_stays(talk: Talk) -> None:
    """What a client loads as a photo and sends as a message is one content."""
    ann, tom = await talk.people()
    await set_photo(talk, ann, new_picture())
    url = (await talk.get(f"/api/contacts/{ann.number}/photo-url/", tom))["photo_url"]
    async with talk.node.http.get(url) as answer:
        photo = await answer.read()
    form = FormData({"contact": ann.number})
    form.add_field("filename", BytesIO(photo), filename="a.jpg")
    status, sent = await talk.node.rest("POST", "/api/messages/send-image/", tom, data=form)
    assert (status, sent["url"]) == (200, url)
    await delete(talk, tom, sent)
    assert await status_of(talk, url) == 200


async def test_the_same_file_can_be_sent_again_after_it_went(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = new_picture()
    sent = await send_image(talk, ann, tom, data)
    await delete(talk, ann, sent)
    again = await send_image(talk, ann, tom, data)
    assert await status_of(talk, again["url"]) == 200


async def test_a_retry_of_a_send_that_was_deleted_is_answered_and_stores_nothing(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = new_picture()
    sent = await send_image(talk, ann, tom, data, client_id="once")
    await delete(talk, ann, sent)
    before = await stored(talk)
    again = await send_image(talk, ann, tom, data, client_id="once")
    assert again["id"] == sent["id"]
    assert await stored(talk) == before
    assert await status_of(talk, sent["url"]) == 404


async def test_a_removed_account_s_photos_go_and_what_it_sent_stays_with_the_other(talk: Talk) -> None:
    ann, tom = await talk.people()
    urls = []
    for _ in range(2):
        await set_photo(talk, ann, new_picture())
        paths = [f"/api/contacts/{ann.number}/{size}-url/" for size in ("photo", "preview-photo")]
        urls += [(await talk.get(path, tom))["photo_url"] for path in paths]
    shown = (await talk.node.rest("GET", f"/users/{ann.account_id}", ann))[1]
    urls += [shown["photo"], shown["big_photo"]]
    sent = await send_image(talk, ann, tom, new_picture())
    assert {await status_of(talk, url) for url in urls} == {200}
    assert (await talk.node.rest("POST", "/api/account/remove-account/", ann, data={}))[0] == 200
    assert {await status_of(talk, url) for url in urls} == {404}
    assert await status_of(talk, sent["url"]) == 200


async def test_what_two_removed_accounts_sent_each_other_goes_with_the_second(talk: Talk) -> None:
    ann, tom = await talk.people()
    sent = [await send_image(talk, ann, tom, new_picture()), await send_image(talk, tom, ann, new_picture())]
    assert (await talk.node.rest("POST", "/api/account/remove-account/", ann, data={}))[0] == 200
    assert {await status_of(talk, each["url"]) for each in sent} == {200}
    assert (await talk.node.rest("POST", "/api/account/remove-account/", tom, data={}))[0] == 200
    assert {await status_of(talk, each["url"]) for each in sent} == {404}


async def test_a_group_s_files_and_photo_go_with_the_last_who_may_read_it(talk: Talk) -> None:
    ann, tom = await talk.people()
    group = await talk.group(ann, tom)
    sent = await send_image(talk, ann, group, new_picture())
    await set_photo(talk, ann, new_picture(), f"/api/groups/{group}/photo/")
    photo = (await talk.get(f"/api/groups/{group}/photo-url/", tom))["photo_url"]
    assert (await talk.node.rest("POST", "/api/account/remove-account/", ann, data={}))[0] == 200
    assert {await status_of(talk, url) for url in (sent["url"], photo)} == {200}
    assert (await talk.node.rest("POST", "/api/account/remove-account/", tom, data={}))[0] == 200
    assert {await status_of(talk, url) for url in (sent["url"], photo)} == {404}


async def test_a_photo_stays_while_its_history_shows_it(talk: Talk) -> None:
    ann, tom = await talk.people()
    await set_photo(talk, ann, new_picture())
    url = (await talk.get(f"/api/contacts/{ann.number}/photo-url/", tom))["photo_url"]
    assert (await talk.node.rest("DELETE", "/api/account/profile-photo/", ann))[0] == 200
    history = await talk.get(f"/api/contacts/{ann.number}/photo-history-urls/", tom)
    assert url in [each["photo_url"] for each in history["photo_urls"]]
    assert await status_of(talk, url) == 200


async def test_two_removed_accounts_with_one_photo_leave_nothing(talk: Talk) -> None:
    ann, tom = await talk.people()
    data = new_picture()
    await set_photo(talk, ann, data)
    await set_photo(talk, tom, data)
    url = (await talk.get(f"/api/contacts/{ann.number}/photo-url/", tom))["photo_url"]
    assert (await talk.node.rest("POST", "/api/account/remove-account/", ann, data={}))[0] == 200
    assert await status_of(talk, url) == 200
    assert (await talk.node.rest("POST", "/api/account/remove-account/", tom, data={}))[0] == 200
    assert await status_of(talk, url) == 404


async def test_a_favourite_s_picture_goes_when_it_is_replaced_and_when_the_mark_is_taken_back(talk: Talk) -> None:
    ann, tom = await talk.people()

    async def mark() -> str:
        marking = {"phone_number": "+" + tom.number, "photo": base64.b64encode(new_picture()).decode()}
        status, shown = await talk.node.rest("POST", "/users/favorite_contacts", ann, json=[marking])
        assert status == 200, shown
        url: str = shown[0]["photo_url"]
        return url

    first, second = await mark(), await mark()
    assert [await status_of(talk, url) for url in (first, second)] == [404, 200]
    body = {"phone_numbers": ["+" + tom.number]}
    assert (await talk.node.rest("DELETE", "/users/favorite_contacts", ann, json=body))[0] in (200, 204)
    assert await status_of(talk, second) == 404


async def test_no_shared_cache_keeps_a_file(talk: Talk) -> None:
    ann, tom = await talk.people()
    await set_photo(talk, ann, new_picture())
    shown = (await talk.node.rest("GET", f"/users/{ann.account_id}", ann))[1]
    sent = await send_image(talk, ann, tom, new_picture())
    for url in (sent["url"], sent["url"] + "/thumbnail", shown["photo"]):
        async with talk.node.http.get(url) as answer:
            assert answer.headers["Cache-Control"].startswith("private")


async def test_what_is_removed_while_it_is_read_breaks_off_and_is_no_fault(
    talk: Talk, caplog: pytest.LogCaptureFixture
) -> None:
    ann, tom = await talk.people()
    sent = await send_image(talk, ann, tom, encoded(Image.effect_noise((2000, 2000), 100)))
    async with talk.node.http.get(sent["url"]) as answer:
        await answer.content.readexactly(1000)
        await delete(talk, ann, sent)
        with pytest.raises((aiohttp.ClientPayloadError, asyncio.IncompleteReadError)):
            await answer.content.readexactly(4_000_000)
    assert "Traceback" not in caplog.text
    assert await status_of(talk, sent["url"]) == 404


async def as_before_removal(talk: Talk, sent: dict[str, Any]) -> None:
    """As an earlier version left it, or a crash: the message is deleted, its file is there and a day old."""
    key = int(sent["id"], 16)
    gone = dict.fromkeys(("url", "hash", "mime_type", "media"), "")
    await talk.database.raw["entries"].update_one({"_id": key}, {"$set": {"deleted": True}, "$unset": gone})


async def age_files(talk: Talk) -> None:
    """Let all files be as old as yesterday's: an id begins with its time."""
    raw, ages = talk.database.raw, itertools.count()
    for row in await raw["media.files"].find({}).to_list(None):
        at = datetime.now(UTC) - timedelta(days=2)
        old = ObjectId(int(at.timestamp()).to_bytes(4) + row["_id"].binary[4:9] + next(ages).to_bytes(3))
        await raw["media.files"].delete_one({"_id": row["_id"]})
        await raw["media.files"].insert_one(row | {"_id": old})
        await raw["media.chunks"].update_many({"files_id": row["_id"]}, {"$set": {"files_id": old}})


async def test_the_sweep_finds_what_an_earlier_version_or_a_crash_left_and_nothing_else(
    stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with open_talk(stores, tmp_path_factory.mktemp("swept")) as talk:
        ann, tom = await talk.people()
        deleted, kept, forwarded = [await send_image(talk, ann, tom, new_picture()) for _ in range(3)]
        await set_photo(talk, ann, new_picture())
        photo = (await talk.node.rest("GET", f"/users/{ann.account_id}", ann))[1]["photo"]
        for sent in (deleted, forwarded):
            await as_before_removal(talk, sent)
        # An earlier version's message by a whole URL, and one by a path.
        entries = talk.database.raw["entries"]
        await entries.update_one({"_id": int(kept["id"], 16)}, {"$unset": {"media": ""}})
        row = await entries.find_one({"_id": int(kept["id"], 16)})
        assert row is not None
        chat = row["chat"]
        await entries.insert_one(
            row
            | {
                "_id": entry_key(chat, 99),
                "client": "old",
                "url": forwarded["url"].replace("127.0.0.1", "chat.example"),
            }
        )
        await age_files(talk)
        async with running_node(stores, talk.node.settings):  # sweeps when it starts
            async with asyncio.timeout(20):
                while await status_of(talk, deleted["url"]) != 404:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        for url in (kept["url"], kept["url"] + "/thumbnail", forwarded["url"], photo):
            assert await status_of(talk, url) == 200, url


async def test_a_file_that_is_about_to_be_sent_is_not_removed(talk: Talk) -> None:
    """Somebody deletes the only message with a content while somebody else sends the same content."""
    ann, tom, eve = await talk.people(3)
    for _ in range(5):
        data = new_picture()
        sent = await send_image(talk, ann, tom, data)
        again, _ = await asyncio.gather(send_image(talk, tom, eve, data), delete(talk, ann, sent))
        assert await status_of(talk, again["url"]) == 200
