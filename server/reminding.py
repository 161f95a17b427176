"""The reminders: looks again and again which events are a day away. Every node does, and each event is claimed by one."""

import asyncio
import logging

from models.services.remind import Remind

log = logging.getLogger(__name__)

EVERY_S = 300.0  # the window is two hours wide


async def keep_reminding(remind: Remind) -> None:
    """Look at once and then again and again, until cancelled."""
    while True:
        try:
            reminded = await remind()
            if reminded:
                log.info("reminded of %d events", reminded)
        except Exception as error:  # noqa: BLE001 (the next round tries again)
            log.warning("reminders wait: %s", type(error).__name__)
        await asyncio.sleep(EVERY_S)
