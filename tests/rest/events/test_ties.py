"""Inviting somebody is no tie: a person is found, and shown with the e-mail address, by what that person did."""

from collections.abc import AsyncIterator

import pytest

from server.embedded import EmbeddedStores
from tests.rest.events.world import World, running_world
from tests.support.node import Person


@pytest.fixture(scope="module")
async def world(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running_world(stores, tmp_path_factory.mktemp("ties")) as world:
        yield world


async def email_of(world: World, viewer: Person, other: Person) -> str | None:
    """The address that somebody is shown of somebody; None where there is nobody."""
    status, shown = await world.ask(viewer, "GET", f"/users/{other.account_id}")
    listed = (await world.ask(viewer, "GET", "/users"))[1]["results"]
    in_list = [each["email"] for each in listed if each["id"] == other.account_id]
    if status == 404:
        assert in_list == []
        return None
    assert in_list == [shown["email"]]
    email: str = shown["email"]
    return email


async def test_inviting_somebody_does_not_show_their_address(world: World) -> None:
    mallory, tom = await world.person("Mallory"), await world.person("Tom")
    await world.create(mallory, tom)
    assert await email_of(world, mallory, tom) is None
    assert await email_of(world, tom, mallory) == f"{mallory.number}@example.com", "who invites shows themselves"


@pytest.mark.parametrize("answer", ["accept", "reject"])
async def test_who_answers_is_found_by_everybody_at_the_event(world: World, answer: str) -> None:
    ann, tom, eve = await world.person("Ann"), await world.person("Tom"), await world.person("Eve")
    stranger = await world.person("Stranger")
    event = await world.create(ann, tom, eve)
    await world.answer(tom, event, answer)
    assert await email_of(world, ann, tom) == f"{tom.number}@example.com"
    assert await email_of(world, eve, tom) == f"{tom.number}@example.com"
    assert await email_of(world, ann, eve) is None
    assert await email_of(world, tom, eve) is None
    assert await email_of(world, stranger, tom) is None


async def test_who_writes_at_an_event_is_found_too(world: World) -> None:
    ann, tom = await world.person("Ann"), await world.person("Tom")
    event = await world.create(ann, tom)
    assert (await world.ask(tom, "POST", f"/events/{event['id']}/messages", {"body": "hi"}))[0] == 201
    assert await email_of(world, ann, tom) == f"{tom.number}@example.com"


async def test_having_seen_an_invitation_is_no_tie(world: World) -> None:
    ann, tom = await world.person("Ann"), await world.person("Tom")
    event = await world.create(ann, tom)
    path = f"/events/{event['id']}/invitations/{event['invitations'][0]['id']}/mark_seen"
    assert (await world.ask(tom, "PUT", path))[0] == 200
    assert await email_of(world, ann, tom) is None


async def test_naming_a_number_shows_no_address_of_its_owner(world: World) -> None:
    ann, tom, eve = await world.person("Ann"), await world.person("Tom"), await world.person("Eve")
    assert (await world.ask(ann, "POST", "/users/from_phone_numbers", {"phone_numbers": ["+" + tom.number]}))[0] == 200
    assert await email_of(world, ann, tom) == ""
    assert (await world.ask(eve, "POST", "/api/contacts/add-contact/", {"contact_id": tom.number}))[0] == 201
    assert await email_of(world, eve, tom) == ""
