"""Inviting somebody is no tie: a person is found, and shown with the e-mail address, by what that person did."""

from collections.abc import AsyncIterator

import pytest

from server.embedded import EmbeddedStores
from tests.rest.events.fixture import Fixture, running_fixture
from tests.support.node import Person


@pytest.fixture(scope="module")
async def fixture(stores: EmbeddedStores, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fixture]:
    async with running_fixture(stores, tmp_path_factory.mktemp("ties")) as fixture:
        yield fixture


async def email_of(fixture: Fixture, viewer: Person, other: Person) -> str | None:
    """The address that somebody is shown of somebody; None where there is nobody."""
    status, shown = await fixture.ask(viewer, "GET", f"/users/{other.account_id}")
    listed = (await fixture.ask(viewer, "GET", "/users"))[1]["results"]
    in_list = [each["email"] for each in listed if each["id"] == other.account_id]
    if status == 404:
        assert in_list == []
        return None
    assert in_list == [shown["email"]]
    email: str = shown["email"]
    return email


async def test_inviting_somebody_does_not_show_their_address(fixture: Fixture) -> None:
    mallory, tom = await fixture.person("Mallory"), await fixture.person("Tom")
    await fixture.create(mallory, tom)
    assert await email_of(fixture, mallory, tom) is None
    assert await email_of(fixture, tom, mallory) == f"{mallory.number}@example.com", "who invites shows themselves"


@pytest.mark.parametrize("answer", ["accept", "reject"])
async def test_who_answers_is_found_by_everybody_at_the_event(fixture: Fixture, answer: str) -> None:
    ann, tom, eve = await fixture.person("Ann"), await fixture.person("Tom"), await fixture.person("Eve")
    stranger = await fixture.person("Stranger")
    event = await fixture.create(ann, tom, eve)
    await fixture.answer(tom, event, answer)
    assert await email_of(fixture, ann, tom) == f"{tom.number}@example.com"
    assert await email_of(fixture, eve, tom) == f"{tom.number}@example.com"
    assert await email_of(fixture, ann, eve) is None
    assert await email_of(fixture, tom, eve) is None
    assert await email_of(fixture, stranger, tom) is None


async def test_who_writes_at_an_event_is_found_too(fixture: Fixture) -> None:
    ann, tom = await fixture.person("Ann"), await fixture.person("Tom")
    event = await fixture.create(ann, tom)
    assert (await fixture.ask(tom, "POST", f"/events/{event['id']}/messages", {"body": "hi"}))[0] == 201
    assert await email_of(fixture, ann, tom) == f"{tom.number}@example.com"


async def test_having_seen_an_invitation_is_no_tie(fixture: Fixture) -> None:
    ann, tom = await fixture.person("Ann"), await fixture.person("Tom")
    event = await fixture.create(ann, tom)
    path = f"/events/{event['id']}/invitations/{event['invitations'][0]['id']}/mark_seen"
    assert (await fixture.ask(tom, "PUT", path))[0] == 200
    assert await email_of(fixture, ann, tom) is None


async def test_naming_a_number_shows_no_address_of_its_owner(fixture: Fixture) -> None:
    ann, tom, eve = await fixture.person("Ann"), await fixture.person("Tom"), await fixture.person("Eve")
    assert (await fixture.ask(ann, "POST", "/users/from_phone_numbers", {"phone_numbers": ["+" + tom.number]}))[
        0
    ] == 200
    assert await email_of(fixture, ann, tom) == ""
    assert (await fixture.ask(eve, "POST", "/api/contacts/add-contact/", {"contact_id": tom.number}))[0] == 201
    assert await email_of(fixture, eve, tom) == ""
