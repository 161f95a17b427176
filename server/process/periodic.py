"""Periodic work of every node: sweeps that repair what a fault has left, and reminders."""

import logging
from collections.abc import Awaitable, Callable

from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)


def run_periodically(
    tasks: BackgroundTasks, name: str, work: Callable[[], Awaitable[int]], *, every_s: float, done: str
) -> None:
    """Run `work` now and then every `every_s` seconds.

    `work` returns how many things it did; unless there were none, they are logged by the format `done`, which holds one `%d`.
    """

    async def do_once() -> None:
        count = await work()
        if count:
            log.info(done, count)

    tasks.repeat(name, do_once, every_s=every_s, at_once=True)
