"""How a body is decoded is not its sender's choice: what would cost a node seconds is refused before it is looked at."""

import asyncio
import json
import zlib
from contextlib import suppress
from time import process_time

import pytest

from tests.support.node import Node
from tests.support.raw import request

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
SLOW = b"p=" + b"x" * 200_000 + b"-" + b"a" * 200_000  # as punycode: ten seconds of a standing loop
DOORS = ("/auth", "/auth/verify_pin", "/o/token/", "/o/revoke-token/")
CHARSETS = ("punycode", "utf-7", "utf-16", "idna", "unicode_escape", "iso-8859-1", "nonsense", "rot13")
SOON_S = 5.0  # a loaded machine included; what is refused here took longer, or was accepted


async def post(node: Node, path: str, kind: str, body: bytes, *, token: str = "", method: str = "POST") -> int:
    headers = f"Content-Type: {kind}\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
    async with asyncio.timeout(SOON_S):
        status, _, _ = await request(node.url, method, path, body, headers=headers)
    return status


def part(name: str, value: bytes, headers: str = "") -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n{headers}\r\n'.encode() + value + b"\r\n"


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("kind", [FORM, "application/json", "multipart/form-data; boundary=x"])
async def test_no_charset_but_utf_8_is_decoded(node: Node, path: str, kind: str) -> None:
    for charset in CHARSETS:
        assert await post(node, path, f"{kind}; charset={charset}", SLOW) == 415, charset


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8", '"utf-8"', "us-ascii"])
async def test_utf_8_goes_by_all_its_names(node: Node, charset: str) -> None:
    body = b"phone_number=%2B4930908877"
    assert await post(node, "/auth", f"{FORM}; charset={charset}", body) in (204, 429)


@pytest.mark.parametrize("charset", CHARSETS)
async def test_no_part_of_a_form_chooses_its_charset(node: Node, charset: str) -> None:
    named = part("phone_number", SLOW, f"Content-Type: text/plain; charset={charset}\r\n") + b"--x--\r\n"
    default = part("_charset_", charset.encode()) + part("phone_number", SLOW) + b"--x--\r\n"
    ann = await node.sign_in("4930908801")
    for path, token in (("/auth", ""), ("/api/account/profile-photo/", ann.token), ("/users/change_avatar", ann.token)):
        assert await post(node, path, MULTIPART, named, token=token) == 415
        assert await post(node, path, MULTIPART, default, token=token) in (400, 415)


async def test_a_charset_in_pieces_is_no_fault(node: Node) -> None:
    assert await post(node, "/auth", f"{FORM}; charset*=us-ascii''punycode", b"p=x") == 415


async def test_a_content_type_of_thousands_of_parameters_is_not_parsed(node: Node) -> None:
    for kind in (f"{FORM};" + ";" * 8000, f"{FORM}; x=" + '";' * 4000, f"{FORM}; x=" + "y" * 8000):
        assert await post(node, "/auth", kind, b"phone_number=%2B4930908878") == 415


async def test_a_form_has_a_bounded_number_of_fields_and_lines(node: Node) -> None:
    number = part("phone_number", b"+4930908879") + b"--x--\r\n"
    assert await post(node, "/auth", MULTIPART, b"\n" * 200_000 + number) == 400
    assert await post(node, "/auth", MULTIPART, part("a", b"") * 5_000 + number) in (400, 413)
    assert await post(node, "/auth", FORM, b"a&" * 400_000) in (400, 413)
    many = b'--x\r\nContent-Disposition: form-data; name="a"' + b";" * 3000 + b"\r\n\r\n1\r\n"
    assert await post(node, "/auth", MULTIPART, number[:-7] + many * 200 + b"--x--\r\n") == 400


async def test_of_a_packed_body_no_more_is_unpacked_than_is_taken(node: Node) -> None:
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join([packer.compress(bytes(1 << 20)) for _ in range(500)]) + packer.flush()
    began = process_time()
    headers = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
    async with asyncio.timeout(60):
        with suppress(ConnectionError, asyncio.IncompleteReadError):  # the line may end before its answer is read
            status, _, _ = await request(node.url, "POST", "/auth", packed, headers=headers)
            assert status == 413
    assert process_time() - began < 0.8, "all of it takes twice as long"


async def test_a_form_on_a_get_is_as_bounded(node: Node) -> None:
    ann = await node.sign_in("4930908802")
    body = b"a&" * 2_000
    assert await post(node, "/api/message/chats/", FORM, body, token=ann.token, method="GET") == 400


@pytest.mark.parametrize("digits", ["1" * 40_000 + "x", "." + "1" * 40_000 + "x", "1" * 40_000 + "e"])
async def test_what_is_nearly_a_number_is_refused_at_once(node: Node, digits: str) -> None:
    ann = await node.sign_in("4930908803")
    body = json.dumps({"contact": "4930908804", "latitude": digits, "longitude": "1"}).encode()
    assert await post(node, "/api/messages/send-location/", "application/json", body, token=ann.token) == 400
