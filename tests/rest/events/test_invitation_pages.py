"""The pages behind the link of an invitation: who has it reads, answers and takes the date along, and nobody else does."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from html import unescape
from itertools import count
from typing import Any

import aiohttp
import icalendar
import pytest

from models.documents.event import Event
from models.stores.database import open_database
from server.embedded import EmbeddedStores
from server.http.page_files import PageFiles
from server.http.pages import STATIC
from tests.support.invitations import Invitations
from tests.support.node import Node, Person, running_node, settings_for
from tests.support.parts import services_of

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile"
STORES = {
    "app_store_url": "https://apps.apple.com/app/id1",
    "google_play_url": "https://play.google.com/store?id=1&a=2",
}
PAGE_VERSION = PageFiles.read(STATIC).version
_numbers = count(4930905000)


@pytest.fixture(scope="module")
async def node(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("node"), apps=STORES)) as running:
        yield running


@pytest.fixture
def invitations(node: Node) -> Invitations:
    return Invitations(node)


@pytest.fixture
async def owner(node: Node) -> Person:
    owner = await node.sign_in(str(next(_numbers)))
    profile = {"full_name": "Ann Marie Lee", "email": "ann@example.com"}
    status, shown = await node.rest("POST", "/auth/register", owner, json=profile)
    assert status == 200, shown
    return owner


@dataclass
class Guest:
    """A browser of somebody who was sent a link."""

    http: aiohttp.ClientSession
    url: str
    token: str

    async def open(self, path: str = "/invitation/", **headers: str) -> tuple[int, str]:
        async with self.http.get(self.url + path, params={"token": self.token}, headers=headers) as answer:
            return answer.status, await answer.text()

    async def send(self, form: Mapping[str, str]) -> tuple[int, str]:
        address = f"{self.url}/invitation/"
        async with self.http.post(address, params={"token": self.token}, data=form) as answer:
            return answer.status, await answer.text()

    async def answer(self, response: str, message: str = "") -> tuple[int, str]:
        """Open the page and send its form, as a browser does."""
        _, page = await self.open()
        return await self.send({"form-key": form_key(page), "response": response, "rsvp-message": message})


def form_key(page: str) -> str:
    found = re.search(r'name="form-key" value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.fixture
async def guests(node: Node) -> AsyncIterator[Any]:
    """Makes browsers, each with cookies of its own."""
    opened: list[aiohttp.ClientSession] = []

    def make(token: str) -> Guest:
        # Cookies of an address, not of a name, need to be allowed.
        opened.append(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
        return Guest(opened[-1], node.url, token)

    yield make
    for session in opened:
        await session.close()


@dataclass
class Dinner:
    """An event, the number that was invited, and its browser."""

    event: Event
    number: str
    guest: Guest
    invitations: Invitations

    async def invitation(self) -> Any:
        event = await self.invitations.read(self.event.id)
        return next(each for each in event.invitations if each.phone.number == self.number)


@pytest.fixture
def invite(invitations: Invitations, owner: Person, guests: Any) -> Any:
    """Invites somebody without an account to an event of the owner, `others` too."""

    async def make(*others: str, **fields: Any) -> Dinner:
        number = str(next(_numbers))
        event = await invitations.create(owner, number, *others, **fields)
        return Dinner(event, number, guests(await invitations.link(event, number)), invitations)

    return make


class TestThePage:
    async def test_tells_who_invites_to_what_when_and_where(self, invite: Any) -> None:
        dinner = await invite("4930904001", "4930904002", venue_name="Zum Löwen", address="Markt 1", total_spots=7)
        status, page = await dinner.guest.open()
        assert status == 200
        for told in ("Ann L", "Dinner", "Zum Löwen", "Markt 1", "You and 3 friends", "7 of 7 places left"):
            assert told in page, told
        assert re.search(r"(This|Next) (Sun|Mon|Tue|Wed|Thu|Fri|Sat)", page)
        assert f"/invitation/calendar/?token={dinner.guest.token}" in page
        assert STORES["app_store_url"] in page
        assert STORES["google_play_url"] in unescape(page)

    async def test_is_the_same_without_the_slash_at_the_end_of_its_path(self, invite: Any) -> None:
        dinner = await invite()
        status, page = await dinner.guest.open("/invitation")
        assert (status, "Dinner" in page) == (200, True)

    @pytest.mark.parametrize("token", ["", "unknown", "ü" * 1000])
    async def test_does_not_exist_for_an_unknown_or_a_missing_token(self, guests: Any, token: str) -> None:
        guest = guests(token)
        for path in ("/invitation/", "/invitation", "/invitation/calendar/", "/invitation/calendar"):
            status, page = await guest.open(path)
            assert (status, "No such invitation" in page) == (404, True)
        assert (await guest.send({"response": "Accept", "rsvp-message": ""}))[0] == 404

    async def test_shows_an_iphone_the_maps_of_apple_and_others_those_of_google(self, invite: Any) -> None:
        dinner = await invite(venue_name="Café & Bar")
        _, apple = await dinner.guest.open(**{"User-Agent": IPHONE})
        assert 'href="http://maps.apple.com/?q=Caf%C3%A9%20%26%20Bar"' in apple
        _, google = await dinner.guest.open(**{"User-Agent": ANDROID})
        assert 'href="http://maps.google.com/?q=Caf%C3%A9%20%26%20Bar"' in google

    async def test_names_the_address_where_there_is_no_venue_and_else_any_place(self, invite: Any) -> None:
        _, page = await (await invite(address="Markt 1")).guest.open()
        assert '<b dir="auto">Markt 1</b>' in page
        _, page = await (await invite()).guest.open()
        assert '<b dir="auto">any place</b>' in page

    async def test_makes_links_of_urls_in_the_title_and_markup_of_nothing(self, invite: Any) -> None:
        title = '<script>alert(1)</script> https://example.com/a?b=1&c="x" javascript:alert(1)'
        _, page = await (await invite(title=title, venue_name="<b>x</b>", address='"><img src=x>')).guest.open()
        assert re.findall(r"<script.*?>", page) == [
            f'<script src="/static/{PAGE_VERSION}/invitation/times.js" type="module">'
        ]
        assert "<img" not in page
        assert "<b>x" not in page
        assert '<a href="https://example.com/a?b=1&amp;c=' in page
        assert 'href="javascript:' not in page
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
        assert heading
        assert unescape(re.sub(r"<[^>]+>", "", heading[1])) == title

    async def test_treats_a_date_two_years_ahead_as_any_time_and_an_untimed_one_as_a_day(self, invite: Any) -> None:
        _, page = await (await invite(event_date=datetime.now(UTC) + timedelta(days=731))).guest.open()
        assert "Any time" in page
        day = datetime(2027, 6, 5, tzinfo=UTC)
        _, page = await (await invite(event_date=day, is_time_specified=False)).guest.open()
        assert "Sat Jun 05</b>" in page
        assert "Saturday, 5 June 2027</span>" in page

    @pytest.mark.parametrize("hours", [-12, -8, 5.5, 13, 14])
    async def test_tells_the_day_and_the_time_of_the_owner_and_names_the_zone(self, invite: Any, hours: float) -> None:
        there = timezone(timedelta(hours=hours))
        day = datetime(2027, 1, 10, tzinfo=there)
        _, page = await (await invite(event_date=day, is_time_specified=False)).guest.open()
        assert '<time datetime="2027-01-10"><b>Sun Jan 10</b>' in page
        assert "Sunday, 10 January 2027</span>" in page
        dinner = await invite(event_date=day.replace(hour=20))
        _, page = await dinner.guest.open()
        zone = dinner.event.zone
        assert zone.startswith("UTC")
        assert f"<b>Sun Jan 10 08:00PM ({zone})</b>" in page
        assert f"Sunday, 10 January 2027, 20:00 ({zone})</span>" in page
        assert re.findall(r'datetime="([^"]+)"', page) == [day.replace(hour=20).isoformat(timespec="seconds")]

    async def test_says_that_an_event_is_cancelled_or_over(
        self, invite: Any, invitations: Invitations, owner: Person
    ) -> None:
        dinner = await invite()
        await invitations.cancel(owner, dinner.event)
        _, page = await dinner.guest.open()
        assert "This event is cancelled." in page
        assert "<form" not in page
        _, page = await (await invite(event_date=datetime.now(UTC) - timedelta(days=1))).guest.open()
        assert "This event is over." in page

    async def test_tells_strangers_no_numbers_of_other_guests(self, invite: Any) -> None:
        _, page = await (await invite("4930904003")).guest.open()
        assert "4930904003" not in page

    async def test_shows_at_most_five_faces_and_only_photos_that_the_guest_may_see(
        self, invite: Any, invitations: Invitations, owner: Person
    ) -> None:
        photo = {"full": "a" * 8, "preview": "ann-preview"}
        accounts = services_of(invitations.node).runtime.stores.accounts
        await accounts.change(owner.account_id, {"photo": photo})
        dinner = await invite(*(str(next(_numbers)) for _ in range(8)))
        _, page = await dinner.guest.open()
        assert page.count('class="face') == 1 + 5  # the list, and who is in it
        assert 'src="/media/ann-preview"' in page
        await accounts.change(owner.account_id, {"privacy.photo": "none"})
        _, page = await dinner.guest.open()
        assert "ann-preview" not in page

    async def test_is_kept_out_of_caches_search_engines_and_the_logs_of_other_sites(self, invite: Any) -> None:
        guest = (await invite()).guest
        async with guest.http.get(f"{guest.url}/invitation/", params={"token": guest.token}) as answer:
            headers = answer.headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in headers["X-Robots-Tag"]
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "require-trusted-types-for 'script'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        cookie = headers["Set-Cookie"]
        assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Path=/invitation"))

    async def test_remembers_when_it_was_used_last(self, invite: Any, invitations: Invitations) -> None:
        dinner = await invite()
        tokens = services_of(invitations.node).runtime.stores.invitation_tokens
        assert (await tokens.find(dinner.guest.token)).last_used_at is None
        await dinner.guest.open()
        assert (await tokens.find(dinner.guest.token)).last_used_at is not None


class TestTheAnswer:
    async def test_is_the_guests_and_shown_on_the_page(self, invite: Any) -> None:
        dinner = await invite()
        status, page = await dinner.guest.answer("Accept", "  I'll be there :)  ")
        assert status == 200
        assert "You are coming." in page
        assert "4 of 5 places left" in page
        invitation = await dinner.invitation()
        assert (invitation.answer, invitation.message) == (True, "I'll be there :)")
        assert invitation.has_seen
        status, page = await dinner.guest.answer("Decline")
        assert (status, "You are not coming." in page) == (200, True)
        invitation = await dinner.invitation()
        assert (invitation.answer, invitation.message) == (False, None)

    async def test_reaches_the_chat_of_the_event(self, invite: Any, node: Node, owner: Person) -> None:
        dinner = await invite()
        device = await node.connect(owner)
        (ready,) = await device.expect("ready")
        assert dinner.event.chat_id in [chat["chat"] for chat in ready["chats"]]
        await dinner.guest.answer("Accept", "Yesss!")
        await device.until(
            lambda: any(body.get("change", {}).get("kind") == "rsvp" for body in device.told("chat_changed"))
        )
        change = next(body["change"] for body in device.told("chat_changed") if body["change"]["kind"] == "rsvp")
        assert (change["from"], change["answer"], change["rsvp_message"]) == (dinner.number, True, "Yesss!")

    async def test_may_have_sixty_characters_and_not_one_more(self, invite: Any) -> None:
        dinner = await invite()
        status, page = await dinner.guest.answer("Accept", "x" * 61)
        assert (status, "at most 60 characters" in page) == (400, True)
        assert "x" * 61 in page, "what was written is kept"
        assert (await dinner.invitation()).answer is None
        assert (await dinner.guest.answer("Accept", "ü" * 60 + "  "))[0] == 200
        assert (await dinner.invitation()).message == "ü" * 60

    @pytest.mark.parametrize("missing", ["response", "rsvp-message"])
    async def test_needs_both_fields(self, invite: Any, missing: str) -> None:
        dinner = await invite()
        _, page = await dinner.guest.open()
        form = {"form-key": form_key(page), "response": "Accept", "rsvp-message": ""}
        del form[missing]
        assert (await dinner.guest.send(form))[0] == 400
        assert (await dinner.invitation()).answer is None

    async def test_of_another_kind_changes_nothing(self, invite: Any) -> None:
        dinner = await invite()
        status, page = await dinner.guest.answer("Maybe", "hm")
        assert (status, "Dinner" in page) == (200, True)
        assert (await dinner.invitation()).answer is None

    async def test_of_a_page_that_this_browser_was_not_given_is_refused(self, invite: Any, guests: Any) -> None:
        dinner = await invite()
        form = {"response": "Accept", "rsvp-message": ""}
        assert (await dinner.guest.send(form))[0] == 403
        stranger = guests(dinner.guest.token)
        _, page = await stranger.open()
        # The attacker's own key, sent by the guest's browser without a cookie, and with the guest's.
        assert (await dinner.guest.send(form | {"form-key": form_key(page)}))[0] == 403
        await dinner.guest.open()
        assert (await dinner.guest.send(form | {"form-key": form_key(page)}))[0] == 403
        assert (await dinner.invitation()).answer is None

    async def test_of_the_page_of_another_invitation_is_refused(self, invite: Any) -> None:
        dinner, lunch = await invite(), await invite(title="Lunch")
        _, page = await lunch.guest.open()
        dinner.guest.http = lunch.guest.http  # both in one browser
        form = {"form-key": form_key(page), "response": "Accept", "rsvp-message": ""}
        assert (await dinner.guest.send(form))[0] == 403

    async def test_of_two_pages_in_one_browser_both_count(self, invite: Any) -> None:
        dinner, lunch = await invite(), await invite(title="Lunch")
        dinner.guest.http = lunch.guest.http
        pages = [(one, (await one.guest.open())[1]) for one in (dinner, lunch)]
        for one, page in pages:
            form = {"form-key": form_key(page), "response": "Accept", "rsvp-message": ""}
            assert (await one.guest.send(form))[0] == 200

    async def test_yes_is_refused_with_a_clear_sentence_where_no_place_is_left(self, invite: Any, guests: Any) -> None:
        other = str(next(_numbers))
        dinner = await invite(other, total_spots=1)
        late = guests(await dinner.invitations.link(dinner.event, other))
        assert (await dinner.guest.answer("Accept"))[0] == 200
        status, page = await late.answer("Accept", "me too")
        assert status == 400
        assert "All places are taken" in page
        assert "No places left" in page
        assert 'value="me too"' in page
        assert (await dinner.guest.answer("Decline"))[0] == 200
        assert (await late.answer("Accept"))[0] == 200

    async def test_by_link_counts_for_who_signs_in_with_the_number_later(self, invite: Any, node: Node) -> None:
        dinner = await invite()
        await dinner.guest.answer("Accept", "yes")
        person = await node.sign_in(dinner.number)
        assert (await dinner.invitation()).account_id == person.account_id

    async def test_in_another_charset_than_utf_8_is_refused_before_it_is_decoded(self, invite: Any) -> None:
        guest = (await invite()).guest
        url, body = f"{guest.url}/invitation/", b"response=" + b"x" * 200_000 + b"-" + b"a" * 200_000
        for kind in (
            "application/x-www-form-urlencoded; charset=punycode",
            "multipart/form-data; boundary=x; charset=utf-7",
        ):
            headers = {"Content-Type": kind}
            async with guest.http.post(url, params={"token": guest.token}, data=body, headers=headers) as answer:
                assert answer.status == 415
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert "UTF-8" in await answer.text()

    @pytest.mark.parametrize(
        ("body", "status", "said"),
        [("a=1&" * 2000, 400, "could not be read"), ("a" * 1_000_000, 413, "is too long")],
    )
    async def test_that_cannot_be_taken_is_refused_by_a_sentence_that_says_what_to_do(
        self, invite: Any, body: str, status: int, said: str
    ) -> None:
        guest = (await invite()).guest
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        address = f"{guest.url}/invitation/"
        async with guest.http.post(address, params={"token": guest.token}, data=body, headers=headers) as answer:
            assert (answer.status, answer.content_type, said in await answer.text()) == (status, "text/html", True)


class TestTheCalendar:
    async def open(self, guest: Guest) -> tuple[Mapping[str, str], icalendar.Event]:
        params = {"token": guest.token}
        async with guest.http.get(f"{guest.url}/invitation/calendar/", params=params) as answer:
            assert answer.status == 200
            calendar = icalendar.Calendar.from_ical(await answer.read())
        assert (calendar["VERSION"], calendar["METHOD"]) == ("2.0", "PUBLISH")
        (entry,) = calendar.walk("VEVENT")
        return answer.headers, entry

    async def test_is_a_file_of_exactly_that_type_shown_inline(self, invite: Any) -> None:
        headers, _ = await self.open((await invite()).guest)
        assert headers["Content-Type"] == "text/calendar"
        assert headers["Content-Disposition"] == 'inline; filename="amigo.ics"'

    async def test_has_the_event_with_its_organizer_for_one_hour(self, invite: Any) -> None:
        at = datetime(2027, 3, 19, 8, 5, tzinfo=UTC)
        title = "Dinner; with, Ünal\nand others"
        dinner = await invite(event_date=at, title=title, address="Markt 1", venue_name="Zum Löwen")
        _, entry = await self.open(dinner.guest)
        assert entry["SUMMARY"] == title.replace("\n", " ")  # one line, also of an event that was stored before
        assert entry["LOCATION"] == "Zum Löwen"
        assert (entry["DTSTART"].dt, entry["DTEND"].dt) == (at, at + timedelta(hours=1))
        assert "@" not in entry["ORGANIZER"]
        assert entry["ORGANIZER"].params["CN"] == "Ann Marie Lee"
        assert entry["STATUS"] == "CONFIRMED"
        assert entry["DTSTAMP"].dt.tzinfo is not None

    async def test_names_the_address_without_a_venue(self, invite: Any) -> None:
        _, entry = await self.open((await invite(address="Markt 1")).guest)
        assert entry["LOCATION"] == "Markt 1"

    async def test_and_the_page_have_the_description(self, invite: Any) -> None:
        dinner = await invite(description="Bring bread.\nSee https://example.org/map <b>")
        _, entry = await self.open(dinner.guest)
        assert entry["DESCRIPTION"] == "Bring bread.\nSee https://example.org/map <b>"
        page = (await dinner.guest.open())[1]
        assert "Bring bread.\nSee <a href=" in page
        assert "&lt;b&gt;</p>" in page

    async def test_of_an_event_that_an_earlier_version_stored_has_no_description(
        self, invite: Any, stores: EmbeddedStores, node: Node
    ) -> None:
        dinner = await invite()
        async with open_database(stores.mongodb_url, node.settings.mongodb.database) as database:
            await database.collection("events").update_one({"_id": dinner.event.id}, {"$unset": {"description": True}})
        _, entry = await self.open(dinner.guest)
        assert "DESCRIPTION" not in entry

    async def test_tells_nobody_the_owner_s_email_address(self, invite: Any) -> None:
        dinner = await invite()
        params = {"token": dinner.guest.token}
        async with dinner.guest.http.get(f"{dinner.guest.url}/invitation/calendar/", params=params) as answer:
            assert b"ann@example.com" not in await answer.read()
        assert "ann@example.com" not in (await dinner.guest.open())[1]

    async def test_of_an_event_without_a_time_is_of_the_whole_day(self, invite: Any) -> None:
        dinner = await invite(event_date=datetime(2027, 3, 19, tzinfo=UTC), is_time_specified=False)
        _, entry = await self.open(dinner.guest)
        assert (entry["DTSTART"].dt, entry["DTEND"].dt) == (date(2027, 3, 19), date(2027, 3, 20))
        assert entry["DTSTART"].params["VALUE"] == "DATE"

    @pytest.mark.parametrize("hours", [-12, -8, 5.5, 13, 14])
    async def test_is_of_the_day_that_it_is_where_the_owner_is(self, invite: Any, hours: float) -> None:
        day = datetime(2027, 1, 10, tzinfo=timezone(timedelta(hours=hours)))
        _, entry = await self.open((await invite(event_date=day, is_time_specified=False)).guest)
        assert (entry["DTSTART"].dt, entry["DTEND"].dt) == (date(2027, 1, 10), date(2027, 1, 11))

    async def test_of_a_row_without_an_offset_is_of_the_day_of_the_nearest_midnight(
        self, invite: Any, invitations: Invitations, stores: EmbeddedStores, node: Node
    ) -> None:
        dinner = await invite(event_date=datetime(2027, 3, 18, 23, tzinfo=UTC), is_time_specified=False)
        async with open_database(stores.mongodb_url, node.settings.mongodb.database) as database:
            await database.collection("events").update_one({"_id": dinner.event.id}, {"$unset": {"offset": True}})
        _, entry = await self.open(dinner.guest)
        assert entry["DTSTART"].dt == date(2027, 3, 19)

    async def test_of_a_changed_event_has_the_same_uid_and_a_higher_sequence(
        self, invite: Any, invitations: Invitations, owner: Person
    ) -> None:
        dinner, other = await invite(), await invite()
        _, before = await self.open(dinner.guest)
        later = dinner.event.date + timedelta(days=1)
        await invitations.edit(owner, dinner.event, event_date=later.isoformat())
        _, after = await self.open(dinner.guest)
        assert after["UID"] == before["UID"]
        assert after["SEQUENCE"] > before["SEQUENCE"]
        assert after["DTSTART"].dt == later.replace(microsecond=0)
        assert after["LAST-MODIFIED"].dt >= before["LAST-MODIFIED"].dt
        await invitations.cancel(owner, dinner.event)
        _, cancelled = await self.open(dinner.guest)
        assert cancelled["STATUS"] == "CANCELLED"
        assert cancelled["SEQUENCE"] > after["SEQUENCE"]
        _, elsewhere = await self.open(other.guest)
        assert elsewhere["UID"] != before["UID"]


async def test_an_address_that_asks_too_often_is_told_to_wait(
    stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory
) -> None:
    limits = {"enabled": True, "requests_per_s": 0.001, "requests_burst": 2}
    async with running_node(stores, settings_for(tmp_path_factory.mktemp("limited"), limits=limits)) as node:
        statuses = []
        for _ in range(3):
            async with node.http.get(f"{node.url}/invitation/?token=guess") as answer:
                statuses.append((answer.status, "Retry-After" in answer.headers, answer.content_type))
        assert statuses == [(404, False, "text/html"), (404, False, "text/html"), (429, True, "text/html")]


async def test_the_templates_themselves_are_not_served(node: Node) -> None:
    for name, status in (("invitation.jinja", 404), ("invitation.css", 200)):
        async with node.http.get(f"{node.url}/static/invitation/{name}") as answer:
            assert answer.status == status


class TestALinkOfSomebodyWhoHasRegistered:
    """It was sent to a number without an account; whoever proves the number answers in the app from then on."""

    async def test_answers_nothing_any_more(self, invite: Any, node: Node) -> None:
        dinner = await invite()
        _, page = await dinner.guest.open()
        form = {"form-key": form_key(page), "response": "Accept", "rsvp-message": "by the link"}
        await node.sign_in(dinner.number)
        status, page = await dinner.guest.send(form)
        assert status == 403
        assert "answer in the app" in page
        assert ((await dinner.invitation()).answer, (await dinner.invitation()).message) == (None, None)

    async def test_shows_the_event_and_neither_people_nor_answers(self, invite: Any, node: Node) -> None:
        dinner = await invite(venue_name="Zum Löwen")
        await dinner.guest.answer("Accept", "early words")
        person = await node.sign_in(dinner.number)
        answered = await node.rest(
            "POST", f"/events/{dinner.event.id}/reject", person, json={"rsvp_message": "later words"}
        )
        assert answered[0] == 200
        status, page = await dinner.guest.open()
        assert status == 200
        assert "Dinner" in page
        assert "Zum Löwen" in page
        for hidden in ("<form", "early words", "later words", "You are not coming", "You are coming", 'class="faces"'):
            assert hidden not in page, hidden
        assert (await dinner.invitation()).answer is False

    async def test_shows_nothing_of_an_event_whose_owner_is_blocked(
        self, invite: Any, node: Node, owner: Person
    ) -> None:
        dinner = await invite()
        person = await node.sign_in(dinner.number)
        assert (await node.rest("POST", f"/api/contacts/{owner.number}/block/", person))[0] == 200
        assert (await dinner.guest.open())[0] == 404
        assert (await dinner.guest.open("/invitation/calendar/"))[0] == 404

    async def test_leads_nowhere_when_the_account_is_removed(self, invite: Any, node: Node) -> None:
        dinner = await invite()
        person = await node.sign_in(dinner.number)
        assert (await node.rest("POST", "/api/account/remove-account/", person, data={}))[0] == 200
        assert (await dinner.guest.open())[0] == 404

    async def test_is_kept_out_of_caches_referrers_and_search_engines(self, invite: Any, node: Node) -> None:
        dinner = await invite()
        await node.sign_in(dinner.number)
        for path in ("/invitation/", "/invitation/calendar/"):
            async with dinner.guest.http.get(dinner.guest.url + path, params={"token": dinner.guest.token}) as answer:
                assert answer.headers["Cache-Control"] == "no-store"
                assert answer.headers["Referrer-Policy"] == "no-referrer"
                assert "noindex" in answer.headers["X-Robots-Tag"]


async def test_a_deleted_event_keeps_no_tokens(
    invite: Any, node: Node, owner: Person, invitations: Invitations
) -> None:
    dinner = await invite()
    assert (await node.rest("DELETE", f"/events/{dinner.event.id}", owner))[0] == 204
    assert (await dinner.guest.open())[0] == 404
    assert await services_of(invitations.node).runtime.stores.invitation_tokens.find(dinner.guest.token) is None


async def test_a_token_that_a_crash_left_of_an_event_that_is_gone_opens_nothing(guests: Any, node: Node) -> None:
    tokens = services_of(node).runtime.stores.invitation_tokens
    token = (await tokens.issue(999_999_999, {1: 2}, "item", datetime.now(UTC)))[1]
    for path in ("/invitation/", "/invitation/calendar/"):
        assert (await guests(token).open(path))[0] == 404
