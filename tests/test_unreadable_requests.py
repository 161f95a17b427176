"""What strangers send that is no request costs them an answer, and the operator one line without their words; links are no place for them."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from server.embedded import EmbeddedStores
from tests.node import Node, Person, running_node, settings_for
from tests.raw import open_line
from tests.server.processes import RunningServer, running

NO_HOSTS = ("x:99999", "x:abc", "", "a b", "a@b", "a/b", "a?b", "evil\\x", "[::1", "%00")
UNREADABLE = (
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET http://[/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /\xff\x1b[31m HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
)


async def exchange(url: str, data: bytes) -> bytes:
    reader, writer = await open_line(url)
    try:
        writer.write(data)
        async with asyncio.timeout(30):
            return await reader.read(65536)
    finally:
        writer.transport.abort()


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"))) as running:
        yield running


@pytest.fixture(scope="module")
async def ann(node: Node) -> Person:
    return await node.sign_in("4930908831")


@pytest.mark.parametrize("host", [*NO_HOSTS, None])
async def test_what_is_no_host_gets_into_no_link(node: Node, ann: Person, host: str | None) -> None:
    version, header = ("1.0", "") if host is None else ("1.1", f"Host: {host}\r\n")
    head = f"GET /api/ HTTP/{version}\r\n{header}Connection: close\r\nAuthorization: Bearer {ann.token}\r\n\r\n"
    answer = await exchange(node.url, head.encode())
    assert b" 200 " in answer.splitlines()[0]
    assert f'"{node.url}/api/users"'.encode() in answer, answer


async def test_a_host_gets_into_links_as_it_was_asked(node: Node, ann: Person) -> None:
    head = f"GET /api/ HTTP/1.1\r\nHost: chat.example.org:81\r\nConnection: close\r\nAuthorization: Bearer {ann.token}\r\n\r\n"
    assert b'"http://chat.example.org:81/api/users"' in await exchange(node.url, head.encode())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


def log_of(server: RunningServer) -> str:
    return (server.data_dir.parent / "stderr.txt").read_text("utf-8", errors="surrogateescape")


async def test_what_is_no_request_is_one_line_of_the_log_without_its_words(server: RunningServer) -> None:
    before = len(log_of(server))
    for data in UNREADABLE:
        assert b" 400 " in await exchange(server.url, data)
    said = log_of(server)[before:]
    assert "Traceback" not in said
    assert "\x1b" not in said
    assert said.count("\n") <= len(UNREADABLE)


async def test_a_part_with_a_strange_header_leaves_nothing_in_the_log(server: RunningServer) -> None:
    before = len(log_of(server))
    for at in range(20):
        part = f'--x\r\nContent-Disposition: form-data; name="a"; {"q" * 3000}{at}\r\n\r\n1\r\n--x--\r\n'.encode()
        head = f"Host: a\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(part)}"
        assert b" 400 " in await exchange(server.url, f"POST /auth HTTP/1.1\r\n{head}\r\n\r\n".encode() + part)
    assert "qqqq" not in log_of(server)[before:]
