"""Facebook on the events API, against a Graph API on loopback (docs/events-api.md, "Facebook")."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from server.embedded import EmbeddedStores
from tests.rest.events.graph import FRIENDS, TOKEN, Graph, refusal, running_graph
from tests.rest.events.people import BLANK, FULL_USER, NULL, REQUIRED, People, assert_like, is_default, refused
from tests.support.node import Person, running_node, settings_for
from tests.support.pictures import GREEN, decoded, is_near

PATHS = pytest.mark.parametrize(
    "path", ["/users/fb_token", "/users/register_fb_token", "/api/users/fb_token", "/api/users/register_fb_token"]
)
ONE, FRIENDS_PATH = "/users/fb_token", "/users/fb_friends"
INVALID, MISSING = "Invalid Facebook access token", "No Facebook access token provided"


@pytest.fixture(scope="module")
async def running(
    stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[People, Graph]]:
    folder: Path = tmp_path_factory.mktemp("node")
    async with running_graph() as graph:
        settings = settings_for(
            folder, facebook={"graph_url": graph.url, "timeout_s": 30}, media={"allow_private_addresses": True}
        )
        async with running_node(stores, settings) as node:
            yield People(node, stores), graph


@pytest.fixture
def people(running: tuple[People, Graph]) -> People:
    return running[0]


@pytest.fixture
def graph(running: tuple[People, Graph]) -> Graph:
    running[1].reset()
    return running[1]


async def register(people: People, person: Person, token: object = TOKEN, path: str = ONE) -> tuple[int, Any]:
    return await people.ask(person, "POST", path, json={"fb_token": token})


async def shown(people: People, person: Person) -> Any:
    return (await people.ask(person, "GET", f"/users/{person.account_id}"))[1]


# Facebook token missing 400, good 200 with name from Facebook and a .jpg photo, bad 400 exact string.


@PATHS
async def test_a_good_fb_token_is_200_with_the_name_from_facebook_and_a_jpg_photo(
    people: People, graph: Graph, path: str
) -> None:
    ann = await people.new("Old Name", "old@example.org")
    status, user = await register(people, ann, path=path)
    assert (status, user) == (200, await shown(people, ann))
    assert_like(user, FULL_USER)
    assert (user["full_name"], user["email"]) == ("Wei Gonzales", "wei@example.org")
    assert user["photo"].endswith(".jpg")
    assert user["big_photo"].endswith(".jpg")
    assert is_near(decoded((await people.fetch(user["photo"]))[2]).getpixel((30, 30)), GREEN)
    assert [path for path, _ in graph.asked] == ["/v2.5/me", "/pictures/1"]
    assert graph.asked[0][1] == {
        "fields": "first_name,last_name,email,picture.height(961)",
        "access_token": TOKEN,
    }


@PATHS
async def test_a_bad_fb_token_is_400_with_exactly_this_text(people: People, graph: Graph, path: str) -> None:
    ann = await people.new("Ann", "ann@example.org")
    before = await shown(people, ann)
    assert await register(people, ann, "bad", path) == (400, INVALID)
    assert await register(people, ann, "größer ☎", path) == (400, INVALID)
    assert await shown(people, ann) == before
    assert await people.ask(ann, "GET", FRIENDS_PATH) == (400, MISSING), "and a bad one is not kept"


@PATHS
@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, REQUIRED),
        ({"token": TOKEN}, REQUIRED),
        ({"fb_token": None}, NULL),
        ({"fb_token": ""}, BLANK),
        ({"fb_token": " "}, BLANK),
        ({"fb_token": 12}, "Not a valid string."),
        ({"fb_token": [TOKEN]}, "Not a valid string."),
        ({"fb_token": "x" * 513}, "Ensure this field has no more than 512 characters."),
    ],
)
async def test_a_missing_fb_token_is_400_at_its_field(
    people: People, graph: Graph, path: str, body: object, text: str
) -> None:
    ann = await people.new()
    assert await people.ask(ann, "POST", path, json=body) == (400, {"fb_token": [text]})
    assert refused(await people.ask(ann, "POST", path, json=[TOKEN]), 400, "Malformed")
    assert graph.asked == []


async def test_the_picture_becomes_the_photo_only_of_who_has_none(people: People, graph: Graph) -> None:
    ann = await people.new()
    before = await people.set_photo(ann)
    user = (await register(people, ann))[1]
    assert (user["photo"], user["full_name"]) == (before["photo"], "Wei Gonzales")
    assert [path for path, _ in graph.asked] == ["/v2.5/me"]


@pytest.mark.parametrize(
    "picture",
    [
        None,
        "text",
        {"data": []},
        {"data": {"url": 12}},
        {"data": {"url": "URLpictures/1", "is_silhouette": True}},
        {"data": {"url": "URLpictures/2"}},
        {"data": {"url": "file:///etc/passwd"}},
        {"data": {"url": "URLpictures/1?" + "x" * 4000}},
    ],
)
async def test_without_a_picture_that_can_be_had_there_is_no_photo(people: People, graph: Graph, picture: Any) -> None:
    ann = await people.new()
    graph.me["picture"] = orjson.loads(orjson.dumps(picture).replace(b"URL", graph.url.encode()))
    status, user = await register(people, ann)
    assert (status, user["full_name"], is_default(user["photo"])) == (200, "Wei Gonzales", True)


async def test_a_picture_that_is_none_leaves_no_photo(people: People, graph: Graph) -> None:
    graph.picture = b"no picture"
    status, user = await register(people, await people.new())
    assert (status, is_default(user["photo"])) == (200, True)


@pytest.mark.parametrize(
    ("me", "name", "email"),
    [
        ({"first_name": "Wei"}, "Wei", "old@example.org"),
        ({"last_name": "Gonzales", "email": "no address"}, "Gonzales", "old@example.org"),
        ({"email": "new@example.org"}, "Old", "new@example.org"),
        ({"first_name": 12, "email": None}, "Old", "old@example.org"),
        ({"first_name": "x" * 300}, "x" * 256, "old@example.org"),
    ],
)
async def test_what_facebook_does_not_tell_stays_as_it_was(
    people: People, graph: Graph, me: dict[str, Any], name: str, email: str
) -> None:
    ann = await people.new("Old", "old@example.org")
    graph.me = me
    user = (await register(people, ann))[1]
    assert (user["full_name"], user["email"]) == (name, email)


# `fb_friends`, three cases.


@pytest.mark.parametrize("prefix", ["", "/api"])
async def test_fb_friends_are_those_of_facebook_s_first_page(people: People, graph: Graph, prefix: str) -> None:
    ann = await people.new()
    await register(people, ann)
    status, friends = await people.ask(ann, "GET", prefix + FRIENDS_PATH)
    assert (status, friends) == (200, FRIENDS)
    assert_like(friends, [{"name": "Foo Bar", "id": "442506887580729"}])
    assert graph.asked[-1] == ("/v2.5/me/friends", {"access_token": TOKEN})


async def test_fb_friends_without_a_token_are_400_with_exactly_this_text(people: People, graph: Graph) -> None:
    assert await people.ask(await people.new(), "GET", FRIENDS_PATH) == (400, MISSING)
    assert graph.asked == []


async def test_fb_friends_with_a_token_that_is_no_longer_good_are_400_with_exactly_this_text(
    people: People, graph: Graph
) -> None:
    ann = await people.new()
    await register(people, ann)
    graph.answer = 400, orjson.dumps(refusal(190, error_subcode=463))
    assert await people.ask(ann, "GET", FRIENDS_PATH) == (400, INVALID)
    assert await register(people, ann) == (400, INVALID)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, orjson.dumps(refusal(1))),
        (503, b"<html>"),
        (400, b"not json"),
        (400, orjson.dumps(refusal(4))),
        (403, orjson.dumps(refusal(17))),
        (400, orjson.dumps(refusal(190, is_transient=True))),
        (302, b"{}"),
        (200, b"not json"),
        (200, b"[]"),
        (200, orjson.dumps(refusal())),
    ],
)
async def test_a_facebook_that_cannot_say_is_503_and_nothing_changes(
    people: People, graph: Graph, status: int, body: bytes
) -> None:
    ann = await people.new("Ann")
    await register(people, ann)
    before = await shown(people, ann)
    graph.answer = status, body
    assert refused(await register(people, ann), 503, "Unavailable")
    assert refused(await people.ask(ann, "GET", FRIENDS_PATH), 503, "Unavailable")
    assert await shown(people, ann) == before


@pytest.mark.parametrize("friends", [b"{}", b'{"data": {}}'])
async def test_friends_that_cannot_be_read_are_503(people: People, graph: Graph, friends: bytes) -> None:
    ann = await people.new()
    await register(people, ann)
    graph.answer = 200, friends
    assert refused(await people.ask(ann, "GET", FRIENDS_PATH), 503, "Unavailable")


async def test_a_friend_without_a_name_or_an_id_is_left_out(people: People, graph: Graph) -> None:
    ann = await people.new()
    await register(people, ann)
    graph.answer = 200, orjson.dumps({"data": [FRIENDS[0], {"id": "1"}, {"name": "x"}, {"id": 1, "name": "x"}, None]})
    assert await people.ask(ann, "GET", FRIENDS_PATH) == (200, FRIENDS[:1])
