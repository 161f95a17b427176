"""Queues the pushes about events: the whole table of triggers, with the flags of those who may not want them.

Events contract, section 7. Nobody is told what is no longer so when it is told late: of a place that was given away since,
of anything about an event that was deleted or does not take place.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from models.documents import event_alert as alerts
from models.documents.account import Account, either_blocks
from models.documents.event import Answered, Deleted, Edited, Event, Invitation, Invited, OutboxItem, ReminderDue
from models.documents.notification import CHANGE, INVITE, REMINDER, RSVP, Notification
from models.documents.plain_line import one_line
from models.ports import Clock
from models.services.events.invitation_texts import TextInvitations
from models.services.notifications.queue import Notify
from models.stores.accounts import Accounts

Wants = Callable[[Account], bool]


@dataclass(frozen=True, slots=True)
class EventAlerts:
    """The third way of telling (tell_event.py). Every key carries the item's id, so telling twice queues nothing twice.

    Whoever has the app is pushed to, and who has not is texted an invitation and nothing else. Nobody is told of what is done
    by somebody they blocked.
    """

    accounts: Accounts
    notify: Notify
    text: TextInvitations
    clock: Clock

    async def __call__(self, event: Event, item: OutboxItem) -> None:
        if event.is_deleted:
            if isinstance(item.what, Deleted):
                await self.text.forget(event)
            return
        match item.what:
            case Invited(ids):
                await self._invited(event, item, ids)
            case Answered():
                await self._answered(event, item, item.what)
            case Edited(fields):
                await self._edited(event, item, fields)
            case ReminderDue():
                if not event.is_canceled and event.date > self.clock.now():
                    coming = [each for each in event.invitations if each.answer is True]
                    await self._push(event, item, coming, REMINDER, alerts.reminder(event), _wants_reminders)

    async def _invited(self, event: Event, item: OutboxItem, ids: Collection[int]) -> None:
        if event.is_canceled:
            return
        new = [each for each in event.invitations if each.id in ids]
        owner = await self.accounts.require(event.owner_id)
        await self._push(event, item, new, INVITE, alerts.invited(event, owner), _wants_invites)
        if event.expires_at > self.clock.now():
            await self.text(event, owner, new, item)

    async def _answered(self, event: Event, item: OutboxItem, answered: Answered) -> None:
        invitation = next(each for each in event.invitations if each.id == answered.invitation)
        found = await self.accounts.list_by_ids({event.owner_id, invitation.account_id})
        people = {account.id: account for account in found}
        owner, guest = people[event.owner_id], people[invitation.account_id]
        if owner.is_registered and owner.notify.invite_rsvp and not either_blocks(owner, guest):
            compose = alerts.accepted if answered.answer else alerts.rejected
            alert = compose(event, invitation, guest, answered.message)
            await self.notify.push([_notification(event, item, owner.id, RSVP, alert)])
        if not item.took_place:
            return
        if item.left == 0 and event.spots_left <= 0 and owner.is_registered and owner.notify.event_full:
            full = _notification(event, item, owner.id, CHANGE, alerts.full(event), "full")
            await self.notify.push([full])
        if item.left == 1:
            await self._warn_of_last_spot(event, item)

    async def _edited(self, event: Event, item: OutboxItem, fields: Collection[str]) -> None:
        if event.is_canceled:
            return
        if "date" in fields:
            coming = [each for each in event.invitations if each.answer is True]
            await self._push(event, item, coming, CHANGE, alerts.moved(event), part="date")
        if item.left_before is None or item.left is None:
            return
        if item.left_before <= 0 < item.left:
            if event.spots_left > 0:
                await self._push(event, item, event.invitations, CHANGE, alerts.more_spots(event), part="spots")
        elif item.left == 1 < item.left_before:
            await self._warn_of_last_spot(event, item)

    async def _warn_of_last_spot(self, event: Event, item: OutboxItem) -> None:
        """Never for an event that was created with one."""
        if event.spots_left == 1 < event.spots_at_first and not event.is_canceled:
            waiting = [each for each in event.invitations if each.answer is None]
            await self._push(event, item, waiting, CHANGE, alerts.one_spot_left(event), part="spots")

    async def _push(
        self,
        event: Event,
        item: OutboxItem,
        to: Collection[Invitation],
        kind: str,
        alert: str,
        wants: Wants | None = None,
        part: str = "",
    ) -> None:
        """Push to those of these invitees who have the app, want it, and have not blocked the owner."""
        if not to:
            return
        accounts = await self.accounts.list_by_ids({event.owner_id, *(each.account_id for each in to)})
        owner = next(account for account in accounts if account.id == event.owner_id)
        await self.notify.push(
            [
                _notification(event, item, account.id, kind, alert, part)
                for account in accounts
                if account.is_registered
                and account.id != owner.id
                and not account.has_blocked(owner.number)
                and (wants is None or wants(account))
            ]
        )


def _notification(
    event: Event, item: OutboxItem, account_id: int, kind: str, alert: str, part: str = ""
) -> Notification:
    return Notification(
        key=f"{kind} {item.id} {account_id} {part}".rstrip(),
        account_id=account_id,
        alert=alert,
        type=kind,
        at=item.at,
        data={"event_id": event.id, "title": one_line(event.title)},
    )


def _wants_invites(account: Account) -> bool:
    return account.notify.new_invite


def _wants_reminders(account: Account) -> bool:
    return account.notify.upcoming_event
