"""Each example of the events API's original document beside a real answer, field by field.

Values that an example has by chance (ids, names, dates of the past) need only be of the same kind; all others are equal.
Where the examples contradict each other or the tests that came with them, docs/events-api.md, "Sources", says which one wins.
"""

from datetime import datetime
from typing import Any

from tests.rest.events.fixture import Fixture, in_hours
from tests.support.node import Person

BY_CHANCE = {
    "id",
    "user_id",
    "phone_number",
    "full_name",
    "user_full_name",
    "email",
    "user_email",
    "created",
    "modified",
}
BY_CHANCE |= {"event_date", "rsvp_time", "photo", "big_photo", "faded_photo", "count", "next", "number_messages"}

USER = {
    "id": 4,
    "phone_number": "+918377080003",
    "full_name": "User 3",
    "email": "user0003@email.com",
    "is_active": True,
    "notify_new_invite": True,
    "notify_invite_rsvp": True,
    "photo": "http://localhost:8000/media/_s_/users/user/uC0_vVJoR9G7BWCQ1rCprg-crop-c0-5__0-5-60x60.jpg",
    "big_photo": "http://localhost:8000/media/_s_/users/user/uC0_vVJoR9G7BWCQ1rCprg-crop-c0-5__0-5-250x250.jpg",
    "notify_contact_joined": True,
    "notify_event_full": True,
    "notify_upcoming_event": True,
}
SHORT_USER = {
    "id": 1,
    "is_active": True,
    "full_name": "John Doe",
    "email": "john@example.com",
    "phone_number": "+98787676767",
}
MESSAGE = {
    "id": 5,
    "user_id": 1,
    "user_full_name": "John Due",
    "user_email": "alldev@amigo.io",
    "body": "We should meet there",
}
INVITATION = {
    "id": 22,
    "user_id": 8,
    "user_full_name": "Alan Smithee",
    "has_seen": True,
    "has_accepted_invite": True,
    "rsvp_time": None,
    "rsvp_message": "",
}
LISTED = {
    "id": 78,
    "title": "Dinner @ Street4",
    "event_date": "2014-03-12T12:30+5:30",
    "is_time_specified": True,
    "created": "2014-03-11T12:30+5:30",
    "modified": "2014-03-11T12:30+5:30",
    "total_spots": 2,
    "spots_filled": 0,
    "invitations": [INVITATION],
    "i_am_owner": True,
    "i_am_attending": True,
    "location": {},
    "address": "",
    "venue_name": "",
    "owner": SHORT_USER,
    "messages": [MESSAGE],
    "polls": [{"id": 1, "suggested_date": "2017-10-18T23:58:46.498277Z", "suggested_venue": ""}],
}
UNKNOWN_INVITEE = {
    "id": 0,
    "full_name": "",
    "phone_number": "+9000920234234",
    "is_attending": None,
    "is_active": False,
    "is_owner": False,
    "photo": "https://example.com/60x60.jpg",
    "big_photo": "https://example.com/250x250.jpg",
    "faded_photo": "https://example.com/faded/60x60.jpg",
    "rsvp_message": None,
    "rsvp_time": None,
    "created": "2015-08-05T11:38:51.108776Z",
}
TIMELINE = [
    {
        "id": 5,
        "title": "Dinner @ my place",
        "event_date": "2015-08-05T11:38:51.036976Z",
        "created": "2015-08-05T11:38:51.097753Z",
        "modified": "2015-08-05T11:38:51.099447Z",
        "owner": USER,
        "total_spots": 20,
        "spots_filled": 0,
        "i_am_owner": True,
        "i_am_attending": True,
        "is_time_specified": True,
        "location": {},
        "address": "",
        "venue_name": "",
        "my_rsvp_message": None,
        "messages": [],
        "invitees": [UNKNOWN_INVITEE],
    },
    {
        "id": 2,
        "title": "Event 1",
        "event_date": "2015-08-03T13:11:47.357035Z",
        "created": "2015-08-03T12:11:47.541346Z",
        "modified": "2015-08-03T12:11:47.544153Z",
        "owner": USER,
        "total_spots": 72,
        "spots_filled": 10,
        "i_am_owner": True,
        "i_am_attending": True,
        "is_time_specified": True,
        "location": {},
        "address": "",
        "venue_name": "",
        "my_rsvp_message": None,
        "messages": [],
        "invitees": [],
    },
]
NEW = {
    "title": "Dinner @ my place",
    "event_date": "2014-10-15T12:51:40+0000",
    "is_time_specified": True,
    "total_spots": 20,
    "invite_phone_numbers": ["+9000920234234", "+1235550011"],
    "location": {"latitude": 23.4, "longitude": 89.8},
    "address": "568 Broadway, 11th fl. \nNew York, NY 10012",
    "venue_name": "Amigo Office",
}
# `is_owner` of the first is the one of the examples that the tests beside them refute: an owner is not among the invitees.
COMING = {
    "id": 10,
    "full_name": "User 5",
    "phone_number": "+1235550005",
    "is_attending": "True",
    "is_active": True,
    "is_owner": False,
    "photo": "http://example.com/_s_/100x100/image.jpg",
    "big_photo": "http://example.com/_s_/300x300/image.jpg",
    "rsvp_message": None,
    "rsvp_time": None,
    "created": "2014-10-15T12:51:40+0000",
}
CREATED = {
    "id": 4,
    "title": "Dinner @ my place",
    "event_date": "2014-10-15T12:51:40+0000",
    "is_time_specified": True,
    "created": "2014-10-15T12:51:40+0000",
    "modified": "2014-10-15T12:51:40+0000",
    "owner": SHORT_USER,
    "total_spots": 20,
    "spots_filled": 0,
    "i_am_owner": True,
    "i_am_attending": True,
    "my_rsvp_message": None,
    "attendees_count": 0,
    "location": {"latitude": 23.4, "longitude": 89.8},
    "address": "568 Broadway, 11th fl. \nNew York, NY 10012",
    "venue_name": "Amigo Office",
    "messages": [],
}
DETAIL = {name: value for name, value in CREATED.items() if name != "attendees_count"} | {
    "messages": [MESSAGE],
    "invitees": [COMING | {"has_seen": True}, COMING | {"is_attending": None, "has_seen": False}],
}
SEEN = {
    "id": 22,
    "user_id": 28,
    "user_full_name": "",
    "has_seen": True,
    "has_accepted_invite": None,
    "rsvp_time": None,
    "rsvp_message": "",
}


def compare(example: Any, real: Any, path: str = "") -> None:
    """Every field of the example is in the answer, of the same kind, and equal unless its value is there by chance."""
    name = path.rpartition(".")[2]
    if isinstance(example, dict):
        assert isinstance(real, dict), path
        assert example.keys() <= real.keys(), path
        for key, value in example.items():
            compare(value, real[key], f"{path}.{key}")
    elif isinstance(example, list):
        assert isinstance(real, list), path
        assert len(example) == len(real), path
        for number, value in enumerate(example):
            compare(value, real[number], f"{path}[{number}]")
    elif name not in BY_CHANCE:
        assert (type(example), example) == (type(real), real), path
    elif real is not None and example is not None:
        assert type(example) is type(real), path
        if name in ("event_date", "created", "modified", "rsvp_time"):
            assert datetime.fromisoformat(real).tzinfo is not None, path


async def ask(fixture: Fixture, who: Person, method: str, path: str, body: Any = None) -> Any:
    status, shown = await fixture.ask(who, method, path, body)
    assert status == 200, shown
    return shown


async def test_get_all_events(fixture: Fixture) -> None:
    ann, alan = await fixture.person("John Doe"), await fixture.person("Alan Smithee")
    event = await fixture.create(ann, alan, title="Dinner @ Street4", total_spots=2)
    path = f"/events/{event['id']}"
    await fixture.answer(alan, event, "accept")
    await fixture.ask(ann, "POST", f"{path}/messages", {"body": "We should meet there"})
    await fixture.ask(ann, "POST", f"{path}/polls", {"suggested_date": "2017-10-18T23:58:46.498277Z"})
    compare(
        {"count": 30, "next": None, "previous": None, "results": [LISTED]}, await ask(fixture, ann, "GET", "/events")
    )
    untimed = await fixture.create(
        ann, alan, title="Dinner @ Street4", total_spots=2, event_date=in_hours(1), is_time_specified=False
    )
    await fixture.answer(alan, untimed, "accept")
    page = await ask(fixture, ann, "GET", "/events")
    second = {name: value for name, value in LISTED.items() if name not in ("messages", "polls")}
    compare(second | {"is_time_specified": False}, page["results"][1])


async def test_event_timeline(fixture: Fixture) -> None:
    ann = await fixture.person("User 3")
    first = {"title": "Dinner @ my place", "event_date": TIMELINE[0]["event_date"], "total_spots": 20}
    await fixture.create(ann, "+9000920234234", **first)
    second = {"title": "Event 1", "event_date": TIMELINE[1]["event_date"], "total_spots": 72}
    event = await fixture.create(ann, **second)
    await ask(fixture, ann, "PATCH", f"/events/{event['id']}", {"spot_filled": 10})
    real = await ask(fixture, ann, "GET", "/events/timeline?type=sent")
    compare(TIMELINE, real)
    assert [each["event_date"] for each in real] == [each["event_date"] for each in TIMELINE]
    rest = await ask(fixture, ann, "GET", "/events/timeline?type=sent&cursor=2015-08-03T13:11:47.357035Z")
    assert rest == [], "the result ends when there are no results"


async def test_create_new_event_and_get_event_details(fixture: Fixture) -> None:
    ann = await fixture.person("User 10")
    status, event = await fixture.ask(ann, "POST", "/events", NEW)
    assert status == 201
    compare(CREATED, event)
    assert event["event_date"] == "2014-10-15T12:51:40.000000Z"
    for invitee in event["invitees"]:
        compare(UNKNOWN_INVITEE, invitee)
    five, six = await fixture.person("User 5"), await fixture.person("User 6")
    numbers = [f"+{five.number}", f"+{six.number}"]
    event = await fixture.create(ann, **NEW | {"invite_phone_numbers": numbers})
    await fixture.answer(five, event, "accept")
    await fixture.ask(ann, "POST", f"/events/{event['id']}/messages", {"body": "We should meet there"})
    compare(DETAIL, await fixture.show(ann, event))


async def test_invite_users_and_fill_spots(fixture: Fixture) -> None:
    ann = await fixture.person("User 10")
    event = await fixture.create(ann, **NEW | {"invite_phone_numbers": [], "total_spots": 100})
    path = f"/events/{event['id']}"
    numbers = ["+9000920234234", "+1235550011"]
    shown = await ask(fixture, ann, "PATCH", path, {"invite_phone_numbers": numbers})
    assert sorted(each["phone_number"] for each in shown["invitees"]) == sorted(numbers)
    without_messages = {name: value for name, value in CREATED.items() if name != "attendees_count"}
    compare(without_messages | {"total_spots": 100}, shown)
    filled = await ask(fixture, ann, "PATCH", path, {"spot_filled": 90})
    compare(without_messages | {"total_spots": 100, "spots_filled": 90}, filled)


async def test_cancel_and_unanswered_count_and_time_suggestions(fixture: Fixture) -> None:
    ann, tom = await fixture.people(2)
    for _ in range(3):
        event = await fixture.create(ann, tom)
    compare({"unresponded_invite_count": 3}, await ask(fixture, tom, "GET", "/events/stats"))
    suggestion = {"suggested_time": "2016-12-11T04:00:00Z", "comment": "some comment", "like_count": 2, "is_set": False}
    assert await fixture.ask(tom, "POST", f"/events/{event['id']}/time_suggestions", suggestion) == (204, None)
    assert await fixture.ask(ann, "PUT", f"/events/{event['id']}/cancel_event") == (204, None)


async def test_sample_replies(fixture: Fixture) -> None:
    replies = await ask(fixture, await fixture.person(), "GET", "/events/sample_rsvp_replies")
    for example in (
        {"id": 3, "text": "Maybe next time!", "type": "reject"},
        {"id": 1, "text": "I'll be there :)", "type": "accept"},
        {"id": 2, "text": "Yesss!", "type": "accept"},
    ):
        (real,) = [each for each in replies if each["text"] == example["text"]]
        compare(example, real)


async def test_mark_an_invitation_as_seen(fixture: Fixture) -> None:
    ann, tom = await fixture.people(2)
    event = await fixture.create(ann, tom)
    path = f"/events/{event['id']}/invitations/{event['invitations'][0]['id']}/mark_seen"
    real = await ask(fixture, tom, "PUT", path)
    compare(SEEN, real)
    assert (real["user_id"], real["user_full_name"]) == (tom.account_id, "")


async def test_messages(fixture: Fixture) -> None:
    ann, tom = await fixture.people(2)
    event = await fixture.create(ann, tom)
    path, body = f"/events/{event['id']}/messages", {"body": "We should move the starting time"}
    example = body | {"is_owner": False, "error_message": None, "error": False, "user_id": 1, "number_messages": 2}
    for status in (201, 201, 201, 409):
        answer = await fixture.ask(tom, "POST", path, body)
        assert answer[0] == status
        over = {"error_message": "Limit of messages reached", "error": True} if status == 409 else {}
        compare(example | over, answer[1])
    assert answer[1]["number_messages"] == 3
    assert await fixture.ask(tom, "POST", path, {}) == (400, {"body": ["This field is required."]})


async def test_poll(fixture: Fixture) -> None:
    ann = await fixture.person()
    event = await fixture.create(ann)
    path = f"/events/{event['id']}/polls"
    poll = {"suggested_date": "2017-10-18T23:58:46.498277Z", "suggested_venue": "Foobar"}
    status, shown = await fixture.ask(ann, "POST", path, poll)
    assert status == 201
    compare(poll | {"id": 1}, shown)
    status, shown = await fixture.ask(ann, "POST", path, poll)
    assert (status, list(shown)) == (400, ["body"])
    for venue in "ab":
        await fixture.ask(ann, "POST", path, poll | {"suggested_venue": venue})
    answer = await fixture.ask(ann, "POST", path, poll)
    assert answer == (400, {"_error_message": "You cannot submit more than 3 Polls"})
