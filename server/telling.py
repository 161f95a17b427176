"""The sweep of the outboxes: tells what happened to events and could not be told at once."""

import asyncio
import logging

from models.services.tell_event import TellEvent

log = logging.getLogger(__name__)

EVERY_S = 10.0


async def keep_telling(tell: TellEvent) -> None:
    """Sweep at once and then again and again, until cancelled."""
    while True:
        try:
            told = await tell.sweep()
            if told:
                log.info("told %d things that a fault had left", told)
        except Exception as error:  # noqa: BLE001 (the next round tries again)
            log.warning("telling waits: %s", type(error).__name__)
        await asyncio.sleep(EVERY_S)
