"""Codes by Twilio, against a server on loopback that speaks its REST API."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from models.errors import Unavailable
from server.sms.twilio import TwilioCodes
from tests.support.listening import deaf_port

ACCOUNT, KEY, SENDER = "AC" + "0" * 32, "key", "+15005550006"


@dataclass
class Twilio:
    """Answers as told, and keeps what it was sent."""

    status: int = 201
    body: bytes = b'{"sid": "SM1", "status": "queued"}'
    is_slow: bool = False
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        authorization = base64.b64encode(f"{ACCOUNT}:{KEY}".encode()).decode()
        assert request.headers["Authorization"] == f"Basic {authorization}"
        assert request.match_info["account"] == ACCOUNT
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.requests.append((request.match_info["resource"], form))
        if self.is_slow:
            await asyncio.sleep(30)
        return web.Response(status=self.status, body=self.body, headers={"Location": str(request.url)})

    def refuse(self, code: int, status: int = 400) -> None:
        self.status, self.body = status, b'{"code": %d, "message": "no", "status": %d}' % (code, status)


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    twilio = Twilio()
    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/{account}/{resource}", twilio.answer)
    async with TestServer(app) as server:
        twilio.url = str(server.make_url("/"))
        yield twilio


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def send(
    http: aiohttp.ClientSession, url: str, channel: str = "sms", timeout_s: float = 5, language: str = "en"
) -> None:
    codes = TwilioCodes(http, account_sid=ACCOUNT, auth_token=KEY, from_number=SENDER, url=url, timeout_s=timeout_s)
    await codes.send("+4930123456", "Your code is <0042> & more.", code="0042", channel=channel, language=language)


async def test_a_text_goes_to_messages(twilio: Twilio, http: aiohttp.ClientSession) -> None:
    await send(http, twilio.url)
    form = {"To": "+4930123456", "From": SENDER, "Body": "Your code is <0042> & more."}
    assert twilio.requests == [("Messages.json", form)]


async def send_text(http: aiohttp.ClientSession, url: str) -> None:
    texts = TwilioCodes(http, account_sid=ACCOUNT, auth_token=KEY, from_number=SENDER, url=url)
    await texts.send_text("+4930123456", "Ann invites you.")


async def test_a_text_that_is_no_code_goes_to_messages_too(twilio: Twilio, http: aiohttp.ClientSession) -> None:
    await send_text(http, twilio.url)
    assert twilio.requests == [("Messages.json", {"To": "+4930123456", "From": SENDER, "Body": "Ann invites you."})]
    twilio.refuse(21211)
    await send_text(http, twilio.url)
    twilio.refuse(20429, 429)
    with pytest.raises(Unavailable):
        await send_text(http, twilio.url)


async def test_a_voice_call_goes_to_calls_and_is_spoken(twilio: Twilio, http: aiohttp.ClientSession) -> None:
    await send(http, twilio.url, "voice")
    spoken = "<Response><Say>Your code is &lt;0042&gt; &amp; more.</Say></Response>"
    assert twilio.requests == [("Calls.json", {"To": "+4930123456", "From": SENDER, "Twiml": spoken})]


async def test_a_code_in_another_language_is_spoken_by_a_voice_of_it(
    twilio: Twilio, http: aiohttp.ClientSession
) -> None:
    await send(http, twilio.url, "voice", language="ar")
    ((_, form),) = twilio.requests
    assert form["Twiml"].startswith('<Response><Say voice="Polly.Zeina" language="arb">')


@pytest.mark.parametrize("code", [21211, 21214, 21215, 21217, 21408, 21610, 21612, 21614, 21635])
async def test_a_number_that_cannot_receive_is_logged_without_the_code_and_swallowed(
    twilio: Twilio, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    twilio.refuse(code)
    await send(http, twilio.url)
    (text,) = [record.getMessage() for record in caplog.records if record.name == "server.sms.twilio"]
    assert str(code) in text
    assert "0042" not in text


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b'{"code": 20003, "message": "Authenticate", "status": 401}'),
        (429, b'{"code": 20429}'),
        (400, b'{"code": "21211"}'),
        (400, b"[21211]"),
        (302, b""),
        (307, b""),
        (502, b"<html>bad gateway</html>"),
    ],
)
async def test_every_other_answer_is_unavailable(
    twilio: Twilio, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture, status: int, body: bytes
) -> None:
    twilio.status, twilio.body = status, body
    with caplog.at_level(logging.DEBUG), pytest.raises(Unavailable):
        await send(http, twilio.url)
    assert len(twilio.requests) == 1
    assert "0042" not in caplog.text


async def test_an_answer_that_does_not_come_is_unavailable(twilio: Twilio, http: aiohttp.ClientSession) -> None:
    twilio.is_slow = True
    with pytest.raises(Unavailable):
        await send(http, twilio.url, timeout_s=0.1)


async def test_a_provider_out_of_reach_is_unavailable(http: aiohttp.ClientSession) -> None:
    with deaf_port() as port, pytest.raises(Unavailable):
        await send(http, f"http://127.0.0.1:{port}")
