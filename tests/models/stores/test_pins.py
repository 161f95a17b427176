"""Pins in the real database: one live code per number, five tries, one use."""

import asyncio

import pytest

from models.stores.database import Database
from models.stores.pins import Pins
from tests.auth_fakes import HandClock

pytestmark = pytest.mark.parametrize("driver", ["pymongo", "motor"])
ANN, BEN = "4930123456", "4930654321"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def pins(database: Database) -> Pins:
    pins = Pins(database, b"k" * 32)
    await pins.prepare()
    return pins


async def send(pins: Pins, clock: HandClock, number: str = ANN, pin: str = "0042") -> bool:
    return await pins.replace(number, pin, ttl_s=600, resend_s=60, now=clock.now())


async def use(pins: Pins, clock: HandClock, pin: str, number: str = ANN) -> bool:
    return await pins.use(number, pin, tries=5, now=clock.now())


async def test_a_pin_is_right_once(pins: Pins, clock: HandClock) -> None:
    assert await send(pins, clock)
    assert await use(pins, clock, "0042")
    assert not await use(pins, clock, "0042")


async def test_of_many_uses_at_once_one_is_right(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    answers = await asyncio.gather(*(use(pins, clock, "0042") for _ in range(5)))
    assert sorted(answers) == [False] * 4 + [True]


async def test_guesses_in_parallel_get_no_more_than_five_tries(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    guesses = await asyncio.gather(*(use(pins, clock, f"{guess:04}") for guess in range(1000, 1040)))
    assert not any(guesses)
    assert not await use(pins, clock, "0042")
    row = await pins._pins.find_one({"_id": ANN})
    assert row is not None
    assert row["tries"] == 5


async def test_the_fifth_try_may_still_be_right(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    for wrong in ("1", "", "00042", "0043"):
        assert not await use(pins, clock, wrong)
    assert await use(pins, clock, "0042")


async def test_a_pin_is_right_until_it_expires(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    clock.move(seconds=600)
    assert not await use(pins, clock, "0042")
    clock.move(seconds=-1)
    assert await use(pins, clock, "0042")


async def test_a_pin_of_one_number_is_wrong_for_another(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    await send(pins, clock, BEN, "7777")
    assert not await use(pins, clock, "0042", BEN)
    assert not await use(pins, clock, "0042", "1")


async def test_the_next_pin_takes_the_place_and_the_tries_of_the_one_before(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    for _ in range(5):
        await use(pins, clock, "9999")
    clock.move(seconds=60)
    assert await send(pins, clock, pin="1234")
    assert not await use(pins, clock, "0042")
    assert await use(pins, clock, "1234")


async def test_a_number_waits_for_its_next_pin_also_after_it_used_one(pins: Pins, clock: HandClock) -> None:
    assert await pins.find_wait(ANN, 60, clock.now()) is None
    await send(pins, clock)
    await use(pins, clock, "0042")
    clock.move(seconds=59)
    wait = await pins.find_wait(ANN, 60, clock.now())
    assert wait is not None
    assert wait.total_seconds() == 1
    assert not await send(pins, clock)
    clock.move(seconds=1)
    assert await pins.find_wait(ANN, 60, clock.now()) is None
    assert await send(pins, clock)


@pytest.mark.parametrize("is_known", [False, True])
async def test_of_many_sends_at_once_one_succeeds(pins: Pins, clock: HandClock, is_known: bool) -> None:
    if is_known:
        await send(pins, clock)
        clock.move(seconds=60)
    sent = await asyncio.gather(*(send(pins, clock, pin=f"{pin:04}") for pin in range(8)))
    assert sum(sent) == 1
    assert await use(pins, clock, f"{sent.index(True):04}")


async def test_without_a_wait_every_send_succeeds_and_the_last_counts(pins: Pins, clock: HandClock) -> None:
    for number in range(20):
        sends = (pins.replace(str(number), pin, ttl_s=600, resend_s=0, now=clock.now()) for pin in ("1", "2", "3", "4"))
        assert all(await asyncio.gather(*sends))


async def test_a_clock_set_back_keeps_nobody_waiting(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    clock.move(days=-1)
    assert await pins.find_wait(ANN, 60, clock.now()) is None
    assert await send(pins, clock, pin="1234")
    assert await use(pins, clock, "1234")


async def test_a_pin_that_could_not_be_sent_takes_its_wait_along(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    await pins.remove(ANN, "9999")
    assert not await send(pins, clock)
    await pins.remove(ANN, "0042")
    assert await send(pins, clock, pin="1234")


async def test_the_database_holds_no_pin_and_no_two_alike(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    await send(pins, clock, BEN)
    rows = await pins._pins.find({}).to_list(None)
    assert "0042" not in repr(rows)
    assert len({row["hash"] for row in rows}) == 2


async def test_the_database_cleans_up_behind_expired_pins(pins: Pins) -> None:
    assert (await pins._pins.index_information())["clean_up"]["expireAfterSeconds"] == 3600
