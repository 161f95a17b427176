"""While registration is closed, only numbers that have a registered account sign in, and strangers are not told which."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api, last_code, new_number
from tests.support.node import Node, running_node, settings_for


@pytest.fixture
async def member(stores: EmbeddedStores, tmp_path: Path) -> str:
    """The number of somebody who registered while it was open; the node of the same folder comes to its database."""
    number = new_number()
    async with running_node(stores, settings_for(tmp_path, mongodb={"database": f"closed_{number}"})) as node:
        await node.sign_in_by_code(number)
    return number


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path, member: str) -> AsyncIterator[Node]:
    settings = settings_for(
        tmp_path, mongodb={"database": f"closed_{member}"}, auth={"public_registration": False, "pin_resend_s": 0}
    )
    async with running_node(stores, settings) as running:
        yield running


def sent_to(node: Node, number: str) -> int:
    lines = (node.settings.data_dir / node.settings.sms.outbox).read_text().splitlines()
    return sum(f'"+{number}"' in line for line in lines)


async def test_a_member_signs_in_as_before(node: Node, member: str) -> None:
    assert (await node.sign_in_by_code(member)).number == member


async def test_a_number_without_an_account_is_sent_nothing_and_answered_alike(node: Node, member: str) -> None:
    stranger, answers = new_number(), []
    for number in (member, stranger):
        async with node.http.post(f"{node.url}/auth", json={"phone_number": "+" + number}) as answer:
            answers.append((answer.status, await answer.read()))
    assert answers == [(204, b"")] * 2
    assert sent_to(node, stranger) == 0


async def test_a_number_that_somebody_invited_is_no_member(node: Node, member: str) -> None:
    guest, ann = new_number(), await node.sign_in_by_code(member)
    event = {"title": "Dinner", "event_date": "2040-01-01T12:00:00Z", "invite_phone_numbers": ["+" + guest]}
    assert (await node.rest("POST", "/events", ann, json=event))[0] == 201
    before = sent_to(node, guest)
    async with node.http.post(f"{node.url}/auth", json={"phone_number": "+" + guest}) as answer:
        assert answer.status == 204
    lines = (node.settings.data_dir / node.settings.sms.outbox).read_text().splitlines()
    assert not [line for line in lines[before:] if guest in line and '"code":null' not in line]


async def test_a_code_that_was_sent_while_it_was_open_no_longer_signs_in(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    number = new_number()
    database = {"database": f"closed_{number}"}
    async with running_node(stores, settings_for(tmp_path, mongodb=database)) as node:
        async with node.http.post(f"{node.url}/auth", json={"phone_number": "+" + number}) as answer:
            assert answer.status == 204
        code = node.read_code("+" + number)
    closed = settings_for(tmp_path, mongodb=database, auth={"public_registration": False})
    async with running_node(stores, closed) as node:
        proof = {"phone_number": "+" + number, "pin": code}
        async with node.http.post(f"{node.url}/auth/verify_pin", json=proof) as answer:
            assert answer.status == 400
            right = await answer.json()
        proof["phone_number"] = "+" + new_number()
        async with node.http.post(f"{node.url}/auth/verify_pin", json=proof) as answer:
            assert await answer.json() == right


async def test_a_login_is_told_that_it_cannot_add_a_number_without_an_account(
    node: Node, stores: EmbeddedStores, member: str
) -> None:
    login, stranger = await Api(node, stores).new_user(), new_number()
    status, shown = await login("POST", "/api/account/create-account/", account=stranger)
    assert (status, shown["code"]) == (400, "registration_closed")
    assert sent_to(node, stranger) == 0
    status, shown = await login("POST", "/api/account/request-sms-code/")
    assert shown["code"] == "no_account"
    assert (await login("POST", "/api/account/create-account/", account=member))[0] == 201
    assert (await login("POST", "/api/account/register-code/", code=last_code(node, member)))[0] == 200
