"""A list that is too long is refused before its entries are read, and limits count the account, however many sockets it has."""

import asyncio
import json
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.support.node import Node, Person, running_node, settings_for

NUMBERS = [f"+49309{number:06}" for number in range(60_000)]  # just below the largest body
WORK_S = 1.0  # of a processor; to read them all took two to five
DOORS: dict[str, tuple[str, str, Any]] = {
    "favourites": ("POST", "/users/favorite_contacts", [{"phone_number": number} for number in NUMBERS[:30_000]]),
    "favourites, deprecated": ("POST", "/users/favorite_contacts", {"phone_numbers": NUMBERS}),
    "favourites off": ("DELETE", "/users/favorite_contacts", {"phone_numbers": NUMBERS}),
    "favourites off by PATCH": ("PATCH", "/users/favorite_contacts", {"phone_numbers": NUMBERS}),
    "phone book": ("POST", "/users/from_phone_numbers", {"phone_numbers": NUMBERS}),
    "contacts": ("POST", "/api/contacts/import-contacts/", {"contacts": [{"contact_id": each} for each in NUMBERS[:30_000]]}),
    "contacts to remove": ("POST", "/api/contacts/remove-contacts/", {"contacts": NUMBERS}),
    "blocked": ("POST", "/api/contacts/blocked-list/", {"numbers": NUMBERS}),
    "group": ("POST", "/api/groups/create-group/", {"subject": "x", "participants": NUMBERS}),
    "an account named often": ("POST", "/api/messages/send-message/", {"account": NUMBERS, "contact": "1", "message": "x"}),
    "invitees": ("POST", "/events", {"title": "x", "event_date": "2031-01-01T10:00:00Z", "invite_phone_numbers": NUMBERS}),
}  # fmt: skip


@pytest.fixture(scope="module")
async def ann(node: Node) -> Person:
    return await node.sign_in("4930908921")


@pytest.mark.parametrize("door", DOORS)
async def test_of_a_list_that_is_too_long_nothing_is_read(node: Node, ann: Person, door: str) -> None:
    method, path, body = DOORS[door]
    data, headers = (
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {ann.token}"},
    )
    assert len(data) < node.settings.http.body_max_bytes
    began = process_time()
    async with node.http.request(method, node.url + path, data=data, headers=headers) as answer:
        status = answer.status
        shown = await answer.text()
    assert 400 <= status < 500, shown
    assert process_time() - began < WORK_S


async def test_a_phone_book_as_large_as_one_may_be_is_cheap(node: Node, ann: Person) -> None:
    data = {"phone_numbers": NUMBERS[:10_000]}
    await node.rest("POST", "/users/from_phone_numbers", ann, json=data)  # the rows are there
    began = process_time()
    status, _ = await node.rest("POST", "/users/from_phone_numbers", ann, json=data)
    assert status == 200
    assert process_time() - began < WORK_S


async def test_a_socket_is_told_at_once_that_it_watches_too_many(node: Node, ann: Person) -> None:
    phone = await node.connect(ann, "/presence")
    answer = await phone.ask("presence_watch", {"contacts": ["x"] * 1001}, "/presence")
    assert answer["error"]["code"] == "malformed"
    assert "1000" in answer["error"]["message"]


async def test_ten_sockets_of_an_account_ask_no_more_often_than_one(stores: EmbeddedStores, tmp_path: Path) -> None:
    limits = {"enabled": True, "requests_per_s": 0.01, "requests_burst": 20, "connects_per_minute": 10_000}
    async with running_node(stores, settings_for(tmp_path, limits=limits)) as node:
        ann, tom = await node.sign_in("4930908922"), await node.sign_in("4930908923")
        phones = [await node.connect(ann, "/chat", "/presence") for _ in range(5)]
        asked = [phone.ask("chats") for phone in phones for _ in range(5)]
        asked += [phone.ask("presence_watch", {"contacts": []}, "/presence") for phone in phones for _ in range(5)]
        answers = await asyncio.gather(*asked)
        assert sum(answer["ok"] for answer in answers) == 20
        refused = next(answer for answer in answers if not answer["ok"])
        assert refused["error"]["code"] == "rate_limited"
        assert refused["error"]["retry_after_ms"] > 0
        other = await node.connect(tom, "/chat")
        assert (await other.ask("chats"))["ok"]
