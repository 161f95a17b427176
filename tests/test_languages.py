"""Everybody is written to in a language of their own: codes, invitations and pushes (docs/messaging-api.md, "Language")."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import hdrs

from models.documents.sms import parts_of
from server.config import Settings
from server.embedded import EmbeddedStores
from tests.rest.messaging.logins import new_number
from tests.support.apple import Apple, running_apple
from tests.support.invitations import Invitations
from tests.support.node import Node, Person, running_node, settings_for

LANGUAGE = "/api/account/language/"
UNREADABLE = [None, "*", "tlh, nl;q=0.5", ";;q=,,=", "de;q=9", "de_DE", "x" * 4000, "," * 3000]


@dataclass
class Site:
    """A node, its SMS, and the pushes that it hands to Apple."""

    node: Node
    apple: Apple

    async def person(self, language: str | None = None, name: str = "", device: str = "") -> Person:
        """Somebody who chose this language."""
        person = await self.node.sign_in(new_number())
        if language is not None:
            assert (await self.choose(person, language))[0] == 200
        if name:
            await self.ask("POST", "/auth/register", person, {"full_name": name, "email": "a@example.com"})
        if device:
            await self.ask("POST", "/notifications/add_ios_device", person, {"token": device})
        return person

    async def ask(self, method: str, path: str, person: Person, body: object = None, **options: Any) -> Any:
        status, shown = await self.node.rest(method, path, person, json=body, **options)
        assert status in (200, 201), shown
        return shown

    async def choose(self, person: Person, language: object) -> tuple[int, Any]:
        return await self.node.rest("POST", LANGUAGE, person, json={"language": language})

    async def code_to(self, number: str, asked: str | None = None) -> str:
        """The SMS with a code to a number, for which a client asks that sends this header."""
        headers = {} if asked is None else {hdrs.ACCEPT_LANGUAGE: asked}
        body = {"phone_number": "+" + number}
        async with self.node.http.post(f"{self.node.url}/auth", json=body, headers=headers) as answer:
            assert answer.status == 204
        return await self.text_to(number)

    async def sign_in(self, number: str, asked: str | None) -> Person:
        """Prove a number by a client that sends this header."""
        headers = {} if asked is None else {hdrs.ACCEPT_LANGUAGE: asked}
        await self.code_to(number)
        proof = {"phone_number": "+" + number, "pin": self.node.read_code("+" + number)}
        url = f"{self.node.url}/auth/verify_pin"
        async with self.node.http.post(url, json=proof, headers=headers) as answer:
            assert answer.status == 200
            user = await answer.json()
        return Person(number, user["id"], user["auth_token"])

    async def text_to(self, number: str) -> str:
        """The last SMS to a number, once there is one."""
        path = self.node.settings.data_dir / self.node.settings.sms.outbox
        async with asyncio.timeout(60):
            while True:
                lines = path.read_text().splitlines() if path.exists() else []
                for line in reversed(lines):
                    sent = json.loads(line)
                    if sent["to"] == "+" + number:
                        text: str = sent["body"]
                        return text
                await asyncio.sleep(0.01)

    async def alert_on(self, device: str) -> str:
        """The last push to a device, once there is one."""
        async with asyncio.timeout(60):
            while not self.apple.sent_to(device):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self.apple.sent_to(device)[-1].alert

    async def write(self, sender: Person, **body: object) -> None:
        device = await self.node.connect(sender, "/chat")
        answer = await device.ask("message_send", {"client_id": uuid4().hex, **body})
        assert answer["ok"], answer
        await device.client.disconnect()

    async def page(self, event: Any, guest: str, asked: str | None) -> tuple[Any, str]:
        """The headers and the text of the invitation's page, for a browser that sends this header."""
        token = await Invitations(self.node).link(event, guest)
        headers = {} if asked is None else {hdrs.ACCEPT_LANGUAGE: asked}
        async with self.node.http.get(f"{self.node.url}/invitation/?token={token}", headers=headers) as answer:
            assert answer.status == 200
            return answer.headers, await answer.text()


@pytest.fixture(scope="module")
async def site(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    async with running_apple(folder) as apple:
        settings = settings_for(folder / "node", push=apple.settings, events={"demo": True})
        async with running_node(stores, settings) as node:
            yield Site(node, apple)


async def test_a_language_is_chosen_and_the_choice_is_taken_back(site: Site) -> None:
    ann = await site.person()
    assert await site.ask("GET", LANGUAGE, ann) == {"language": None}
    assert await site.choose(ann, "de") == (200, {"language": "de"})
    assert await site.ask("GET", LANGUAGE, ann) == {"language": "de"}
    assert await site.choose(ann, None) == (200, {"language": None})


@pytest.mark.parametrize("language", ["tlh", "de-AT", "DE", 7, ["de"], "d" * 9000])
async def test_a_language_in_which_nothing_is_written_is_refused_by_a_code_of_its_own(
    site: Site, language: object
) -> None:
    ann = await site.person("fr")
    status, shown = await site.choose(ann, language)
    assert (status, shown["code"]) == (400, "unknown_language")
    assert await site.ask("GET", LANGUAGE, ann) == {"language": "fr"}


async def test_the_events_api_takes_a_language_with_the_profile(site: Site) -> None:
    ann = await site.person()
    own = f"/users/{ann.account_id}"
    assert "language" not in await site.ask("PATCH", own, ann, {"language": "es"})
    assert await site.ask("GET", LANGUAGE, ann) == {"language": "es"}
    refused = await site.node.rest("PATCH", own, ann, json={"language": "tlh"})
    assert refused == (400, {"language": ['"tlh" is not a valid choice.']})
    await site.ask("PATCH", own, ann, {"full_name": "Ann", "language": None})
    assert await site.ask("GET", LANGUAGE, ann) == {"language": "es"}


async def test_a_code_is_in_the_language_of_whoever_asks_for_it(site: Site) -> None:
    ann = await site.person("fr")
    assert (await site.code_to(ann.number, "de-AT, en;q=0.5")).startswith("Hallo! Dein Code ist ")
    assert (await site.code_to(new_number(), "ar-EG")).startswith("مرحبا! رمزك هو ")


@pytest.mark.parametrize("asked", UNREADABLE)
async def test_a_code_is_in_the_accounts_language_where_the_request_asks_for_none(
    site: Site, asked: str | None
) -> None:
    ann = await site.person("fr")
    assert (await site.code_to(ann.number, asked)).startswith("Bonjour ! Votre code est ")
    assert (await site.code_to(new_number(), asked)).startswith("Hello! Your code is ")


async def test_an_account_has_the_language_of_its_client_until_its_owner_chooses_one(site: Site) -> None:
    number = new_number()
    ann = await site.sign_in(number, "es-MX")
    assert await site.ask("GET", LANGUAGE, ann) == {"language": None}, "nothing was chosen"
    assert (await site.code_to(number)).startswith("¡Hola! Tu clave es ")
    await site.sign_in(number, "tlh, *;q=0.1")
    assert (await site.code_to(number)).startswith("¡Hola! Tu clave es ")
    await site.choose(ann, "de")
    await site.sign_in(number, "fr")
    assert (await site.code_to(number)).startswith("Hallo! ")
    await site.choose(ann, None)
    assert (await site.code_to(number)).startswith("Bonjour ! ")


async def test_a_language_outlives_a_restart_and_not_its_account(
    stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings: Settings = settings_for(tmp_path_factory.mktemp("restarted"), auth={"secret": "s" * 40})
    async with running_node(stores, settings) as node:
        ann = await node.sign_in(new_number())
        assert (await node.rest("POST", LANGUAGE, ann, json={"language": "ar"}))[0] == 200
    async with running_node(stores, settings) as node:
        assert await node.rest("GET", LANGUAGE, ann) == (200, {"language": "ar"})
        assert (await node.rest("POST", "/api/account/remove-account/", ann, json={"account": ann.number}))[0] == 200
        again = await node.sign_in(ann.number)
        assert await node.rest("GET", LANGUAGE, again) == (200, {"language": None})


async def test_an_invitation_by_sms_is_in_the_inviters_language_where_the_guests_is_unknown(site: Site) -> None:
    ann, guest = await site.person("de", name="Ann"), new_number()
    await Invitations(site.node).create(ann, guest, title="Grillen")
    text = await site.text_to(guest)
    assert any(
        said in text for said in ("lädt dich ein: Grillen.", "Einladung von Ann", "hätte dich gern", "freut sich auf")
    )


async def test_an_arabic_invitation_by_sms_is_of_two_parts_at_most(site: Site) -> None:
    ann, guest = await site.person("ar", name="ليلى عبد الرحمن الأندلسي"), new_number()
    await Invitations(site.node).create(ann, guest, title="حفلة عيد ميلاد سارة العاشر في حديقة المدينة الكبيرة")
    text = await site.text_to(guest)
    assert "ليلى" in text
    assert "حفلة عيد ميلاد" in text
    assert parts_of(text) == 2


async def test_a_push_is_in_the_language_of_whoever_gets_it(site: Site) -> None:
    ann = await site.person("en", name="Ann")
    ours = [uuid4().hex, uuid4().hex]
    eva, tom = await site.person("de", "Eva", ours[0]), await site.person("fr", "Tom", ours[1])
    await Invitations(site.node).create(ann, eva.number, tom.number, title="Barbecue")
    assert await site.alert_on(ours[0]) == "Ann lädt dich zu „Barbecue“ ein"
    assert await site.alert_on(ours[1]) == "Ann vous invite à «\xa0Barbecue\xa0»"


async def test_a_push_is_in_the_senders_language_where_the_readers_is_unknown(site: Site) -> None:
    device = uuid4().hex
    ann, eva = await site.person("es", name="Ann"), await site.person(None, "Eva", device)
    await Invitations(site.node).create(ann, eva.number, title="Paella")
    assert await site.alert_on(device) == "Ann te invita a «Paella»"


async def test_a_message_is_announced_to_each_in_their_own_language(site: Site) -> None:
    ours = [uuid4().hex, uuid4().hex]
    ann = await site.person("fr", name="Ann")
    eva, tom = await site.person("de", "Eva", ours[0]), await site.person("ar", "Tom", ours[1])
    await site.node.befriend(ann, eva, tom)
    numbers = [eva.number, tom.number]
    group = await site.ask("POST", "/api/groups/create-group/", ann, {"subject": "Chess", "participants": numbers})
    place = {"latitude": 52.5, "longitude": 13.4}
    await site.ask("POST", "/api/messages/send-location/", ann, {"group_id": group["groupid"], **place})
    assert await site.alert_on(ours[0]) == "Ann @ Chess: ein Standort"
    assert await site.alert_on(ours[1]) == "\u2068Ann\u2069 في \u2068Chess\u2069: \u2068موقع\u2069"


async def test_another_date_is_said_as_the_reader_writes_dates(site: Site) -> None:
    device = uuid4().hex
    ann, eva = await site.person("en", name="Ann"), await site.person("de", "Eva", device)
    plans = Invitations(site.node)
    event = await plans.create(ann, eva.number, title="Dinner")
    await site.ask("POST", f"/events/{event.id}/accept", eva, {})
    await plans.edit(ann, event, event_date="2031-01-05T18:30:00+01:00")
    async with asyncio.timeout(60):
        while len(site.apple.sent_to(device)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert await site.alert_on(device) == "„Dinner“ ist jetzt am 5. Jan. 2031 um 18:30 Uhr (UTC+1)"


async def test_the_page_of_an_invitation_is_in_the_language_that_its_visitor_asks_for(site: Site) -> None:
    ann, guest = await site.person("es", name="Ann"), new_number()
    event = await Invitations(site.node).create(ann, guest, event_date=datetime.now(UTC) + timedelta(days=30))
    headers, page = await site.page(event, guest, "ar-EG, ar;q=0.9, en;q=0.8")
    assert '<html lang="ar" dir="rtl">' in page
    assert "نعم، سأحضر" in page
    assert headers[hdrs.CONTENT_LANGUAGE] == "ar"
    assert hdrs.ACCEPT_LANGUAGE in headers[hdrs.VARY]
    headers, page = await site.page(event, guest, "en-GB")
    assert '<html lang="en" dir="ltr">' in page
    assert "Yes, I come" in page


@pytest.mark.parametrize("asked", UNREADABLE)
async def test_the_page_is_in_the_inviters_language_where_its_visitor_asks_for_none(
    site: Site, asked: str | None
) -> None:
    ann, guest = await site.person("es", name="Ann"), new_number()
    event = await Invitations(site.node).create(ann, guest)
    headers, page = await site.page(event, guest, asked)
    assert '<html lang="es" dir="ltr">' in page
    assert "Sí, voy" in page
    assert headers[hdrs.CONTENT_LANGUAGE] == "es"


async def test_a_link_that_leads_nowhere_is_said_in_the_visitors_language(site: Site) -> None:
    headers = {hdrs.ACCEPT_LANGUAGE: "de"}
    async with site.node.http.get(f"{site.node.url}/invitation/?token=nobody's", headers=headers) as answer:
        assert (answer.status, "Diese Einladung gibt es nicht" in await answer.text()) == (404, True)


async def test_the_first_sample_replies_and_events_are_in_the_readers_language(site: Site) -> None:
    ann = await site.sign_in(new_number(), "de")
    (event,) = (await site.ask("GET", "/events", ann))["results"]
    assert event["title"] in {
        "Mein erster Termin: Kaffee mit Freunden",
        "Ein Spaziergang im Park",
        "Abendessen bei mir",
    }
    path, headers = "/events/sample_rsvp_replies", {hdrs.ACCEPT_LANGUAGE: "fr"}
    said = {reply["text"] for reply in await site.ask("GET", path, ann, headers=headers)}
    assert "Je serai là :)" in said
    await site.choose(ann, "es")
    assert "¡Me apunto!" in {reply["text"] for reply in await site.ask("GET", path, ann, headers=headers)}


async def test_nobody_is_shown_the_language_of_somebody_else(site: Site) -> None:
    ann, eva = await site.person("fr", name="Ann"), await site.person("ar", name="Eva")
    await site.node.befriend(ann, eva)
    for path in (f"/users/{eva.account_id}", "/users", "/api/contacts/", "/api/contacts/statuses-messages/"):
        assert "language" not in json.dumps(await site.ask("GET", path, ann)), path
