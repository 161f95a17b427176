"""OAuth 2: tokens by password, their rotation, their revocation, and every refusal (messaging contract, section 2)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import socketio

from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import CLIENT, PASSWORD, Api, User, new_name, new_number
from tests.support.node import running_node, settings_for


@pytest.fixture
async def ann(api: Api) -> User:
    return await api.new_user()


async def is_good(user: User) -> bool:
    status, _ = await user("GET", "/api/contacts/")
    assert status in {400, 401}, "no account yet: a good token is a 400"
    return status == 400


async def test_a_password_opens_a_pair_of_tokens(api: Api, ann: User) -> None:
    status, pair = await api.token(grant_type="password", username=ann.name, password=PASSWORD, state="x y")
    assert status == 200
    assert pair.pop("access_token") != pair.pop("refresh_token")
    assert sorted(pair.pop("scope").split()) == ["read", "write"]
    assert pair == {"token_type": "Bearer", "expires_in": 31_536_000, "state": "x y"}


async def test_a_part_of_the_scope_may_be_asked_for(api: Api, ann: User) -> None:
    _, pair = await api.token(grant_type="password", username=ann.name, password=PASSWORD, scope="read")
    assert pair["scope"] == "read"
    wider = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"], "scope": "read write"}
    assert await refusal(api, **wider) == (400, "invalid_scope")
    assert (await api.token(**{**wider, "scope": "read"}))[0] == 200


async def refusal(api: Api, **form: str) -> tuple[int, str]:
    status, shown = await api.token(**form)
    assert set(shown) == {"error", "error_description"}
    return status, shown["error"]


GRANT = {"grant_type": "password", "username": "NAME", "password": PASSWORD}


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"password": "wrong"}, 400, "invalid_grant"),
        ({"password": PASSWORD + " "}, 400, "invalid_grant"),
        ({"password": "x" * 5000}, 400, "invalid_grant"),
        ({"username": "nobody"}, 400, "invalid_grant"),
        ({"username": "x" * 5000}, 400, "invalid_grant"),
        ({"client_id": "another"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"client_id": "another", "password": "wrong"}, 401, "invalid_client"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"username": ""}, 400, "invalid_request"),
        ({"username": "a\0b"}, 400, "invalid_request"),
        ({"password": ""}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x.y.z"}, 400, "invalid_grant"),
    ],
)
async def test_what_is_refused_and_how(api: Api, ann: User, change: dict[str, str], status: int, error: str) -> None:
    form = {**GRANT, "username": ann.name, **change}
    assert await refusal(api, **form) == (status, error)


async def test_a_parameter_given_twice_and_a_wrong_method_are_refused(api: Api, ann: User) -> None:
    twice: list[tuple[str, Any]] = [*{**GRANT, "username": ann.name, "client_id": CLIENT}.items(), ("password", "x")]
    async with api.node.http.post(f"{api.node.url}/o/token", data=twice) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, "invalid_request")
    async with api.node.http.get(f"{api.node.url}/o/token/") as answer:
        assert (answer.status, set(answer.headers["Allow"].split(","))) == (405, {"POST", "OPTIONS"})


async def test_a_stale_bearer_token_does_not_keep_anybody_from_signing_in(api: Api, ann: User) -> None:
    form = {**GRANT, "username": ann.name, "client_id": CLIENT}
    headers = {"Authorization": "Bearer gone"}
    async with api.node.http.post(f"{api.node.url}/o/token/", data=form, headers=headers) as answer:
        assert answer.status == 200


async def test_a_refresh_gives_a_new_pair_and_voids_the_old_access_token(api: Api, ann: User) -> None:
    assert await is_good(ann)
    status, pair = await api.refresh(ann)
    assert status == 200
    assert pair["expires_in"] == 31_536_000
    renewed = User(ann.node, ann.name, pair["access_token"], pair["refresh_token"])
    assert not await is_good(ann)
    assert await is_good(renewed)


async def test_a_refresh_token_that_comes_again_ends_the_whole_family(api: Api, ann: User) -> None:
    _, pair = await api.refresh(ann)
    second = User(ann.node, ann.name, pair["access_token"], pair["refresh_token"])
    _, pair = await api.refresh(second)
    third = User(ann.node, ann.name, pair["access_token"], pair["refresh_token"])
    other = await api.sign_in(ann.name)
    assert await is_good(third)
    status, shown = await api.refresh(ann)
    assert (status, shown["error"]) == (400, "invalid_grant")
    assert not await is_good(third)
    assert (await api.refresh(third))[0] == 400
    assert await is_good(other), "another sign-in is another family"


async def test_of_two_refreshes_at_once_one_at_most_leaves_good_tokens(api: Api, ann: User) -> None:
    answers = await asyncio.gather(*(api.refresh(ann) for _ in range(4)))
    assert [status for status, _ in answers].count(200) <= 1
    for status, pair in answers:
        if status == 200:
            assert not await is_good(User(ann.node, ann.name, pair["access_token"], pair["refresh_token"]))


async def test_an_access_token_refreshes_nothing_and_a_refresh_token_opens_nothing(api: Api, ann: User) -> None:
    assert (await api.refresh(ann, refresh_token=ann.access))[0] == 400
    assert not await is_good(User(ann.node, ann.name, ann.refresh, ann.refresh))
    assert await is_good(ann)


@pytest.mark.parametrize("which", ["access", "refresh"])
async def test_revoking_either_token_ends_both(api: Api, ann: User, which: str) -> None:
    assert await api.revoke(token=getattr(ann, which), token_type_hint="refresh_token") == (200, b"")
    assert not await is_good(ann)
    assert (await api.refresh(ann))[0] == 400
    assert await api.revoke(token=getattr(ann, which)) == (200, b"")


async def test_revocation_wants_a_token_and_a_client(api: Api, ann: User) -> None:
    assert (await api.revoke())[0] == 400
    assert (await api.revoke(token=ann.access, client_id="another"))[0] == 401
    assert await api.revoke(token="unknown") == (200, b"")
    assert await is_good(ann)


async def test_both_kinds_of_tokens_open_both_apis_and_the_sockets(api: Api) -> None:
    number = new_number()
    ann, person = await api.new_user(number), await api.node.sign_in(number)
    for token in (ann.access, person.token):
        headers = {"Authorization": f"Bearer {token}"}
        for path in ("/api/contacts/", "/auth/sessions"):
            async with api.node.http.get(api.node.url + path, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
    phone, tablet = await api.node.connect(ann.person()), await api.node.connect(person)
    assert (await phone.expect("ready"))[0]["account"] == (await tablet.expect("ready"))[0]["account"]


async def test_a_socket_names_the_account_of_its_login(api: Api) -> None:
    first, second, foreign = new_number(), new_number(), new_number()
    ann = await api.new_user(first, second)
    await api.new_user(foreign)
    for credentials, number in (({}, first), ({"account": "+" + first}, first), ({"account": second}, second)):
        device = await api.node.connect(ann.person(), **credentials)
        assert (await device.expect("ready"))[0]["account"]["number"] == number
    for account in (foreign, new_number(), "nobody"):
        with pytest.raises(socketio.exceptions.ConnectionError):
            await api.node.connect(ann.person(), account=account)


@pytest.mark.parametrize("how", ["refresh", "revoke", "logout"])
async def test_a_void_token_closes_its_sockets(api: Api, how: str) -> None:
    ann = await api.new_user(new_number())
    device = await api.node.connect(ann.person())
    gone = asyncio.Event()
    device.client.on("disconnect", lambda *_: gone.set(), namespace="/chat")
    if how == "refresh":
        await api.refresh(ann)
    elif how == "revoke":
        await api.revoke(token=ann.refresh)
    else:
        assert (await ann("POST", "/auth/logout"))[0] == 204
        assert (await api.refresh(ann))[0] == 400
    async with asyncio.timeout(30):
        await gone.wait()


async def test_a_login_lists_its_own_sessions(api: Api) -> None:
    ann = await api.new_user(new_number())
    await api.sign_in(ann.name)
    _, shown = await ann("GET", "/auth/sessions")
    assert sorted(session["current"] for session in shown["sessions"]) == [False, True]


@pytest.fixture
async def guarded(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Api]:
    """A node with its limits on."""
    limits = {"limits": {"enabled": True}, "oauth": {"guesses_per_login": 3, "guesses_per_address": 5}}
    async with running_node(stores, settings_for(tmp_path, **limits)) as node:
        yield Api(node, stores)


async def test_guesses_are_limited_by_login_and_by_address_and_right_passwords_do_not_count(guarded: Api) -> None:
    ann, tom = new_name(), new_name()
    await guarded.add_login(ann)
    await guarded.add_login(tom)
    for _ in range(8):
        await guarded.sign_in(ann)
    wrong = {"grant_type": "password", "password": "wrong"}
    for _ in range(3):
        assert await refusal(guarded, **wrong, username=ann) == (400, "invalid_grant")
    async with guarded.node.http.post(
        f"{guarded.node.url}/o/token/", data={**GRANT, "username": ann, "client_id": CLIENT}
    ) as answer:
        assert answer.status == 429, "the right password has to wait as well"
        assert 1 <= int(answer.headers["Retry-After"]) <= 300
    await guarded.sign_in(tom)
    assert await refusal(guarded, **wrong, username=tom) == (400, "invalid_grant")
    assert await refusal(guarded, **wrong, username="anybody") == (400, "invalid_grant")
    assert (await refusal(guarded, **wrong, username="another"))[0] == 429
