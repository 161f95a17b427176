"""Favourites: both forms of the body, and every answer (docs/events-api.md, "Favourites")."""

import asyncio
import base64
from typing import Any

import pytest

from tests.rest.events.people import BLANK, NULL, REQUIRED, People, assert_like, is_default, refused
from tests.support.node import Person
from tests.support.pictures import BLUE, RED, decoded, encoded, halves, is_near, plain

BOTH = pytest.mark.parametrize("prefix", ["", "/api"])
PATH = "/users/favorite_contacts"
EXAMPLE = [
    {
        "id": 5,
        "phone_number": "+12208103372",
        "contact_name": "Foo Bar",
        "photo_url": "http://example.com/favoritecontact/45twsw-43ttwegw-t43wt.jpg",
        "owner": 22,
        "is_favorite": True,
    }
]
USER = {"id": 1, "full_name": "", "phone_number": "", "photo": None, "big_photo": None}  # the short form of a user
KEYS = {*EXAMPLE[0], "user"}
ADAM, JOE = "+12208103382", "+13436373134"


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def entry(number: str = ADAM, **fields: object) -> dict[str, object]:
    return {"phone_number": number, **fields}


async def add(people: People, person: Person, body: object) -> list[dict[str, Any]]:
    status, shown = await people.ask(person, "POST", PATH, json=body)
    assert status == 200, shown
    assert (status, shown) == await people.ask(person, "GET", PATH)
    favourites: list[dict[str, Any]] = shown
    return favourites


async def numbers(people: People, person: Person) -> list[str]:
    return [each["phone_number"] for each in (await people.ask(person, "GET", PATH))[1]]


# Favourites add / list / connect user / isolate owners / PATCH-remove 204.


@BOTH
async def test_favourites_are_added_and_listed(people: People, prefix: str) -> None:
    ann = await people.new()
    assert await people.ask(ann, "GET", prefix + PATH) == (200, [])
    status, shown = await people.ask(ann, "POST", prefix + PATH, json={"phone_numbers": [ADAM, ADAM, JOE, ADAM]})
    assert status == 200
    assert [set(each) for each in shown] == [KEYS, KEYS]
    assert [each["phone_number"] for each in shown] == [JOE, ADAM], "newest first"
    assert [each["is_favorite"] for each in shown] == [True, True]
    assert [each["owner"] for each in shown] == [ann.account_id] * 2
    assert [(each["contact_name"], is_default(each["photo_url"]), each["user"]) for each in shown] == [
        ("", True, None)
    ] * 2
    assert await people.ask(ann, "GET", prefix + PATH) == (200, shown)


async def test_a_favourite_is_connected_with_the_user_of_its_number(people: People) -> None:
    ann, bob = await people.new(), await people.new("Bob")
    photo = await people.set_photo(bob)
    (shown,) = await add(people, ann, {"phone_numbers": ["+" + bob.number]})
    assert shown["user"] == {name: photo[name] for name in USER}
    assert is_default(shown["photo_url"]), "the user's own photo is beside it"
    await people.change(bob, {"privacy.photo": "contacts"})
    (shown,) = (await people.ask(ann, "GET", PATH))[1]
    assert (shown["user"]["full_name"], is_default(shown["user"]["photo"])) == ("Bob", True)
    await people.change(bob, {"is_registered": False})
    (shown,) = (await people.ask(ann, "GET", PATH))[1]
    assert shown["user"] is None


async def test_a_favourite_of_an_unknown_number_is_connected_when_its_owner_comes(people: People) -> None:
    ann, bob = await people.new(), await people.new()
    await people.change(bob, {"is_registered": False})
    (shown,) = await add(people, ann, {"phone_numbers": [bob.number]})
    assert shown["user"] is None
    owner = await people.node.sign_in(bob.number)
    (shown,) = (await people.ask(ann, "GET", PATH))[1]
    assert shown["user"]["id"] == owner.account_id


async def test_owners_are_isolated(people: People) -> None:
    ann, bob = await people.new(), await people.new()
    of_ann = await add(people, ann, [entry(contact_name="Ann's Adam", photo=base64_of(plain()))])
    (of_bob,) = await add(people, bob, {"phone_numbers": [ADAM]})
    assert (of_bob["contact_name"], is_default(of_bob["photo_url"]), of_bob["owner"]) == ("", True, bob.account_id)
    assert of_bob["id"] != of_ann[0]["id"]
    assert await people.ask(bob, "DELETE", PATH, json={"phone_numbers": [ADAM]}) == (200, [])
    assert await people.ask(ann, "GET", PATH) == (200, of_ann)


@BOTH
async def test_patch_removes_with_204_and_delete_with_the_list(people: People, prefix: str) -> None:
    ann = await people.new()
    await add(people, ann, {"phone_numbers": [ADAM, JOE, "+15550100", "0151"]})
    body = {"phone_numbers": [ADAM, "+15550199"]}
    assert await people.ask(ann, "PATCH", prefix + PATH, json=body) == (204, None)
    assert await numbers(people, ann) == ["0151", "+15550100", JOE]
    assert await people.ask(ann, "PATCH", prefix + PATH, json=[entry("0151")]) == (204, None)
    status, shown = await people.ask(ann, "DELETE", prefix + PATH, json={"phone_numbers": [JOE]})
    assert (status, [each["phone_number"] for each in shown]) == (200, ["+15550100"])
    assert await people.ask(ann, "DELETE", prefix + PATH, json=[entry("+1 555-0100", contact_name="x")]) == (200, [])
    assert await people.ask(ann, "DELETE", prefix + PATH, json=[]) == (200, [])


# The present form.


async def test_the_present_form_is_answered_as_in_the_seed_document(people: People) -> None:
    ann = await people.new()
    photo = base64_of(encoded(halves((700, 700)), "JPEG"))
    shown = await add(
        people,
        ann,
        [entry(contact_name="Adam Smith", photo=photo), entry(JOE, contact_name="Joe Cole", photo=photo)],
    )
    assert_like(shown, EXAMPLE)
    assert [(each["phone_number"], each["contact_name"]) for each in shown] == [(JOE, "Joe Cole"), (ADAM, "Adam Smith")]
    assert shown[0]["id"] > shown[1]["id"]
    status, mime_type, data = await people.fetch(shown[0]["photo_url"])
    made = decoded(data)
    assert (status, mime_type, made.size) == (200, "image/jpeg", (640, 640))
    assert is_near(made.getpixel((10, 10)), RED)
    assert is_near(made.getpixel((630, 10)), BLUE)


async def test_a_number_that_is_marked_keeps_its_id_and_takes_what_is_given(people: People) -> None:
    ann = await people.new()
    (first,) = await add(people, ann, [entry(contact_name="Adam")])
    (named,) = await add(people, ann, [entry(photo=base64_of(plain()))])
    assert named == first | {"photo_url": named["photo_url"]}
    assert named["photo_url"] is not None
    (renamed,) = await add(people, ann, [entry("+1 220 810-3382", contact_name="Adam S.", photo=None)])
    assert renamed == named | {"contact_name": "Adam S."}
    assert await add(people, ann, {"phone_numbers": [ADAM]}) == [renamed]
    assert await add(people, ann, [entry(contact_name="a"), entry(contact_name="b"), entry(photo="")]) == [
        renamed | {"contact_name": "b"}
    ]


@pytest.mark.parametrize("number", ["+98979999000", "0151 23456", "Bob’s mobile", "☎", "x" * 128])
async def test_any_text_can_be_a_favourite_number(people: People, number: str) -> None:
    ann = await people.new()
    (shown,) = await add(people, ann, [entry(number)])
    assert shown["phone_number"].replace(" ", "") == number.replace(" ", "")


async def test_base64_may_be_a_data_url_and_have_line_breaks(people: People) -> None:
    ann = await people.new()
    text = base64_of(plain())
    (shown,) = await add(people, ann, [entry(photo=f"data:image/png;base64,{text[:40]}\r\n{text[40:]}")])
    assert (await people.fetch(shown["photo_url"]))[0] == 200


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ([{}], {"phone_number": [REQUIRED]}),
        ([entry(), {"contact_name": "x"}], {"phone_number": [REQUIRED]}),
        ([{"phone_number": None}], {"phone_number": [NULL]}),
        ([{"phone_number": 12}], {"phone_number": ["Not a valid string."]}),
        ([{"phone_number": " "}], {"phone_number": [BLANK]}),
        ([entry("x" * 129)], {"phone_number": ["A phone number has at most 128 printable characters."]}),
        ([entry("a\0b")], {"phone_number": ["A phone number has at most 128 printable characters."]}),
        ([entry(contact_name=7)], {"contact_name": ["Not a valid string."]}),
        ([entry(contact_name="a\0b")], {"contact_name": ["Not a valid string."]}),
        ([entry(contact_name="x" * 257)], {"contact_name": ["Ensure this field has no more than 256 characters."]}),
        ([entry(photo=7)], {"photo": ["Not a valid string."]}),
        ([entry(photo="größer")], {"photo": ["This is no base64 text."]}),
        ([entry(photo="abc")], {"photo": ["This is no base64 text."]}),
        ([entry(photo="no picture==")], {"photo": ["This is no base64 text."]}),
        ([entry(photo=base64_of(b"no picture"))], {"photo": ["The file is no picture that can be read."]}),
        (
            [entry(JOE, photo=base64_of(plain())), entry(photo=base64_of(plain()[:60]))],
            {"photo": ["The file is no picture that can be read."]},
        ),
        ([entry(str(n), photo="aGVsbG8=") for n in range(51)], {"photo": ["One request may bring at most 50 photos."]}),
    ],
)
async def test_each_wrong_field_is_named_and_nothing_is_added(people: People, body: object, fields: object) -> None:
    ann = await people.new()
    assert await people.ask(ann, "POST", PATH, json=body) == (400, fields)
    assert await people.ask(ann, "GET", PATH) == (200, [])


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"phone_numbers": None},
        {"phone_numbers": ADAM},
        {"phone_numbers": {"a": ADAM}},
        {"phone_numbers": [12]},
        {"phone_numbers": [None]},
        {"phone_numbers": [""]},
        {"phone_numbers": ["x" * 129]},
        [ADAM],
        [[entry()]],
        [None],
        "text",
        12,
    ],
)
async def test_a_body_of_another_form_is_a_generic_400(people: People, method: str, body: object) -> None:
    ann = await people.new()
    assert refused(await people.ask(ann, method, PATH, json=body), 400, "Malformed")
    assert await people.ask(ann, "GET", PATH) == (200, [])


async def test_the_list_is_bounded(people: People) -> None:
    ann = await people.new()
    await add(people, ann, {"phone_numbers": [str(n) for n in range(1, 1001)]})
    one_more = {"phone_numbers": ["1001", "1"]}
    assert refused(await people.ask(ann, "POST", PATH, json=one_more), 409, "FavouritesFull")
    assert len(await numbers(people, ann)) == 1000
    await add(people, ann, [entry("1", contact_name="One")])
    assert (await people.ask(ann, "PATCH", PATH, json={"phone_numbers": ["2"]}))[0] == 204
    await add(people, ann, {"phone_numbers": ["1001"]})


async def test_two_at_once_mark_a_number_once(people: People) -> None:
    ann = await people.new()
    body = {"phone_numbers": [ADAM, JOE]}
    answers = await asyncio.gather(*(people.ask(ann, "POST", PATH, json=body) for _ in range(6)))
    assert [status for status, _ in answers] == [200] * 6
    assert sorted(await numbers(people, ann)) == [ADAM, JOE]


async def test_an_import_on_the_messaging_api_leaves_favourites_alone(people: People) -> None:
    ann, bob = await people.new(), await people.new()
    await add(people, ann, {"phone_numbers": [ADAM]})
    await people.node.befriend(ann, bob)
    assert await numbers(people, ann) == [ADAM]
    status, contacts = await people.ask(ann, "GET", "/api/contacts/")
    assert ADAM[1:] not in str(contacts), "and a favourite is no contact"
