"""Work that every node does again and again: sweeps of what a fault has left, and reminders."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


async def keep_doing(name: str, work: Callable[[], Awaitable[int]], every_s: float, done: str) -> None:
    """Do it at once and then again and again, until cancelled; a round that fails is logged, and the next one tries again.

    `work` returns how much it did; `done` is the line that says so, with a `%d` for it.
    """
    while True:
        try:
            count = await work()
            if count:
                log.info(done, count)
        except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
            log.warning("%s waits: %s", name, type(error).__name__)
        await asyncio.sleep(every_s)
