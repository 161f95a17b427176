"""Owns background work: starts named tasks, logs failures, restarts what must go on, and stops everything in reverse."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from time import monotonic
from typing import Any

log = logging.getLogger(__name__)

ROUND_S = 0.1
STOPS_WITHIN_S = 5.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0


class BackgroundTasks:
    """The background tasks of one object, from the first start to `stop` (docs/architecture.md, "Background work")."""

    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[None], None] = {}  # in the order of their starts

    @property
    def is_running(self) -> bool:
        """Returns whether any of these tasks runs."""
        return bool(self._tasks)

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Run `work` once. Returns its task, for callers that wait for its end; an error is logged there and goes no further."""
        task = asyncio.create_task(_log_failure(name, work), name=name)
        self._tasks[task] = None
        task.add_done_callback(self._forget)
        task.add_done_callback(lambda _: work.close())  # or Python warns of work that is stopped before it begins
        return task

    def keep(self, name: str, work: Callable[[], Awaitable[None]], *, longest_pause_s: float = LONGEST_PAUSE_S) -> None:
        """Run `work`, which goes on without end, and run it again when it fails or ends, after a pause.

        Pauses double from half a second to `longest_pause_s` while it keeps failing, and begin anew once it has lasted
        longer than that.
        """
        _ = self.start(name, _keep(name, work, longest_pause_s))

    def repeat(
        self,
        name: str,
        work: Callable[[], Awaitable[None]],
        *,
        every_s: float | None = None,
        wake: asyncio.Event | None = None,
        at_once: bool = False,
        longest_pause_s: float | None = None,
    ) -> None:
        """Run `work` each time that `wake` is set or `every_s` seconds have passed, `at_once` for the first time now.

        `wake` is cleared before each round, so that a round is never missed. A round that fails is tried again, after pauses as
        those of `keep`, which double up to `longest_pause_s`, by default `every_s`: work that is expensive enough to be rare stays
        rare while it fails.
        """
        event, is_due = wake or asyncio.Event(), at_once

        async def rounds() -> None:
            nonlocal is_due
            while True:
                if not is_due:
                    await _wait(event, every_s)
                event.clear()
                is_due = True  # until it has succeeded
                await work()
                is_due = False

        self.keep(name, rounds, longest_pause_s=longest_pause_s or every_s or LONGEST_PAUSE_S)

    async def stop(self) -> None:
        """End all tasks, each before the one that was started before it; after five seconds leave those that do not end."""
        ends_at = monotonic() + STOPS_WITHIN_S
        for task in reversed(list(self._tasks)):
            await cancel(task, within_s=max(ends_at - monotonic(), ROUND_S))

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._tasks.pop(task, None)


async def cancel(*tasks: "asyncio.Task[Any]", within_s: float = STOPS_WITHIN_S) -> None:
    """Return when all of these are over, however they end; after `within_s` leave those that are not, and log their names.

    Drivers swallow a cancellation now and then, so it is asked for again and again.
    """
    running, ends_at = set(tasks), monotonic() + within_s
    while running and monotonic() < ends_at:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=ROUND_S)
    if running:
        log.warning("these did not end: %s", ", ".join(task.get_name() for task in running))
    await asyncio.gather(*(task for task in tasks if task.done()), return_exceptions=True)


async def _wait(event: asyncio.Event, within_s: float | None) -> None:
    if within_s is None:
        await event.wait()
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()


async def _log_failure(name: str, work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("%s failed", name)


async def _keep(name: str, work: Callable[[], Awaitable[None]], longest_pause_s: float) -> None:
    pause_s = 0.0
    while True:
        started_at, problem, error = monotonic(), "ended", None
        try:
            await work()
        except Exception as caught:  # noqa: BLE001 (whatever it is, it may pass)
            problem, error = f"waits: {type(caught).__name__}", caught
        has_lasted = monotonic() > started_at + longest_pause_s
        pause_s = min(FIRST_PAUSE_S if has_lasted or not pause_s else 2 * pause_s, longest_pause_s)
        # A format for each piece of work: lines of one format are counted after the first few (server/process/logs.py).
        line = name.replace("%", "%%") + " %s, next try in %.1f s"
        log.warning(line, problem, pause_s, exc_info=error if _is_bug(error) else None)
        await asyncio.sleep(pause_s)


def _is_bug(error: Exception | None) -> bool:
    """Tell a fault of this program, which is worth a traceback, from one of the network or a store, which is not."""
    return type(error).__module__ == "builtins" and not isinstance(error, OSError | None)
