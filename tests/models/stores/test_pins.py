"""Pins in the real database: one live code per number and purpose, one use, and no guess that changes it."""

import asyncio
from datetime import timedelta

import pytest

from models.stores.database import Database
from models.stores.pins import Pins
from tests.support.fakes import HandClock

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


async def send(pins: Pins, clock: HandClock, number: str = ANN, pin: str = "0042", purpose: str = "events") -> None:
    await pins.replace(number, purpose, pin, ttl_s=600, now=clock.now())


async def use(pins: Pins, clock: HandClock, pin: str, number: str = ANN, purpose: str = "events") -> bool:
    is_right = await pins.is_right(number, purpose, pin, clock.now())
    is_used = await pins.use(number, purpose, pin, clock.now())
    assert is_right >= is_used
    return is_used


async def test_a_pin_is_right_once(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    assert await use(pins, clock, "0042")
    assert not await use(pins, clock, "0042")


async def test_of_many_uses_at_once_one_is_right(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    answers = await asyncio.gather(*(pins.use(ANN, "events", "0042", clock.now()) for _ in range(5)))
    assert sorted(answers) == [False] * 4 + [True]


async def test_wrong_guesses_leave_a_pin_as_it_is(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    for guess in ("1", "", "00042", "0043", "\ud800", *(f"{guess:04}" for guess in range(1000, 1020))):
        assert not await use(pins, clock, guess)
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


async def test_a_pin_for_one_purpose_is_wrong_for_another_and_stays(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    await send(pins, clock, pin="777777", purpose="login:1")
    assert not await use(pins, clock, "0042", purpose="login:1")
    assert not await use(pins, clock, "777777")
    assert await use(pins, clock, "0042")
    assert await use(pins, clock, "777777", purpose="login:1")


async def test_the_next_pin_takes_the_place_of_the_one_before(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    await send(pins, clock, pin="1234")
    assert not await use(pins, clock, "0042")
    assert await use(pins, clock, "1234")


async def test_a_pin_that_could_not_be_sent_is_forgotten_and_no_other(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    await pins.remove(ANN, "events", "9999")
    assert await pins.is_right(ANN, "events", "0042", clock.now())
    await pins.remove(ANN, "events", "0042")
    assert not await pins.is_right(ANN, "events", "0042", clock.now())


async def test_an_address_is_known_for_the_number_it_was_noted_with_until_then(pins: Pins, clock: HandClock) -> None:
    await pins.note_network(ANN, "192.0.2.1", clock.now() + timedelta(days=90))
    await pins.note_network(ANN, "192.0.2.1", clock.now() + timedelta(days=1))
    clock.move(days=89)
    assert await pins.knows_network(ANN, "192.0.2.1", clock.now())
    assert not await pins.knows_network(BEN, "192.0.2.1", clock.now())
    assert not await pins.knows_network(ANN, "192.0.2.2", clock.now())
    clock.move(days=1)
    assert not await pins.knows_network(ANN, "192.0.2.1", clock.now())


async def test_the_database_holds_no_pin_no_address_and_no_two_alike(pins: Pins, clock: HandClock) -> None:
    await send(pins, clock)
    await send(pins, clock, BEN)
    await pins.note_network(ANN, "192.0.2.1", clock.now())
    rows = await pins._pins.find({}).to_list(None)
    assert "0042" not in repr(rows)
    assert len({row["hash"] for row in rows}) == 2
    assert "192.0.2.1" not in repr(await pins._networks.find({}).to_list(None))


async def test_the_database_cleans_up_behind_expired_pins(pins: Pins) -> None:
    for collection in (pins._pins, pins._networks):
        assert (await collection.index_information())["clean_up"]["expireAfterSeconds"] == 3600
