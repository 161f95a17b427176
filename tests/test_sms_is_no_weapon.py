"""Texts to phones cannot be turned against whoever owns them, or against whoever pays: how many, to where, and with what in them."""

import asyncio
import json
import unicodedata
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from server.config import ConfigError, read_settings
from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import Api, new_number
from tests.support.apple import Apple, running_apple
from tests.support.node import Node, Person, running_node, settings_for

WORD = "Din\u202ener\n\u0007 at\u2067 nine\u200b\u2029"
HOSTILE = "\n\r\t\u0007\u001b\u202e\u202a\u2066\u2067\u2069\u200b\u200e\u200f\u2028\u2029\ufeff"


@pytest.fixture
async def apple(tmp_path: Path) -> AsyncIterator[Apple]:
    async with running_apple(tmp_path) as running:
        yield running


@pytest.fixture
async def node(stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path, limits={"enabled": True})) as running:
        yield running


async def person(node: Node, name: str = "Ann") -> Person:
    one = await node.sign_in_by_code(new_number())
    profile = {"full_name": name, "email": "ann@example.com"}
    assert (await node.rest("POST", "/auth/register", one, json=profile))[0] == 200
    return one


async def invite(node: Node, owner: Person, *numbers: str, title: str = "Dinner") -> dict[str, Any]:
    body = {"title": title, "event_date": "2040-01-01T12:00:00Z", "invite_phone_numbers": ["+" + n for n in numbers]}
    status, shown = await node.rest("POST", "/events", owner, json=body)
    assert status == 201, shown
    event: dict[str, Any] = shown
    return event


def texts(node: Node) -> list[Mapping[str, Any]]:
    """What was sent so far and is no code."""
    lines = (node.settings.data_dir / node.settings.sms.outbox).read_text("utf-8").splitlines()
    return [sent for sent in map(json.loads, lines) if sent["code"] is None]


async def text_to(node: Node, number: str) -> str:
    """The first text to a number, waiting until it is sent: another task of the node does that."""
    async with asyncio.timeout(30):
        while True:
            found = [sent["body"] for sent in texts(node) if sent["to"] == "+" + number]
            if found:
                return str(found[0])
            await asyncio.sleep(0.02)


async def test_twelve_events_are_three_texts_to_one_number_and_twelve_invitations(node: Node) -> None:
    victim, last = new_number(), new_number()
    owners = [await person(node) for _ in range(3)]
    events = [await invite(node, owners[at % 3], victim) for at in range(12)]
    assert all(len(event["invitees"]) == 1 for event in events)
    await invite(node, owners[0], last)
    await text_to(node, last)  # texts go out in the order in which they were queued
    assert len([sent for sent in texts(node) if sent["to"] == "+" + victim]) <= 3


async def test_who_invites_is_told_that_somebody_was_not_texted(
    stores: EmbeddedStores, apple: Apple, tmp_path: Path
) -> None:
    settings = settings_for(tmp_path / "node", limits={"enabled": True}, push=apple.settings)
    async with running_node(stores, settings) as node:
        owner, victim = await person(node), new_number()
        device = {"token": "owner"}
        assert (await node.rest("POST", "/notifications/add_ios_device", owner, json=device))[0] == 200
        for at in range(4):
            await invite(node, owner, victim, title=f"Dinner {at}")
        await apple.expect(1)
        (push,) = apple.sent_to("owner")
        assert push.alert == (
            "One person you invited to Dinner 3 got no SMS: there are only so many a day. Tell them yourself."
        )


async def test_the_site_texts_so_many_in_a_day(stores: EmbeddedStores, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, limits={"enabled": True}, sms={"texts_per_day": 5})
    async with running_node(stores, settings) as node:
        owner, numbers = await person(node), [new_number() for _ in range(7)]
        for number in numbers:
            await invite(node, owner, number)
        await text_to(node, numbers[4])
        assert {sent["to"] for sent in texts(node)} == {"+" + number for number in numbers[:5]}


async def test_other_peoples_words_are_one_line_of_a_text(node: Node) -> None:
    owner, guest = await person(node, "Ann\n\u202eeve\u0007\u2066"), new_number()
    await invite(node, owner, guest, title=WORD)
    body = await text_to(node, guest)
    assert not set(HOSTILE) & set(body), body
    assert "Ann eve" in body
    assert "Dinner at nine" in body


async def test_words_from_right_to_left_are_isolated_and_others_cost_no_character(node: Node) -> None:
    owner, first, second = await person(node, "Ann"), new_number(), new_number()
    await invite(node, owner, first, title="ארוחת ערב")
    await invite(node, owner, second, title="Dinner")
    assert "\u2068ארוחת ערב\u2069" in await text_to(node, first)
    assert (await text_to(node, second)).isascii()


async def test_a_text_has_no_link_but_our_own(node: Node) -> None:
    owner, guest, other = await person(node, "bank.example"), new_number(), new_number()
    await invite(node, owner, guest, title="Log in: http://192.0.2.7/a, 3.30 pm, St. Ann's")
    body = await text_to(node, guest)
    assert body.count("://") == body.count("/invitation?token=") + 1 == 2, "one that is broken by a space, and ours"
    assert "http:// 192.0.2.7/a, 3.30 pm, St. Ann" in body
    assert "bank. example" in body
    await invite(node, owner, other, title="b\uff0eexample")
    assert "b\uff0e example" in await text_to(node, other)


async def test_other_peoples_words_are_one_line_of_a_push(stores: EmbeddedStores, apple: Apple, tmp_path: Path) -> None:
    async with running_node(stores, settings_for(tmp_path / "node", push=apple.settings)) as node:
        owner, guest = await person(node, "Ann\n\u202eeve\u0007"), await person(node, "Tom\u2028")
        for one, name in ((owner, "owner"), (guest, "guest")):
            assert (await node.rest("POST", "/notifications/add_ios_device", one, json={"token": name}))[0] == 200
        event = await invite(node, owner, guest.number, title=WORD)
        answer = {"rsvp_message": "late\n\u202e:)"}
        assert (await node.rest("POST", f"/events/{event['id']}/accept", guest, json=answer))[0] == 200
        await node.befriend(owner, guest)
        sent = {"contact": guest.number, "message": f"Hi\n\u202e{WORD}"}
        status, shown = await node.rest("POST", "/api/messages/send-message/", owner, data=sent)
        assert status == 200, shown
        await apple.expect(4)
        alerts = [push.alert for push in apple.taken]
        assert not set(HOSTILE) & set("".join(alerts)), alerts
        assert "Ann eve invites you to Dinner at nine" in alerts
        assert "Ann eve: Hi Dinner at nine" in alerts
        titles = [push.payload["title"] for push in apple.taken if "title" in push.payload]
        assert set(titles) == {"Dinner at nine"}


class TestCountries:
    GERMAN, FRENCH = "4930901820", "33612345678"

    @pytest.fixture
    async def node(self, stores: EmbeddedStores, tmp_path: Path) -> AsyncIterator[Node]:
        async with running_node(stores, settings_for(tmp_path, sms={"countries": ["DE"]})) as running:
            yield running

    async def test_a_code_is_sent_to_these_alone(self, node: Node) -> None:
        assert (await node.sign_in_by_code(self.GERMAN)).account_id
        for number in ("+" + self.FRENCH, "+1", "call me", "+881612345678"):
            async with node.http.post(node.url + "/auth", json={"phone_number": number}) as answer:
                assert answer.status == 400
                assert (await answer.json())["_error_type"] == "parley.CountryNotServed"

    async def test_a_login_adds_numbers_of_these_alone(self, node: Node, stores: EmbeddedStores) -> None:
        login = await Api(node, stores).new_user()
        for path in ("create-account", "create-account"):
            status, shown = await login("POST", f"/api/account/{path}/", account=self.FRENCH)
            assert (status, shown["code"]) == (400, "country_not_served")
        assert (await login("POST", "/api/account/create-account/", account=self.GERMAN))[0] == 201

    async def test_others_are_invited_and_not_texted(self, node: Node) -> None:
        owner = await node.sign_in_by_code(self.GERMAN)
        guest = "4930901821"
        event = await invite(node, owner, self.FRENCH, guest)
        assert len(event["invitees"]) == 2
        await text_to(node, guest)
        assert [sent["to"] for sent in texts(node)] == ["+" + guest]

    @pytest.mark.parametrize("country", ["Germany", "de", "XX", ""])
    def test_what_is_no_country_stops_the_start(self, country: str) -> None:
        with pytest.raises(ConfigError) as refusal:
            read_settings(overrides={"sms": {"countries": [country]}})
        assert refusal.value.path.startswith("sms.countries")
        assert "unknown setting" not in refusal.value.problem


def test_what_is_hostile_here_is_control_or_format() -> None:
    assert {unicodedata.category(each) for each in HOSTILE} <= {"Cc", "Cf", "Zl", "Zp"}
