"""Who has an account is told of so many numbers in a day, and nothing is half-done when it is too many."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import new_number
from tests.support.node import Node, Person, running_node, settings_for

BOOK = 10_000  # the largest that one request may bring
MATCH, IMPORT, ADD = "/users/from_phone_numbers", "/api/contacts/import-contacts/", "/api/contacts/add-contact/"
FAVOURITES = "/users/favorite_contacts"


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    limits = {"enabled": True, "requests_per_s": 1000, "requests_burst": 1000}
    async with running_node(stores, settings_for(tmp_path, limits=limits)) as running:
        yield running


def numbers(count: int, at: int = 0) -> list[str]:
    return [f"4915{number:08}" for number in range(at, at + count)]


async def match(node: Node, who: Person, asked: Sequence[str]) -> tuple[int, Any]:
    return await node.rest("POST", MATCH, who, json={"phone_numbers": ["+" + number for number in asked]})


async def import_all(node: Node, who: Person, asked: Sequence[str]) -> tuple[int, Any]:
    return await node.rest("POST", IMPORT, who, json={"contacts": [{"contact_id": number} for number in asked]})


async def book_of(node: Node, who: Person) -> list[str]:
    status, shown = await node.rest("GET", "/api/contacts/", who)
    assert status == 200
    return [contact["contact_id"] for contact in shown]


async def test_one_account_learns_of_one_phone_book_in_a_day(node: Node) -> None:
    ann = await node.sign_in(new_number())
    answers = [(await match(node, ann, numbers(BOOK, at * BOOK)))[0] for at in range(5)]
    assert answers == [200, 429, 429, 429, 429]


async def test_the_refusal_says_when_to_come_back_and_changes_nothing(node: Node) -> None:
    ann, friend = await node.sign_in(new_number()), await node.sign_in(new_number())
    first = [friend.number, *numbers(BOOK - 1)]
    assert (await match(node, ann, first))[0] == 200
    body = {"phone_numbers": ["+" + number for number in numbers(2, BOOK)]}
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with node.http.post(node.url + MATCH, json=body, headers=headers) as answer:
        assert answer.status == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 86_400
        assert (await answer.json())["_error_type"] == "parley.TooManyNewNumbers"
    status, shown = await match(node, ann, first)  # what was asked before may be asked again, also after a refusal
    assert (status, len(shown)) == (200, 1)


async def test_every_way_of_asking_counts_towards_the_same_day(node: Node) -> None:
    ann, last = await node.sign_in(new_number()), new_number()
    assert (await import_all(node, ann, numbers(BOOK)))[0] == 200
    status, shown = await node.rest("POST", ADD, ann, json={"contact_id": last})
    assert status in (409, 429)  # the book is full, too
    assert (await import_all(node, ann, numbers(1)))[0] == 200
    for path, body in ((ADD, {"contact_id": last}), (IMPORT, {"contacts": [{"contact_id": last}]})):
        status, shown = await node.rest("POST", path, ann, json=body)
        assert (status, shown["code"]) == (429, "too_many_new_numbers")
        assert shown["retry_after"] >= 1
    assert (await match(node, ann, [last]))[0] == 429
    assert (await node.rest("POST", FAVOURITES, ann, json={"phone_numbers": ["+" + last]}))[0] == 429
    assert await book_of(node, ann) == numbers(1)
    assert (await node.rest("GET", FAVOURITES, ann)) == (200, [])


async def test_what_an_account_has_may_be_sent_again_every_day(node: Node) -> None:
    ann = await node.sign_in(new_number())
    for _ in range(3):
        assert (await import_all(node, ann, numbers(6000)))[0] == 200
        assert (await match(node, ann, numbers(6000)))[0] == 200
    assert (await node.rest("POST", FAVOURITES, ann, json={"phone_numbers": ["+" + numbers(1)[0]]}))[0] == 200


async def test_an_account_that_is_made_again_has_no_more(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, limits={"enabled": True}, auth={"pin_resend_s": 0})
    async with running_node(stores, settings) as node:
        ann = await node.sign_in(new_number())
        assert (await match(node, ann, numbers(BOOK)))[0] == 200
        assert (await node.rest("POST", "/api/account/remove-account/", ann, data={}))[0] == 200
        again = await node.sign_in(ann.number)
        assert (await match(node, again, numbers(BOOK)))[0] == 429


async def test_nobody_pays_for_what_somebody_else_asks(node: Node) -> None:
    ann, tom = await node.sign_in(new_number()), await node.sign_in(new_number())
    assert (await match(node, ann, numbers(BOOK)))[0] == 200
    assert (await match(node, tom, numbers(BOOK)))[0] == 200
