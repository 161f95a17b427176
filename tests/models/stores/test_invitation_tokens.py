"""Invitation tokens: nobody guesses one, and telling an invitation twice gives the same."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest

from models.documents.invitation_token import InvitationToken
from models.stores.database import Database
from models.stores.invitation_tokens import InvitationTokens

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GUESTS = {71: 11, 72: 12}  # invitation -> account


@pytest.fixture
async def tokens(database: Database) -> InvitationTokens:
    store = InvitationTokens(database, b"a key of tests")
    await store.prepare()
    return store


async def test_a_token_leads_to_its_event_and_its_account(tokens: InvitationTokens) -> None:
    issued = await tokens.issue(5, GUESTS, "item", NOW)
    assert await tokens.find(issued[71]) == InvitationToken(5, 11, NOW)
    assert await tokens.find(issued[72]) == InvitationToken(5, 12, NOW)
    assert await tokens.find(issued[72][:-1]) is None
    assert await tokens.find("\ud800") is None


async def test_telling_an_invitation_again_gives_the_same_token_also_at_once(tokens: InvitationTokens) -> None:
    first = await tokens.issue(5, {71: 11}, "item", NOW)
    again = await asyncio.gather(*(tokens.issue(5, GUESTS, "item", NOW + timedelta(hours=1)) for _ in range(5)))
    assert all(each == again[0] and each[71] == first[71] for each in again)
    assert await tokens.find(first[71]) == InvitationToken(5, 11, NOW)
    assert await tokens.issue(5, {}, "item", NOW) == {}


async def test_no_two_tokens_are_alike_and_all_can_stand_in_a_link(database: Database) -> None:
    stores = [InvitationTokens(database, key) for key in (b"one", b"another")]
    issued = [
        token
        for store in stores
        for item in ("first", "second")
        for token in (await store.issue(5, GUESTS, item, NOW)).values()
    ]
    assert len(set(issued)) == 8
    assert all(re.fullmatch(r"[a-z2-7]{32}", token) for token in issued)


async def test_the_database_holds_no_token(tokens: InvitationTokens, database: Database) -> None:
    issued = await tokens.issue(5, GUESTS, "item", NOW)
    rows = await database.collection("invitation_tokens").find({}).to_list(None)
    assert not any(token in str(rows) for token in issued.values())


async def test_its_last_use_is_remembered_and_the_latest_counts(tokens: InvitationTokens) -> None:
    token = (await tokens.issue(5, GUESTS, "item", NOW))[71]
    await tokens.touch(token, NOW + timedelta(hours=2))
    await tokens.touch(token, NOW + timedelta(hours=1))
    await tokens.touch("unknown", NOW)
    found = await tokens.find(token)
    assert found is not None
    assert found.last_used_at == NOW + timedelta(hours=2)
    assert await tokens.find("unknown") is None


async def test_what_was_sent_to_an_account_or_for_an_event_is_forgotten_with_it(tokens: InvitationTokens) -> None:
    issued = await tokens.issue(5, GUESTS, "item", NOW)
    other = await tokens.issue(6, {81: 11, 82: 12}, "item", NOW)
    await tokens.forget(11)
    assert await tokens.find(issued[71]) is None
    assert await tokens.find(other[81]) is None
    assert await tokens.forget_events([6]) == 1
    assert await tokens.find(other[82]) is None
    assert await tokens.find(issued[72]) is not None
