"""An event loop whose clock runs ahead instead of waiting: timers of minutes are over at once, to the exact second."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from typing_extensions import override

T = TypeVar("T")


class _Ahead(selectors.SelectSelector):
    """Moves `now` on by what it was asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("nothing would ever happen: no timer runs, and nothing is ready")
        if not found and timeout is not None:
            self.now += max(0.0, timeout)
        return found


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._ahead = _Ahead()
        super().__init__(self._ahead)

    @override
    def time(self) -> float:
        return self._ahead.now


def in_virtual_time(work: Coroutine[Any, Any, T], within_s: float = 3600) -> T:
    """Returns what the coroutine returns. Its clock, `get_running_loop().time()`, begins at 0 and moves only where everybody sleeps.

    For code that waits for timers alone: what comes by a socket or from a thread is not waited for. Raises RuntimeError where
    the coroutine waits for what can never come, and TimeoutError where it is not over after `within_s` seconds of this clock.
    """
    loop = _VirtualLoop()
    try:
        return loop.run_until_complete(asyncio.wait_for(work, within_s))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
