"""The must-be-in-contacts rule: a contact that exists, or somebody who has written before; nobody else."""

import pytest

from models.documents.contact import Contact
from models.documents.session import Actor
from models.errors import NotAContact
from models.services.contacts.contact_rule import RequireContact
from models.services.contacts.directory import Directory
from models.stores.database import Database
from tests.support.fixture import Fixture, build_fixture


class Letters:
    """Who has written to whom, as pairs of (account id, number)."""

    def __init__(self) -> None:
        self.written: set[tuple[int, str]] = set()

    async def __call__(self, account_id: int, number: str) -> bool:
        return (account_id, number) in self.written


@pytest.fixture
async def fixture(database: Database) -> Fixture:
    return await build_fixture(database)


@pytest.fixture
async def ann(fixture: Fixture) -> Actor:
    return await fixture.register("490")


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def require_contact(fixture: Fixture, letters: Letters) -> RequireContact:
    return RequireContact(fixture.contacts, Directory(fixture.accounts), letters)


async def test_a_contact_with_a_registered_account_is_that_account(
    fixture: Fixture, ann: Actor, require_contact: RequireContact
) -> None:
    tom = await fixture.register("491")
    await fixture.contacts.append(Contact(ann.account_id, "491"))
    assert (await require_contact(ann, "491")).id == tom.account_id


async def test_a_contact_without_an_account_is_refused(
    fixture: Fixture, ann: Actor, require_contact: RequireContact
) -> None:
    await fixture.contacts.append(Contact(ann.account_id, "491"))
    with pytest.raises(NotAContact):
        await require_contact(ann, "491")


async def test_a_contact_whose_account_is_not_registered_is_refused(
    fixture: Fixture, ann: Actor, require_contact: RequireContact
) -> None:
    await fixture.register("491", is_registered=False)
    await fixture.contacts.append(Contact(ann.account_id, "491"))
    with pytest.raises(NotAContact):
        await require_contact(ann, "491")


async def test_an_account_that_is_no_contact_is_refused(
    fixture: Fixture, ann: Actor, require_contact: RequireContact
) -> None:
    tom = await fixture.register("491")
    await fixture.contacts.append(Contact(tom.account_id, "490"))  # his address book says nothing about hers
    with pytest.raises(NotAContact):
        await require_contact(ann, "491")


async def test_whoever_has_written_may_be_answered_and_only_by_whom_they_wrote_to(
    fixture: Fixture, ann: Actor, require_contact: RequireContact, letters: Letters
) -> None:
    tom = await fixture.register("491")
    letters.written.add((ann.account_id, "491"))
    assert (await require_contact(ann, "491")).id == tom.account_id
    with pytest.raises(NotAContact):
        await require_contact(tom, "490")


async def test_oneself_is_a_contact_like_any_other(
    fixture: Fixture, ann: Actor, require_contact: RequireContact
) -> None:
    with pytest.raises(NotAContact):
        await require_contact(ann, "490")
    await fixture.contacts.append(Contact(ann.account_id, "490"))
    assert (await require_contact(ann, "490")).id == ann.account_id
