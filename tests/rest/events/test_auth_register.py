"""POST /auth/register, field by field (docs/events-api.md, "Registration")."""

import pytest

from models.facts import AccountChanged
from tests.rest.conftest import StartNode
from tests.support.auth_fixture import ANN, Node

PROFILE = {"full_name": "John Doe", "email": "john@example.com"}
BOTH = pytest.mark.parametrize("prefix", ["", "/api"])


@BOTH
async def test_it_answers_the_full_user_with_the_token_of_this_session(node: Node, prefix: str) -> None:
    user = await node.sign_in()
    status, shown = await node.ask("POST", f"{prefix}/auth/register", user["auth_token"], json=PROFILE)
    assert (status, shown) == (200, user | PROFILE)
    account = await node.accounts.require(user["id"])
    assert (account.full_name, account.email) == ("John Doe", "john@example.com")
    assert node.fanout.signals[-1] == AccountChanged(account.id)


@BOTH
async def test_it_needs_a_token_before_it_looks_at_anything(node: Node, prefix: str) -> None:
    async with node.client.post(f"{prefix}/auth/register", data=b"{") as response:
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
        assert (await response.json())["_error_type"] == "parley.Unauthenticated"


@pytest.mark.parametrize("full_name", ["Jo", "x" * 256, "Ann 🦊👩‍👩‍👧", "אֲנָא", "😀😀"])
async def test_any_name_of_2_to_256_characters_comes_back_unchanged(node: Node, full_name: str) -> None:
    token = (await node.sign_in())["auth_token"]
    status, shown = await node.ask("POST", "/auth/register", token, json=PROFILE | {"full_name": full_name})
    assert (status, shown["full_name"]) == (200, full_name)


@pytest.mark.parametrize(
    "email",
    ["a@b.co", "first.last+tag@sub.example.museum", "o'hara@example.org", "ä@müller.de", f"{'x' * 243}@example.org"],
)
async def test_an_email_address_is_kept_as_it_is(node: Node, email: str) -> None:
    token = (await node.sign_in())["auth_token"]
    status, shown = await node.ask("POST", "/auth/register", token, json=PROFILE | {"email": email})
    assert (status, shown["email"]) == (200, email)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"full_name": ["This field is required."], "email": ["This field is required."]}),
        (PROFILE | {"full_name": ""}, {"full_name": ["This field may not be blank."]}),
        (PROFILE | {"full_name": " \t "}, {"full_name": ["This field may not be blank."]}),
        (PROFILE | {"full_name": "x"}, {"full_name": ["Ensure this field has at least 2 characters."]}),
        (PROFILE | {"full_name": "x" * 257}, {"full_name": ["Ensure this field has no more than 256 characters."]}),
        (PROFILE | {"full_name": None}, {"full_name": ["This field may not be null."]}),
        (PROFILE | {"full_name": 12}, {"full_name": ["Not a valid string."]}),
        (PROFILE | {"email": ""}, {"email": ["This field may not be blank."]}),
        (
            PROFILE | {"email": f"{'x' * 245}@example.org"},
            {"email": ["Ensure this field has no more than 256 characters."]},
        ),
    ],
)
async def test_each_wrong_field_is_named(node: Node, body: object, fields: object) -> None:
    token = (await node.sign_in())["auth_token"]
    assert await node.ask("POST", "/auth/register", token, json=body) == (400, fields)


@pytest.mark.parametrize(
    "email",
    ["john", "@example.com", "john@", "john@com", "a b@c.de", "a@b..de", ".a@b.de", "a@-b.de", "a@b.d", "a@@b.de"],
)
async def test_what_is_no_email_address_is_refused(node: Node, email: str) -> None:
    token = (await node.sign_in())["auth_token"]
    status, shown = await node.ask("POST", "/auth/register", token, json=PROFILE | {"email": email})
    assert (status, shown) == (400, {"email": ["Enter a valid email address."]})


async def test_two_accounts_may_have_one_email_address(node: Node) -> None:
    for number in (ANN, "+4930654321"):
        token = (await node.sign_in(number))["auth_token"]
        assert (await node.ask("POST", "/auth/register", token, json=PROFILE))[0] == 200


async def test_switched_off_it_is_a_generic_400(start_auth_node: StartNode) -> None:
    node = await start_auth_node(is_open=False)
    token = (await node.sign_in())["auth_token"]
    assert await node.ask("POST", "/auth/register", token, json=PROFILE) == (
        400,
        {"_error_message": "Public registration is switched off.", "_error_type": "parley.RegistrationClosed"},
    )
