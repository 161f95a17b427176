"""Codes by web hook, against a server on loopback that checks the signature."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from models.errors import Unavailable
from server.sms.webhook import WebhookCodes
from tests.support.fakes import HandClock
from tests.support.listening import deaf_port

SECRET = "hook"


@dataclass
class Hook:
    """Answers as told, and keeps what it was sent."""

    status: int = 204
    is_slow: bool = False
    received: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        stamp = request.headers["X-Parley-Timestamp"]
        expected = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert request.headers["X-Parley-Signature"] == expected
        assert int(stamp) == HandClock().now().timestamp()
        assert request.content_type == "application/json"
        self.received.append(json.loads(body))
        if self.is_slow:
            await asyncio.sleep(30)
        return web.Response(status=self.status, headers={"Location": "/"})


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/", hook.answer)
    async with TestServer(app) as server:
        hook.url = str(server.make_url("/"))
        yield hook


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def send(http: aiohttp.ClientSession, url: str, timeout_s: float = 5) -> None:
    codes = WebhookCodes(http, HandClock(), url=url, secret=SECRET, timeout_s=timeout_s)
    await codes.send("+4930123456", "Your code is 0042. ☎", code="0042", channel="sms", language="de")


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_the_code_is_posted_signed_with_its_time(hook: Hook, http: aiohttp.ClientSession, status: int) -> None:
    hook.status = status
    await send(http, hook.url)
    sent = {"to": "+4930123456", "body": "Your code is 0042. ☎", "code": "0042", "channel": "sms", "language": "de"}
    assert hook.received == [sent | {"at": "2030-01-01T12:00:00Z"}]


async def test_a_text_is_posted_without_a_code(hook: Hook, http: aiohttp.ClientSession) -> None:
    texts = WebhookCodes(http, HandClock(), url=hook.url, secret=SECRET)
    await texts.send_text("+4930123456", "Ann invites you.")
    sent = {"to": "+4930123456", "body": "Ann invites you.", "code": None, "channel": "sms"}
    assert hook.received == [sent | {"at": "2030-01-01T12:00:00Z"}]
    hook.status = 422
    await texts.send_text("+4930123456", "Ann invites you.")
    hook.status = 503
    with pytest.raises(Unavailable):
        await texts.send_text("+4930123456", "Ann invites you.")


async def test_a_number_that_cannot_receive_is_logged_without_the_code_and_swallowed(
    hook: Hook, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    hook.status = 422
    await send(http, hook.url)
    assert "server.sms.webhook" in [record.name for record in caplog.records]
    assert "0042" not in caplog.text


@pytest.mark.parametrize("status", [302, 307, 400, 401, 404, 500, 503])
async def test_every_other_answer_is_unavailable(hook: Hook, http: aiohttp.ClientSession, status: int) -> None:
    hook.status = status
    with pytest.raises(Unavailable):
        await send(http, hook.url)
    assert len(hook.received) == 1


async def test_an_answer_that_does_not_come_is_unavailable(hook: Hook, http: aiohttp.ClientSession) -> None:
    hook.is_slow = True
    with pytest.raises(Unavailable):
        await send(http, hook.url, timeout_s=0.1)


async def test_a_hook_out_of_reach_is_unavailable(http: aiohttp.ClientSession) -> None:
    with deaf_port() as port, pytest.raises(Unavailable):
        await send(http, f"http://127.0.0.1:{port}")
