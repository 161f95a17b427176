"""Stand-ins for what lies outside the business: with state, by name, and no mocks."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from models.documents.chat import Chat
from models.documents.entry import Entry
from models.documents.session import Actor
from models.facts import EntryAdded, Fact, Invalidation
from models.ports import Clock, Fanout


class HandClock(Clock):
    """Stands still until it is moved, forwards or back; or goes on by `tick` at each look."""

    def __init__(self, now: datetime = datetime(2030, 1, 1, 12, 0, tzinfo=UTC), tick: timedelta = timedelta()) -> None:
        self._now = now
        self._tick = tick

    @override
    def now(self) -> datetime:
        self._now += self._tick
        return self._now

    def move(self, **duration: float) -> None:
        self._now += timedelta(**duration)


class RecordingFanout(Fanout):
    """Keeps what was told, in order: `published` as (fact, accounts), `sent_to_one` as (fact, connection), and `signals`.

    No signal gets anywhere: nodes of these tests have no bus.
    """

    def __init__(self) -> None:
        self.published: list[tuple[Fact, frozenset[int]]] = []
        self.sent_to_one: list[tuple[Fact, str]] = []
        self.signals: list[Invalidation] = []
        self._more = asyncio.Event()

    @override
    def publish(self, event: Fact, to: Collection[int], *, chat: Chat | None = None) -> None:
        self.published.append((event, frozenset(to)))
        self._more.set()

    @override
    def send_to_connection(self, event: Fact, connection: str) -> None:
        self.sent_to_one.append((event, connection))

    @override
    def signal(self, signal: Invalidation) -> None:
        self.signals.append(signal)

    @property
    def told(self) -> list[tuple[Entry, frozenset[int]]]:
        """The entries of chats that were told, and to whom."""
        return [(fact.entry, to) for fact, to in self.published if isinstance(fact, EntryAdded)]

    def heard_by(self, actor: Actor) -> list[int]:
        """The seqs of the entries that this account was told, in order."""
        return [entry.seq for entry, to in self.told if actor.account_id in to]

    async def until(self, count: int) -> None:
        """Wait until so many entries have been told."""
        async with asyncio.timeout(30):
            while len(self.told) < count:
                self._more.clear()
                await self._more.wait()
