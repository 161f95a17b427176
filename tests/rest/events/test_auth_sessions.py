"""Sessions: listed, ended, and over at once; no token outlives its session."""

import asyncio
from datetime import datetime

import pytest

from models.facts import SessionsRevoked
from tests.rest.conftest import StartNode
from tests.support.auth_fixture import Node

BOTH = pytest.mark.parametrize("prefix", ["", "/api"])
BEN = "+4930654321"


async def sessions_of(node: Node, token: str, prefix: str = "") -> list[dict[str, object]]:
    status, shown = await node.ask("GET", f"{prefix}/auth/sessions", token)
    assert status == 200
    sessions: list[dict[str, object]] = shown["sessions"]
    return sessions


@BOTH
async def test_each_sign_in_is_listed_with_its_device_and_the_present_one_marked(node: Node, prefix: str) -> None:
    phone = (await node.sign_in(**{"User-Agent": "Phone/1"}))["auth_token"]
    node.clock.move(minutes=2, microseconds=500_000)
    laptop = (await node.sign_in(**{"User-Agent": "L" * 300}))["auth_token"]
    await node.sign_in(BEN)
    listed = await sessions_of(node, phone, prefix)
    ids = [each.pop("id") for each in listed]
    later = "2030-01-01T12:02:00.500000Z"
    assert listed == [
        {"device": "L" * 200, "created": later, "last_used": later, "current": False},
        {"device": "Phone/1", "created": "2030-01-01T12:00:00.000000Z", "last_used": later, "current": True},
    ]
    assert [each["id"] for each in await sessions_of(node, laptop) if each["current"]] == ids[:1]


async def test_the_list_says_when_a_session_was_used_last_to_the_minute(node: Node) -> None:
    token = (await node.sign_in())["auth_token"]
    used = []
    for _ in range(4):
        node.clock.move(seconds=31)
        (session,) = await sessions_of(node, token)
        used.append(datetime.fromisoformat(str(session["last_used"])).time().isoformat())
    assert used == ["12:00:00", "12:01:02", "12:01:02", "12:02:04"]


async def test_a_device_may_call_itself_anything(node: Node) -> None:
    pin = await node.request_pin()
    reader, writer = await asyncio.open_connection("127.0.0.1", node.client.port)
    body = f'{{"phone_number": "+4930123456", "pin": "{pin}"}}'.encode()
    head = b"POST /auth/verify_pin HTTP/1.1\r\nHost: x\r\nConnection: close\r\nUser-Agent: caf\xe9\r\n"
    writer.write(head + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"auth_token" in answer


@BOTH
async def test_an_ended_session_is_refused_at_once_and_every_node_hears_of_it(node: Node, prefix: str) -> None:
    phone = (await node.sign_in())["auth_token"]
    node.clock.move(minutes=2)
    laptop = (await node.sign_in())["auth_token"]
    (other,) = (each["id"] for each in await sessions_of(node, phone) if not each["current"])
    assert (await node.ask("GET", "/auth/sessions", laptop))[0] == 200
    assert await node.ask("DELETE", f"{prefix}/auth/sessions/{other}", phone) == (204, None)
    assert node.fanout.signals[-1] == SessionsRevoked([str(other)])
    status, shown = await node.ask("GET", "/auth/sessions", laptop)
    assert (status, shown["_error_type"]) == (401, "parley.SessionRevoked")
    assert len(await sessions_of(node, phone)) == 1


@BOTH
async def test_logging_out_ends_the_present_session_alone(node: Node, prefix: str) -> None:
    phone = (await node.sign_in())["auth_token"]
    node.clock.move(minutes=2)
    laptop = (await node.sign_in())["auth_token"]
    assert await node.ask("POST", f"{prefix}/auth/logout", phone) == (204, None)
    assert (await node.ask("POST", f"{prefix}/auth/logout", phone))[0] == 401
    assert len(await sessions_of(node, laptop)) == 1


@BOTH
async def test_signing_out_everywhere_else_leaves_the_present_session_and_those_of_others(
    node: Node, prefix: str
) -> None:
    tokens = []
    for _ in range(3):
        node.clock.move(minutes=2)
        tokens.append((await node.sign_in())["auth_token"])
    theirs = (await node.sign_in(BEN))["auth_token"]
    others = {each["id"] for each in await sessions_of(node, tokens[1]) if not each["current"]}
    assert await node.ask("DELETE", f"{prefix}/auth/sessions", tokens[1]) == (204, None)
    revoked = node.fanout.signals[-1]
    assert isinstance(revoked, SessionsRevoked)
    assert set(revoked.session_ids) == others
    assert [(await node.ask("GET", "/auth/sessions", each))[0] for each in (*tokens, theirs)] == [401, 200, 401, 200]
    assert len(await sessions_of(node, tokens[1])) == 1


async def test_signing_out_everywhere_else_where_nobody_else_is_tells_no_node(node: Node) -> None:
    token = (await node.sign_in())["auth_token"]
    before = list(node.fanout.signals)
    assert await node.ask("DELETE", "/auth/sessions", token) == (204, None)
    assert node.fanout.signals == before


async def test_a_session_of_somebody_else_looks_like_none(node: Node) -> None:
    mine, theirs = [(await node.sign_in(number))["auth_token"] for number in ("+4930123456", BEN)]
    (session,) = await sessions_of(node, theirs)
    for session_id in (session["id"], "0" * 32, "x", "%00", "%ff", "a%2Fb"):
        status, shown = await node.ask("DELETE", f"/auth/sessions/{session_id}", mine)
        assert (status, shown) == (404, {"_error_message": "There is no such session."}), session_id
    assert (await node.ask("GET", "/auth/sessions", theirs))[0] == 200


async def test_another_node_refuses_when_it_hears_of_the_end_and_after_30_s_if_it_never_does(
    start_auth_node: StartNode,
) -> None:
    here, there = await start_auth_node(), await start_auth_node()
    tokens = []
    for number in ("+4930123456", BEN):
        tokens.append((await here.sign_in(number))["auth_token"])
        assert (await there.ask("GET", "/auth/sessions", tokens[-1]))[0] == 200
        assert (await here.ask("POST", "/auth/logout", tokens[-1]))[0] == 204
    (revoked,) = (each for each in here.fanout.signals[-1:] if isinstance(each, SessionsRevoked))
    there.authenticate.forget(revoked.session_ids)
    assert (await there.ask("GET", "/auth/sessions", tokens[1]))[0] == 401
    here.clock.move(seconds=29)
    assert (await there.ask("GET", "/auth/sessions", tokens[0]))[0] == 200
    here.clock.move(seconds=1)
    assert (await there.ask("GET", "/auth/sessions", tokens[0]))[0] == 401


async def test_a_session_ends_by_itself_after_its_lifetime(node: Node) -> None:
    token = (await node.sign_in())["auth_token"]
    node.clock.move(days=365, seconds=-1)
    assert (await node.ask("GET", "/auth/sessions", token))[0] == 200
    node.clock.move(seconds=1)
    assert (await node.ask("GET", "/auth/sessions", token))[0] == 401


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/auth/sessions", "DELETE,GET,HEAD,OPTIONS"),
        ("GET", "/auth/sessions/1", "DELETE,OPTIONS"),
        ("GET", "/auth/logout", "OPTIONS,POST"),
        ("PUT", "/auth/register", "OPTIONS,POST"),
    ],
)
@BOTH
async def test_another_method_is_a_generic_405(node: Node, prefix: str, method: str, path: str, allow: str) -> None:
    token = (await node.sign_in())["auth_token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with node.client.request(method, prefix + path, headers=headers) as response:
        assert (response.status, response.headers["Allow"]) == (405, allow)
        assert (await response.json())["_error_type"] == "parley.MethodNotAllowed"
