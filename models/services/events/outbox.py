"""The outbox of an event: facts that are stored with the event, and then passed to every listener.

A fact is stored together with an item in the event's outbox (models/stores/events.py). The request that stored it passes it on before
it answers; any node's sweep passes on what a crash or an unreachable database left. Whatever a listener makes of an item carries the
item's id, so passing it on twice, even on two nodes at once, makes nothing twice. Two answers of one person are passed on in the order
given: an item waits for those before it.
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

OLDER_THAN = timedelta(seconds=5)  # the requests that stored younger items are still passing them on


class EventFactListener(Protocol):
    """Acts on facts of events; doing so again for an item changes nothing."""

    async def __call__(self, event: Event, item: OutboxItem) -> None: ...


@dataclass(frozen=True, slots=True)
class EventOutbox:
    """Called with an item; `event` is as it was when the item was stored, or newer."""

    events: Events
    listeners: Sequence[EventFactListener]
    clock: Clock

    async def __call__(self, event: Event, item: OutboxItem) -> None:
        """Passes one item on. Never raises: the fact is stored, and the sweep passes on what failed."""
        try:
            await self._pass_on_in_order(event, item)
        except Exception as error:  # noqa: BLE001 (whatever it is, the step itself holds and is answered so)
            log.warning("item %s of event %d waits for its listeners: %s", item.id, event.id, type(error).__name__)

    async def sweep(self) -> int:
        """Passes on items that wait for too long. Returns how many. Two nodes may do it at once."""
        passed = 0
        before = self.clock.now() - OLDER_THAN
        for event in await self.events.list_untold(before):
            try:
                for item in event.outbox:
                    if item.at < before:
                        await self._pass_on(event, item)
                        passed += 1
            except Exception as error:  # noqa: BLE001 (one event that cannot be told holds up no other)
                log.warning("event %d waits for its listeners: %s", event.id, type(error).__name__)
        return passed

    async def _pass_on_in_order(self, event: Event, item: OutboxItem) -> None:
        """Passes an item on, after those of its event that it waits for."""
        for each in event.outbox:
            if each.id == item.id:
                item = each
                break
            if item.waits_for(each):
                await self._pass_on(event, each)
        await self._pass_on(event, item)

    async def _pass_on(self, event: Event, item: OutboxItem) -> None:
        for listener in self.listeners:
            await listener(event, item)
        if await self.events.settle(event.id, item.id):
            await self.events.remove(event.id)


def outbox_item(by: Actor, at: datetime, what: What) -> OutboxItem:
    """Returns an item for a fact, with an id of its own."""
    return OutboxItem(uuid4().hex, at, by.account_id, what)
