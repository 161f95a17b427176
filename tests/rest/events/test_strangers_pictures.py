"""What anybody may ask of stored pictures costs the server no more than once, and whoever asks too much is told to wait."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from aiohttp import FormData

from server.embedded import EmbeddedStores
from tests.support.hostile_pictures import many_scans
from tests.support.message_fixture import Talk, open_talk
from tests.support.node import Person
from tests.support.pictures import encoded, halves, plain


@pytest.fixture(scope="module")
async def talk(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Talk]:
    async with open_talk(stores, tmp_path_factory.mktemp("strangers")) as talk:
        yield talk


def cpu_s() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system


async def send_image(talk: Talk, sender: Person, to: Person, data: bytes) -> str:
    form = FormData({"contact": to.number})
    form.add_field("filename", BytesIO(data), filename="a.jpg")
    status, sent = await talk.node.rest("POST", "/api/messages/send-image/", sender, data=form)
    assert status == 200, sent
    url: str = sent["url"]
    return url


async def status_of(talk: Talk, url: str) -> int:
    async with talk.node.http.get(url) as answer:
        await answer.read()
        return answer.status


async def test_a_stranger_makes_nobody_decode_a_message_s_picture(talk: Talk) -> None:
    ann, tom = await talk.people()
    url = await send_image(talk, ann, tom, many_scans(200, side=3000))
    before = cpu_s()
    assert {await status_of(talk, f"{url}/60x60.jpg") for _ in range(4)} <= {404, 429, 503}
    assert cpu_s() - before < 1.0


async def test_a_picture_that_cannot_be_read_is_tried_once_however_often_it_is_sent(talk: Talk) -> None:
    ann, tom = await talk.people()
    broken = encoded(halves((3000, 3000)), "JPEG", quality=95)[:-2000]
    await send_image(talk, ann, tom, broken)
    before = cpu_s()
    for _ in range(5):
        await send_image(talk, ann, tom, broken)
    assert cpu_s() - before < 0.3, "none of the five was decoded"


async def test_another_account_s_picture_does_not_wait_behind_seventy(talk: Talk) -> None:
    ann, tom = await talk.people()
    turns = asyncio.Semaphore(15)  # of the 16 that may wait for one account

    async def send(n: int) -> None:
        async with turns:
            await send_image(talk, ann, tom, plain(size=(900 + n, 900), colour=(n, 9, 9)))

    uploads = [asyncio.create_task(send(n)) for n in range(70)]
    await asyncio.wait(uploads, timeout=1.0)
    began = time.monotonic()
    await send_image(talk, tom, ann, plain(colour=(9, 200, 9)))
    waited_s = time.monotonic() - began
    await asyncio.gather(*uploads)
    all_s = time.monotonic() - began
    assert waited_s < all_s / 2, f"waited {waited_s:.1f} of {all_s:.1f} s"


async def test_who_has_too_many_pictures_made_is_told_to_wait(
    stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    limits = {"enabled": True, "pictures_per_minute": 3, "requests_per_s": 1000}
    async with open_talk(stores, tmp_path_factory.mktemp("limited"), limits=limits) as talk:
        ann, tom = await talk.stranger(), await talk.stranger()

        async def set_photo(person: Person, data: bytes) -> tuple[int, object]:
            form = FormData()
            form.add_field("photo", BytesIO(data), filename="a.png")
            return await talk.node.rest("POST", "/api/account/profile-photo/", person, data=form)

        answers = [await set_photo(ann, plain(colour=(n, n, n))) for n in range(5)]
        assert [status for status, _ in answers] == [200, 200, 200, 429, 429]
        assert isinstance(answers[-1][1], dict)
        assert answers[-1][1]["code"] == "rate_limited"
        assert (await set_photo(tom, b"no picture"))[0] == 400
        assert (await set_photo(tom, plain()))[0] == 429, "one that cannot be read counts twenty times"
