"""Stand-ins for what lies outside the business: with state, by name, and no mocks."""

from collections.abc import Collection

from models.documents.chat import Chat
from models.facts import Fact, Invalidation


class RecordingFanout:
    """Keeps what was told: `published` as (event, accounts), `signals` in order."""

    def __init__(self) -> None:
        self.published: list[tuple[Fact, frozenset[int]]] = []
        self.signals: list[Invalidation] = []

    def publish(self, event: Fact, to: Collection[int], *, chat: Chat | None = None) -> None:
        self.published.append((event, frozenset(to)))

    def signal(self, signal: Invalidation) -> None:
        self.signals.append(signal)
