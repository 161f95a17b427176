"""Tells people who have no client open: queues pushes and texts, which are delivered in the background.

This is the way in for whoever composes notifications; deliver_notifications.py is the way out. Whether somebody wants one
(the account's flags) is the composer's to ask; whether one can be delivered at all is asked here.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from models.documents.notification import Notification, Text
from models.stores.devices import Devices
from models.stores.notifications import Notifications


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

    async def text(self, texts: Collection[Text]) -> None:
        """Queue these SMS."""
        await self._append(texts)

    async def list_queued(self, keys: Collection[str]) -> set[str]:
        """Those of these keys under which something was queued before, delivered or not."""
        return await self.notifications.list_known(keys) if keys else set()

    async def _append(self, queued: Collection[Notification | Text]) -> None:
        if queued:
            await self.notifications.append(queued)
            self.wake()
