"""Whoever signs in to an account that somebody has is told to that account's other devices."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api, last_code, new_number
from tests.support.apple import Apple, running_apple
from tests.support.node import Node, Person, running_node, settings_for


@pytest.fixture
async def apple(tmp_path: Path) -> AsyncIterator[Apple]:
    async with running_apple(tmp_path) as running:
        yield running


@pytest.fixture
async def node(stores: EmbeddedStores, apple: Apple, tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path / "node", push=apple.settings)) as running:
        yield running


async def session_of(node: Node, person: Person) -> str:
    _, shown = await node.rest("GET", "/auth/sessions", person)
    return str(next(each["id"] for each in shown["sessions"] if each["current"]))


async def test_an_open_device_hears_which_session_it_is_and_what_it_calls_itself(node: Node) -> None:
    number = new_number()
    phone = await node.connect(await node.sign_in_by_code(number), "/chat")
    other = await node.sign_in_by_code(number)
    (told,) = await phone.expect("signed_in")
    assert told["session"] == await session_of(node, other)
    assert told["device"].startswith("Python/")
    assert told["at"].endswith("Z")


async def test_a_device_that_is_away_gets_a_push(node: Node, apple: Apple) -> None:
    number = new_number()
    first = await node.sign_in_by_code(number)
    assert (await node.rest("POST", "/notifications/add_ios_device", first, json={"token": "first"}))[0] == 200
    other = await node.sign_in_by_code(number)
    await apple.expect(1)
    (push,) = apple.sent_to("first")
    assert push.alert.startswith("Your number was used to sign in by Python/")
    assert push.payload["type"] == "sign_in"
    assert push.payload["session"] == await session_of(node, other)


async def test_nobody_is_told_of_a_first_sign_in(node: Node, apple: Apple) -> None:
    first = await node.sign_in_by_code(new_number())
    assert (await node.rest("POST", "/notifications/add_ios_device", first, json={"token": "first"}))[0] == 200
    await node.sign_in_by_code(first.number)
    await apple.expect(1)
    assert len(apple.taken) == 1


async def test_a_login_that_proves_the_number_is_a_sign_in(node: Node, stores: EmbeddedStores) -> None:
    number = new_number()
    phone = await node.connect(await node.sign_in_by_code(number), "/chat")
    login = await Api(node, stores).new_user()
    assert (await login("POST", "/api/account/create-account/", account=number))[0] == 201
    code = last_code(node, number)
    assert (await login("POST", "/api/account/register-code/", code=code))[0] == 200
    assert len(await phone.expect("signed_in")) == 1


async def test_a_login_s_password_is_a_sign_in_to_its_accounts(node: Node, stores: EmbeddedStores) -> None:
    number, api = new_number(), Api(node, stores)
    login = await api.new_user(number)
    phone = await node.connect(login.person(number), "/chat")
    await api.sign_in(login.name)
    assert len(await phone.expect("signed_in")) == 1
