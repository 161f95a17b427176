"""Identity: which doors need a token, and what becomes of a bad one."""

from collections.abc import AsyncIterator

import pytest

from models.documents.pin import PinRules
from models.stores.database import Database
from tests.support.auth_fakes import KeptCodes
from tests.support.auth_fixture import ANN, Node, start_node
from tests.support.fakes import HandClock

PRIVATE = [
    ("GET", "/auth/sessions"),
    ("POST", "/auth/logout"),
    ("POST", "/auth/register"),
    ("DELETE", "/auth/sessions/x"),
    ("DELETE", "/auth/sessions"),
]
PUBLIC = [("POST", "/auth"), ("POST", "/auth/verify_pin"), ("POST", "/auth/phone_number")]
BOTH = pytest.mark.parametrize("prefix", ["", "/api"])


@pytest.fixture
async def node(database: Database) -> AsyncIterator[Node]:
    node = await start_node(database, PinRules(), HandClock(), KeptCodes())
    yield node
    await node.client.close()


@BOTH
async def test_private_doors_are_shut_without_a_token(node: Node, prefix: str) -> None:
    for method, path in PRIVATE:
        async with node.client.request(method, prefix + path) as response:
            assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
            assert await response.json() == {
                "_error_message": "A valid token is needed.",
                "_error_type": "parley.Unauthenticated",
            }


@BOTH
@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer x", "BEARER a.b.c", "Bearer  \xe9.\xe9.\xe9"])
async def test_a_bad_token_is_refused_on_public_doors_too(node: Node, prefix: str, header: str) -> None:
    for method, path in PRIVATE + PUBLIC:
        status, shown = await node.ask(
            method, prefix + path, json={"phone_number": ANN}, headers={"Authorization": header}
        )
        assert (status, shown["_error_type"]) == (401, "parley.Unauthenticated")


async def test_a_wrong_method_needs_a_good_token_or_none(node: Node) -> None:
    assert (await node.ask("GET", "/auth"))[0] == 405
    assert (await node.ask("GET", "/auth", "x"))[0] == 401


@BOTH
async def test_a_wrong_method_on_a_private_path_is_told_to_whoever_is_signed_in_alone(node: Node, prefix: str) -> None:
    for method, path in (("GET", "/auth/register"), ("GET", "/auth/sessions/x"), ("PUT", "/auth/sessions")):
        status, shown = await node.ask(method, prefix + path)
        assert (status, shown["_error_type"]) == (401, "parley.Unauthenticated"), path
    token = (await node.sign_in())["auth_token"]
    assert (await node.ask("GET", f"{prefix}/auth/register", token))[0] == 405


@pytest.mark.parametrize("header", ["", "Basic dXNlcjpwYXNz", "Token x", "x"])
async def test_another_scheme_is_anonymous(node: Node, header: str) -> None:
    headers = {"Authorization": header}
    assert (await node.ask("POST", "/auth", json={"phone_number": ANN}, headers=headers))[0] == 204
    assert (await node.ask("GET", "/auth/sessions", headers=headers))[0] == 401


async def test_a_good_token_opens_private_and_public_doors_however_the_scheme_is_spelt(node: Node) -> None:
    token = (await node.sign_in())["auth_token"]
    node.clock.move(minutes=1)
    assert (await node.ask("POST", "/auth", token, json={"phone_number": ANN}))[0] == 204
    for header in (f"Bearer {token}", f"bearer   {token} "):
        assert (await node.ask("GET", "/auth/sessions", headers={"Authorization": header}))[0] == 200


async def test_a_token_of_an_account_that_is_gone_is_refused(node: Node) -> None:
    user = await node.sign_in()
    await node.accounts._accounts.delete_one({"_id": user["id"]})
    assert (await node.ask("GET", "/auth/sessions", user["auth_token"]))[0] == 401


async def test_outside_of_the_apis_tokens_are_not_looked_at(node: Node) -> None:
    assert (await node.ask("GET", "/healthz", "x")) == (200, {"ok": True})


async def test_a_route_that_nobody_listed_is_shut(node: Node) -> None:
    assert (await node.ask("GET", "/unlisted"))[0] == 401


@BOTH
async def test_an_unknown_path_is_a_json_404_with_and_without_a_token(node: Node, prefix: str) -> None:
    for token in (None, "x"):
        for path in ("/auth/", "/auth//verify_pin", "/nowhere", "/auth/sessions/a/b"):
            assert await node.ask("GET", prefix + path, token) == (404, {"_error_message": "Not Found"})


async def test_a_browser_may_ask_from_elsewhere_before_it_sends_a_token(node: Node) -> None:
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    headers["Access-Control-Request-Headers"] = "Authorization"
    async with node.client.options("/auth/sessions", headers=headers) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (200, "https://app.example")
    async with node.client.get("/auth/sessions", headers={"Origin": "https://app.example"}) as response:
        assert (response.status, response.headers["Access-Control-Allow-Origin"]) == (401, "https://app.example")


async def test_a_fault_tells_nothing(node: Node) -> None:
    status, shown = await node.ask("GET", "/fails")
    assert (status, shown["_error_type"]) == (500, "parley.InternalFault")
    assert "LookupError" not in str(shown)
