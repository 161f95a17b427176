"""Exactly as many as a day allows may be invited, at once or one after the other, and not one more."""

import pytest

from models.documents.session import Actor
from models.errors import RateLimited, TooManyInvitees
from models.services.events.inviting import LimitInvitations
from models.stores.database import Database
from models.stores.quotas import Quotas
from tests.support.fakes import HandClock

PER_DAY = 5
ANN, TOM = Actor(1, "491", "a"), Actor(2, "492", "b")


@pytest.fixture
def limit(database: Database) -> LimitInvitations:
    return LimitInvitations(Quotas(database), HandClock(), PER_DAY)


async def test_a_days_worth_may_be_invited_at_once_and_then_nobody(limit: LimitInvitations) -> None:
    await limit(ANN, PER_DAY)
    with pytest.raises(RateLimited) as refused:
        await limit(ANN, 1)
    assert refused.value.retry_after_ms == 12 * 3600 * 1000, "until the day is over"
    await limit(TOM, PER_DAY)


async def test_more_than_a_days_worth_is_refused_for_good_and_costs_nothing(limit: LimitInvitations) -> None:
    with pytest.raises(TooManyInvitees):
        await limit(ANN, PER_DAY + 1)
    await limit(ANN, PER_DAY)


async def test_what_was_refused_or_given_back_does_not_count(limit: LimitInvitations) -> None:
    await limit(ANN, 3)
    with pytest.raises(RateLimited):
        await limit(ANN, 3)
    await limit(ANN, 2)
    await limit.give_back(ANN, 1)
    await limit(ANN, 1)
    with pytest.raises(RateLimited):
        await limit(ANN, 1)
