"""What events refuse: everybody without a token, and fields that cannot be, each with its sentence (docs/events-api.md, "Refusals")."""

import json
from typing import Any

import aiohttp
import pytest

from tests.rest.events.fixture import Fixture, in_hours, new_number

REQUIRED, NULL = ["This field is required."], ["This field may not be null."]
FORMAT = [
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
]
RANGE = ["Datetime value out of range."]
INTEGER = ["A valid integer is required."]


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/events"),
        ("POST", "/events"),
        ("GET", "/events/timeline"),
        ("GET", "/events/stats"),
        ("GET", "/events/sample_rsvp_replies"),
        ("GET", "/events/1"),
        ("PATCH", "/events/1"),
        ("PUT", "/events/1"),
        ("DELETE", "/events/1"),
        ("PUT", "/events/1/cancel_event"),
        ("POST", "/events/1/accept"),
        ("POST", "/events/1/reject"),
        ("PUT", "/events/1/invitations/1/mark_seen"),
        ("POST", "/events/1/messages"),
        ("POST", "/events/1/polls"),
        ("POST", "/events/1/time_suggestions"),
    ],
)
async def test_anonymous_is_401(fixture: Fixture, prefix: str, method: str, path: str) -> None:
    async with fixture.node.http.request(method, fixture.node.url + prefix + path) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
        assert (await answer.json()).keys() == {"_error_message", "_error_type"}


def deep(levels: int) -> dict[str, Any]:
    inside: dict[str, Any] = {}
    for _ in range(levels - 1):
        inside = {"a": inside}
    return inside


FIELDS = [
    ("title", "", ["This field may not be blank."]),
    ("title", "   ", ["This field may not be blank."]),
    ("title", "x" * 201, ["Ensure this field has no more than 200 characters."]),
    ("title", 5, ["Not a valid string."]),
    ("title", "a\0b", ["Not a valid string."]),
    ("event_date", "", FORMAT),
    ("event_date", "tomorrow", FORMAT),
    ("event_date", "2014-10-15", FORMAT),
    ("event_date", 1415101887, FORMAT),
    ("event_date", "2014-13-45T00:00:00Z", FORMAT),
    ("event_date", "0001-01-01T00:00:00+14:00", RANGE),
    ("event_date", "9999-12-31T23:59:59-14:00", RANGE),
    ("event_date", "9999-12-31T23:59:59Z", RANGE),
    ("event_date", "2031-01-10T00:00:00+14:01", ["Ensure the offset from UTC is no more than 14:00."]),
    ("is_time_specified", "perhaps", ['"perhaps" is not a valid boolean.']),
    ("total_spots", 0, ["Ensure this value is greater than or equal to 1."]),
    ("total_spots", -5, ["Ensure this value is greater than or equal to 1."]),
    ("total_spots", 2**63, ["Ensure this value is less than or equal to 1000000."]),
    ("total_spots", 1e300, ["Ensure this value is less than or equal to 1000000."]),
    ("total_spots", "many", INTEGER),
    ("total_spots", True, INTEGER),
    ("total_spots", 1.5, INTEGER),
    ("invite_phone_numbers", "+4930", ['Expected a list of items but got type "str".']),
    ("invite_phone_numbers", {}, ['Expected a list of items but got type "dict".']),
    ("invite_phone_numbers", [5], ["Not a valid string."]),
    ("invite_phone_numbers", [""], ["A phone number is needed."]),
    ("invite_phone_numbers", ["x" * 129], ["A phone number has at most 128 printable characters."]),
    ("invite_phone_numbers", ["+1"] * 1001, ["Ensure this field has no more than 1000 elements."]),
    ("location", "here", ['Expected a dictionary of items but got type "str".']),
    ("location", [1, 2], ['Expected a dictionary of items but got type "list".']),
    ("location", {"a": "x" * 2048}, ["Ensure this field has no more than 2048 bytes."]),
    ("location", {"a": 2**63}, ["Ensure this field has no more than 10 levels, and numbers of 64 bits."]),
    ("location", deep(11), ["Ensure this field has no more than 10 levels, and numbers of 64 bits."]),
    ("address", "x" * 1001, ["Ensure this field has no more than 1000 characters."]),
    ("venue_name", "x" * 101, ["Ensure this field has no more than 100 characters."]),
]


@pytest.mark.parametrize(("name", "value", "sentences"), FIELDS)
async def test_a_field_that_cannot_be_is_a_400_of_create_patch_and_put_and_beats_the_404(
    fixture: Fixture, name: str, value: Any, sentences: list[str]
) -> None:
    ann = await fixture.person()
    body = {"title": "Dinner", "event_date": in_hours(1)} | {name: value}
    for method, path in (("POST", "/events"), ("PUT", "/events/999999999"), ("PATCH", "/events/999999999")):
        assert await fixture.ask(ann, method, path, body) == (400, {name: sentences}), method


@pytest.mark.parametrize("name", ["title", "event_date"])
async def test_what_an_event_cannot_be_without_may_not_be_null(fixture: Fixture, name: str) -> None:
    ann = await fixture.person()
    body = {"title": "Dinner", "event_date": in_hours(1)} | {name: None}
    for method, path in (("POST", "/events"), ("PUT", "/events/999999999")):
        assert await fixture.ask(ann, method, path, body) == (400, {name: NULL}), method


@pytest.mark.parametrize("name", ["spot_filled", "spots_filled"])
@pytest.mark.parametrize(
    ("value", "sentences"),
    [
        (-1, ["Ensure this value is greater than or equal to 0."]),
        (2**80, ["Ensure this value is less than or equal to 1000000."]),
        ("x", INTEGER),
    ],
)
async def test_filled_places_are_a_number(fixture: Fixture, name: str, value: Any, sentences: list[str]) -> None:
    assert await fixture.ask(await fixture.person(), "PATCH", "/events/1", {name: value}) == (400, {name: sentences})


async def test_several_wrong_fields_are_all_named_and_what_is_required_is_said(fixture: Fixture) -> None:
    ann = await fixture.person()
    assert await fixture.ask(ann, "POST", "/events", {}) == (400, {"title": REQUIRED, "event_date": REQUIRED})
    status, shown = await fixture.ask(ann, "POST", "/events", {"title": "", "total_spots": 0, "location": 1})
    assert (status, shown.keys()) == (400, {"title", "event_date", "total_spots", "location"})


@pytest.mark.parametrize(
    "location", [{}, {"latitude": 0}, {"$set": {"a.b": [1, None, "x", {"": 2**63 - 1}]}}, deep(10)]
)
async def test_any_other_object_is_a_location_and_comes_back_as_it_is(
    fixture: Fixture, location: dict[str, Any]
) -> None:
    ann = await fixture.person()
    event = await fixture.create(ann, location=location)
    assert json.dumps((await fixture.show(ann, event))["location"]) == json.dumps(location)


async def test_what_forms_send_is_read_like_json(fixture: Fixture) -> None:
    ann = await fixture.person()
    form = {"title": "Dinner", "event_date": "2031-01-01T10:00", "is_time_specified": "false", "total_spots": "20"}
    status, event = await fixture.node.rest("POST", "/events", ann, data=form)
    assert (status, event["is_time_specified"], event["total_spots"]) == (201, False, 20)


@pytest.mark.parametrize("is_multipart", [False, True])
async def test_a_form_may_have_one_guest_and_a_place(fixture: Fixture, *, is_multipart: bool) -> None:
    ann = await fixture.person()
    number = "+" + new_number()
    for name, value in (("invite_phone_numbers", number), ("invite_phone_numbers[]", number)):
        fields = {"title": "Dinner", "event_date": in_hours(1), name: value, "location": '{"latitude": 1.5}'}
        form = aiohttp.FormData(fields, default_to_multipart=is_multipart)
        status, event = await fixture.node.rest("POST", "/events", ann, data=form)
        assert (status, event["location"]) == (201, {"latitude": 1.5})
        assert [each["phone_number"] for each in event["invitees"]] == [number]
    status, shown = await fixture.node.rest(
        "POST", "/users/from_phone_numbers", ann, data={"phone_numbers": "+" + ann.number}
    )
    assert (status, len(shown)) == (200, 1)


@pytest.mark.parametrize("data", [b"{", b"[]", b'"x"', b"\xff"])
async def test_a_body_that_is_no_object_is_a_generic_400(fixture: Fixture, data: bytes) -> None:
    ann, headers = await fixture.person(), {"Content-Type": "application/json"}
    for method, path in (("POST", "/events"), ("PATCH", "/events/1"), ("POST", "/events/1/accept")):
        async with fixture.node.http.request(
            method, fixture.node.url + path, data=data, headers=headers | {"Authorization": f"Bearer {ann.token}"}
        ) as answer:
            assert answer.status == 400
            assert (await answer.json()).keys() == {"_error_message", "_error_type"}


async def test_other_methods_are_a_generic_405(fixture: Fixture) -> None:
    ann = await fixture.person()
    for method, path in (("DELETE", "/events"), ("POST", "/events/1/cancel_event"), ("GET", "/events/1/accept")):
        status, shown = await fixture.ask(ann, method, path)
        assert (status, shown.keys()) == (405, {"_error_message", "_error_type"})
