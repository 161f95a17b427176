"""A body may be as long as its own fields allow, written as any client writes it; and no longer."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from time import process_time
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from handlers.rest.bodies import BODY_LIMITS, LEAST_BYTES, USUAL_BYTES, BodyLimits
from models.errors import Unavailable
from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import new_number
from tests.support.node import Node, Person, running_node, settings_for

NUMBERS = [f"49309{number:06}" for number in range(10_000)]
FIRST, LAST = "Александра-Анастасия", "Константинопольская"
BOOK = [{"contact_id": each, "first_name": FIRST, "last_name": LAST} for each in NUMBERS]
EMOJI = "😀"
# What each may be at most, by its own limits: method, path, fields.
LARGEST: dict[str, tuple[str, str, Any]] = {
    "contacts": ("POST", "/api/contacts/import-contacts/", {"contacts": BOOK}),
    "contacts to remove": ("POST", "/api/contacts/remove-contacts/", {"contacts": NUMBERS}),
    "blocked": ("POST", "/api/contacts/blocked-list/", {"numbers": NUMBERS}),
    "participants": ("POST", "/api/groups/create-group/", {"subject": EMOJI * 256, "participants": NUMBERS}),
    "phone book": ("POST", "/users/from_phone_numbers", {"phone_numbers": ["+" + each for each in NUMBERS]}),
    "favourites": (
        "POST",
        "/users/favorite_contacts",
        [{"phone_number": "+" + each, "contact_name": EMOJI * 100} for each in NUMBERS[:1000]],
    ),
    "a picture of a favourite": (
        "POST",
        "/users/favorite_contacts",
        [{"phone_number": "+4930908001", "photo": "AAAA" * 500_000}],
    ),
    "a text": ("POST", "/api/messages/send-message/", {"contact": "4930908001", "message": EMOJI * 16_384}),
    "a card": ("POST", "/api/messages/send-vcard/", {"contact": "4930908001", "vcard": EMOJI * 65_536}),
    "cursors": ("POST", "/api/messages/sync/", {"cursors": {str(n): 2**32 - 1 for n in range(1_000_000, 1_005_000)}}),
    "an event": (
        "POST",
        "/events",
        {"title": EMOJI * 80, "event_date": "2031-01-01T10:00:00Z", "invite_phone_numbers": NUMBERS[:1000]},
    ),
}
WAYS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "escaped": lambda fields: {
        "data": BytesIO(json.dumps(fields, indent=2).encode()),
        "headers": {"Content-Type": "application/json"},
    },
    "form": lambda fields: {
        "data": BytesIO(urlencode(_flat(fields)).encode()),
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
    "multipart": lambda fields: {"data": _multipart(fields)},
}


def _flat(fields: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}


def _multipart(fields: dict[str, Any]) -> aiohttp.MultipartWriter:
    writer = aiohttp.MultipartWriter("form-data")
    for name, value in _flat(fields).items():
        writer.append(BytesIO(value.encode()), {"Content-Type": "text/plain; charset=utf-8"}).set_content_disposition(
            "form-data", name=name
        )  # type: ignore[arg-type]
    return writer


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"))) as running:
        yield running


@pytest.fixture(scope="module")
async def ann(node: Node) -> Person:
    return await node.sign_in(new_number())


async def ask(node: Node, who: Person | None, method: str, path: str, **options: Any) -> tuple[int, Any]:
    headers = dict(options.pop("headers", {}))
    if who is not None:
        headers["Authorization"] = f"Bearer {who.token}"
    async with node.http.request(method, node.url + path, headers=headers, **options) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("what", "way"),  # lists of the events API come as JSON alone
    [
        (what, way)
        for what, (_, path, _) in LARGEST.items()
        for way in WAYS
        if way == "escaped" or path.startswith("/api/")
    ],
)
async def test_the_largest_body_that_a_route_allows_is_read(node: Node, ann: Person, what: str, way: str) -> None:
    method, path, fields = LARGEST[what]
    status, shown = await ask(node, ann, method, path, **WAYS[way](fields))
    assert status != 413, shown
    assert "too_large" not in str(shown)
    if what == "contacts":
        assert (status, shown["existing"] + shown["non_existing"]) == (200, len(BOOK))


def test_every_route_takes_the_longest_texts_of_its_fields(node: Node) -> None:
    """By the reference, in the form that is the longest; lists are counted by the most that they hold."""
    app = node.runner.app
    limits = app[BODY_LIMITS].by_route
    assert limits["POST", "/api/contacts/import-contacts/"] >= 10_000 * len(
        json.dumps({"contact_id": "4" * 15, "first_name": EMOJI * 256, "last_name": EMOJI * 256}) + ", "
    )
    assert all(LEAST_BYTES <= limit <= node.settings.http.body_max_bytes for limit in limits.values())
    long = {path for (_, path), limit in limits.items() if limit > USUAL_BYTES}
    assert {path.removeprefix("/api").rstrip("/") for path in long} == {
        "/contacts/blocked-list",
        "/contacts/import-contacts",
        "/contacts/remove-contacts",
        "/events",
        "/events/{event_id}",
        "/groups/create-group",
        "/messages/send-vcard",  # with a photo in it, each character escaped
        "/messages/sync",
        "/users/favorite_contacts",
        "/users/from_phone_numbers",
    }


@pytest.mark.parametrize("path", ["/auth", "/auth/verify_pin", "/o/token/", "/o/revoke-token/", "/nowhere"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
async def test_a_stranger_sends_little(node: Node, path: str, kind: str) -> None:
    body = b" " * (LEAST_BYTES + 1) if kind.endswith("json") else b"a=" + b"x" * LEAST_BYTES
    async with node.http.post(node.url + path, data=body, headers={"Content-Type": kind}) as answer:
        assert answer.status == (404 if path == "/nowhere" else 413)
        assert await answer.json()


async def test_a_body_that_is_too_long_is_refused_in_the_shape_of_its_api(node: Node, ann: Person) -> None:
    body = {"message": "x" * 400_000, "contact": "4930908001"}
    status, shown = await ask(node, ann, "POST", "/api/messages/send-message/", json=body)
    assert (status, shown["code"]) == (413, "request_entity_too_large")
    status, shown = await ask(node, ann, "POST", "/events/1/messages", json={"body": "x" * 100_000})
    assert (status, shown["_error_type"]) == (413, "parley.RequestEntityTooLarge")


def test_long_bodies_share_a_room() -> None:
    limits = BodyLimits([], most=4 << 20, together=6 << 20)
    one, other, third = (make_mocked_request("POST", "/") for _ in range(3))
    limits.take(one, bytes(5 << 20))
    limits.take(other, bytes(USUAL_BYTES))
    with pytest.raises(Unavailable):
        limits.take(other, bytes(3 << 20))
    limits.take(third, bytes(USUAL_BYTES))
    limits.give_back(other)
    limits.give_back(one)
    limits.take(third, bytes(6 << 20))
    with pytest.raises(Unavailable):
        limits.take(third, bytes(1))


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
async def test_a_long_body_of_short_values_is_not_read(node: Node, ann: Person, kind: str) -> None:
    """Of two bytes each, they would take a second, and a hundred times their length in memory."""
    values = '"1",' * 3_000_000 + '"1"'
    body = f'{{"contacts": [{values}]}}' if kind == "application/json" else urlencode({"contacts": f"[{values}]"})
    headers = {"Authorization": f"Bearer {ann.token}", "Content-Type": kind}
    began = process_time()
    url = node.url + LARGEST["contacts"][1]
    with suppress(aiohttp.ClientError):  # the line may end before its answer is read
        async with node.http.post(url, data=BytesIO(body.encode()), headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (413, "request_entity_too_large")
    assert process_time() - began < 0.5


async def test_a_long_body_costs_as_much_as_many_requests(stores: EmbeddedStores, tmp_path: Path) -> None:
    slowly = {"enabled": True, "requests_per_s": 0.01, "requests_burst": 100}
    async with running_node(stores, settings_for(tmp_path, limits=slowly)) as node:
        bob = await node.sign_in(new_number())
        data = json.dumps({"contacts": BOOK}).encode()
        headers = {"Authorization": f"Bearer {bob.token}", "Content-Type": "application/json"}
        async with node.http.post(node.url + LARGEST["contacts"][1], data=BytesIO(data), headers=headers) as answer:
            assert answer.status == 200
            left = int(answer.headers["RateLimit-Remaining"])
        assert left == 99 - len(data) // 65_536
