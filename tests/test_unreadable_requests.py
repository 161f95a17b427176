"""What strangers send that is no request costs them an answer, and the operator one line without their words; links are no place for them."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.server.processes import RunningServer, running
from tests.support.node import Node, Person
from tests.support.raw import open_line

NO_HOSTS = (
    b"x:99999",
    b"x:abc",
    b"",
    b"a b",
    b"a@b",
    b"a/b",
    b"a?b",
    b"evil\\x",
    b"[::1",
    b"%00",
    b"\xff\xfe",
    "bücher.example".encode(),
)
SECRET = b"SECRET\x1b[31m"
HEAD = b"POST /auth?code=SECRET HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer SECRET\r\n"
UNREADABLE = {
    "no host": b"GET /SECRET HTTP/1.1\r\n\r\n",
    "two hosts": HEAD + b"Host: b\r\n\r\n",
    "an address that is none": b"GET http://[/SECRET HTTP/1.1\r\nHost: a\r\n\r\n",
    "an address with no port": b"GET http://x:99999/SECRET HTTP/1.1\r\nHost: a\r\n\r\n",
    "bytes in the path": b"GET /\xff" + SECRET + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "NUL in the path": b"GET /a\0SECRET HTTP/1.1\r\nHost: a\r\n\r\n",
    "bytes in the query": b"GET /invitation?token=\xffSECRET HTTP/1.1\r\nHost: a\r\n\r\n",
    "no path": b"GET SECRET HTTP/1.1\r\nHost: a\r\n\r\n",
    "a star": b"GET * HTTP/1.1\r\nHost: SECRET\r\n\r\n",
    "an unknown method": b"SECRET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "an unknown version": b"GET /SECRET HTTP/9.9\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET /users?code=SECRET\r\n\r\n",
    "HTTP/2 by a line": b"GET /users?code=SECRET HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03SECRET",
    "SSH": b"SSH-2.0-SECRET\r\n",
    "line feeds alone": b"GET /SECRET HTTP/1.1\nHost: a\n\n",
    "a control character": HEAD + b"X-A: a\x01SECRET\r\n\r\n",
    "NUL": HEAD + b"X-A: a\0SECRET\r\n\r\n",
    "a name that is none": HEAD + b"X SECRET: a\r\n\r\n",
    "no colon": HEAD + b"SECRET\r\n\r\n",
    "a folded header": HEAD + b"X-A: a\r\n SECRET\r\n\r\n",
    "a long line": b"GET /users?" + b"SECRET" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "a long header": HEAD + b"X-A: " + b"SECRET" * 5000 + b"\r\n\r\n",
    "many headers": HEAD + b"X-A: SECRET\r\n" * 1000 + b"\r\n",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\nSECRET",
    "two lengths": HEAD + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\nSECRET!",
    "a length and chunks": HEAD + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nSECRET\r\n0\r\n\r\n",
    "a length that is no number": HEAD + b"Content-Length: SECRET\r\n\r\n",
    "a length of 23 digits": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\nSECRET",
    "a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nSECRET\r\n0\r\n\r\n",
    "a chunk that nobody reads": b"POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n",
}


async def exchange(url: str, data: bytes) -> bytes:
    reader, writer = await open_line(url)
    try:
        writer.write(data)
        async with asyncio.timeout(30):
            return await reader.read()  # to the end of the line
    finally:
        writer.transport.abort()


@pytest.fixture(scope="module")
async def ann(node: Node) -> Person:
    return await node.sign_in("4930908831")


@pytest.mark.parametrize("path", ["/api/", "/healthz", "/api/messages/", "/socket.io/?EIO=4&transport=polling"])
@pytest.mark.parametrize("host", NO_HOSTS)
async def test_what_is_no_host_is_refused_at_the_door(node: Node, ann: Person, host: bytes, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nAuthorization: Bearer {ann.token}\r\nHost: ".encode()
    answer = await exchange(node.url, head + host + b"\r\n\r\n")
    assert b" 400 " in answer.splitlines()[0]
    shown = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert "The header Host must name a host." in shown.values()


async def test_without_a_host_links_name_where_the_request_came(node: Node, ann: Person) -> None:
    head = f"GET /api/ HTTP/1.0\r\nAuthorization: Bearer {ann.token}\r\n\r\n"
    assert f'"{node.url}/api/users"'.encode() in await exchange(node.url, head.encode())


@pytest.mark.parametrize("host", ["[::1]:8080", "my_service:80", "a.example.", "127.0.0.1", "xn--bcher-kva.example"])
async def test_what_is_one_is_taken(node: Node, host: str) -> None:
    answer = await exchange(node.url, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert b" 200 " in answer.splitlines()[0]


async def test_a_host_gets_into_links_as_it_was_asked(node: Node, ann: Person) -> None:
    head = f"GET /api/ HTTP/1.1\r\nHost: chat.example.org:81\r\nConnection: close\r\nAuthorization: Bearer {ann.token}\r\n\r\n"
    assert b'"http://chat.example.org:81/api/users"' in await exchange(node.url, head.encode())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running(tmp_path_factory.mktemp("server") / "data") as server:
        yield server


def log_of(server: RunningServer) -> str:
    return (server.data_dir.parent / "stderr.txt").read_text("utf-8", errors="surrogateescape")


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_is_no_request_is_answered_in_our_words_and_one_quiet_line(
    server: RunningServer, data: bytes
) -> None:
    before = len(log_of(server))
    answer = await exchange(server.url, data)  # to the end of the line
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 400 " in head.splitlines()[0]
    assert b"application/json" in head
    assert b"\r\nConnection: close" in head
    shown = json.loads(body)
    assert shown["_error_type"] == "parley.Malformed"
    assert shown.get("code", "malformed") == "malformed"
    assert shown["_error_message"] == shown.get("error", shown["_error_message"])
    assert b"SECRET" not in answer
    said = log_of(server)[before:]
    assert "Traceback" not in said
    assert "error" not in said
    assert "SECRET" not in said
    assert said.count("\n") <= 2, "its own, and one that counts those before it"


async def test_a_body_that_breaks_later_is_refused_at_once(server: RunningServer) -> None:
    before = len(log_of(server))
    reader, writer = await open_line(server.url)
    head = b"POST /auth HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(head + b"3\r\n{  \r\n")
    await writer.drain()
    await asyncio.sleep(0.05)  # until the server waits for the rest
    writer.write(b"SECRET\r\n")
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b" 400 " in answer.splitlines()[0]
    assert "SECRET" not in log_of(server)[before:]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Expect: SECRET", b" 417 "),
        (b"Content-Encoding: rot13", b" 415 "),
        (b"Content-Encoding: gzip", b" 400 "),
        (b"Content-Encoding: deflate", b" 400 "),
        (b"Content-Type: application/json; charset=klingon", b" 415 "),
        (b"Content-Type: multipart/form-data; boundary=\xff", b" 400 "),
        (b"Content-Type: multipart/form-data", b" 400 "),
        (b'Cookie: =;;\x80\xff; a="\\777', b" 400 "),
    ],
)
async def test_a_strange_header_is_refused_in_json(server: RunningServer, head: bytes, status: bytes) -> None:
    before = len(log_of(server))
    line = b"POST /auth HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n"
    answer = await exchange(server.url, line + head + b"\r\n\r\n{}")
    assert status in answer.splitlines()[0]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])
    assert b"SECRET" not in answer
    assert "Traceback" not in log_of(server)[before:]


@pytest.mark.parametrize(
    "path", ["/users/%ff%00", "/api/contacts/%ff%00/", "/api/groups/%zz/", "/events/%00", "/media/%ff%00"]
)
async def test_a_path_that_names_nothing_is_no_fault(node: Node, ann: Person, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {ann.token}\r\n\r\n"
    status = int((await exchange(node.url, head.encode())).split()[1])
    assert 400 <= status < 500


@pytest.mark.parametrize("token", [b"\xff\xfe", b"ey\xc3\xa4.x.x", b"a\tb", b""])
async def test_a_token_of_any_bytes_is_none(node: Node, token: bytes) -> None:
    head = b"GET /users HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer " + token + b"\r\n\r\n"
    assert b" 401 " in (await exchange(node.url, head)).splitlines()[0]


async def test_a_key_of_any_bytes_opens_no_websocket(node: Node) -> None:
    reader, writer = await open_line(node.url)
    writer.write(
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \xff\r\n\r\n"
    )
    async with asyncio.timeout(30):
        assert b" 400 " in await reader.readline()
    writer.close()


async def test_a_part_with_a_strange_header_leaves_nothing_in_the_log(server: RunningServer) -> None:
    before = len(log_of(server))
    for at in range(20):
        part = f'--x\r\nContent-Disposition: form-data; name="a"; {"q" * 3000}{at}\r\n\r\n1\r\n--x--\r\n'.encode()
        head = f"Host: a\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(part)}"
        assert b" 400 " in await exchange(server.url, f"POST /auth HTTP/1.1\r\n{head}\r\n\r\n".encode() + part)
    assert "qqqq" not in log_of(server)[before:]
