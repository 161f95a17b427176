"""The log of one chat as a history tells it: its rows, and who may see which of them. Imports nothing of the server."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One entry as the database has it."""

    seq: int
    kind: str
    sender: int
    client_id: str
    text: str | None = None
    of: int | None = None
    accounts: tuple[int, ...] = ()  # who came by it
    left: int | None = None  # who went by it

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "Row":
        return cls(
            row["seq"],
            row["kind"],
            row["sender"],
            row["client_id"],
            row.get("text"),
            row.get("of"),
            tuple(row.get("accounts", ())),
            row.get("left"),
        )

    @property
    def name(self) -> tuple[int, str]:
        """Returns what makes it stored once in its chat."""
        return self.sender, self.client_id

    @property
    def says(self) -> str:
        """Returns what the entry is, for people."""
        return f"{self.kind} {self.client_id} of account {self.sender}"


@dataclass
class Chat:
    """A log, and the spans of it that each account may see.

    `members` are those of a chat whose members never change. `stable` are accounts of any chat that are in it from its first entry on
    and never leave.
    """

    members: Collection[int] | None
    stable: frozenset[int]
    rows: dict[int, Row] = field(default_factory=dict)
    last: int = 0
    _deleted: set[int] = field(default_factory=set)
    _spans: dict[int, list[tuple[int, float]]] | None = None

    def add(self, rows: Mapping[int, Row]) -> None:
        """Take rows that were read from the database."""
        self.rows |= rows
        self.last = max(self.rows, default=0)
        self._deleted = {row.of for row in self.rows.values() if row.kind == "deletion" and row.of is not None}
        self._spans = None

    def is_deleted(self, seq: int) -> bool:
        return seq in self._deleted

    def holes(self) -> list[int]:
        """Returns the numbers up to the last one that no row holds."""
        if len(self.rows) == self.last:
            return []
        return [seq for seq in range(1, self.last + 1) if seq not in self.rows]

    def doubles(self) -> Iterator[tuple[tuple[int, str], list[int]]]:
        """Yields the (sender, client id) that more than one row has, with their numbers."""
        seqs: dict[tuple[int, str], list[int]] = defaultdict(list)
        for seq, row in self.rows.items():
            if row.client_id:
                seqs[row.name].append(seq)
        yield from ((name, found) for name, found in seqs.items() if len(found) > 1)

    def spans(self, account: int) -> list[tuple[int, float]]:
        """Returns the first and the last number of each time for which an account was in the chat, in order."""
        if self.members is not None:
            return [(1, float("inf"))] if account in self.members else []
        if self._spans is None:
            self._spans = self._read_spans()
        return self._spans.get(account, [])

    def _read_spans(self) -> dict[int, list[tuple[int, float]]]:
        spans: dict[int, list[tuple[int, float]]] = {account: [(1, float("inf"))] for account in self.stable}
        for seq in sorted(self.rows):
            row = self.rows[seq]
            for account in row.accounts:
                own = spans.setdefault(account, [])
                if not own or own[-1][1] != float("inf"):
                    own.append((seq, float("inf")))
            if row.left is not None and spans.get(row.left):
                first, last = spans[row.left][-1]
                if last == float("inf"):
                    spans[row.left][-1] = first, seq  # it is shown its own end
        return spans

    def may_see(self, account: int, seq: int) -> bool:
        return any(first <= seq <= last for first, last in self.spans(account))

    def visible(self, account: int, after: int, upto: int) -> list[int]:
        """Returns the numbers of rows behind `after`, up to `upto`, that an account may see."""
        found: list[int] = []
        for first, last in self.spans(account):
            until = min(upto, self.last if last == float("inf") else int(last))
            found += [seq for seq in range(max(first, after + 1), until + 1) if seq in self.rows]
        return found
