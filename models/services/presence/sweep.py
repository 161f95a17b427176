"""Says of the people of a node that crashed or left, and who did not come back, that they are offline."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from models.facts import PresenceChanged
from models.ports import Clock, Fanout, PresenceStore
from models.stores.accounts import Accounts

BREATH_S = 0.02  # between two parts of a sweep, so that thousands of people are no stall for those who are there


@dataclass(frozen=True, slots=True)
class SweepPresence:
    """One node sweeps, the others leave it alone; one that dies over it is replaced, and begins where it got to.

    Everybody was last seen when their node was: the date of its last renewal, at most two seconds before its end. Nobody knows
    a later moment at which they were there, and the moment of the sweep is one at which they were not. It is stored before they
    are taken off the board, so that whoever is shown as offline is shown with it, whenever the sweeper dies.
    """

    accounts: Accounts
    board: PresenceStore
    fanout: Fanout
    clock: Clock

    async def __call__(self) -> int:
        """How many went offline; raises when a store is away, and then goes on next time."""
        return sum([await self._sweep(node) for node in self.board.list_gone()])

    async def _sweep(self, node: str) -> int:
        count = 0
        while True:
            absent = await self.board.claim(node)
            if absent is None or not absent.account_ids:
                return count
            await self.accounts.set_last_seen(absent.account_ids, self.clock.now() - timedelta(seconds=absent.age_s))
            try:
                offline = await self.board.sweep(node, absent.account_ids)
            except Exception:
                # It may be done, and only the answer be lost: whoever watches them looks.
                self.fanout.signal(PresenceChanged(sorted(absent.account_ids)))
                raise
            if offline:
                self.fanout.signal(PresenceChanged(sorted(offline)))
            count += len(offline)
            await asyncio.sleep(BREATH_S)
