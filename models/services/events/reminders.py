"""Reminders before an event, and forgetting events that are long past."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from models.documents.event import Deleted, OutboxItem, ReminderDue, What, Withdrawn
from models.ports import Clock
from models.services.events.outbox import EventOutbox
from models.stores.event_lists import EventLists
from models.stores.events import Events

# Two hours wide, so that nodes that were down for a while miss no event (docs/events-api.md, "Reminders").
FROM, TO = timedelta(hours=24), timedelta(hours=26)
AT_ONCE = 100  # events per query


@dataclass(frozen=True, slots=True)
class Remind:
    """Reminds of each event once, whichever node is first: claiming an event is what puts the reminder into its outbox."""

    events: Events
    outbox: EventOutbox
    clock: Clock

    async def __call__(self) -> int:
        """Reminds of every event in the window that has had no reminder. Returns how many this call reminded of."""
        reminded = 0
        while True:
            now = self.clock.now()
            due = await self.events.list_due(now + FROM, now + TO, AT_ONCE)
            for event_id, owner_id in due:
                item = OutboxItem(uuid4().hex, now, owner_id, ReminderDue())
                event = await self.events.remind(event_id, item)
                if event is not None:
                    await self.outbox(event, item)
                    reminded += 1
            if len(due) < AT_ONCE:
                return reminded


@dataclass(frozen=True, slots=True)
class ForgetEvents:
    """Deletes the events of an account that is removed, and takes its answers back, so that their places are free again.

    The invitations stay with the number, unanswered, as those of a number that never signed in: whoever proves it later finds them, and
    nothing that the former owner said. Running it again continues where a fault ended it.
    """

    events: Events
    lists: EventLists
    outbox: EventOutbox
    clock: Clock

    async def forget(self, account_id: int) -> None:
        for event_id in await self.lists.list_owned(account_id):
            item = self._item(account_id, Deleted())
            deleted = await self.events.delete(event_id, item)
            if deleted is not None:
                await self.outbox(deleted, item)
        for event_id, invitation_id in await self.lists.list_invitations(account_id):
            item = self._item(account_id, Withdrawn(invitation_id))
            withdrawn = await self.events.withdraw(event_id, account_id, item)
            if withdrawn is not None:
                await self.outbox(withdrawn, item)

    def _item(self, account_id: int, what: What) -> OutboxItem:
        return OutboxItem(uuid4().hex, self.clock.now(), account_id, what)
