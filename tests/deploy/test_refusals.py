"""What a node refuses, or never answers, behind HAProxy and behind nginx: what is asked again, and what never is."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from server.embedded import EmbeddedStores
from server.wiring import DRAIN_CLIENTS
from tests.deploy.scripted import HANGS_UP, REFUSED, REFUSED_BODY, Scripted, balanced, running, site_of
from tests.support import raw
from tests.support.listening import deaf_port
from tests.support.site import three_nodes

HANDSHAKE = raw.QUERY + "polling"
POLL = HANDSHAKE + "&sid=0123456789abcdef.x"
UPGRADE = "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
ROUNDS = 9  # each node is the first to be asked, and more than once

pytestmark = pytest.mark.parametrize("name", ["haproxy", "nginx"])


def asked(nodes: Sequence[Scripted]) -> int:
    return sum(len(node.asked) for node in nodes)


async def test_who_arrives_while_a_node_drains_never_hears_of_it(
    name: str, stores: EmbeddedStores, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        nodes, _, _ = await three_nodes(stack, stores, tmp_path)
        url = await stack.enter_async_context(balanced(name, tmp_path, *(node.url for node in nodes)))
        await nodes[0].runner.app[DRAIN_CLIENTS]()
        for _ in range(ROUNDS):
            await raw.open_polling(url)
            async with raw.frames(url):
                pass


@pytest.mark.parametrize("headers", ["", UPGRADE], ids=["polling", "websocket"])
async def test_a_handshake_goes_to_the_one_node_that_takes_it(name: str, tmp_path: Path, headers: str) -> None:
    nodes = Scripted(sessions=REFUSED), Scripted(sessions=REFUSED), Scripted()
    async with site_of(name, tmp_path, *nodes) as url:
        statuses = [(await raw.request(url, "GET", HANDSHAKE, headers=headers))[0] for _ in range(ROUNDS)]
    assert statuses == [200] * ROUNDS


async def test_a_poll_that_a_node_could_not_pass_on_goes_by_way_of_another(name: str, tmp_path: Path) -> None:
    nodes = Scripted(sessions=REFUSED), Scripted(), Scripted()
    async with site_of(name, tmp_path, *nodes) as url:
        statuses = [(await raw.request(url, "GET", POLL))[0] for _ in range(ROUNDS)]
    assert statuses == [200] * ROUNDS


@pytest.mark.parametrize("headers", ["", UPGRADE], ids=["polling", "websocket"])
async def test_who_is_refused_by_all_is_told_when_to_come_back(name: str, tmp_path: Path, headers: str) -> None:
    nodes = Scripted(sessions=REFUSED), Scripted(sessions=REFUSED), Scripted(sessions=REFUSED)
    async with site_of(name, tmp_path, *nodes) as url:
        for _ in range(ROUNDS):
            status, told, body = await raw.request(url, "GET", HANDSHAKE, headers=headers)
            assert (status, told["retry-after"], body) == (503, "7", REFUSED_BODY)
    assert asked(nodes) <= ROUNDS * 4, "a crowd that is refused is not made a larger one"


async def test_a_node_that_refuses_sessions_is_still_asked_for_everything_else(name: str, tmp_path: Path) -> None:
    nodes = Scripted(sessions=REFUSED), Scripted(sessions=REFUSED), Scripted(sessions=REFUSED)
    async with site_of(name, tmp_path, *nodes) as url:
        for _ in range(ROUNDS):
            await raw.request(url, "GET", HANDSHAKE)
        statuses = [(await raw.request(url, "GET", "/api/contacts/"))[0] for _ in range(ROUNDS)]
        posted = [(await raw.request(url, "POST", "/api/contacts/", b"x"))[0] for _ in range(ROUNDS)]
    assert statuses == posted == [200] * ROUNDS
    assert all(("GET", "/api/contacts/") in node.asked for node in nodes)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_rest_is_refused_by_the_first_node_that_does(name: str, tmp_path: Path, method: str) -> None:
    """The database is away: it is for all nodes, and more questions help nobody."""
    nodes = Scripted(rest=REFUSED), Scripted(rest=REFUSED), Scripted(rest=REFUSED)
    async with site_of(name, tmp_path, *nodes) as url:
        sent = b"x" if method in ("POST", "PUT") else None
        status, told, body = await raw.request(url, method, "/api/contacts/", sent)
    assert (status, told["retry-after"], body) == (503, "7", REFUSED_BODY)
    assert asked(nodes) == 1


async def test_what_a_client_posts_is_posted_once(name: str, tmp_path: Path) -> None:
    nodes = Scripted(sessions=REFUSED), Scripted(sessions=REFUSED), Scripted(sessions=REFUSED)
    async with site_of(name, tmp_path, *nodes) as url:
        status, told, body = await raw.request(url, "POST", POLL, b"3")
    assert (status, told["retry-after"], body) == (503, "7", REFUSED_BODY)
    assert asked(nodes) == 1


@pytest.mark.parametrize(("method", "path"), [("GET", POLL), ("POST", POLL), ("POST", "/api/contacts/")])
async def test_what_reached_a_node_reaches_no_other(name: str, tmp_path: Path, method: str, path: str) -> None:
    """A poll, too: what its answer held would be lost without the client's noticing, for the next one brings what follows."""
    nodes = [Scripted(sessions=HANGS_UP, rest=HANGS_UP) for _ in range(3)]
    async with site_of(name, tmp_path, *nodes) as url:
        status, _, _ = await raw.request(url, method, path, b"x" if method == "POST" else None)
    assert (status, asked(nodes)) == (502, 1)


async def test_a_poll_that_was_refused_reaches_no_more_than_one_node_either(name: str, tmp_path: Path) -> None:
    nodes = Scripted(sessions=REFUSED), Scripted(sessions=HANGS_UP), Scripted(sessions=HANGS_UP)
    async with site_of(name, tmp_path, *nodes) as url:
        statuses = [(await raw.request(url, "GET", POLL))[0] for _ in range(ROUNDS)]
    assert statuses == [502] * ROUNDS
    assert asked(nodes[1:]) <= ROUNDS


@pytest.mark.parametrize(("method", "path"), [("GET", HANDSHAKE), ("GET", POLL), ("POST", POLL), ("POST", "/auth")])
async def test_what_a_node_that_is_gone_never_got_goes_to_another(
    name: str, tmp_path: Path, method: str, path: str
) -> None:
    nodes = Scripted(), Scripted()
    with deaf_port() as port:
        async with (
            running(*nodes),
            balanced(name, tmp_path, f"http://127.0.0.1:{port}", *(n.url for n in nodes)) as url,
        ):
            body = b"x" * 100_000 if method == "POST" else None
            statuses = [(await raw.request(url, method, path, body))[0] for _ in range(ROUNDS)]
    assert statuses == [200] * ROUNDS
    assert asked(nodes) == ROUNDS
