"""Whoever asks while a reading is under way shares the next one."""

import asyncio
from collections.abc import Collection

import pytest
from pymongo.errors import AutoReconnect

from models.services.runtime.batch_loader import BatchLoader


class Shelf:
    """Squares of numbers, read when the test lets it; a negative number breaks the reading."""

    def __init__(self) -> None:
        self.readings: list[set[int]] = []
        self.may_read = asyncio.Event()
        self.error: Exception | None = None

    async def read(self, keys: Collection[int]) -> dict[int, int]:
        self.readings.append(set(keys))
        await self.may_read.wait()
        if self.error is not None:
            raise self.error
        if min(keys) < 0:
            raise ValueError("no root")
        return {key: key * key for key in keys if key != 7}


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


async def ask(batched: BatchLoader[int, int], *keys: int) -> list["asyncio.Task[int | None]"]:
    tasks = [asyncio.create_task(batched(key)) for key in keys]  # type: ignore[arg-type]
    await asyncio.sleep(0)
    return tasks


async def test_a_crowd_is_answered_by_two_readings(shelf: Shelf) -> None:
    batched = BatchLoader(shelf.read, at_once=100)
    first = await ask(batched, 1)
    await asyncio.sleep(0)
    rest = await ask(batched, 2, 3, 3, 4)
    shelf.may_read.set()
    assert await asyncio.gather(*first, *rest) == [1, 4, 9, 9, 16]
    assert shelf.readings == [{1}, {2, 3, 4}], "an answer is never older than its question"


async def test_a_reading_has_a_bound(shelf: Shelf) -> None:
    batched = BatchLoader(shelf.read, at_once=2)
    shelf.may_read.set()
    assert await asyncio.gather(*(batched(key) for key in (1, 2, 3, 4, 5))) == [1, 4, 9, 16, 25]
    assert all(len(keys) <= 2 for keys in shelf.readings)


async def test_what_is_not_there_is_none(shelf: Shelf) -> None:
    shelf.may_read.set()
    assert await BatchLoader(shelf.read, at_once=100)(7) is None


async def test_a_key_that_cannot_be_read_costs_the_others_nothing(shelf: Shelf) -> None:
    batched = BatchLoader(shelf.read, at_once=100)
    tasks = await ask(batched, 2, -1, 3)
    shelf.may_read.set()
    good, bad, other = await asyncio.gather(*tasks, return_exceptions=True)
    assert (good, other) == (4, 9)
    assert isinstance(bad, ValueError)


async def test_a_database_that_is_away_is_asked_once_for_all(shelf: Shelf) -> None:
    batched = BatchLoader(shelf.read, at_once=100)
    shelf.error = AutoReconnect("away")
    tasks = await ask(batched, 1, 2, 3)
    shelf.may_read.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(answer, AutoReconnect) for answer in answers)
    assert len(shelf.readings) == 1
    shelf.error = None
    assert await batched(4) == 16


async def test_who_goes_away_takes_no_answer_from_others(shelf: Shelf) -> None:
    batched = BatchLoader(shelf.read, at_once=100)
    gone, stays = await ask(batched, 2, 2)
    gone.cancel()
    shelf.may_read.set()
    assert await stays == 4
