"""However a number is written, one telephone gets so many messages: those who ask choose the spelling, and its owner does not."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from server.embedded import EmbeddedStores
from server.sms.twilio import TwilioCodes
from tests.rest.messaging.logins import new_number
from tests.support.node import Node, running_node, settings_for

SPELLINGS = (
    "+{} {}",
    "+{}/{}",
    "+0{} {}",
    "+{}(0){}",
    "00{} {}",
    "+{}\u2011{}",
    "tel:+{}{}",
    "whatsapp:+{}{}",
    "\uff0b{}{}",
    "+{} {} ext 1",
    "+{} {},,1",
    "+{} {}#",
    "+{}{};ext=7",
)


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path, limits={"enabled": True})) as running:
        yield running


def spellings(number: str) -> list[str]:
    return [each.format(number[:2], number[2:]) for each in SPELLINGS]


def sent(node: Node) -> list[str]:
    """To whom anything was sent so far."""
    place = node.settings.data_dir / node.settings.sms.outbox
    return [json.loads(line)["to"] for line in place.read_text("utf-8").splitlines()] if place.exists() else []


async def text_to(node: Node, number: str) -> None:
    async with asyncio.timeout(30):
        while True:
            if number in sent(node):
                return
            await asyncio.sleep(0.02)


async def test_a_code_goes_to_one_telephone_once_a_minute_however_its_number_is_written(node: Node) -> None:
    statuses = []
    for text in spellings(new_number()):
        async with node.http.post(f"{node.url}/auth", json={"phone_number": text}) as answer:
            statuses.append(answer.status)
    assert statuses == [204] + [429] * (len(SPELLINGS) - 1)
    assert len(sent(node)) == 1


async def test_invitations_reach_one_telephone_three_times_a_day_however_its_number_is_written(node: Node) -> None:
    owner, last = await node.sign_in_by_code(new_number()), "+" + new_number()
    sent_before = len(sent(node))
    for phones in (spellings(new_number()), [last]):
        body = {"title": "Dinner", "event_date": "2040-01-01T12:00:00Z", "invite_phone_numbers": phones}
        assert (await node.rest("POST", "/events", owner, json=body))[0] == 201
    await text_to(node, last)  # texts go out in the order in which they were queued
    assert len(sent(node)) - sent_before <= 4


async def test_twilio_is_asked_for_numbers_alone() -> None:
    """Anything else in their place may choose another channel there, at another price."""
    async with aiohttp.ClientSession() as http:
        codes = TwilioCodes(
            http, account_sid="AC1", auth_token="x", from_number="+15550100", url="http://127.0.0.1:1", timeout_s=5
        )
        for text in ("whatsapp:+4930901820", "sip:ann@example.com", "+49/30/901820", "call me"):
            await codes.send_text(text, "Hello!")  # an attempt would be refused there
