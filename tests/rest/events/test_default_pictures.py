"""An account without a photo, or with a hidden one, has a picture all the same: a URL (docs/events-api.md, "Pictures")."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import make_mocked_request
from PIL import ImageColor

from handlers.rest.links import Links
from models.documents.default_picture import NOBODY, DefaultPicture
from models.documents.photo import Rendition
from models.services.media import renditions
from models.services.media.renditions import DefaultPictures
from server.media.initials import COLOURS, Initials
from tests.rest.events.people import People, found, is_default, one
from tests.support.node import Person
from tests.support.pictures import decoded, is_near

PHOTOS = ("photo", "big_photo")


async def shown(people: People, viewer: Person, owner: Person) -> Any:
    return (await people.ask(viewer, "GET", one(owner)))[1]


async def test_a_new_user_has_pictures_that_can_be_loaded_and_kept(people: People) -> None:
    ann = await people.new("Ann Lee")
    user = await shown(people, ann, ann)
    for name, side in (("photo", 60), ("big_photo", 250)):
        async with people.node.http.get(user[name]) as answer:
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
            drawn = decoded(await answer.read())
            assert drawn.size == (side, side)
            assert is_near(drawn.getpixel((2, 2)), ImageColor.getrgb(COLOURS[ann.account_id % 8]))
            headers = answer.headers
        assert "immutable" in headers["Cache-Control"]
        assert "Origin" in headers["Vary"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        async with people.node.http.get(user[name], headers={"If-None-Match": headers["ETag"]}) as answer:
            assert answer.status == 304


async def test_signing_in_shows_it(people: People) -> None:
    ann = await people.new()
    status, user = await people.ask(
        ann, "POST", "/auth/register", json={"full_name": "Ann Lee", "email": "ann@example.org"}
    )
    assert status == 200
    assert all(is_default(user[name]) for name in PHOTOS)


async def test_another_name_has_another_address_and_the_same_name_the_same(people: People) -> None:
    ann = await people.new("Ann Lee")
    before = (await shown(people, ann, ann))["photo"]
    await people.ask(ann, "PATCH", one(ann), json={"full_name": "Tom Thumb"})
    after = (await shown(people, ann, ann))["photo"]
    await people.ask(ann, "PATCH", one(ann), json={"full_name": "Alice Liddell"})
    assert after != before == (await shown(people, ann, ann))["photo"]
    assert (await people.fetch(after))[2] != (await people.fetch(before))[2]


async def test_a_photo_that_is_hidden_looks_like_none(people: People) -> None:
    viewer, owner = await people.new("Viewer"), await people.new("Owner")
    await people.know(viewer, owner)
    without = await found(people, viewer, owner)
    await people.set_photo(owner)
    await people.change(owner, {"privacy.photo": "none"})
    assert await found(people, viewer, owner) == without


async def test_who_is_blocked_sees_the_name_in_no_picture(people: People) -> None:
    owner, guest = await people.new("Owner"), await people.new("Ann Lee")
    await people.invite(owner, guest)
    path = "/events"

    async def guest_shown() -> dict[str, Any]:
        events = (await people.ask(owner, "GET", path))[1]["results"]
        invitee: dict[str, Any] = events[0]["invitees"][0]
        return invitee

    before = await guest_shown()
    await people.change(guest, {"blocked": [owner.number]})
    after = await guest_shown()
    assert (before["full_name"], before["photo"] == after["photo"]) == ("Ann Lee", False)
    nameless = await people.new()
    assert (await people.fetch(after["photo"]))[0] == 200
    assert _said(after["photo"])[1:] == _said((await shown(people, nameless, nameless))["photo"])[1:] == ""


def _said(url: str) -> str:
    """The colour and the initials in an address, as hexadecimal digits, without their seal."""
    return urlsplit(url).path.split("/")[3][:-16]


@pytest.mark.parametrize("change", ["0" * 17, "0414c" + "0" * 16, "x", "941" + "0" * 16, "0ff" + "0" * 16])
async def test_what_this_server_has_shown_nobody_is_not_drawn(people: People, change: str) -> None:
    assert (await people.fetch(f"{people.node.url}/media/default/{change}/60x60.jpg"))[0] == 404
    ann = await people.new("Ann")
    address = (await shown(people, ann, ann))["photo"]
    assert (await people.fetch(address.replace("60x60", "61x61")))[0] == 404


def test_without_them_a_photo_that_is_not_there_is_null() -> None:
    request = make_mocked_request("GET", "/")
    pictures = DefaultPictures(b"key", Initials(""))
    assert Links("http://a").photos_in(request)(NOBODY, Rendition.SMALL) is None
    assert is_default(Links("http://a", pictures).photos_in(request)(NOBODY, Rendition.SMALL))


class Drawing:
    """Notes what it draws."""

    def __init__(self) -> None:
        self.drawn: list[int] = []

    async def draw(self, picture: DefaultPicture, rendition: Rendition) -> bytes:
        self.drawn.append(picture.hue)
        return b"JPEG"


async def test_so_many_drawn_ones_are_kept_as_were_asked_for_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renditions, "CACHE_MAX", 2)
    drawing = Drawing()
    pictures = DefaultPictures(b"key", drawing)
    for hue in (1, 2, 1, 3, 1, 2):
        await pictures.open(pictures.name(DefaultPicture("A", hue)), Rendition.SMALL)
    assert drawing.drawn == [1, 2, 3, 2]
