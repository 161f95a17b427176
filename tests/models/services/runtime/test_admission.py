"""People are let in at a rate, in the order in which they came, and nobody waits for nothing."""

import asyncio
from collections.abc import Iterator

import pytest

from models.errors import Unavailable
from models.services.runtime.admission import RETRY_AFTER_MAX_S, ConnectAdmission


class ClockedLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only where there is nothing else to do, and then at once."""

    def __init__(self) -> None:
        self._now = 1000.0
        super().__init__()
        select = self._selector.select  # type: ignore[attr-defined]

        def skip(timeout: float | None) -> object:
            self._now += timeout or 0.0
            return select(0)

        self._selector.select = skip  # type: ignore[attr-defined]

    def time(self) -> float:
        return self._now


@pytest.fixture
def loop() -> Iterator[ClockedLoop]:
    loop = ClockedLoop()
    yield loop
    loop.close()


def here() -> bool:
    return True


async def outcome(keeper: ConnectAdmission, is_here: bool = True) -> tuple[float, int | None]:
    """When this one was let in or sent away, and when it is to come back."""
    loop = asyncio.get_running_loop()
    try:
        await keeper.admit(lambda: is_here)
    except Unavailable as refusal:
        return loop.time(), refusal.retry_after_ms
    return loop.time(), None


def test_as_many_as_a_second_holds_wait_for_nothing_and_the_rest_keep_to_the_rate(loop: ClockedLoop) -> None:
    async def crowd() -> list[tuple[float, int | None]]:
        keeper = ConnectAdmission(per_s=100, wait_s=5)
        return await asyncio.gather(*(outcome(keeper) for _ in range(400)))

    started = loop.time()
    found = loop.run_until_complete(crowd())
    moments = [moment - started for moment, put_off in found if put_off is None]
    assert len(moments) == 400
    assert moments[:100] == [0.0] * 100
    assert moments == sorted(moments), "in the order in which they came"
    assert all(moment >= (number - 99) / 100 - 0.001 for number, moment in enumerate(moments))
    assert moments[-1] == pytest.approx(3.0, abs=0.1)


def test_who_would_wait_too_long_is_told_a_time_of_its_own_and_then_gets_in(loop: ClockedLoop) -> None:
    refused = 0

    async def come_back_until_let_in(keeper: ConnectAdmission) -> float:
        nonlocal refused
        while True:
            moment, put_off = await outcome(keeper)
            if put_off is None:
                return moment
            refused += 1
            assert 0 < put_off <= RETRY_AFTER_MAX_S * 1000 + 1
            await asyncio.sleep(put_off / 1000)

    async def crowd() -> list[float]:
        keeper = ConnectAdmission(per_s=50, wait_s=2)
        return await asyncio.gather(*(come_back_until_let_in(keeper) for _ in range(1000)))

    started = loop.time()
    moments = sorted(moment - started for moment in loop.run_until_complete(crowd()))
    assert len(moments) == 1000
    assert refused == 1000 - 50 - 100, "whoever is told a time is told once"
    assert all(moment >= (number - 49) / 50 - 0.001 for number, moment in enumerate(moments))
    assert moments[-1] < 1000 / 50 + 2, "none of the time is wasted"


def test_who_has_gone_while_it_stood_in_line_costs_nobody_their_turn(loop: ClockedLoop) -> None:
    async def crowd() -> list[tuple[float, int | None]]:
        keeper = ConnectAdmission(per_s=10, wait_s=10)
        comers = [True] * 10 + [False] * 50 + [True] * 5
        found = await asyncio.gather(*(outcome(keeper, is_here) for is_here in comers))
        assert keeper.admitted == 15
        return found[-5:]

    started = loop.time()
    assert all(moment - started < 1.0 for moment, _ in loop.run_until_complete(crowd()))


def test_a_node_that_goes_tells_who_waits(loop: ClockedLoop) -> None:
    async def crowd() -> list[tuple[float, int | None]]:
        keeper = ConnectAdmission(per_s=1, wait_s=100)
        waiting = [asyncio.ensure_future(outcome(keeper)) for _ in range(3)]
        await asyncio.sleep(0)
        keeper.close()
        return [*await asyncio.gather(*waiting), await outcome(keeper)]

    assert [put_off for _, put_off in loop.run_until_complete(crowd())] == [None, 1000, 1000, 1000]
