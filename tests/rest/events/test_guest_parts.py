"""An answer about an event has all of its invitees, or the part that is asked for, which is what a large event's clients want."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.rest.events.people import People
from tests.support.node import Person
from tests.support.plans import recorded_plans

# Once, so that two events of a test have the same one.
DATE = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def create(people: People, owner: Person, guests: int, query: str = "") -> dict[str, Any]:
    numbers = [f"+4930776{n:05}" for n in range(guests)]
    body = {"title": "All", "event_date": DATE, "invite_phone_numbers": numbers, "total_spots": 5}
    status, shown = await people.ask(owner, "POST", "/events" + query, json=body)
    assert status == 201, shown
    event: dict[str, Any] = shown
    return event


def without_guests(event: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in event.items() if name not in ("attendees_count", "modified", "version")}
    return {**rest, "invitees": [], "invitations": []}


async def test_all_are_shown_unless_a_part_is_asked_for(people: People) -> None:
    ann = await people.new("Ann")
    event = await create(people, ann, 7)
    _, shown = await people.ask(ann, "GET", f"/events/{event['id']}")
    assert (len(shown["invitees"]), len(shown["invitations"])) == (7, 7)
    assert "invitees_count" not in shown
    for unread in ("x", "-1", ""):
        assert (await people.ask(ann, "GET", f"/events/{event['id']}?invitees_limit={unread}"))[1] == shown


async def test_pages_are_all_of_them_in_the_order_of_the_whole_and_invitations_are_of_the_same_people(
    people: People,
) -> None:
    ann = await people.new("Ann")
    event = await create(people, ann, 7)
    _, whole = await people.ask(ann, "GET", f"/events/{event['id']}")
    parts = [
        (await people.ask(ann, "GET", f"/events/{event['id']}?invitees_limit=3&invitees_offset={offset}"))[1]
        for offset in (0, 3, 6, 9)
    ]
    assert [len(part["invitees"]) for part in parts] == [3, 3, 1, 0]
    assert [each for part in parts for each in part["invitees"]] == whole["invitees"]
    assert sorted(each["id"] for part in parts for each in part["invitations"]) == sorted(
        each["id"] for each in whole["invitations"]
    )
    assert {part["invitees_count"] for part in parts} == {7}


@pytest.mark.parametrize("door", ["show", "list", "timeline", "create", "patch", "put", "accept", "reject"])
async def test_invitees_can_be_left_out_of_every_answer_about_an_event(people: People, door: str) -> None:
    ann = await people.new("Ann")
    event = await create(people, ann, 3)
    query, path = "?invitees_limit=0", f"/events/{event['id']}"
    match door:
        case "show":
            status, shown = await people.ask(ann, "GET", path + query)
        case "list":
            status, page = await people.ask(ann, "GET", "/events" + query)
            (shown,) = page["results"]
        case "timeline":
            status, (shown,) = await people.ask(ann, "GET", f"/events/timeline{query}&type=sent")
        case "create":
            status, shown = 200, await create(people, ann, 3, query)
            event["id"], event["chat"], event["created"] = shown["id"], shown["chat"], shown["created"]
        case "patch":
            status, shown = await people.ask(ann, "PATCH", path + query, json={"title": "All"})
        case "put":
            body = {name: event[name] for name in ("title", "event_date", "total_spots")}
            status, shown = await people.ask(ann, "PUT", path + query, json=body)
        case _:
            status, shown = await people.ask(ann, "POST", f"{path}/{door}{query}", json={"rsvp_message": "yes"})
    assert status == 200, shown
    assert shown.pop("invitees_count") == 3
    assert without_guests(shown) == without_guests(event)
    assert (shown["invitees"], shown["invitations"]) == ([], [])


async def test_an_answer_without_invitees_reads_no_accounts_of_theirs(people: People) -> None:
    ann = await people.new("Ann")
    read: list[int] = []
    for guests in (5, 80):
        event = await create(people, ann, guests)
        async with people.database() as database, recorded_plans(database, "accounts") as plans:
            status, _ = await people.ask(ann, "GET", f"/events/{event['id']}?invitees_limit=0")
            assert status == 200
        read.append(sum(plan.docs_examined for plan in plans))
    assert max(read) < 40, read  # others on this node read some, too


async def test_marking_an_invitation_as_seen_reads_no_accounts_of_others(
    people: People,
) -> None:
    ann, tom = await people.new("Ann"), await people.new("Tom")
    read: list[int] = []
    for guests in (5, 80):
        event = await create(people, ann, guests)
        body = {"invite_phone_numbers": ["+" + tom.number]}
        _, shown = await people.ask(ann, "PATCH", f"/events/{event['id']}", json=body)
        (invitation,) = [each["id"] for each in shown["invitations"] if each["user_id"] == tom.account_id]
        async with people.database() as database, recorded_plans(database, "accounts") as plans:
            path = f"/events/{event['id']}/invitations/{invitation}/mark_seen"
            status, _ = await people.ask(tom, "PUT", path)
            assert status == 200
        read.append(sum(plan.docs_examined for plan in plans))
    assert max(read) < 40, read  # others on this node read some, too
