"""Ends background work for sure: drivers swallow a cancellation now and then, so one request is not enough."""

import asyncio
import logging
from typing import Any

log = logging.getLogger(__name__)

ROUND_S = 0.1
ROUNDS_MAX = 50


async def cancel(*tasks: "asyncio.Task[Any]") -> None:
    """Return when all of these are over, however they end; after five seconds of asking, leave them and say so."""
    running = set(tasks)
    for _ in range(ROUNDS_MAX):
        if not running:
            break
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=ROUND_S)
    if running:
        log.warning("these did not end: %s", ", ".join(task.get_name() for task in running))
    await asyncio.gather(*(task for task in tasks if task.done()), return_exceptions=True)
