"""Users on the events API (docs/events-api.md, "Users")."""

import pytest

from models.documents.facebook import FacebookLink
from models.stores.facebook_links import FacebookLinks
from tests.rest.events.people import FULL_USER, People, assert_like, book, is_default, one, refused
from tests.rest.messaging.logins import Api, new_number
from tests.support.node import Person

BOTH = pytest.mark.parametrize("prefix", ["", "/api"])
ALL_PATHS = [
    ("GET", "/users"),
    ("POST", "/users"),
    ("GET", "/users/1"),
    ("PATCH", "/users/1"),
    ("PUT", "/users/1"),
    ("DELETE", "/users/1"),
    ("POST", "/users/change_avatar"),
    ("POST", "/users/remove_avatar"),
    ("POST", "/users/from_phone_numbers"),
    ("GET", "/users/who_has_invited_me"),
    ("GET", "/users/favorite_contacts"),
    ("POST", "/users/favorite_contacts"),
    ("DELETE", "/users/favorite_contacts"),
    ("PATCH", "/users/favorite_contacts"),
    ("POST", "/users/fb_token"),
    ("POST", "/users/register_fb_token"),
    ("GET", "/users/fb_friends"),
]


# Anonymous -> 401 on api root, users, favourites.


@BOTH
@pytest.mark.parametrize(("method", "path"), ALL_PATHS)
async def test_anonymous_is_401(people: People, prefix: str, method: str, path: str) -> None:
    assert refused(await people.ask(None, method, prefix + path), 401, "Unauthenticated")


async def test_the_api_root_names_users(people: People) -> None:
    ann = await people.new()
    status, shown = await people.ask(ann, "GET", "/api/")
    assert (status, shown["users"]) == (200, f"{people.node.url}/api/users")
    assert refused(await people.ask(None, "GET", "/api/"), 401, "Unauthenticated")


# POST 405; detail with null photos; PATCH email / full_name.


@BOTH
async def test_post_users_is_405(people: People, prefix: str) -> None:
    ann = await people.new()
    assert refused(await people.ask(ann, "POST", f"{prefix}/users", json={}), 405, "MethodNotAllowed")
    assert refused(await people.ask(ann, "DELETE", prefix + one(ann)), 405, "MethodNotAllowed")


@BOTH
async def test_the_detail_of_a_user_has_default_pictures_without_a_photo(people: People, prefix: str) -> None:
    ann = await people.new("Ann", "ann@example.org")
    status, shown = await people.ask(ann, "GET", prefix + one(ann))
    assert is_default(shown["photo"])
    assert is_default(shown["big_photo"])
    assert (status, shown) == (
        200,
        {
            "id": ann.account_id,
            "phone_number": "+" + ann.number,
            "full_name": "Ann",
            "email": "ann@example.org",
            "is_active": True,
            "notify_new_invite": True,
            "notify_invite_rsvp": True,
            "notify_contact_joined": True,
            "notify_event_full": True,
            "notify_upcoming_event": True,
            "photo": shown["photo"],
            "big_photo": shown["big_photo"],
        },
    )


async def test_the_full_user_is_the_seed_document_s(people: People) -> None:
    ann = await people.new("John Doe", "john@example.com")
    shown = await people.set_photo(ann)
    assert set(shown) == set(FULL_USER)
    assert_like(shown, FULL_USER)
    assert (await people.ask(ann, "GET", one(ann)))[1] == shown


@BOTH
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_patch_changes_email_and_full_name_and_nothing_that_is_not_given(
    people: People, prefix: str, method: str
) -> None:
    ann = await people.new("Ann", "ann@example.org")
    path = prefix + one(ann)
    status, shown = await people.ask(ann, method, path, json={"email": "new@example.org"})
    assert (status, shown["email"], shown["full_name"]) == (200, "new@example.org", "Ann")
    status, shown = await people.ask(ann, method, path, json={"full_name": "Änne 🦊"})
    assert (status, shown["email"], shown["full_name"]) == (200, "new@example.org", "Änne 🦊")
    assert await people.ask(ann, "GET", path) == (200, shown)
    assert await people.ask(ann, method, path, json={}) == (200, shown)
    status, shown = await people.ask(ann, method, path, json={"full_name": "", "email": ""})
    assert (status, shown["email"], shown["full_name"]) == (200, "", "")


async def test_each_notification_flag_is_set_alone_and_what_is_not_one_s_to_change_is_passed_over(
    people: People,
) -> None:
    ann = await people.new("Ann")
    flags = [name for name in FULL_USER if name.startswith("notify_")]
    for flag in flags:
        status, shown = await people.ask(ann, "PATCH", one(ann), json={flag: False})
        assert (status, [name for name in flags if not shown[name]]) == (200, [flag])
        assert (await people.ask(ann, "PATCH", one(ann), data={flag: "true"}))[1][flag] is True
    ignored = {"id": 1, "phone_number": "+1", "is_active": False, "photo": "x", "big_photo": "x", "auth_token": "x"}
    status, shown = await people.ask(ann, "PATCH", one(ann), json=ignored | {"full_name": "Still Ann"})
    assert (status, shown["id"], shown["phone_number"]) == (200, ann.account_id, "+" + ann.number)
    assert (shown["is_active"], is_default(shown["photo"]), shown["full_name"]) == (True, True, "Still Ann")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"full_name": "x" * 257}, {"full_name": ["Ensure this field has no more than 256 characters."]}),
        ({"full_name": 12}, {"full_name": ["Not a valid string."]}),
        ({"full_name": ["Ann"]}, {"full_name": ["Not a valid string."]}),
        ({"full_name": "Ann\0"}, {"full_name": ["Not a valid string."]}),
        ({"email": "ann"}, {"email": ["Enter a valid email address."]}),
        ({"email": "x" * 257}, {"email": ["Ensure this field has no more than 256 characters."]}),
        ({"notify_new_invite": "perhaps"}, {"notify_new_invite": ['"perhaps" is not a valid boolean.']}),
        ({"notify_event_full": 2}, {"notify_event_full": ['"2" is not a valid boolean.']}),
        (
            {"full_name": 1, "email": "no"},
            {"full_name": ["Not a valid string."], "email": ["Enter a valid email address."]},
        ),
    ],
)
async def test_each_wrong_field_of_a_change_is_named_and_nothing_changes(
    people: People, body: object, fields: object
) -> None:
    ann = await people.new("Ann", "ann@example.org")
    before = await people.ask(ann, "GET", one(ann))
    assert await people.ask(ann, "PATCH", one(ann), json=body) == (400, fields)
    assert await people.ask(ann, "GET", one(ann)) == before


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_what_is_shown_of_oneself_can_be_sent_back_and_null_is_like_leaving_out(
    people: People, method: str
) -> None:
    ann = await people.new()
    status, _ = await people.ask(ann, "POST", "/api/account/nickname/", json={"nickname": "Annie"})
    assert status == 200
    shown = await people.ask(ann, "GET", one(ann))
    assert shown[1]["full_name"] == "Annie", "where there is no full name"
    for body in (shown[1], dict.fromkeys(shown[1])):
        assert await people.ask(ann, method, one(ann), json=body) == shown
    await people.ask(ann, "POST", "/api/account/nickname/", json={"nickname": "Anna"})
    assert (await people.ask(ann, "GET", one(ann)))[1]["full_name"] == "Anna", "it is still none"


@pytest.mark.parametrize("body", ["[]", '"text"', "12", "{", '{"full_name": "\\ud800"}'])
async def test_a_body_that_is_no_object_is_a_generic_400(people: People, body: str) -> None:
    ann = await people.new()
    headers = {"Content-Type": "application/json"}
    assert refused(await people.ask(ann, "PATCH", one(ann), data=body.encode(), headers=headers), 400, "Malformed")


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_only_one_s_own_profile_may_be_changed(people: People, method: str) -> None:
    ann, bob, cy = await people.new("Ann"), await people.new("Bob"), await people.new("Cy")
    await people.know(ann, bob)
    status, shown = await people.ask(ann, method, one(bob), json={"full_name": "Bobby"})
    assert (status, shown) == (403, {"_error_message": "You may change your own profile only."})
    assert (await people.ask(ann, method, one(cy), json={"full_name": "Cyril"}))[0] == 404
    assert [(await people.account(each)).full_name for each in (bob, cy)] == ["Bob", "Cy"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT"])
@pytest.mark.parametrize(
    ("user_id", "text"),
    [
        ("999999", "There is no such account."),
        ("0", "There is no such account."),
        ("9" * 30, "There is no such account."),
        ("abc", ""),
        ("-1", ""),
        ("1.5", ""),
        ("٣", ""),
        ("change_avatar", ""),
    ],
)
async def test_an_unknown_user_is_404_and_what_is_no_number_without_words(
    people: People, method: str, user_id: str, text: str
) -> None:
    ann = await people.new()
    assert await people.ask(ann, method, f"/users/{user_id}") == (404, {"_error_message": text})


async def test_a_nickname_stands_in_for_a_missing_full_name(people: People) -> None:
    ann = await people.new()
    await people.change(ann, {"nickname": "Annie"})
    assert (await people.ask(ann, "GET", one(ann)))[1]["full_name"] == "Annie"
    await people.ask(ann, "PATCH", one(ann), json={"full_name": "Ann"})
    assert (await people.ask(ann, "GET", one(ann)))[1]["full_name"] == "Ann"


async def test_an_account_that_is_removed_leaves_nothing_of_this(people: People) -> None:
    number, login = new_number(), await Api(people.node, people.stores).new_user()
    await login.register(number)
    ann = await people.node.sign_in(number)
    assert (await people.ask(ann, "POST", "/users/from_phone_numbers", json=book("+491234")))[0] == 200
    assert (await people.ask(ann, "POST", "/users/favorite_contacts", json=book("+491234")))[0] == 200
    async with people.database() as database:
        await FacebookLinks(database).replace(ann.account_id, FacebookLink("token", None))
    assert await kept(people, ann) == ["phone_books", "favourites", "facebook_links"]
    assert (await login("POST", "/api/account/remove-account/", account=number))[0] == 200
    assert await kept(people, ann) == []


async def kept(people: People, person: Person) -> list[str]:
    """The collections that hold something of this person's own."""
    mine = {"$or": [{"_id": person.account_id}, {"owner_id": person.account_id}]}
    async with people.database() as database:
        return [
            name
            for name in ("phone_books", "favourites", "facebook_links")
            if await database.raw[name].find_one(mine) is not None
        ]


async def test_a_login_s_token_stands_for_the_account_that_it_chooses(people: People) -> None:
    one_number, other = new_number(), new_number()
    login = await Api(people.node, people.stores).new_user(one_number, other)
    shown = [(await login("GET", "/users", query_account=number))[1]["results"] for number in (one_number, other)]
    assert [[user["phone_number"] for user in users] for users in shown] == [["+" + one_number], ["+" + other]]
    nobody = await Api(people.node, people.stores).new_user()
    assert refused(await nobody("GET", "/users"), 400, "NoAccount")
