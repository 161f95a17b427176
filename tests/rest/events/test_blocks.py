"""Blocks at events: whoever blocked the owner has nothing of the event, and the owner learns no name."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.embedded import EmbeddedStores
from tests.rest.events.fixture import Fixture, in_hours, running_fixture
from tests.support.node import Person


@pytest.fixture(scope="module")
async def fixture(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fixture]:
    async with running_fixture(stores, tmp_path_factory.mktemp("blocks")) as fixture:
        yield fixture


async def block(fixture: Fixture, blocker: Person, blocked: Person) -> None:
    status, shown = await fixture.ask(blocker, "POST", f"/api/contacts/{blocked.number}/block/")
    assert status == 200, shown


async def unblock(fixture: Fixture, blocker: Person, blocked: Person) -> None:
    status, shown = await fixture.ask(blocker, "POST", f"/api/contacts/{blocked.number}/unblock/")
    assert status == 200, shown


async def seen(fixture: Fixture, who: Person, event: dict[str, Any]) -> dict[str, Any]:
    """All ways by which somebody may come upon an event."""
    listed = (await fixture.ask(who, "GET", "/events"))[1]
    mine = (await fixture.ask(who, "GET", "/events?i_am_owner=false"))[1]
    line = (await fixture.ask(who, "GET", "/events/timeline?type=received"))[1]
    return {
        "list": [each["id"] for each in listed["results"]],
        "count": listed["count"],
        "others": [each["id"] for each in mine["results"]],
        "timeline": [each["id"] for each in line],
        "stats": (await fixture.ask(who, "GET", "/events/stats"))[1]["unresponded_invite_count"],
        "inviters": [each["full_name"] for each in (await fixture.ask(who, "GET", "/users/who_has_invited_me"))[1]],
        "status": (await fixture.ask(who, "GET", f"/events/{event['id']}"))[0],
    }


NOTHING = {"list": [], "count": 0, "others": [], "timeline": [], "stats": 0, "inviters": [], "status": 404}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("hours", [24, -30], ids=["upcoming", "over"])
async def test_a_blocked_owner_s_event_does_not_exist(fixture: Fixture, when: str, hours: int) -> None:
    ann, tom = await fixture.person("Ann"), await fixture.person("Tom")
    if when == "before":
        await block(fixture, tom, ann)
    event = await fixture.create(ann, tom, event_date=in_hours(hours))
    if when == "after":
        assert (await seen(fixture, tom, event))["list"] == [event["id"]]
        await block(fixture, tom, ann)
    assert await seen(fixture, tom, event) == NOTHING
    await unblock(fixture, tom, ann)
    found = await seen(fixture, tom, event)
    assert (found["list"], found["timeline"], found["inviters"], found["status"]) == (
        [event["id"]],
        [event["id"]],
        ["Ann"],
        200,
    )


async def test_only_the_blocked_owner_s_events_are_gone(fixture: Fixture) -> None:
    ann, eve, tom = await fixture.person("Ann"), await fixture.person("Eve"), await fixture.person("Tom")
    await fixture.create(ann, tom)
    other, own = await fixture.create(eve, tom), await fixture.create(tom, ann)
    await block(fixture, tom, ann)
    found = await seen(fixture, tom, other)
    assert sorted(found["list"]) == sorted([other["id"], own["id"]])
    assert (found["stats"], found["inviters"], found["status"]) == (1, ["Eve"], 200)
    assert (await seen(fixture, ann, own))["list"].count(own["id"]) == 1, "the block works in one direction"


async def test_by_no_way_is_anything_done_at_a_blocked_owner_s_event(fixture: Fixture) -> None:
    ann, tom = await fixture.person("Ann"), await fixture.person("Tom")
    event = await fixture.create(ann, tom)
    await block(fixture, tom, ann)
    path = f"/events/{event['id']}"
    poll = {"suggested_date": in_hours(48), "suggested_venue": "x"}
    time = {"suggested_time": in_hours(48)}
    seen_path = f"{path}/invitations/{event['invitations'][0]['id']}/mark_seen"
    for method, where, body in (
        ("POST", f"{path}/accept", {}),
        ("POST", f"{path}/reject", {}),
        ("POST", f"{path}/messages", {"body": "hi"}),
        ("POST", f"{path}/polls", poll),
        ("POST", f"{path}/time_suggestions", time),
        ("PUT", seen_path, {}),
        ("PATCH", path, {"title": "x"}),
        ("DELETE", path, None),
        ("PUT", f"{path}/cancel_event", {}),
    ):
        assert (await fixture.ask(tom, method, where, body))[0] == 404, where


async def test_the_owner_learns_no_name_of_who_blocked_them(fixture: Fixture) -> None:
    ann, tom = await fixture.person("Ann"), await fixture.person("Tom Secret")
    event = await fixture.create(ann, tom)
    await fixture.answer(tom, event, "accept")
    assert "Tom Secret" in json.dumps(await fixture.show(ann, event))
    await block(fixture, tom, ann)
    shown = await fixture.show(ann, event)
    assert "Tom Secret" not in json.dumps(shown)
    assert shown["invitees"][0]["phone_number"] == "+" + tom.number
    assert shown["invitees"][0]["full_name"] == "+" + tom.number
    book = {"phone_numbers": ["+" + tom.number]}
    for method, path, body in (
        ("GET", "/events", None),
        ("GET", "/events/timeline?type=sent", None),
        ("GET", "/users", None),
        ("POST", "/users/from_phone_numbers", book),
        ("POST", "/users/favorite_contacts", book),
        ("PATCH", f"/events/{event['id']}", {"title": "Supper"}),
    ):
        status, answer = await fixture.ask(ann, method, path, body)
        assert status == 200, path
        assert "Tom Secret" not in json.dumps(answer), path


async def test_what_happens_at_a_blocked_owner_s_event_reaches_no_socket(fixture: Fixture) -> None:
    ann, tom, eve = await fixture.person("Ann"), await fixture.person("Tom Secret"), await fixture.person("Eve")
    event = await fixture.create(ann, tom, eve)
    await fixture.answer(tom, event, "accept")
    await block(fixture, tom, ann)
    toms = await fixture.node.connect(tom, "/chat", "/events")
    eves = await fixture.node.connect(eve, "/chat", "/events")
    before = len(toms.heard)
    assert (await fixture.ask(ann, "PATCH", f"/events/{event['id']}", {"title": "Supper"}))[0] == 200
    assert (await fixture.ask(ann, "POST", f"/events/{event['id']}/messages", {"body": "hello all"}))[0] == 201
    (changed,) = await eves.expect("event_changed")
    await eves.expect("message_created")
    assert "Tom Secret" not in json.dumps(changed)
    history = await toms.ask("history", {"chat": event["chat"], "limit": 50})
    assert "hello all" not in json.dumps(history)
    (ready,) = await toms.expect("ready")
    assert event["chat"] not in [chat["chat"] for chat in ready["chats"]]
    synced = await toms.ask("sync", {"cursors": {}})
    assert "hello all" not in json.dumps(synced)
    assert [heard for heard in toms.heard[before:] if heard[1] != "ready" and "Supper" in json.dumps(heard[2])] == []
    assert "hello all" not in json.dumps([heard[2] for heard in toms.heard])


async def test_who_takes_a_block_back_is_in_the_event_s_chat_again(fixture: Fixture) -> None:
    ann, tom = await fixture.person("Ann"), await fixture.person("Tom")
    event = await fixture.create(ann, tom)
    await block(fixture, tom, ann)
    await unblock(fixture, tom, ann)
    device = await fixture.node.connect(tom, "/chat")
    sent = await device.ask(
        "message_send", {"chat": event["chat"], "client_id": "back", "type": "t", "text": "back again"}
    )
    assert sent["ok"], sent


async def test_the_whole_list_of_blocks_does_the_same(fixture: Fixture) -> None:
    ann, tom = await fixture.person("Ann"), await fixture.person("Tom")
    event = await fixture.create(ann, tom)
    path = "/api/contacts/blocked-list/"
    assert (await fixture.ask(tom, "POST", path, {"numbers": [ann.number]}))[0] == 200
    assert await seen(fixture, tom, event) == NOTHING
    device = await fixture.node.connect(tom, "/chat")
    send = {"chat": event["chat"], "client_id": "x", "type": "t", "text": "x"}
    assert not (await device.ask("message_send", send))["ok"]
    assert (await fixture.ask(tom, "POST", path, {"numbers": []}))[0] == 200
    assert (await seen(fixture, tom, event))["status"] == 200
    assert (await device.ask("message_send", send | {"client_id": "y"}))["ok"]


async def test_a_blocked_invitee_writes_to_the_others_as_in_a_common_group(fixture: Fixture) -> None:
    ann, tom, eve = await fixture.person("Ann"), await fixture.person("Tom"), await fixture.person("Eve")
    event = await fixture.create(ann, tom, eve)
    await block(fixture, tom, eve)
    assert (await fixture.ask(eve, "POST", f"/events/{event['id']}/messages", {"body": "hi"}))[0] == 201
    assert [each["body"] for each in (await fixture.show(tom, event))["messages"]] == ["hi"]
