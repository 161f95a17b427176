"""Named fakes of the sign-in's ports: a clock that is set by hand, a fan-out and a code sender that keep what they are given."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from models.documents.chat import Chat
from models.errors import Unavailable
from models.facts import Fact, Invalidation


class HandClock:
    """Stands still until it is moved, forwards or back."""

    def __init__(self) -> None:
        self._now = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def move(self, **duration: float) -> None:
        self._now += timedelta(**duration)


@dataclass
class RecordingFanout:
    signals: list[Invalidation] = field(default_factory=list)
    published: list[Fact] = field(default_factory=list)

    def publish(self, event: Fact, to: Collection[int], *, chat: Chat | None = None) -> None:
        self.published.append(event)

    def signal(self, signal: Invalidation) -> None:
        self.signals.append(signal)


@dataclass(frozen=True)
class SentCode:
    to: str
    body: str
    code: str
    channel: str


@dataclass
class KeptCodes:
    """Keeps every code; refuses to send while `is_down`."""

    sent: list[SentCode] = field(default_factory=list)
    is_down: bool = False

    async def send(self, phone_text: str, body: str, *, code: str, channel: str) -> None:
        if self.is_down:
            raise Unavailable
        self.sent.append(SentCode(phone_text, body, code, channel))

    @property
    def last(self) -> SentCode:
        return self.sent[-1]
