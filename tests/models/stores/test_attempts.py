"""Attempts in the real database: one count for all nodes, and waits that grow."""

import asyncio

import pytest

from models.documents.pin import WaitRule
from models.stores.attempts import Attempts
from models.stores.database import Database
from tests.support.auth_fakes import HandClock

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])
RULE = WaitRule(free=2, per_day=5, first_s=60, longest_s=100)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def attempts(database: Database) -> Attempts:
    attempts = Attempts(database)
    await attempts.prepare()
    return attempts


async def wait_s(attempts: Attempts, clock: HandClock, key: str = "a") -> float:
    """0 for an attempt that is counted."""
    wait = (await attempts.take(key, RULE, clock.now())).wait
    return 0 if wait is None else wait.total_seconds()


async def test_the_waits_double_up_to_the_longest_and_the_day_ends_them(attempts: Attempts, clock: HandClock) -> None:
    assert [await wait_s(attempts, clock) for _ in range(3)] == [0, 0, 60]
    clock.move(seconds=60)
    assert [await wait_s(attempts, clock) for _ in range(2)] == [0, 100]
    clock.move(seconds=100)
    assert await wait_s(attempts, clock) == 0
    clock.move(seconds=100)
    assert [await wait_s(attempts, clock) for _ in range(2)] == [0, 86_400 - 260]
    clock.move(seconds=86_400 - 260)
    assert await wait_s(attempts, clock) == 0


async def test_many_at_once_get_no_more_than_the_rule_lets_through(attempts: Attempts, clock: HandClock) -> None:
    taken = await asyncio.gather(*(attempts.take("a", RULE, clock.now()) for _ in range(20)))
    assert sorted(each.count for each in taken if each.wait is None) == [1, 2]


async def test_what_is_given_back_makes_nobody_wait(attempts: Attempts, clock: HandClock) -> None:
    for _ in range(8):
        assert await wait_s(attempts, clock) == 0
        await attempts.give_back("a")


async def test_success_begins_the_waits_anew_and_the_day_goes_on(attempts: Attempts, clock: HandClock) -> None:
    for _ in range(4):
        assert await wait_s(attempts, clock) == 0
        await attempts.restart_waits("a", in_row=1)
    assert [await wait_s(attempts, clock) for _ in range(2)] == [0, 86_400]


async def test_a_clock_set_back_keeps_nobody_waiting(attempts: Attempts, clock: HandClock) -> None:
    for _ in range(2):
        await attempts.take("a", RULE, clock.now())
    clock.move(days=-2)
    assert await wait_s(attempts, clock) == 0


async def test_the_database_cleans_up(attempts: Attempts) -> None:
    assert (await attempts._attempts.index_information())["clean_up"]["expireAfterSeconds"] == 3600
