"""The avatar on the events API: three renditions of the one photo that an account has on both APIs (docs/events-api.md, "Pictures")."""

import asyncio
from io import BytesIO

import pytest
from aiohttp import FormData
from PIL import Image

from tests.rest.events.people import FULL_USER, People, assert_like, is_default, photo_form, picture, refused
from tests.support.node import Person
from tests.support.pictures import BLUE, GREEN, RED, bomb, decoded, encoded, halves, is_near, plain

BOTH = pytest.mark.parametrize("prefix", ["", "/api"])
CHANGE, REMOVE, OWN = "/users/change_avatar", "/users/remove_avatar", "/api/account/profile-photo/"


async def image(people: People, url: str) -> Image.Image:
    status, mime_type, data = await people.fetch(url)
    assert (status, mime_type) == (200, "image/jpeg"), url
    return decoded(data)


def faded(url: str) -> str:
    """The address of the third rendition, which the events API shows of invitees."""
    return url.replace("/60x60.jpg", "/faded-60x60.jpg")


# Avatar none 400, empty file 400, tiny BMP 200 with two string urls.


@BOTH
async def test_an_avatar_that_is_none_or_empty_is_400(people: People, prefix: str) -> None:
    ann = await people.new()
    none = (400, {"photo": ["No file was submitted."]})
    assert await people.ask(ann, "POST", prefix + CHANGE) == none
    assert await people.ask(ann, "POST", prefix + CHANGE, data=photo_form(picture(), name="other")) == none
    status, shown = await people.ask(ann, "POST", prefix + CHANGE, data=photo_form(b""))
    assert (status, list(shown)) == (400, ["photo"])
    assert is_default((await people.ask(ann, "GET", f"/users/{ann.account_id}"))[1]["photo"])


@BOTH
async def test_a_tiny_bmp_is_200_with_two_string_urls(people: People, prefix: str) -> None:
    ann = await people.new("John Doe", "john@example.com")
    tiny = photo_form(encoded(Image.new("RGB", (1, 1), RED), "BMP"), file_name="a.bmp", mime_type="image/bmp")
    status, shown = await people.ask(ann, "POST", prefix + CHANGE, data=tiny)
    assert status == 200
    assert set(shown) == set(FULL_USER)
    assert_like(shown, FULL_USER)
    assert shown == (await people.ask(ann, "GET", f"/users/{ann.account_id}"))[1]
    for url, side in ((shown["photo"], 60), (shown["big_photo"], 250)):
        made = await image(people, url)
        assert (made.size, is_near(made.getpixel((side // 2, side // 2)), RED)) == ((side, side), True)


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [
        (b"", "image/jpeg"),
        (b"no picture", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (picture()[:200], "image/png"),
        (bomb(7100), "image/png"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "application/postscript"),
    ],
    ids=["empty", "text", "gif", "cut", "pixels", "postscript"],
)
async def test_what_is_no_picture_is_a_400_at_the_field(people: People, data: bytes, mime_type: str) -> None:
    ann = await people.new()
    before = await people.set_photo(ann)
    status, shown = await people.ask(ann, "POST", CHANGE, data=photo_form(data, mime_type=mime_type))
    assert (status, list(shown)) == (400, ["photo"])
    assert (await people.ask(ann, "GET", f"/users/{ann.account_id}"))[1] == before


async def test_an_avatar_travels_in_a_multipart_form_alone(people: People) -> None:
    ann = await people.new()
    text = FormData()
    text.add_field("photo", "not a file", content_type="text/plain")
    text.add_field("other", BytesIO(b"x"), filename="x")
    no_file = (400, {"photo": ["The submitted data was not a file."]})
    assert await people.ask(ann, "POST", CHANGE, data=text) == no_file
    assert await people.ask(ann, "POST", CHANGE, json={"photo": "aGVsbG8="}) == no_file
    raw = await people.ask(ann, "POST", CHANGE, data=picture(), headers={"Content-Type": "image/png"})
    assert refused(raw, 415, "UnsupportedMediaType")
    twice = photo_form(picture())
    twice.add_field("photo", BytesIO(picture()), filename="b.png")
    assert refused(await people.ask(ann, "POST", CHANGE, data=twice), 400, "Malformed")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "TIFF"])
async def test_any_picture_is_shown_as_three_centre_crops(people: People, kind: str) -> None:
    ann = await people.new()
    wide = Image.new("RGB", (1000, 500), GREEN)
    wide.paste(halves((500, 500)), (250, 0))
    shown = await people.set_photo(ann, encoded(wide, kind))
    for url, side in ((shown["photo"], 60), (shown["big_photo"], 250)):
        made = await image(people, url)
        assert made.size == (side, side)
        assert is_near(made.getpixel((side // 8, side // 2)), RED)
        assert is_near(made.getpixel((side - side // 8, side // 2)), BLUE)
    pale = await image(people, faded(shown["photo"]))
    assert pale.size == (60, 60)
    assert is_near(pale.getpixel((8, 30)), tuple(round(255 * 0.7 + 0.3 * part) for part in RED))


async def test_the_renditions_are_there_when_the_answer_is(people: People) -> None:
    ann = await people.new()
    shown = await people.set_photo(ann)
    name = shown["photo"].split("/")[-2]
    async with people.database() as database:
        (row,) = await database.raw["media.files"].find({"metadata.names.name": name}).to_list(None)
    assert set(row["metadata"]["renditions"]) == {"60x60", "250x250", "faded-60x60"}


async def test_a_photo_that_was_set_before_gets_its_renditions_when_one_is_looked_at(people: People) -> None:
    ann = await people.new()
    shown = await people.set_photo(ann, encoded(halves((500, 400))))
    before = await image(people, shown["big_photo"])
    async with people.database() as database:
        await database.raw["media.files"].update_many({}, {"$unset": {"metadata.renditions": 1}})
    urls = [shown["photo"], shown["big_photo"], faded(shown["photo"])]
    made = await asyncio.gather(*(image(people, url) for url in urls * 2))
    assert [each.size for each in made] == [(60, 60), (250, 250), (60, 60)] * 2
    for x in (20, 125, 230):
        assert is_near(made[1].getpixel((x, 125)), before.getpixel((x, 125)))


@pytest.mark.parametrize("name", ["60x61", "thumbnail", "250x250.jpg", "..", "%2e%2e"])
async def test_there_are_no_other_renditions(people: People, name: str) -> None:
    shown = await people.set_photo(await people.new())
    assert (await people.fetch(shown["photo"].replace("60x60", name)))[0] == 404
    assert (await people.fetch(f"{people.node.url}/media/{'0' * 32}.jpg/60x60.jpg"))[0] == 404


async def test_a_file_that_is_no_photo_has_no_renditions(people: People) -> None:
    ann, bob = await people.new(), await people.new()
    await people.know(ann, bob)
    form = photo_form(b"\xff\xd8\xff" + b"x" * 100, name="filename", file_name="a.jpg")
    form.add_field("contact", bob.number)
    status, shown = await people.ask(ann, "POST", "/api/messages/send-image/", data=form)
    assert status in {200, 201}, shown
    name = shown["url"].rsplit("/", 1)[1]
    assert (await people.fetch(f"{people.node.url}/media/{name}"))[0] == 200
    assert (await people.fetch(f"{people.node.url}/media/{name}/60x60.jpg"))[0] == 404


# One photo on both APIs.


@BOTH
async def test_remove_avatar_takes_the_photo_away_on_both_apis(people: People, prefix: str) -> None:
    ann = await people.new("Ann")
    _, gone = await people.ask(ann, "GET", f"/users/{ann.account_id}")
    assert is_default(gone["photo"])
    assert (await people.set_photo(ann))["photo"] != gone["photo"]
    assert await people.ask(ann, "POST", prefix + REMOVE) == (200, gone)
    assert (await people.ask(ann, "GET", OWN))[0] == 404
    assert await people.ask(ann, "POST", prefix + REMOVE) == (200, gone), "having none is no fault"


async def test_the_photo_of_one_api_is_that_of_the_other(people: People) -> None:
    ann = await people.new()
    await people.set_photo(ann, plain(colour=RED))
    assert is_near((await full(people, ann)).getpixel((5, 5)), RED)
    assert await people.ask(ann, "POST", OWN, data=photo_form(plain(colour=BLUE))) == (200, {})
    shown = (await people.ask(ann, "GET", f"/users/{ann.account_id}"))[1]
    assert is_near((await image(people, shown["photo"])).getpixel((5, 5)), BLUE)
    assert (await people.ask(ann, "DELETE", OWN))[0] == 200
    assert is_default((await people.ask(ann, "GET", f"/users/{ann.account_id}"))[1]["photo"])


async def full(people: People, person: Person) -> Image.Image:
    headers = {"Authorization": f"Bearer {person.token}"}
    async with people.node.http.get(people.node.url + OWN, headers=headers) as answer:
        assert answer.status == 200
        return decoded(await answer.read())


async def test_the_same_picture_again_is_the_same_photo(people: People) -> None:
    ann = await people.new()
    assert await people.set_photo(ann) == await people.set_photo(ann)
    other = await people.set_photo(ann, plain(colour=GREEN))
    assert is_near((await image(people, other["photo"])).getpixel((5, 5)), GREEN)


async def test_signing_in_and_registering_show_the_photo_too(people: People) -> None:
    ann = await people.new()
    shown = await people.set_photo(ann)
    body = {"full_name": "Ann", "email": "ann@example.org"}
    status, registered = await people.ask(ann, "POST", "/auth/register", json=body)
    assert (status, registered["photo"], registered["big_photo"]) == (200, shown["photo"], shown["big_photo"])
