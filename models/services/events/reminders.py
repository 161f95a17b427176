"""Reminds those who come to an event, a day before it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from models.documents.event import OutboxItem, ReminderDue
from models.ports import Clock
from models.services.events.outbox import TellEvent
from models.stores.events import Events

# Events contract, section 9. Two hours wide, so that nodes that were down for a while miss nobody.
FROM, TO = timedelta(hours=24), timedelta(hours=26)
AT_ONCE = 100  # events of one look


@dataclass(frozen=True, slots=True)
class Remind:
    """Each event once, whichever node is first and whatever ends it in the middle: claiming is what puts it into the outbox."""

    events: Events
    tell: TellEvent
    clock: Clock

    async def __call__(self) -> int:
        """Remind of every event in the window that nobody was reminded of; returns how many this call did."""
        reminded = 0
        while True:
            now = self.clock.now()
            due = await self.events.list_due(now + FROM, now + TO, AT_ONCE)
            for event_id, owner_id in due:
                item = OutboxItem(uuid4().hex, now, owner_id, ReminderDue())
                event = await self.events.remind(event_id, item)
                if event is not None:
                    await self.tell(event, item)
                    reminded += 1
            if len(due) < AT_ONCE:
                return reminded
