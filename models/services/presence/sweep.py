"""Marks the accounts of a crashed or stopped node offline if they did not come back elsewhere."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from models.facts import PresenceChanged
from models.ports import Clock, Fanout, PresenceStore
from models.stores.accounts import Accounts

BREATH_S = 0.02  # between two parts of a sweep, so that thousands of people are no stall for those who are there


@dataclass(frozen=True, slots=True)
class SweepPresence:
    """One node at a time sweeps a gone node. If it dies, another goes on where it got to.

    The accounts count as last seen when their node renewed its lease last, at most two seconds before its end: no later moment is
    known at which they were there. The date is stored before they leave the presence store, so that they are never shown as
    offline without it, whenever the sweeping node dies.
    """

    accounts: Accounts
    store: PresenceStore
    fanout: Fanout
    clock: Clock

    async def __call__(self) -> int:
        """Returns how many accounts went offline. Raises when a store is away, and goes on next time."""
        return sum([await self._sweep(node) for node in self.store.list_gone()])

    async def _sweep(self, node: str) -> int:
        count = 0
        while True:
            orphaned = await self.store.claim(node)
            if orphaned is None or not orphaned.account_ids:
                return count
            await self.accounts.set_last_seen(
                orphaned.account_ids, self.clock.now() - timedelta(seconds=orphaned.age_s)
            )
            try:
                offline = await self.store.sweep(node, orphaned.account_ids)
            except Exception:
                # It may be done, and only the answer be lost: let the watchers look.
                self.fanout.signal(PresenceChanged(sorted(orphaned.account_ids)))
                raise
            if offline:
                self.fanout.signal(PresenceChanged(sorted(offline)))
            count += len(offline)
            await asyncio.sleep(BREATH_S)
