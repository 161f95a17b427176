"""Quotas in the real database: one count for all nodes."""

import asyncio
from datetime import timedelta

import pytest

from models.stores.database import Database
from models.stores.quotas import Quotas
from tests.support.fakes import HandClock

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])


@pytest.fixture
async def quotas(database: Database) -> Quotas:
    quotas = Quotas(database)
    await quotas.prepare()
    return quotas


async def test_many_at_once_get_exactly_the_cap(quotas: Quotas) -> None:
    now = HandClock().now()
    waits = await asyncio.gather(*(quotas.take("a", 7, 3600, now) for _ in range(20)))
    assert waits.count(None) == 7


async def test_a_full_window_says_how_long_it_lasts_and_the_next_one_is_empty(quotas: Quotas) -> None:
    clock = HandClock()
    clock.move(minutes=45)
    assert await quotas.take("a", 1, 3600, clock.now()) is None
    assert await quotas.take("a", 1, 3600, clock.now()) == timedelta(minutes=15)
    clock.move(minutes=15)
    assert await quotas.take("a", 1, 3600, clock.now()) is None


async def test_keys_do_not_share_a_cap(quotas: Quotas) -> None:
    now = HandClock().now()
    assert await quotas.take("a", 1, 3600, now) is None
    assert await quotas.take("b", 1, 3600, now) is None


async def test_what_is_given_back_may_be_taken_again_and_no_more_than_was_taken(quotas: Quotas) -> None:
    now = HandClock().now()
    assert await quotas.take("a", 3, 3600, now, 2) is None
    await quotas.give_back("a", 3600, now, 2)
    await quotas.give_back("a", 3600, now, 2)
    await quotas.give_back("a", 3600, now)
    assert await quotas.take("a", 3, 3600, now, 3) is None
    assert await quotas.take("a", 3, 3600, now) is not None, "it is the same cap as before"
