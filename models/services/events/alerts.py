"""Queues pushes about events: the table of what triggers one, and the flags of those who do not want them.

See docs/events-api.md, "Pushes". A late push says nothing that is no longer true: of a place that was taken since, or of an event that
was deleted or cancelled.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from models.documents.account import Account, either_blocks
from models.documents.event import Answered, Deleted, Edited, Event, Invitation, Invited, OutboxItem, ReminderDue
from models.documents.notification import CHANGE, INVITE, REMINDER, RSVP, Notification
from models.documents.plain_line import one_line
from models.languages.language import Language
from models.ports import Clock
from models.services.events import alert_texts as alerts
from models.services.events.invitation_texts import TextInvitations
from models.services.notifications.queue import Notify
from models.stores.accounts import Accounts
from models.stores.languages import Languages

Wants = Callable[[Account], bool]
Compose = Callable[[Language, Event], str]


@dataclass(frozen=True, slots=True)
class EventAlerts:
    """Pushes facts of events to people's devices, as a listener of the event outbox.

    Every key contains the item's id, so running it again queues nothing twice. People with the app get a push; people without it get a
    text for an invitation and nothing else. Nobody is told of what somebody they blocked has done.
    """

    accounts: Accounts
    languages: Languages
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
                    await self._push(event, item, coming, REMINDER, alerts.reminder, _wants_reminders)

    async def _invited(self, event: Event, item: OutboxItem, ids: Collection[int]) -> None:
        if event.is_canceled:
            return
        new = [each for each in event.invitations if each.id in ids]
        owner = await self.accounts.require(event.owner_id)

        def compose(reader: Language, event: Event) -> str:
            return alerts.invited(reader, event, owner)

        await self._push(event, item, new, INVITE, compose, _wants_invites)
        if event.expires_at > self.clock.now():
            await self.text(event, owner, new, item)

    async def _answered(self, event: Event, item: OutboxItem, answered: Answered) -> None:
        invitation = next(each for each in event.invitations if each.id == answered.invitation)
        found = await self.accounts.list_by_ids({event.owner_id, invitation.account_id})
        people = {account.id: account for account in found}
        owner, guest = people[event.owner_id], people[invitation.account_id]
        reader = (await self.languages.map_readers([owner.id], guest.id))[owner.id]
        if owner.is_registered and owner.notify.invite_rsvp and not either_blocks(owner, guest):
            compose = alerts.accepted if answered.answer else alerts.rejected
            alert = compose(reader, event, invitation, guest, answered.message)
            await self.notify.push([_notification(event, item, owner.id, RSVP, alert)])
        if not item.took_place:
            return
        if item.left == 0 and event.spots_left <= 0 and owner.is_registered and owner.notify.event_full:
            full = _notification(event, item, owner.id, CHANGE, alerts.full(reader, event), "full")
            await self.notify.push([full])
        if item.left == 1:
            await self._warn_of_last_spot(event, item)

    async def _edited(self, event: Event, item: OutboxItem, fields: Collection[str]) -> None:
        if event.is_canceled:
            return
        if "date" in fields:
            coming = [each for each in event.invitations if each.answer is True]
            await self._push(event, item, coming, CHANGE, alerts.moved, part="date")
        if item.left_before is None or item.left is None:
            return
        if item.left_before <= 0 < item.left:
            if event.spots_left > 0:
                await self._push(event, item, event.invitations, CHANGE, alerts.more_spots, part="spots")
        elif item.left == 1 < item.left_before:
            await self._warn_of_last_spot(event, item)

    async def _warn_of_last_spot(self, event: Event, item: OutboxItem) -> None:
        """Warns of the last free place, except at an event that was created with one."""
        if event.spots_left == 1 < event.spots_at_first and not event.is_canceled:
            waiting = [each for each in event.invitations if each.answer is None]
            await self._push(event, item, waiting, CHANGE, alerts.one_spot_left, part="spots")

    async def _push(
        self,
        event: Event,
        item: OutboxItem,
        to: Collection[Invitation],
        kind: str,
        compose: Compose,
        wants: Wants | None = None,
        part: str = "",
    ) -> None:
        """Pushes to those of these invitees who have the app, want it, and have not blocked the owner, each in their language."""
        if not to:
            return
        accounts = await self.accounts.list_by_ids({event.owner_id, *(each.account_id for each in to)})
        owner = next(account for account in accounts if account.id == event.owner_id)
        readers = await self.languages.map_readers([account.id for account in accounts], owner.id)
        await self.notify.push(
            [
                _notification(event, item, account.id, kind, compose(readers[account.id], event), part)
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
