"""Ends what somebody has to do with events whose account is removed."""

from dataclasses import dataclass
from uuid import uuid4

from models.documents.event import Deleted, OutboxItem, What, Withdrawn
from models.ports import Clock
from models.services.events.outbox import TellEvent
from models.stores.events import Events


@dataclass(frozen=True, slots=True)
class ForgetEvents:
    """Their own events are deleted, and their answers taken back, so that places are free again.

    The invitations stay with the number, unanswered, as those of a number that never signed in: whoever proves it later
    finds them, and nothing that somebody else said. Done again, it goes on where a fault ended it.
    """

    events: Events
    tell: TellEvent
    clock: Clock

    async def forget(self, account_id: int) -> None:
        for event_id in await self.events.list_owned(account_id):
            item = self._item(account_id, Deleted())
            deleted = await self.events.delete(event_id, item)
            if deleted is not None:
                await self.tell(deleted, item)
        for event_id, invitation_id in await self.events.list_invitations(account_id):
            item = self._item(account_id, Withdrawn(invitation_id))
            withdrawn = await self.events.withdraw(event_id, account_id, item)
            if withdrawn is not None:
                await self.tell(withdrawn, item)

    def _item(self, account_id: int, what: What) -> OutboxItem:
        return OutboxItem(uuid4().hex, self.clock.now(), account_id, what)
