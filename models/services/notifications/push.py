"""Delivers notifications to devices by push."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from models.documents.chat import Member
from models.documents.entry import Entry
from models.documents.notification import MESSAGE, Device, Notification
from models.ports import Delivered, Gone, Outcome, PushSender, Refused, RetryLater
from models.services.notifications.devices import ListDevices
from models.services.notifications.queue import FinishNotifications
from models.services.runtime.batch_loader import BatchLoader
from models.stores.devices import Devices
from models.stores.entries import Entries, visible
from models.stores.languages import Languages
from models.stores.members import Members
from models.stores.notifications import DELIVERED, Notifications, Taken

AT_ONCE = 200  # messages per query; pushes of one message ask for it together


class AsItStands:
    """Brings a notification up to date: a deleted message is not pushed, and an edited one is not quoted.

    The recipient may not be permitted to see the new text. Nor is what it cleared or deleted for itself pushed any more.
    """

    def __init__(self, entries: Entries, languages: Languages, members: Members) -> None:
        self._entries = entries
        self._languages = languages
        self._members = members
        self._find_member: BatchLoader[tuple[int, int], Member] = BatchLoader(self._read_members, at_once=AT_ONCE)
        self._find: BatchLoader[tuple[int, int], Entry] = BatchLoader(self._read, at_once=AT_ONCE)

    async def __call__(self, notification: Notification, *, is_late: bool) -> Notification | None:
        """Returns the notification as it may be shown now; None if nothing is left to tell.

        Whether its recipient hid the message is asked only if it had the time to (`is_late`).
        """
        if notification.type != MESSAGE:
            return notification
        chat_id, seq = notification.data.get("chat"), notification.data.get("seq")
        if not isinstance(chat_id, int) or not isinstance(seq, int):
            return notification
        # Before the message: what the row does not name any more is named by that (Members.hide_message).
        member = await self._find_member((chat_id, notification.account_id)) if is_late else None
        message = await self._find((chat_id, seq))
        if message is None or message.is_deleted:
            return None
        if member is not None and not visible([message], member):
            return None
        return await self._without_quote(notification) if message.edit_seq else notification

    async def _without_quote(self, notification: Notification) -> Notification:
        if notification.unquoted is not None:
            return replace(notification, alert=notification.unquoted)
        # An earlier version queued it without.
        reader = (await self._languages.map_readers([notification.account_id]))[notification.account_id]
        return replace(notification, alert=reader.gettext("A new message"))

    async def _read(self, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], Entry]:
        return {(entry.chat_id, entry.seq): entry for entry in await self._entries.list_at(places)}

    async def _read_members(self, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], Member]:
        return {(member.chat_id, member.account_id): member for member in await self._members.list_members(places)}


log = logging.getLogger(__name__)

LATE = timedelta(seconds=3)  # a younger one was only overtaken by what came at the same time

_Turns = WeakValueDictionary[tuple[int, str], asyncio.Lock]


@dataclass(frozen=True, slots=True)
class DeliverPush:
    """Delivers to devices, each once. A device that Apple reports gone is removed, unless it came back since.

    Pushes that replace each other on a screen go out one after the other, and none goes out behind a newer one. The message is read
    right before: it may have been deleted while its push waited.
    """

    notifications: Notifications
    devices: Devices
    list_devices: ListDevices
    push: PushSender
    finish: FinishNotifications
    as_it_stands: AsItStands
    turns: _Turns = field(default_factory=WeakValueDictionary)

    async def __call__(self, taken: Taken) -> None:
        assert isinstance(taken.what, Notification)
        if taken.what.collapse is None:
            await self._deliver(taken, taken.what)
            return
        async with self.turns.setdefault((taken.what.account_id, taken.what.collapse), asyncio.Lock()):
            await self._deliver(taken, taken.what)

    async def _deliver(self, taken: Taken, notification: Notification) -> None:
        if self.finish.is_too_late(taken):
            await self.finish.finish(taken, "too late")
            return
        is_late = taken.attempts > 1 or self.finish.clock.now() > notification.at + LATE
        if is_late and await self.notifications.was_replaced(notification):
            await self.finish.finish(taken, "replaced by a newer one")
            return
        of_account = await self.list_devices(notification.account_id)
        devices = [each for each in of_account if each.token not in taken.done and notification.is_for(each)]
        if not devices:
            await self.finish.finish(taken, DELIVERED if taken.done else "no device")
            return
        shown = await self.as_it_stands(notification, is_late=is_late)
        if shown is None:
            await self.finish.finish(taken, "deleted")
            return
        if not self.finish.is_held(taken):
            return
        outcomes = await asyncio.gather(
            *(self._send(taken, shown, device, is_only=len(devices) == 1) for device in devices)
        )
        later = [outcome for outcome in outcomes if isinstance(outcome, RetryLater)]
        if later:
            done = [
                device.token
                for device, outcome in zip(devices, outcomes, strict=True)
                if not isinstance(outcome, RetryLater)
            ]
            asked = [outcome.after_s for outcome in later if outcome.after_s is not None]
            await self.finish.put_back(taken, later[0].reason, asked_s=max(asked, default=None), done=done)
            return
        await self.finish.finish(taken, _told(outcomes))

    async def _send(self, taken: Taken, notification: Notification, device: Device, *, is_only: bool) -> Outcome:
        outcome = await self.push.send(notification, device.token)
        match outcome:
            case Gone(since):
                await self._forget(device, since)
            case Refused(reason):
                log.error("%s is refused: %s", notification.key, reason)
            case Delivered() if not is_only:
                await self.finish.mark_done(taken, device.token)
            case _:
                pass
        return outcome

    async def _forget(self, device: Device, since: datetime | None) -> None:
        try:
            # Without a time the report is about the registration that is stored; a newer one may be as good as new.
            is_gone = await self.devices.remove_gone(device.token, since or device.registered_at)
        except Exception as error:  # noqa: BLE001 (the next notification learns it again)
            log.warning("a device that is gone stays for now: %s", type(error).__name__)
        else:
            log.info("a device of account %d is gone%s", device.account_id, "" if is_gone else ", or came back")


def _told(outcomes: list[Outcome]) -> str:
    if any(isinstance(outcome, Delivered) for outcome in outcomes):
        return DELIVERED
    refused = [outcome.reason for outcome in outcomes if isinstance(outcome, Refused)]
    return f"refused: {refused[0]}" if refused else "no device"
