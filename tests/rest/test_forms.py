"""Forms: a list is a list however many elements it has, and however the client's library writes it."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.rest.form_fields import merge
from handlers.rest.requests import read_shape
from handlers.wire.events.requests import ChangedEvent, NewEvent, Rsvp
from handlers.wire.events.users import PhoneNumbers, read_phone_book, read_phones
from handlers.wire.fields import read_list
from handlers.wire.messaging.people import BlockedNumbers
from handlers.wire.messaging.request import parse
from models.errors import FieldErrors, Malformed

PLAN = "title=Dinner&event_date=2031-01-01T10:00Z&"


def form(text: str) -> dict[str, Any]:
    return merge(parse_qsl(text, keep_blank_values=True))


@pytest.mark.parametrize(
    ("sent", "numbers"),
    [
        ("{}=%2B49301", ["49301"]),
        ("{}[]=%2B49301", ["49301"]),
        ("{}[0]=%2B49301", ["49301"]),
        ('{}=["%2B49301"]', ["49301"]),
        ("{}=%2B49301&{}=%2B49302", ["49301", "49302"]),
        ("{}[]=%2B49301&{}[]=%2B49302", ["49301", "49302"]),
        ("{}[1]=%2B49302&{}[0]=%2B49301", ["49301", "49302"]),
        ("{}=%2B49301,%2B49302", ["49301", "49302"]),
    ],
)
def test_one_element_is_a_list_as_two_are_on_both_apis(sent: str, numbers: list[str]) -> None:
    def given_as(name: str) -> dict[str, Any]:
        return form(PLAN + sent.replace("{}", name))

    for shape in (NewEvent, ChangedEvent):
        read = read_shape(shape, given_as("invite_phone_numbers"))
        assert [phone.number for phone in read.invite_phone_numbers] == numbers
    assert read_shape(PhoneNumbers, given_as("phone_numbers")).phone_numbers == [f"+{number}" for number in numbers]
    assert read_phone_book(given_as("phone_numbers")) == numbers
    assert [phone.number for phone in read_phones(given_as("phone_numbers"))] == numbers
    assert read_list(given_as("participants"), "participants") == [f"+{number}" for number in numbers]


@pytest.mark.parametrize("name", ["numbers", "contacts"])
def test_an_empty_list_in_a_form_unblocks_everybody_and_an_empty_field_nobody(name: str) -> None:
    assert parse(BlockedNumbers, form(f"{name}=[]")).listed == []
    for sent in ("", ",", "[", "[null]"):
        with pytest.raises(Malformed):
            parse(BlockedNumbers, form(f"{name}={sent}"))


@pytest.mark.parametrize(
    "sent", ["a[0][phone]=%2B49301", "a[0][phone]=%2B49301&a[0][name]=Tom", "a[][phone]=%2B49301&a[][name]=Tom"]
)
def test_invitees_may_be_objects_with_a_phone(sent: str) -> None:
    read = read_shape(NewEvent, form(PLAN + sent.replace("a[", "invite_phone_numbers[")))
    assert [phone.number for phone in read.invite_phone_numbers] == ["49301"]


@pytest.mark.parametrize(
    ("sent", "location"),
    [
        ('location={"latitude": 23.8, "longitude": 89}', {"latitude": 23.8, "longitude": 89}),
        ("location[latitude]=23.8&location[longitude]=89", {"latitude": 23.8, "longitude": 89}),
        ("location[name]=Bar&location[tags][]=1&location[zip]=007", {"name": "Bar", "tags": [1], "zip": "007"}),
        ("location=", {}),
    ],
)
def test_a_place_is_an_object(sent: str, location: dict[str, Any]) -> None:
    assert read_shape(NewEvent, form(PLAN + sent)).location == location


def test_objects_of_a_list_keep_their_parts_together() -> None:
    expected = [{"contact_id": "1", "first_name": "Ann"}, {"contact_id": "2", "first_name": "Tom"}]
    for one, other in (("[0]", "[1]"), ("[]", "[]")):
        sent = f"c{one}[contact_id]=1&c{one}[first_name]=Ann&c{other}[contact_id]=2&c{other}[first_name]=Tom"
        assert form(sent) == {"c": expected}


@pytest.mark.parametrize("sent", ["location=here", "location=[1]", "total_spots=many", "invite_phone_numbers={}"])
def test_what_cannot_be_made_one_is_refused_by_its_name(sent: str) -> None:
    with pytest.raises(FieldErrors) as refused:
        read_shape(NewEvent, form(PLAN + sent.replace("{}", "%ff" + "9" * 200)))
    assert list(refused.value.fields) == [sent.partition("=")[0]]
    with pytest.raises(Malformed):
        read_phone_book(form("phone_numbers="))


def test_an_empty_field_that_is_no_text_is_left_out_and_an_empty_text_is_one() -> None:
    sent = form("title=Tea&venue_name=&total_spots=&is_time_specified=&invite_phone_numbers=&event_date=")
    assert read_shape(ChangedEvent, sent).edit.fields == {"title": "Tea", "venue_name": ""}
    assert read_shape(Rsvp, form("rsvp_message=")).message is None


def test_json_is_not_read_like_a_form() -> None:
    for body in ({"invite_phone_numbers": "+49301"}, {"location": '{"latitude": 1}'}):
        with pytest.raises(FieldErrors):
            read_shape(ChangedEvent, body)


@given(st.lists(st.text(max_size=8), min_size=1, max_size=5))
def test_every_way_to_write_a_list_is_the_same_list(elements: list[str]) -> None:
    written = (
        [("a[]", each) for each in elements],
        [(f"a[{place}]", each) for place, each in enumerate(elements)],
        [("a", each) for each in elements],
    )
    for pairs in written:
        read = merge(parse_qsl(urlencode(pairs), keep_blank_values=True))["a"]
        assert (read if isinstance(read, list) else [read]) == elements


@given(st.lists(st.tuples(st.from_regex(r"[a\[\]0-9#x]{0,12}", fullmatch=True), st.text(max_size=3)), max_size=8))
def test_odd_names_are_names_and_never_a_fault(pairs: list[tuple[str, str]]) -> None:
    merged = merge(pairs)
    assert bool(merged) is bool(pairs)
