"""People found by phone book, and people found by invitation (docs/events-api.md, "Phone books")."""

import pytest

from tests.rest.events.people import FULL_USER, People, assert_like, book, found, one, refused

BOTH = pytest.mark.parametrize("prefix", ["", "/api"])
FOUND = [
    {
        "phone_number": "+918377080000",
        "user": {
            "id": 1,
            "full_name": "User 0",
            "phone_number": "+918377080000",
            "photo": "http://example.com/60x60.jpg",
            "big_photo": "http://example.com/250x250.jpg",
        },
    }
]


# `from_phone_numbers` (one hit of two, "" -> 400, {} -> 400).


@BOTH
async def test_from_phone_numbers_finds_one_of_two(people: People, prefix: str) -> None:
    ann, bob = await people.new("Ann"), await people.new("Bob")
    await people.set_photo(bob)
    body = book("+" + bob.number, "+98979999000")
    status, shown = await people.ask(ann, "POST", f"{prefix}/users/from_phone_numbers", json=body)
    assert status == 200
    assert_like(shown, FOUND)
    assert [set(each) for each in shown] == [{"phone_number", "user"}]
    assert set(shown[0]["user"]) == set(FOUND[0]["user"])  # type: ignore[arg-type]
    assert shown[0]["phone_number"] == shown[0]["user"]["phone_number"] == "+" + bob.number
    assert (shown[0]["user"]["id"], shown[0]["user"]["full_name"]) == (bob.account_id, "Bob")


@pytest.mark.parametrize(
    "body",
    [
        {"phone_numbers": ""},
        {},
        {"phone_numbers": None},
        {"phone_numbers": "+491234"},
        {"phone_numbers": {"a": 1}},
        {"phone_numbers": [12]},
        {"phone_numbers": [None]},
        {"phone_numbers": [["+491234"]]},
        {"phone_number": ["+491234"]},
        [],
        "text",
    ],
)
async def test_from_phone_numbers_needs_a_list_of_texts(people: People, body: object) -> None:
    ann = await people.new()
    assert refused(await people.ask(ann, "POST", "/users/from_phone_numbers", json=body), 400, "Malformed")


async def test_a_phone_book_is_bounded(people: People) -> None:
    ann = await people.new()
    body = book(*(str(n) for n in range(10_001)))
    assert refused(await people.ask(ann, "POST", "/users/from_phone_numbers", json=body), 400, "TooLong")
    assert (await people.ask(ann, "POST", "/users/from_phone_numbers", json=book(*body["phone_numbers"][1:])))[0] == 200


async def test_every_spelling_finds_the_same_user_once_and_by_full_name(people: People) -> None:
    ann, bob, cy = await people.new("c"), await people.new("b"), await people.new("a")
    unregistered = await people.new("Gone")
    await people.change(unregistered, {"is_registered": False})
    spaced = f"+{bob.number[:4]} {bob.number[4:]}"
    body = book(
        "+" + ann.number, spaced, bob.number, "", " ", "x" * 200, "Bob’s mobile", "+" + cy.number, unregistered.number
    )
    status, shown = await people.ask(ann, "POST", "/users/from_phone_numbers", json=body)
    assert (status, [each["user"]["full_name"] for each in shown]) == (200, ["a", "b", "c"])


async def test_the_phone_book_is_replaced_and_kept(people: People) -> None:
    ann, bob, cy = await people.new("Ann"), await people.new("Bob"), await people.new("Cy")
    for friend, other in ((bob, cy), (cy, bob)):
        await people.ask(ann, "POST", "/users/from_phone_numbers", json=book("+" + friend.number))
        assert await found(people, ann, friend) is not None
        assert await found(people, ann, other) is None
    assert await people.ask(ann, "POST", "/users/from_phone_numbers", json=book()) == (200, [])
    assert await found(people, ann, cy) is None


# `who_has_invited_me`, of two owners.


@BOTH
async def test_who_has_invited_me_lists_each_inviter_once_by_name(people: People, prefix: str) -> None:
    ann, bob, cy = await people.new("Ann"), await people.new("Bob", "bob@example.org"), await people.new("Cy")
    gone, nobody = await people.new("Gone"), await people.new("Nobody")
    await people.set_photo(bob)
    assert await people.ask(ann, "GET", f"{prefix}/users/who_has_invited_me") == (200, [])
    await people.invite(cy, ann, bob)
    await people.invite(bob, ann)
    await people.invite(bob, ann)
    await people.invite(ann, bob, nobody)
    await people.invite(gone, ann)
    await people.change(gone, {"is_registered": False})
    status, shown = await people.ask(ann, "GET", f"{prefix}/users/who_has_invited_me")
    assert (status, [user["full_name"] for user in shown]) == (200, ["Bob", "Cy"])
    assert shown[0] == (await people.ask(bob, "GET", one(bob)))[1]
    assert_like(shown[:1], [FULL_USER])
