"""The port for other nodes takes a request with a fresh signature for this very request, and nothing else."""

import socket
from collections.abc import Mapping
from pathlib import Path
from time import time

import pytest

from server.auth.tokens import derive_key
from server.config import ConfigError
from server.embedded import EmbeddedStores
from server.nodes import internal_server
from server.nodes.internal_server import GOOD_FOR_S, HEADER, RequestSigner
from server.secret import load_secret
from server.wiring import build
from tests.server.nodes.conftest import Pair
from tests.support.node import settings_for
from tests.support.raw import QUERY, open_line, request

POLL = f"{QUERY}polling"


async def ask(pair: Pair, headers: Mapping[str, str], method: str = "GET", path: str = POLL) -> int:
    """Returns the status of the answer to a request with these headers."""
    name = (await pair.session_far_away()).sid.partition(".")[0]
    url = await pair.addresses.find(name)
    assert url is not None
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    status, _, _ = await request(url, method, path, headers=lines)
    return status


def signer_of(pair: Pair) -> RequestSigner:
    return RequestSigner(derive_key(load_secret(pair.far.settings).get_secret_value(), "nodes"))


async def test_a_node_is_let_in(pair: Pair) -> None:
    assert await ask(pair, signer_of(pair).headers("GET", POLL)) == 200


async def test_another_installation_is_not(pair: Pair) -> None:
    assert await ask(pair, RequestSigner(b"another key").headers("GET", POLL)) == 403


@pytest.mark.parametrize(("method", "path"), [("POST", POLL), ("GET", f"{POLL}&sid=x")])
async def test_a_proof_is_for_one_request(pair: Pair, method: str, path: str) -> None:
    assert await ask(pair, signer_of(pair).headers("GET", POLL), method, path) == 403


@pytest.mark.parametrize("late_s", [-GOOD_FOR_S - 5, GOOD_FOR_S + 5])
async def test_a_proof_is_for_this_moment(pair: Pair, monkeypatch: pytest.MonkeyPatch, late_s: int) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(internal_server, "time", lambda: time() + late_s)
        headers = signer_of(pair).headers("GET", POLL)
    assert await ask(pair, headers) == 403


async def test_a_proof_in_bytes_that_are_no_text_is_refused(pair: Pair) -> None:
    url = await pair.addresses.find((await pair.session_far_away()).sid.partition(".")[0])
    assert url is not None
    reader, writer = await open_line(url)
    proof = f"{HEADER}: {int(time())} ".encode() + b"\xff\xfe"
    writer.write(b"GET " + POLL.encode() + b" HTTP/1.1\r\nHost: x\r\n" + proof + b"\r\n\r\n")
    assert (await reader.readline()).split()[1] == b"403"
    writer.transport.abort()


@pytest.mark.parametrize("proof", ["", "é é", "1", "1 ", f"{2**80} 00", "-1 00", "١ 00", "1 " + "0" * 4000])
async def test_what_is_no_proof_is_refused_quietly(pair: Pair, proof: str) -> None:
    assert await ask(pair, {HEADER: proof}) == 403


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/contacts/", "/healthz", "/socket.io/../metrics"])
async def test_the_port_for_nodes_serves_sessions_alone(pair: Pair, path: str) -> None:
    assert await ask(pair, signer_of(pair).headers("GET", path), path=path) == 404


async def test_a_port_that_is_taken_is_named(stores: EmbeddedStores, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = settings_for(tmp_path, nodes={"port": other.getsockname()[1]})
        with pytest.raises(ConfigError, match=r"^nodes\.port: "):
            await build(settings, stores.mongodb_url, stores.redis_url)


async def test_an_address_of_another_machine_is_named(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, nodes={"host": "192.0.2.1"})
    with pytest.raises(ConfigError, match=r"^nodes\.host: 192\.0\.2\.1 "):
        await build(settings, stores.mongodb_url, stores.redis_url)
