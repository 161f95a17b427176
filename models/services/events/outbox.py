"""The outbox of an event: facts stored with the event, and told to every part that must hear of them.

What happened was stored together with an item in the event's outbox (models/stores/events.py). The request that did it
tells it before it answers; whatever a crash or an absent database left is told by the sweep of any node. Everything that
is made of an item carries its id, so telling it twice, also on two nodes at once, makes nothing twice. Two answers of one
person are told in the order given, whoever tells them: what the later waits for is told before it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

from models.documents.event import Event, OutboxItem, What
from models.documents.session import Actor
from models.ports import Clock
from models.stores.events import Events

log = logging.getLogger(__name__)

OLDER_THAN = timedelta(seconds=5)  # younger items are being told by whoever stored them


class EventFactListener(Protocol):
    """One way of telling; done again it changes nothing."""

    async def __call__(self, event: Event, item: OutboxItem) -> None: ...


@dataclass(frozen=True, slots=True)
class EventOutbox:
    """`event` is as it was when the item was stored, or newer."""

    events: Events
    ways: Sequence[EventFactListener]
    clock: Clock

    async def __call__(self, event: Event, item: OutboxItem) -> None:
        """Tell one item. Never raises: what happened is stored, and the sweep tells what could not be told now."""
        try:
            await self._tell_behind(event, item)
        except Exception as error:  # noqa: BLE001 (whatever it is, the step itself holds and is answered so)
            log.warning("item %s of event %d waits to be told: %s", item.id, event.id, type(error).__name__)

    async def sweep(self) -> int:
        """Tell what waits for longer than it should; returns how many items that was. Two nodes may do it at once."""
        told = 0
        before = self.clock.now() - OLDER_THAN
        for event in await self.events.list_untold(before):
            try:
                for item in event.outbox:
                    if item.at < before:
                        await self._tell(event, item)
                        told += 1
            except Exception as error:  # noqa: BLE001 (one event that cannot be told holds up no other)
                log.warning("event %d waits to be told: %s", event.id, type(error).__name__)
        return told

    async def _tell_behind(self, event: Event, item: OutboxItem) -> None:
        """Tell an item as it was stored, behind those of the same event that it waits for."""
        for each in event.outbox:
            if each.id == item.id:
                item = each
                break
            if item.waits_for(each):
                await self._tell(event, each)
        await self._tell(event, item)

    async def _tell(self, event: Event, item: OutboxItem) -> None:
        for way in self.ways:
            await way(event, item)
        if await self.events.settle(event.id, item.id):
            await self.events.remove(event.id)


def outbox_item(by: Actor, at: datetime, what: What) -> OutboxItem:
    """What happened, under a name of its own for ever."""
    return OutboxItem(uuid4().hex, at, by.account_id, what)
