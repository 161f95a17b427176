"""Sweeps away, again and again, what uploads left behind when a node died in the middle of them."""

import asyncio
import logging

from models.stores.media import MediaFiles

log = logging.getLogger(__name__)

EVERY_S = 3600.0  # what is swept is half a day old


async def keep_sweeping(files: MediaFiles) -> None:
    """Sweep at once and then every hour, until cancelled."""
    while True:
        try:
            swept = await files.sweep()
            if swept:
                log.info("removed %d uploads that a crash had left", swept)
        except Exception as error:  # noqa: BLE001 (the next round tries again)
            log.warning("sweeping waits: %s", type(error).__name__)
        await asyncio.sleep(EVERY_S)
