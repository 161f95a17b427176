"""Codes are not guessed, and nobody's wrong guesses keep an owner out: as strangers would try it, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import CLIENT, PASSWORD, Api, last_code, new_name, new_number
from tests.support.node import Node, running_node, settings_for

OWNER, STRANGER = "192.0.2.1", "198.51.100.1"
PROXIED = {"trusted_proxies": ["127.0.0.0/8"]}


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    """A node behind a proxy, so that a test can come from any address; its limits are the defaults."""
    settings = settings_for(tmp_path, http=PROXIED, limits={"enabled": True, "requests_burst": 1000})
    async with running_node(stores, settings) as running:
        yield running


async def ask(node: Node, path: str, address: str, **body: Any) -> tuple[int, Any, Any]:
    """Status, body and headers of an answer to somebody at this address."""
    options: dict[str, Any] = {"json": body, "headers": {"X-Forwarded-For": address}}
    async with node.http.post(node.url + path, **options) as answer:
        return answer.status, await answer.json() if await answer.read() else None, answer.headers


async def send(node: Node, number: str, address: str = OWNER) -> str:
    """Ask for a code as the owner does, and read it from the message."""
    status, shown, _ = await ask(node, "/auth", address, phone_number="+" + number)
    assert status == 204, shown
    return node.read_code("+" + number)


async def verify(node: Node, number: str, pin: str, address: str) -> int:
    return (await ask(node, "/auth/verify_pin", address, phone_number="+" + number, pin=pin))[0]


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 10 ** len(code):0{len(code)}}"


async def test_a_strangers_wrong_guesses_do_not_void_the_owners_code(node: Node) -> None:
    number = new_number()
    code = await send(node, number)
    for by in range(1, 9):
        await verify(node, number, wrong(code, by), STRANGER)
    assert await verify(node, number, code, OWNER) == 200


async def test_one_address_is_told_to_wait_after_five_wrong_guesses_and_nothing_is_looked_at_before(node: Node) -> None:
    number = new_number()
    code = await send(node, number)
    guesses = [await verify(node, number, wrong(code, by), STRANGER) for by in range(1, 6)]
    assert guesses == [400] * 5
    status, shown, headers = await ask(node, "/auth/verify_pin", STRANGER, phone_number="+" + number, pin=code)
    assert (status, shown["_error_type"]) == (429, "parley.RateLimited")
    assert 50 <= int(headers["Retry-After"]) <= 60


async def test_a_new_code_gives_a_guesser_no_more_guesses(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, http=PROXIED, limits={"enabled": True}, auth={"pin_resend_s": 0})
    async with running_node(stores, settings) as node:
        number, looked_at = new_number(), 0
        for _ in range(4):
            code = await send(node, number, STRANGER)
            for by in range(1, 6):
                looked_at += await verify(node, number, wrong(code, by), STRANGER) == 400
        assert looked_at <= 10


async def test_many_addresses_together_get_no_more_looks_than_a_few_have(node: Node) -> None:
    number = new_number()
    code = await send(node, number)
    guesses = [await verify(node, number, wrong(code, by), f"198.51.100.{by}") for by in range(1, 31)]
    assert guesses.count(400) <= 10
    assert set(guesses) == {400, 429}
    assert await verify(node, number, code, OWNER) == 200


async def test_all_addresses_of_one_ipv6_subscriber_count_as_one(node: Node) -> None:
    number = new_number()
    code = await send(node, number)
    guesses = [await verify(node, number, wrong(code, by), f"2001:db8::{by}") for by in range(1, 9)]
    assert guesses == [400] * 5 + [429] * 3


async def test_one_address_has_a_quota_of_wrong_guesses_over_all_numbers(node: Node) -> None:
    guesses = [await verify(node, new_number(), "1234", STRANGER) for _ in range(105)]
    assert guesses == [400] * 100 + [429] * 5
    number = new_number()
    assert await verify(node, number, await send(node, number), OWNER) == 200


async def test_a_number_gets_so_many_codes_in_a_day_whoever_asks(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, http=PROXIED, limits={"enabled": True}, auth={"pin_resend_s": 0})
    async with running_node(stores, settings) as node:
        number = "+" + new_number()
        answers = [(await ask(node, "/auth", f"198.51.100.{at}", phone_number=number))[0] for at in range(12)]
        assert answers == [204] * 10 + [429] * 2


async def test_the_answer_is_the_same_for_a_number_without_an_account_and_one_without_a_code(node: Node) -> None:
    known, unknown = new_number(), new_number()
    assert await verify(node, known, await send(node, known), OWNER) == 200
    answers = [
        (await ask(node, "/auth/verify_pin", STRANGER, phone_number="+" + number, pin="1234"))[:2]
        for number in (known, unknown)
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 400


async def test_a_code_of_one_api_is_worth_nothing_on_the_other(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        number = new_number()
        person = await node.sign_in_by_code(number)
        code = await send(node, number)
        status, shown = await node.rest("POST", "/api/account/register-code/", person, json={"code": code})
        assert (status, shown["code"]) == (403, "wrong_pin")
        assert await verify(node, number, code, OWNER) == 200


async def test_what_one_api_sends_does_not_void_what_the_other_has_sent(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        number, login = new_number(), await Api(node, stores).new_user()
        code = await send(node, number)
        assert (await login("POST", "/api/account/create-account/", account=number))[0] == 201
        assert await verify(node, number, code, OWNER) == 200


async def test_a_code_that_one_login_asked_for_is_worth_nothing_to_another(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with running_node(stores, settings_for(tmp_path)) as node:
        api, number = Api(node, stores), new_number()
        ann, tom = await api.new_user(), await api.new_user()
        assert (await tom("POST", "/api/account/create-account/", account=number))[0] == 201
        assert (await ann("POST", "/api/account/create-account/", account=number))[0] == 201
        code = last_code(node, number)
        status, shown = await tom("POST", "/api/account/register-code/", code=code)
        assert (status, shown["code"]) == (403, "wrong_pin")
        assert (await ann("POST", "/api/account/register-code/", code=code))[0] == 200


async def test_a_stranger_s_wrong_passwords_do_not_keep_a_login_out(node: Node, stores: EmbeddedStores) -> None:
    api, name = Api(node, stores), new_name()
    await api.add_login(name)

    async def sign_in(password: str, address: str) -> int:
        form = {"grant_type": "password", "client_id": CLIENT, "username": name, "password": password}
        async with node.http.post(node.url + "/o/token/", data=form, headers={"X-Forwarded-For": address}) as answer:
            return answer.status

    guesses = [await sign_in("wrong horse", STRANGER) for _ in range(12)]
    assert guesses == [400] * 10 + [429] * 2
    assert await sign_in(PASSWORD, OWNER) == 200
    assert await sign_in(PASSWORD, STRANGER) == 429
