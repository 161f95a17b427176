"""Events: created, listed, shown, changed, cancelled and deleted (docs/events-api.md, "Creating and changing")."""

import json
import re
from datetime import datetime
from typing import Any

import pytest

from tests.rest.events.fixture import Fixture, in_hours, new_number
from tests.rest.events.people import is_default, photo_form, picture

KEYS = {
    "id",
    "chat",
    "version",
    "is_canceled",
    "title",
    "event_date",
    "utc_offset",
    "is_time_specified",
    "created",
    "modified",
    "owner",
    "total_spots",
    "spots_filled",
    "i_am_owner",
    "i_am_attending",
    "my_rsvp_message",
    "location",
    "address",
    "venue_name",
    "description",
    "messages",
    "polls",
    "invitees",
    "invitations",
}
# What an event need not be given.
OPTIONAL = {
    "is_time_specified",
    "total_spots",
    "invite_phone_numbers",
    "location",
    "address",
    "venue_name",
    "description",
}


class TestCreating:
    async def test_create_answers_201_with_the_defaults(self, fixture: Fixture) -> None:
        ann = await fixture.person("Ann Arbor")
        status, event = await fixture.ask(ann, "POST", "/events", {"title": "Dinner", "event_date": "2030-01-02T03:04"})
        assert status == 201
        assert event.keys() == KEYS | {"attendees_count"}
        assert (event["event_date"], event["utc_offset"]) == ("2030-01-02T03:04:00.000000Z", "+00:00")
        assert (event["is_time_specified"], event["total_spots"], event["spots_filled"]) == (True, 1, 0)
        assert (event["location"], event["address"], event["venue_name"], event["description"]) == ({}, "", "", "")
        assert (event["i_am_owner"], event["i_am_attending"], event["my_rsvp_message"]) == (True, True, None)
        assert (event["attendees_count"], event["invitees"], event["messages"]) == (0, [], [])
        assert event["created"] == event["modified"]

    async def test_is_time_specified_false_is_kept_and_location_address_and_venue_are_echoed(
        self, fixture: Fixture
    ) -> None:
        ann = await fixture.person()
        fields = {
            "is_time_specified": False,
            "location": {"latitude": 23.8, "longitude": 89},
            "address": "568 Broadway, 11th fl. \nNew York, NY 10012",
            "venue_name": "Amigo Office",
            "description": "Bring bread.\nhttps://example.org/map",
        }
        created = await fixture.create(ann, **fields)
        for event in (created, await fixture.show(ann, created)):
            assert {name: event[name] for name in fields} == fields
            assert isinstance(event["location"]["longitude"], int), "ints stay ints"

    @pytest.mark.parametrize(
        ("sent", "shown"),
        [
            ("2014-10-15T12:51:40+0000", "2014-10-15T12:51:40.000000Z"),
            ("2014-03-12T12:30+05:30", "2014-03-12T07:00:00.000000Z"),
            ("2015-08-05T11:38:51.036976Z", "2015-08-05T11:38:51.036976Z"),
            ("2015-08-05 11:38:51", "2015-08-05T11:38:51.000000Z"),
        ],
    )
    async def test_times_are_shown_in_utc_and_always_with_microseconds(
        self, fixture: Fixture, sent: str, shown: str
    ) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann, event_date=sent)
        assert event["event_date"] == shown
        assert (await fixture.show(ann, event))["event_date"] == shown

    async def test_a_day_is_shown_with_the_offset_of_the_place_where_it_is_one(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        day = {"event_date": "2027-01-10T00:00:00+13:00", "is_time_specified": False}
        event = await fixture.create(ann, **day)
        shown = ("2027-01-10T00:00:00.000000+13:00", "+13:00")
        assert (event["event_date"], event["utc_offset"]) == shown
        poll = {"suggested_date": "2027-01-11T00:00:00+13:00"}
        status, suggested = await fixture.ask(ann, "POST", f"/events/{event['id']}/polls", poll)
        assert (status, suggested["suggested_date"]) == (201, "2027-01-11T00:00:00.000000+13:00")
        seen = await fixture.show(ann, event)
        assert (seen["event_date"], seen["utc_offset"], seen["polls"]) == (*shown, [suggested])
        line = await fixture.ask(ann, "GET", f"/events/timeline?type=sent&cursor={event['event_date']}")
        assert line == (200, []), "also with its plus unescaped it says how far one has come"

    async def test_every_time_of_the_api_has_microseconds(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom, event_date="2031-01-01T00:00Z")
        await fixture.answer(tom, event, "accept")
        await fixture.ask(ann, "POST", f"/events/{event['id']}/polls", {"suggested_venue": "Park"})
        _, sessions = await fixture.ask(ann, "GET", "/auth/sessions")
        shown = json.dumps([await fixture.show(tom, event), sessions])
        times = re.findall(r'"(\d{4}-\d\d-\d\dT[^"]*)"', shown)
        assert len(times) >= 8
        assert [each for each in times if not re.fullmatch(r".{19}\.\d{6}Z", each)] == []

    async def test_a_registered_invitee_is_active_and_an_unregistered_one_is_a_number_with_a_faded_photo_key(
        self, fixture: Fixture
    ) -> None:
        ann, tom = await fixture.person("Ann"), await fixture.person("Tom Thumb")
        stranger = "+" + new_number()
        event = await fixture.create(ann, tom, stranger)
        unknown, known = event["invitees"]
        assert (unknown["id"], unknown["full_name"], unknown["phone_number"]) == (0, "", stranger)
        assert unknown["is_active"] is False
        assert all(is_default(unknown[each]) for each in ("photo", "big_photo", "faded_photo"))
        assert (known["id"], known["full_name"], known["is_active"]) == (tom.account_id, "Tom Thumb", True)
        for invitee in event["invitees"]:
            assert (invitee["is_attending"], invitee["has_seen"], invitee["is_owner"]) == (None, False, False)
        assert {each["user_id"] for each in event["invitations"]} == {None, tom.account_id}
        assert event.keys().isdisjoint({"invitees_count", "i_have_seen", "invite_phone_numbers", "invitees_photos"})

    async def test_a_list_with_duplicates_and_the_owners_own_number_invites_each_other_once(
        self, fixture: Fixture
    ) -> None:
        ann, tom = await fixture.people(2)
        spellings = [f"+{tom.number}", tom.number, f"+{tom.number[:4]} {tom.number[4:]}", f"+{ann.number}"]
        event = await fixture.create(ann, *spellings)
        assert [each["id"] for each in event["invitees"]] == [tom.account_id]

    async def test_numbers_that_are_none_are_invited_as_they_are(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        odd = ["+09897999989", "+111111111111", "call me"]
        event = await fixture.create(ann, *odd)
        assert sorted(each["phone_number"] for each in event["invitees"]) == sorted(odd)

    async def test_an_invitation_to_a_number_belongs_to_whoever_signs_in_with_it(self, fixture: Fixture) -> None:
        ann, number = await fixture.person("Ann"), new_number()
        event = await fixture.create(ann, "+" + number)
        tom = await fixture.node.sign_in(number)
        profile = {"full_name": "Tom 😀", "email": "tom@example.com"}
        assert (await fixture.ask(tom, "POST", "/auth/register", profile))[0] == 200
        _, page = await fixture.ask(tom, "GET", "/events")
        (seen,) = page["results"]
        (invitee,) = seen["invitees"]
        assert (seen["id"], seen["i_am_owner"], seen["i_am_attending"]) == (event["id"], False, None)
        assert (invitee["full_name"], invitee["phone_number"], invitee["id"]) == (
            "Tom 😀",
            f"+{number}",
            tom.account_id,
        )
        assert (invitee["rsvp_time"], invitee["is_attending"], invitee["has_seen"]) == (None, None, False)

    async def test_invitees_stand_by_full_name_then_by_number(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        guests = [await fixture.person(name) for name in ("Zoe", "Bea", "Bea")]
        event = await fixture.create(ann, *guests, "+2", "+1")
        names = [(each["full_name"], each["phone_number"]) for each in event["invitees"]]
        assert names == sorted(names)
        assert [name for name, _ in names] == ["", "", "Bea", "Bea", "Zoe"]


class TestListing:
    async def test_the_list_is_an_envelope_of_what_one_owns_or_is_invited_to(self, fixture: Fixture) -> None:
        ann, tom, eve = await fixture.people(3)
        first = await fixture.create(ann, tom, event_date=in_hours(1))
        second = await fixture.create(tom, event_date=in_hours(-100), title="Past")
        await fixture.create(eve, ann)
        status, page = await fixture.ask(tom, "GET", "/events")
        assert status == 200
        assert page.keys() == {"count", "next", "previous", "results"}
        assert (page["count"], page["next"], page["previous"]) == (2, None, None)
        assert [each["id"] for each in page["results"]] == [first["id"], second["id"]], "latest date first"
        assert all(each.keys() == KEYS for each in page["results"])

    @pytest.mark.parametrize(
        ("words", "own"),
        [
            (["true", "True", "1", "yes", "Y", "ok"], [True]),
            (["false", "n", "NO", "0"], [False]),
            (["bla", "", "2"], [True, False]),
        ],
    )
    async def test_i_am_owner_works_both_ways(self, fixture: Fixture, words: list[str], own: list[bool]) -> None:
        ann, tom = await fixture.people(2)
        await fixture.create(ann, event_date=in_hours(2))
        await fixture.create(tom, ann, event_date=in_hours(1))
        for word in words:
            _, page = await fixture.ask(ann, "GET", "/events", params={"i_am_owner": word})
            assert [each["i_am_owner"] for each in page["results"]] == own, word

    async def test_event_after_and_event_before_take_unix_seconds_and_iso_and_anything_else_filters_nothing(
        self, fixture: Fixture
    ) -> None:
        ann = await fixture.person()
        for day in (1, 2, 3):
            await fixture.create(ann, event_date=f"2020-01-0{day}T00:00:00Z", title=f"{day}")

        async def titles(**query: str) -> str:
            status, page = await fixture.ask(ann, "GET", "/events", params=query)
            assert status == 200
            return "".join(each["title"] for each in page["results"])

        second = "1577923200"  # 2020-01-02
        assert await titles(event_after=second) == "3", "strictly after"
        assert await titles(event_before=second) == "1"
        assert await titles(event_after="1577923199.5") == "32"
        assert await titles(event_after="2020-01-01T00:00:00Z", event_before="2020-01-03T00:00:00Z") == "2"
        assert await titles(event_after="2020-01-02T02:00:00+02:00") == "3"
        assert await titles(event_after="2020-01-02T02:00:00 02:00") == "3", "an unescaped + arrives as a space"
        assert await titles(event_after="2015") == "321", "a year is a unix timestamp"
        for odd in ("bla bla", "2020-13-45T00:00:00Z", "", "9" * 40, "1e9", "0001-01-01T00:00:00+14:00", "\0"):
            assert await titles(event_after=odd) == "321", odd

    async def test_pages_are_numbered_from_1_and_link_to_each_other(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        created = [(await fixture.create(ann, event_date="2031-01-01T00:00:00Z"))["id"] for _ in range(5)]
        path, found = "/events?per_page=2&i_am_owner=yes", []
        for number in (1, 2, 3):
            status, page = await fixture.ask(ann, "GET", path)
            assert (status, page["count"]) == (200, 5)
            assert (page["previous"] is None) == (number == 1)
            found += [each["id"] for each in page["results"]]
            path = (page["next"] or "").removeprefix(fixture.node.url)
        assert path == ""
        assert found == created[::-1], "of one date and title the newest first, each once"
        for odd in ("4", "0", "-1", "bla", "9" * 30):
            status, shown = await fixture.ask(ann, "GET", f"/events?per_page=2&page={odd}")
            assert (status, shown.keys()) == (404, {"_error_message", "_error_type"}), odd
        for size in ("bla", "0", "100000", "9" * 30):
            assert (await fixture.ask(ann, "GET", f"/events?per_page={size}"))[1]["count"] == 5

    async def test_an_empty_list_is_a_page(self, fixture: Fixture) -> None:
        assert await fixture.ask(await fixture.person(), "GET", "/api/events") == (
            200,
            {"count": 0, "next": None, "previous": None, "results": []},
        )


class TestShowing:
    async def test_detail_has_the_keys_and_works_for_past_events(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom, event_date=in_hours(-1000))
        for who in (ann, tom):
            seen = await fixture.show(who, event)
            assert seen.keys() == KEYS, "without attendees_count"
            assert seen["i_am_owner"] == (who is ann)
            assert seen["i_am_attending"] == (True if who is ann else None)
        assert seen["owner"]["id"] == ann.account_id
        assert {"phone_number", "notify_event_full", "photo", "big_photo"} <= seen["owner"].keys()

    async def test_photos_of_owner_and_invitees_are_addresses_that_can_be_loaded(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        for who in (ann, tom):
            status, _ = await fixture.node.rest("POST", "/users/change_avatar", who, data=photo_form(picture()))
            assert status == 200
        seen = await fixture.show(tom, await fixture.create(ann, tom))
        (invitee,) = seen["invitees"]
        urls = [invitee[name] for name in ("photo", "big_photo", "faded_photo")]
        for url in (*urls, seen["owner"]["photo"], seen["owner"]["big_photo"]):
            async with fixture.node.http.get(url) as answer:
                assert (answer.status, answer.content_type) == (200, "image/jpeg"), url
        assert len(set(urls)) == 3

    async def test_strangers_and_wrong_ids_get_404(self, fixture: Fixture) -> None:
        ann, eve = await fixture.people(2)
        event = await fixture.create(ann)
        for who, event_id in ((eve, event["id"]), (ann, 10**9), (ann, "9" * 40)):
            status, shown = await fixture.ask(who, "GET", f"/events/{event_id}")
            assert (status, shown.keys()) == (404, {"_error_message"})
        for odd in ("abc", "-1", "1.5", "%D9%A1", "feedall"):
            assert await fixture.ask(ann, "GET", f"/events/{odd}") == (404, {"_error_message": ""}), odd


class TestChanging:
    @pytest.mark.parametrize(
        "change",
        [
            {"title": "Brunch"},
            {"event_date": "2031-05-06T07:08:09.000000Z"},
            {"location": {"latitude": 0, "longitude": 0}},
            {"is_time_specified": False},
            {"address": "Here\nand there", "venue_name": ""},
            {"description": "Bring bread."},
            {"total_spots": 72, "title": "More"},
        ],
    )
    async def test_patch_changes_what_is_given_and_nothing_else(self, fixture: Fixture, change: dict[str, Any]) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann, venue_name="Bar", location={"latitude": 1})
        status, shown = await fixture.ask(ann, "PATCH", f"/events/{event['id']}", change)
        assert status == 200
        event.pop("attendees_count")
        assert shown == event | change | {"modified": shown["modified"], "version": event["version"] + 1}
        assert datetime.fromisoformat(shown["modified"]) >= datetime.fromisoformat(event["modified"])
        assert await fixture.show(ann, event) == shown

    async def test_patch_with_what_is_so_already_changes_nothing(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann)
        for body in ({}, {"title": "Dinner"}):
            status, shown = await fixture.ask(ann, "PATCH", f"/events/{event['id']}", body)
            assert (status, shown["modified"]) == (200, event["modified"])

    @pytest.mark.parametrize("method", ["PATCH", "PUT"])
    @pytest.mark.parametrize(
        "date",
        [
            {"event_date": "2031-01-10T20:00:00.5-08:00"},
            {"event_date": "2031-01-10T00:00+13:00", "is_time_specified": False},
            {"event_date": "2031-01-10T00:00Z", "is_time_specified": False},
        ],
    )
    async def test_what_is_shown_can_be_sent_back_and_changes_nothing(
        self, fixture: Fixture, method: str, date: dict[str, Any]
    ) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom, "+" + new_number(), venue_name="Bar", location={"latitude": 1}, **date)
        await fixture.answer(tom, event, "accept")
        seen = await fixture.show(ann, event)
        for body in (seen, seen | dict.fromkeys(OPTIONAL)):
            assert await fixture.ask(ann, method, f"/events/{event['id']}", body) == (200, seen)

    async def test_null_is_like_leaving_a_field_out(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        plain = await fixture.create(ann, event_date="2031-01-01T10:00Z", total_spots=1)
        empty = await fixture.create(ann, event_date="2031-01-01T10:00Z", **dict.fromkeys(OPTIONAL))
        assert {name: empty[name] for name in OPTIONAL & empty.keys()} == {
            name: plain[name] for name in OPTIONAL & plain.keys()
        }
        path = f"/events/{plain['id']}"
        assert await fixture.ask(ann, "PATCH", path, {"title": None, "event_date": None}) == (
            200,
            await fixture.show(ann, plain),
        )
        suggestion = {"suggested_time": in_hours(3), "comment": None, "like_count": None, "is_set": None}
        assert await fixture.ask(ann, "POST", f"{path}/time_suggestions", suggestion) == (204, None)
        assert (
            await fixture.ask(ann, "POST", f"{path}/polls", {"suggested_date": in_hours(1), "suggested_venue": None})
        )[0] == 201

    async def test_another_field_and_the_time_in_utc_leave_the_offset_and_a_date_with_one_sets_it(
        self, fixture: Fixture
    ) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann, event_date="2031-01-10T20:00:00-08:00")
        path = f"/events/{event['id']}"
        for change, offset in (
            ({"title": "Brunch"}, "-08:00"),
            ({"is_time_specified": False}, "-08:00"),
            ({"event_date": "2031-01-11T04:00:00Z", "is_time_specified": True}, "-08:00"),
            ({"event_date": "2031-01-11T05:00:00+01:00"}, "+01:00"),
            ({"event_date": "2031-01-11T06:00:00Z"}, "+00:00"),
            ({"event_date": "2031-01-11T07:00:00Z", "utc_offset": "-03:30"}, "-03:30"),
            ({"event_date": "2031-01-11T07:00:00Z", "utc_offset": None}, "-03:30"),
            ({"event_date": "2031-01-11T07:00:00+01:00", "utc_offset": "-03:30"}, "+01:00"),
            ({"utc_offset": "+09:00"}, "+01:00"),
        ):
            status, shown = await fixture.ask(ann, "PATCH", path, change)
            assert (status, shown["utc_offset"]) == (200, offset), change
            assert (await fixture.show(ann, event))["utc_offset"] == offset

    async def test_patch_with_two_new_numbers_makes_2_invitees_and_those_invited_already_are_skipped(
        self, fixture: Fixture
    ) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann)
        numbers = ["+" + new_number(), f"+{tom.number}"]
        for body in (numbers, numbers[::-1] * 2, [f"+{tom.number}", f"+{ann.number}"], []):
            status, shown = await fixture.ask(ann, "PATCH", f"/events/{event['id']}", {"invite_phone_numbers": body})
            assert status == 200
            assert {each["phone_number"] for each in shown["invitees"]} == set(numbers)
            assert len(shown["invitees"]) == len(shown["invitations"]) == 2
        assert (await fixture.show(tom, event))["i_am_attending"] is None

    @pytest.mark.parametrize("name", ["spot_filled", "spots_filled"])
    async def test_places_filled_by_hand_count_under_both_names(self, fixture: Fixture, name: str) -> None:
        ann, tom, eve = await fixture.people(3)
        event = await fixture.create(ann, tom, eve, total_spots=90)
        path = f"/events/{event['id']}"
        status, shown = await fixture.ask(ann, "PATCH", path, {name: 89})
        assert (status, shown["spots_filled"], shown["total_spots"]) == (200, 89, 90)
        assert (await fixture.answer(tom, event, "accept"))["spots_filled"] == 89, "coming does not raise it"
        status, shown = await fixture.ask(eve, "POST", path + "/accept", {})
        assert (status, shown["_error_type"]) == (400, "parley.EventFull")
        status, shown = await fixture.ask(ann, "PATCH", path, {name: 90})
        assert (status, shown) == (400, {name: ["Ensure this value is less than or equal to 89."]})
        status, shown = await fixture.ask(ann, "PATCH", path, {"total_spots": 89, "title": "Changed"})
        assert (status, shown) == (400, {"total_spots": ["Ensure this value is greater than or equal to 90."]})
        seen = await fixture.show(ann, event)
        assert (seen["title"], seen["total_spots"], seen["spots_filled"]) == ("Dinner", 90, 89), "nothing half-done"
        assert (await fixture.ask(ann, "PATCH", path, {"total_spots": 100, name: 99}))[0] == 200
        assert (await fixture.ask(eve, "POST", path + "/accept", {}))[0] == 400
        assert (await fixture.ask(ann, "PATCH", path, {name: 98}))[0] == 200
        await fixture.answer(eve, event, "accept")

    async def test_put_needs_what_no_event_can_be_without(self, fixture: Fixture) -> None:
        ann = await fixture.person()
        event = await fixture.create(ann, venue_name="Bar")
        path = f"/events/{event['id']}"
        required = ["This field is required."]
        assert await fixture.ask(ann, "PUT", path, {}) == (400, {"title": required, "event_date": required})
        body = {"title": "Brunch", "event_date": "2031-05-06T07:08:09.000000Z"}
        status, shown = await fixture.ask(ann, "PUT", path, body)
        assert status == 200
        assert {name: shown[name] for name in body} == body
        assert shown["venue_name"] == "Bar"

    @pytest.mark.parametrize(("method", "rest"), [("PATCH", ""), ("PUT", ""), ("DELETE", ""), ("PUT", "/cancel_event")])
    async def test_only_the_owner_may_change_and_to_strangers_there_is_nothing(
        self, fixture: Fixture, method: str, rest: str
    ) -> None:
        ann, tom, eve = await fixture.people(3)
        event = await fixture.create(ann, tom)
        body = {"title": "Mine now", "event_date": in_hours(1)}
        path = f"/events/{event['id']}{rest}"
        status, shown = await fixture.ask(tom, method, path, body)
        assert status == 403
        text = "Only the owner of the event may do this."
        if rest:
            assert shown == [text], "a bare array of one string"
        else:
            assert shown["_error_message"] == text
        status, shown = await fixture.ask(eve, method, path, body)
        assert (status, shown.keys()) == (404, {"_error_message"})
        event.pop("attendees_count")
        assert await fixture.show(ann, event) == event

    async def test_cancel_answers_204_again_and_again_and_the_event_stays(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        for _ in range(2):
            assert await fixture.ask(ann, "PUT", f"/events/{event['id']}/cancel_event") == (204, None)
        stored = await fixture.events.find(event["id"])
        assert stored is not None
        assert stored.is_canceled
        assert (await fixture.answer(tom, event, "accept"))["i_am_attending"] is True, "accepting still works"
        for path in ("/events", "/events?i_am_owner=false"):
            assert [each["id"] for each in (await fixture.ask(tom, "GET", path))[1]["results"]] == [event["id"]]
        assert (await fixture.show(tom, event))["is_canceled"] is True

    async def test_delete_takes_the_event_from_everybody(self, fixture: Fixture) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        path = f"/events/{event['id']}"
        assert await fixture.ask(ann, "DELETE", path) == (204, None)
        assert (await fixture.ask(ann, "DELETE", path))[0] == 404
        for who in (ann, tom):
            assert (await fixture.ask(who, "GET", path))[0] == 404
            assert (await fixture.ask(who, "GET", "/events"))[1]["count"] == 0
            assert (await fixture.ask(who, "GET", "/events/timeline?type=sent"))[1] == []
        assert (await fixture.ask(tom, "POST", path + "/reject", {}))[0] == 404
        assert (await fixture.ask(tom, "GET", "/events/stats"))[1] == {"unresponded_invite_count": 0}
        assert await fixture.events.find(event["id"]) is None


class TestStats:
    @pytest.mark.parametrize(
        ("is_time_specified", "hours", "counts"),
        [(True, 5, 1), (True, -1, 1), (True, -3, 0), (False, -6, 1), (False, -11, 1), (False, -25, 0)],
    )
    async def test_stats_count_what_is_neither_answered_nor_over(
        self, fixture: Fixture, is_time_specified: bool, hours: int, counts: int
    ) -> None:
        ann, tom = await fixture.people(2)
        await fixture.create(ann, tom, event_date=in_hours(hours), is_time_specified=is_time_specified)
        assert await fixture.ask(tom, "GET", "/events/stats") == (200, {"unresponded_invite_count": counts})
        assert await fixture.ask(ann, "GET", "/events/stats") == (200, {"unresponded_invite_count": 0})

    @pytest.mark.parametrize("how", ["accept", "reject"])
    async def test_any_answer_removes_it(self, fixture: Fixture, how: str) -> None:
        ann, tom = await fixture.people(2)
        event = await fixture.create(ann, tom)
        await fixture.answer(tom, event, how)
        assert await fixture.ask(tom, "GET", "/events/stats") == (200, {"unresponded_invite_count": 0})
