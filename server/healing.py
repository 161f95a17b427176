"""The sweep: applies changes that were stored by somebody who crashed before applying them."""

import asyncio
import logging
from datetime import timedelta

from models.documents.entry import Deletion, Edit, Reaction
from models.ports import Clock
from models.stores.chats import Chats
from models.stores.entries import Entries

log = logging.getLogger(__name__)

EVERY_S = 30.0
OLDER_THAN = timedelta(seconds=5)  # younger ones are being applied by whoever stored them


async def heal(entries: Entries, chats: Chats, clock: Clock) -> int:
    """Apply what should have been applied long ago; returns how much that was. Two nodes may do it at once."""
    changes = await entries.list_unapplied(clock.now() - OLDER_THAN)
    for change in changes:
        if isinstance(change.body, Edit | Deletion | Reaction):
            await entries.apply(change)
        else:
            await chats.apply(change)
            await entries.settle(change)
    return len(changes)


async def keep_healing(entries: Entries, chats: Chats, clock: Clock) -> None:
    """Heal at once and then again and again, until cancelled."""
    while True:
        try:
            healed = await heal(entries, chats, clock)
            if healed:
                log.info("applied %d changes that a crash had left", healed)
        except Exception as error:  # noqa: BLE001 (the next round tries again)
            log.warning("healing waits: %s", type(error).__name__)
        await asyncio.sleep(EVERY_S)
