"""Says which entries are over: past the time that their message was sent with, or older than this server keeps messages.

What is over says nothing any more, on every node from that moment on: it is read without its content, whether or not the sweep
(services/chats/ending.py) has taken that from its row yet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from models.documents.entry import Entry, as_over
from models.stores.database import Row
from models.stores.entry_rows import read_entry

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def _system_time() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """`retention` is how long messages stay at most; None for as long as their own time says."""

    now: Callable[[], datetime] = _system_time
    retention: timedelta | None = None

    @property
    def oldest(self) -> datetime:
        """Returns the time at which the oldest message that is not over may have been stored."""
        return LONG_AGO if self.retention is None else self.now() - self.retention

    def end_of(self, entry: Entry) -> datetime | None:
        """Returns when what an entry says is over; None for never."""
        kept_until = None if self.retention is None else entry.at + self.retention
        ends = [at for at in (entry.expires_at, kept_until) if at is not None]
        return min(ends, default=None)

    def is_over(self, entry: Entry) -> bool:
        end = self.end_of(entry)
        return end is not None and end <= self.now()

    def as_now(self, entry: Entry) -> Entry:
        """Returns an entry as it may be shown now."""
        return as_over(entry) if self.is_over(entry) else entry

    def read(self, row: Row) -> Entry:
        """Returns the entry that a row holds, as it may be shown now."""
        return self.as_now(read_entry(row))

    def over(self) -> list[Row]:
        """Returns the conditions of which one holds for each row that is over."""
        passed: list[Row] = [{"expires_at": {"$lte": self.now()}}]
        return passed if self.retention is None else [*passed, {"at": {"$lte": self.oldest}}]

    def is_row_over(self, row: Row) -> bool:
        """`is_over` of a row that has at least the fields `at` and, where there is one, `expires_at`."""
        now: datetime = self.now()
        return bool(row.get("expires_at", NEVER) <= now or (self.retention is not None and row["at"] <= self.oldest))


# By the clock of this machine, without a retention: what tests and tools read with.
TIMERS_ALONE = Lifetimes()
