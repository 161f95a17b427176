"""Receipts: when a message was delivered and when it was read (docs/messaging-api.md, "Receipts")."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.documents.entry import Entry


@dataclass(frozen=True, slots=True)
class ReadMark:
    """Somebody had read everything up to a seq at this time."""

    upto: int
    at: datetime


class ReadMarks:
    """Finds when each message was read: the time of the first mark that covers it."""

    def __init__(self, marks: Iterable[ReadMark] = ()) -> None:
        self._marks: list[ReadMark] = []
        for mark in sorted(marks, key=lambda mark: mark.upto, reverse=True):
            # Two nodes may have stored two marks in the wrong order; then the earlier time counts for both.
            at = min(mark.at, self._marks[-1].at) if self._marks else mark.at
            self._marks.append(ReadMark(mark.upto, at))
        self._marks.reverse()

    def merged(self, others: "ReadMarks") -> "ReadMarks":
        """Returns both sets of marks as one."""
        return ReadMarks([*self._marks, *others._marks])

    def find(self, seq: int) -> datetime | None:
        place = bisect_left(self._marks, seq, key=lambda mark: mark.upto)
        return self._marks[place].at if place < len(self._marks) else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message that its recipients received, or read, at this time."""

    entry: Entry
    at: datetime


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """A message as one account lists it.

    A date is None if it did not happen, or is not recorded: groups have no read times.
    """

    entry: Entry
    is_received: bool
    is_in_group: bool
    delivered_at: datetime | None
    read_at: datetime | None
