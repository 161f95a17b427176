"""Background work goes on after failures, wakes when it is told to, and ends in reverse within a bound."""

import asyncio
import gc
import warnings
from collections.abc import Iterator

import pytest

from models import tasks
from models.tasks import BackgroundTasks

GIVE_UP_S = 10.0


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(tasks, "LONGEST_PAUSE_S", 0.004)
    monkeypatch.setattr(tasks, "ROUND_S", 0.01)


class Rounds:
    """Work that counts its rounds; the first ones fail with these errors."""

    def __init__(self, *errors: Exception) -> None:
        self.errors: Iterator[Exception] = iter(errors)
        self.done = asyncio.Semaphore(0)

    async def __call__(self) -> None:
        for error in self.errors:
            raise error
        self.done.release()

    async def happen(self, times: int = 1) -> None:
        async with asyncio.timeout(GIVE_UP_S):
            for _ in range(times):
                await self.done.acquire()


async def until_cancelled(started: asyncio.Event, ended: list[str], name: str) -> None:
    try:
        started.set()
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def test_what_fails_is_logged_and_run_again(caplog: pytest.LogCaptureFixture) -> None:
    owner, lasting = BackgroundTasks(), asyncio.Event()
    failures = iter([ConnectionError("the store is away"), LookupError("a bug")])

    async def work() -> None:
        for error in failures:
            raise error
        lasting.set()
        await asyncio.Event().wait()

    owner.keep("a sweep", work)
    async with asyncio.timeout(GIVE_UP_S):
        await lasting.wait()
    await owner.stop()
    waits = [record for record in caplog.records if "a sweep waits" in record.message]
    assert ["ConnectionError" in waits[0].message, "LookupError" in waits[1].message] == [True, True]
    assert waits[0].exc_info is None, "an outage needs no traceback"
    assert waits[1].exc_info, "a bug needs one"


async def test_pauses_between_failures_grow_up_to_the_longest(caplog: pytest.LogCaptureFixture) -> None:
    owner, work = BackgroundTasks(), Rounds(*[OSError("away")] * 5)
    owner.repeat("a sweep", work, at_once=True)
    await work.happen()
    await owner.stop()
    pauses = [record.args[1] for record in caplog.records if isinstance(record.args, tuple) and len(record.args) == 2]
    assert pauses == [0.001, 0.002, 0.004, 0.004, 0.004]


async def test_rare_work_that_goes_on_failing_becomes_rare_again(caplog: pytest.LogCaptureFixture) -> None:
    owner, work = BackgroundTasks(), Rounds(*[OSError("away")] * 6)
    owner.repeat("a sweep", work, every_s=0.016, at_once=True)
    await work.happen()
    await owner.stop()
    pauses = [record.args[1] for record in caplog.records if isinstance(record.args, tuple) and len(record.args) == 2]
    assert pauses == [0.001, 0.002, 0.004, 0.008, 0.016, 0.016]


async def test_urgent_work_is_tried_again_as_soon_as_it_asks_for(caplog: pytest.LogCaptureFixture) -> None:
    owner, work = BackgroundTasks(), Rounds(*[OSError("away")] * 4)
    owner.repeat("a look", work, every_s=0.016, at_once=True, longest_pause_s=0.002)
    await work.happen()
    await owner.stop()
    pauses = [record.args[1] for record in caplog.records if isinstance(record.args, tuple) and len(record.args) == 2]
    assert pauses == [0.001, 0.002, 0.002, 0.002]


async def test_work_that_ends_although_it_must_go_on_is_run_again() -> None:
    owner, work = BackgroundTasks(), Rounds()
    owner.keep("a listener", work)
    await work.happen(3)
    await owner.stop()


async def test_a_round_comes_with_its_time_and_with_a_wake_up() -> None:
    owner, timed, woken, wake = BackgroundTasks(), Rounds(), Rounds(), asyncio.Event()
    owner.repeat("timed", timed, every_s=0.001)
    owner.repeat("woken", woken, wake=wake)
    await timed.happen(3)
    assert woken.done.locked(), "nobody woke it"
    wake.set()
    await woken.happen()
    wake.set()
    await woken.happen()
    await owner.stop()


async def test_a_round_that_failed_is_tried_again_although_nobody_wakes_it() -> None:
    owner, work, wake = BackgroundTasks(), Rounds(OSError("away")), asyncio.Event()
    owner.repeat("a writer", work, wake=wake)
    wake.set()
    await work.happen()
    await owner.stop()


async def test_what_fails_once_is_logged_and_costs_nobody_else_anything(caplog: pytest.LogCaptureFixture) -> None:
    owner, other = BackgroundTasks(), Rounds()

    async def fail() -> None:
        raise LookupError("a bug")

    owner.repeat("other", other, every_s=0.001)
    async with asyncio.timeout(GIVE_UP_S):
        await owner.start("a job", fail())
    await other.happen(3)
    await owner.stop()
    assert "a job failed" in caplog.text


async def test_work_that_is_stopped_before_it_begins_leaves_no_warning() -> None:
    owner = BackgroundTasks()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        owner.start("a job", until_cancelled(asyncio.Event(), [], "a job"))
        owner.keep("a listener", Rounds())
        await owner.stop()
        gc.collect()
    assert [str(each.message) for each in warned] == []


async def test_all_ends_in_reverse() -> None:
    owner, ended = BackgroundTasks(), list[str]()
    for name in ("first", "second", "third"):
        started = asyncio.Event()
        owner.start(name, until_cancelled(started, ended, name))
        async with asyncio.timeout(GIVE_UP_S):
            await started.wait()
    await owner.stop()
    assert ended == ["third", "second", "first"]


async def test_work_that_swallows_a_cancellation_is_asked_again() -> None:
    owner, swallowed = BackgroundTasks(), 0

    async def swallow_twice() -> None:
        nonlocal swallowed
        while swallowed < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed += 1
        await asyncio.Event().wait()

    task = owner.start("a driver", swallow_twice())
    await asyncio.sleep(0)
    await owner.stop()
    assert (swallowed, task.done()) == (2, True)


async def test_what_does_not_end_is_left_after_a_bound_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tasks, "STOPS_WITHIN_S", 0.05)
    owner, ended, is_over, started = BackgroundTasks(), list[str](), False, asyncio.Event()

    async def never_end() -> None:
        while not is_over:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    owner.start("well-behaved", until_cancelled(started, ended, "well-behaved"))
    stubborn = owner.start("stubborn", never_end())
    async with asyncio.timeout(GIVE_UP_S):
        await started.wait()
        await owner.stop()
    assert ended == ["well-behaved"], "the others end all the same"
    assert "did not end: stubborn" in caplog.text
    is_over = True
    await tasks.cancel(stubborn)


async def test_whoever_stops_can_be_cancelled_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "STOPS_WITHIN_S", GIVE_UP_S)
    owner, is_over = BackgroundTasks(), False

    async def never_end() -> None:
        while not is_over:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    stubborn = owner.start("stubborn", never_end())
    await asyncio.sleep(0)
    stopping = asyncio.create_task(owner.stop())
    await asyncio.sleep(0)
    stopping.cancel()
    async with asyncio.timeout(GIVE_UP_S / 2):
        await asyncio.wait([stopping])
    assert stopping.cancelled()
    is_over = True
    await tasks.cancel(stubborn)
