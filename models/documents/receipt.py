"""Receipts: when a message arrived and when it was read, as the messaging API lists them (messaging contract, section 11)."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from models.documents.entry import Entry


@dataclass(frozen=True, slots=True)
class ReadMark:
    """Somebody read everything up to a seq at this time."""

    upto: int
    at: datetime


class ReadMarks:
    """When each message was read: at the first of the marks that cover it."""

    def __init__(self, marks: Iterable[ReadMark] = ()) -> None:
        self._marks: list[ReadMark] = []
        for mark in sorted(marks, key=lambda mark: mark.upto, reverse=True):
            # Of two marks that two nodes stored in another order than they were made, the earlier one covers both.
            at = min(mark.at, self._marks[-1].at) if self._marks else mark.at
            self._marks.append(ReadMark(mark.upto, at))
        self._marks.reverse()

    def find(self, seq: int) -> datetime | None:
        place = bisect_left(self._marks, seq, key=lambda mark: mark.upto)
        return self._marks[place].at if place < len(self._marks) else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message that its reader's side has received, or read, at this time."""

    entry: Entry
    at: datetime


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """A message as one account lists it. A date is None where it has not happened, or is not told (groups keep no read dates)."""

    entry: Entry
    is_received: bool
    is_in_group: bool
    delivered_at: datetime | None
    read_at: datetime | None
