"""The notification queue: adding notifications, and removing those that are answered.

This is the way in for whoever composes notifications; deliver_notifications.py is the way out. Whether somebody wants one
(the account's flags) is the composer's to ask; whether one can be delivered at all is asked here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from models.documents.notification import Notification, Sms
from models.ports import Clock
from models.services.notifications.delivery import GIVE_UP_AFTER, RetryRules
from models.stores.devices import Devices
from models.stores.notifications import PUSH, TEXT, Notifications, Taken


@dataclass(frozen=True, slots=True)
class Notify:
    """Both calls store and return: whatever they took is delivered, also when this node dies right after.

    What was queued under the same key before is left as it is, so a call may be repeated as a whole.
    """

    notifications: Notifications
    devices: Devices
    wake: Callable[[], None]  # the node's own delivery need not wait for its next look at the queue
    is_push_on: bool  # the settings' switch, and whether Apple's keys are there at all

    async def push(self, notifications: Collection[Notification]) -> None:
        """Queue these for whoever has a device; the others get none later either. While pushes are off, for nobody."""
        reachable = await self.list_reachable({each.account_id for each in notifications})
        await self._append([each for each in notifications if each.account_id in reachable])

    async def list_reachable(self, account_ids: Collection[int]) -> set[int]:
        """Those of these accounts that a push can reach now."""
        if not self.is_push_on or not account_ids:
            return set()
        return await self.devices.list_owners(account_ids)

    async def text(self, texts: Collection[Sms]) -> None:
        """Queue these SMS."""
        await self._append(texts)

    async def list_queued(self, keys: Collection[str]) -> set[str]:
        """Those of these keys under which something was queued before, delivered or not."""
        return await self.notifications.list_known(keys) if keys else set()

    async def _append(self, queued: Collection[Notification | Sms]) -> None:
        if queued:
            await self.notifications.append(queued)
            self.wake()


log = logging.getLogger(__name__)

WRITE_AGAIN_S = 0.5


def _ignore(_kind: str, _outcome: str) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class FinishNotifications:
    """While the database is away, each of these tries until the lease ends: a delivery forgotten would be one made twice."""

    notifications: Notifications
    clock: Clock
    retry: RetryRules
    told: Callable[[str, str], None] = _ignore  # hears the kind and the outcome of each that is done with

    def is_too_late(self, taken: Taken) -> bool:
        return self.clock.now() >= taken.what.at + GIVE_UP_AFTER

    def is_held(self, taken: Taken) -> bool:
        """Whether the row is this node's for sure; what comes later is for whoever took it next."""
        return self.clock.now() < taken.until

    async def finish(self, taken: Taken, outcome: str) -> None:
        await self._surely(taken, lambda: self.notifications.finish(taken, outcome, self.clock.now()))
        self.told(TEXT if isinstance(taken.what, Sms) else PUSH, outcome)

    async def mark_done(self, taken: Taken, token: str) -> None:
        await self._surely(taken, lambda: self.notifications.mark_done(taken, token))

    async def put_back(
        self, taken: Taken, reason: str, *, asked_s: float | None = None, done: Collection[str] = ()
    ) -> None:
        """Try again later, unless that would be too late."""
        due = self.clock.now() + self.retry.delay(taken.attempts, asked_s)
        if due >= taken.what.at + GIVE_UP_AFTER:
            log.error("%s is given up after %d attempts: %s", taken.what.key, taken.attempts, reason)
            await self.finish(taken, f"given up: {reason}")
            return
        log.info("%s waits after attempt %d: %s", taken.what.key, taken.attempts, reason)
        await self._surely(taken, lambda: self.notifications.put_back(taken, due, done))

    async def _surely(self, taken: Taken, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await write()
            except Exception:
                if not self.is_held(taken):
                    raise
                log.warning("%s waits to be written down", taken.what.key)
                await asyncio.sleep(WRITE_AGAIN_S)
            else:
                return
