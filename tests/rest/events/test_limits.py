"""Limits of events: how many are invited, how many in a day, and how often one person writes; all of them settings."""

from collections.abc import AsyncIterator

import pytest

from server.embedded import EmbeddedStores
from tests.rest.events.fixture import Fixture, in_hours, new_number, running_fixture


@pytest.fixture(scope="module")
async def fixture(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fixture]:
    rules = {"invitees_max": 4, "invitations_per_day": 6, "messages_per_person": 1, "polls_per_person": 1}
    sections = {"events": rules, "limits": {"enabled": True}, "auth": {"pin_per_address_per_hour": 1000}}
    async with running_fixture(stores, tmp_path_factory.mktemp("node"), **sections) as running:
        yield running


async def test_too_many_invitees_are_refused_and_nothing_is_done(fixture: Fixture) -> None:
    ann = await fixture.person()
    numbers = ["+" + new_number() for _ in range(5)]
    body = {"title": "Dinner", "event_date": in_hours(1), "invite_phone_numbers": numbers}
    status, shown = await fixture.ask(ann, "POST", "/events", body)
    assert (status, shown["_error_type"]) == (400, "parley.TooManyInvitees")
    assert (await fixture.ask(ann, "GET", "/events"))[1]["count"] == 0
    event = await fixture.create(ann, *numbers[:4])
    body = {"title": "Changed", "invite_phone_numbers": numbers}
    status, shown = await fixture.ask(ann, "PATCH", f"/events/{event['id']}", body)
    assert (status, shown["_error_type"]) == (400, "parley.TooManyInvitees")
    assert (await fixture.show(ann, event))["title"] == "Dinner"


async def test_invitations_of_a_day_run_out_with_a_wait_and_refused_ones_do_not_count(fixture: Fixture) -> None:
    ann = await fixture.person()
    event = await fixture.create(ann, *("+" + new_number() for _ in range(4)))
    other = await fixture.create(ann)
    path = f"/events/{other['id']}"
    three = {"title": "Changed", "invite_phone_numbers": ["+" + new_number() for _ in range(3)]}
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with fixture.node.http.patch(fixture.node.url + path, json=three, headers=headers) as answer:
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 86_400
    assert (await fixture.show(ann, other))["title"] == "Dinner", "nothing half-done"
    full = {"total_spots": 0 + 1, "spots_filled": 2, "invite_phone_numbers": three["invite_phone_numbers"][:2]}
    assert (await fixture.ask(ann, "PATCH", path, full))[0] == 400
    two = {"invite_phone_numbers": three["invite_phone_numbers"][:2]}
    assert (await fixture.ask(ann, "PATCH", path, two))[0] == 200, "two were left"
    assert (await fixture.ask(ann, "PATCH", path, two))[0] == 200, "whoever is invited already costs nothing"
    assert (await fixture.ask(ann, "PATCH", path, three))[0] == 429
    assert len((await fixture.show(ann, event))["invitees"]) == 4


async def test_how_many_messages_and_polls_is_a_setting(fixture: Fixture) -> None:
    ann = await fixture.person()
    event = await fixture.create(ann)
    path = f"/events/{event['id']}"
    assert (await fixture.ask(ann, "POST", path + "/messages", {"body": "a"}))[0] == 201
    assert (await fixture.ask(ann, "POST", path + "/messages", {"body": "b"}))[1]["number_messages"] == 1
    assert (await fixture.ask(ann, "POST", path + "/polls", {"suggested_venue": "a"}))[0] == 201
    assert await fixture.ask(ann, "POST", path + "/polls", {"suggested_venue": "b"}) == (
        400,
        {"_error_message": "You cannot submit more than 1 Polls"},
    )
