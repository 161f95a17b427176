"""Whoever asks too often over HTTP is told when to come back, and nobody else notices."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from handlers.rest.requests import CLIENT_ADDRESS, IDENTITY, address_of
from models.documents.session import Identity
from models.errors import Unauthenticated
from models.services.runtime.token_bucket import TokenBuckets
from server.embedded import EmbeddedStores
from server.http.rate_limits import limit_requests
from tests.rest.messaging.logins import Api, new_number
from tests.support.node import Node, Person, running_node, settings_for

NICKNAME = "/api/account/nickname/"
BURST = 12  # more than signing in takes
PER_S = 0.05  # so slow that a busy machine does not fill it meanwhile


def limits(*, enabled: bool = True, per_s: float = PER_S) -> dict[str, Any]:
    return {"enabled": enabled, "requests_per_s": per_s, "requests_burst": BURST}


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path, limits=limits(), auth={"pin_resend_s": 0})) as running:
        yield running


async def statuses(node: Node, token: str, count: int = BURST + 3, path: str = NICKNAME) -> list[int]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    found = []
    for _ in range(count):
        async with node.http.get(node.url + path, headers=headers) as answer:
            found.append(answer.status)
            if answer.status == 429:
                assert int(answer.headers["Retry-After"]) >= 1
                shown = await answer.json()
                assert shown["code"] == "rate_limited"
                assert shown["retry_after"] == int(answer.headers["Retry-After"])
    return found


async def test_an_account_is_limited_whatever_its_session_and_others_are_not(node: Node) -> None:
    ann, tom = await node.sign_in_by_code(new_number()), await node.sign_in_by_code(new_number())
    found = await statuses(node, ann.token)
    assert found[:BURST] == [200] * BURST
    assert 429 in found[BURST:]
    assert (await node.rest("GET", NICKNAME, ann))[1]["reason"] == "rate_limited"
    assert (await node.rest("GET", NICKNAME, tom))[0] == 200
    again = await node.sign_in_by_code(ann.number)
    assert (await node.rest("GET", NICKNAME, again))[0] == 429, "another session of the same account"


@pytest.mark.parametrize("token", ["", "nonsense"], ids=["no token", "a bad token"])
async def test_an_address_is_limited_and_who_signed_in_behind_it_is_not(node: Node, token: str) -> None:
    ann = await node.sign_in_by_code(new_number())
    found = await statuses(node, token)
    assert found[0] == 401
    assert 429 in found
    assert (await node.rest("GET", NICKNAME, ann))[0] == 200
    assert 429 in await statuses(node, "", path="/api/account/nowhere/")
    assert set(await statuses(node, "", path="/healthz")) == {200}, "probes, pages and files are no API"


@pytest.mark.parametrize("is_identified", [False, True])
async def test_who_is_refused_after_its_token_was_good_costs_its_address_nothing(is_identified: bool) -> None:
    """Its session ended while its body came, say: it has paid for the request by its own bucket."""
    buckets = TokenBuckets(PER_S, BURST)
    request = make_mocked_request("POST", NICKNAME)
    request[CLIENT_ADDRESS] = "192.0.2.7"

    async def refuse(request: web.Request) -> web.StreamResponse:
        if is_identified:
            request[IDENTITY] = Identity("session")
        raise Unauthenticated

    with pytest.raises(Unauthenticated):
        await limit_requests(buckets, exempt=()).charge_bad_tokens(request, refuse)
    allowance = buckets.allowance(address_of(request))
    assert allowance is not None
    assert allowance.left == BURST - (not is_identified)


async def test_a_login_has_a_bucket_of_its_own(node: Node, stores: EmbeddedStores) -> None:
    api = Api(node, stores)
    ann = await api.new_user(new_number())
    assert 429 in await statuses(node, ann.access)


async def test_it_is_let_in_again_after_the_time_it_was_told(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path, limits=limits(per_s=1))) as node:
        ann = await node.sign_in_by_code(new_number())
        status, shown = await until_refused(node, ann)
        assert status == 429
        await asyncio.sleep(shown["retry_after"])
        assert (await node.rest("GET", NICKNAME, ann))[0] == 200


async def told(node: Node, token: str, path: str = NICKNAME, method: str = "GET", **body: object) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    options = {"json": body} if body else {}
    async with node.http.request(method, node.url + path, headers=headers, **options) as answer:
        limits = {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("ratelimit")}
        return {"status": str(answer.status), "wait": answer.headers.get("Retry-After", ""), **limits}


async def test_each_answer_says_how_often_one_may_still_ask(node: Node) -> None:
    ann = await node.sign_in_by_code(new_number())
    full_after = round(BURST / PER_S)
    for left in range(BURST - 1, -1, -1):
        path = NICKNAME if left % 2 else "/api/groups/1-1/info/"  # a refusal counts as much
        shown = await told(node, ann.token, path)
        assert shown["ratelimit-limit"] == str(BURST)
        assert shown["ratelimit-remaining"] == str(left)
        assert shown["ratelimit-policy"] == f'"requests";q={BURST};w={full_after}'
        reset = int(shown["ratelimit-reset"])
        assert 0 < reset <= full_after
        assert shown["ratelimit"] == f'"requests";r={left};t={reset}'
    shown = await told(node, ann.token)
    assert (shown["status"], shown["ratelimit-remaining"]) == ("429", "0")
    assert 1 <= int(shown["wait"]) <= int(shown["ratelimit-reset"]) <= full_after


async def test_what_is_left_is_told_of_ones_own_limit_alone(node: Node) -> None:
    ann, tom = await node.sign_in_by_code(new_number()), await node.sign_in_by_code(new_number())
    await told(node, ann.token)
    await told(node, "nonsense")
    assert (await told(node, tom.token))["ratelimit-remaining"] == str(BURST - 1)
    for path in ("/healthz", "/", "/media/nothing", "/openapi.json"):
        assert not [name for name in await told(node, "", path) if name.startswith("ratelimit")]


async def test_a_refusal_by_another_limit_says_how_long_it_lasts_and_no_more(
    stores: EmbeddedStores, tmp_path: Path
) -> None:
    many = limits() | {"requests_burst": 1000, "messages_per_s": 0.01, "messages_burst": 2}
    async with running_node(stores, settings_for(tmp_path, limits=many)) as node:
        ann, tom = await node.sign_in_by_code(new_number()), await node.sign_in_by_code(new_number())
        await node.befriend(ann, tom)
        send = "/api/messages/send-message/", "POST"
        shown = [await told(node, ann.token, *send, contact=tom.number, message="x") for _ in range(3)]
        assert [each["status"] for each in shown] == ["200", "200", "429"]
        assert shown[0]["ratelimit-limit"] == "1000"
        wait = shown[2]["wait"]
        refused = {"ratelimit": f'"other";r=0;t={wait}', "ratelimit-remaining": "0", "ratelimit-reset": wait}
        assert shown[2] == {"status": "429", "wait": wait, **refused}


async def until_refused(node: Node, person: Person) -> tuple[int, Any]:
    """At once, so that it is asked faster than the bucket fills."""
    answers = await asyncio.gather(*(node.rest("GET", NICKNAME, person) for _ in range(10 * BURST)))
    return next((status, shown) for status, shown in answers if status != 200)


async def test_without_limits_nobody_is_refused(stores: EmbeddedStores, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path, limits=limits(enabled=False))) as node:
        ann = await node.sign_in_by_code(new_number())
        assert set(await statuses(node, ann.token)) == {200}
        assert set(await statuses(node, "")) == {401}
        assert await told(node, ann.token) == {"status": "200", "wait": ""}
