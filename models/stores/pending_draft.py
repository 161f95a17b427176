"""Drafts on their way into the log, and the outcomes that a batch can have for them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from models.documents.entry import Draft, Entry, Stored
from models.errors import DomainError
from models.stores.database import Row

DedupeKey = tuple[int, int, str]  # chat id, sender id, client id: what makes a send happen once


@dataclass(slots=True, eq=False)
class PendingDraft:
    """A draft that waits to be stored, with the futures of its senders.

    `possible_keys` are the `_id`s under which it may be stored already, since the answer of an insert got lost.
    """

    draft: Draft
    at: datetime
    since: float
    futures: list[asyncio.Future[Stored]]
    possible_keys: set[int] = field(default_factory=set)
    clashes: int = 0

    @property
    def dedupe_key(self) -> DedupeKey:
        return self.draft.chat_id, self.draft.sender_id, self.draft.client_id

    @property
    def chars(self) -> int:
        """About how many characters the draft takes in a batch."""
        body = self.draft.body
        return len(getattr(body, "text", None) or getattr(body, "vcard", None) or "") + 500

    def is_held_by(self, row: Row) -> bool:
        """Returns whether an attempt of ours stored this row, and not another sender or node under the same number."""
        # The client may have sent the same thing to another node, which took the same number: its time differs then.
        whose = row["chat"], row["sender"], row["client"]
        return row["_id"] in self.possible_keys and whose == self.dedupe_key and row["at"] == self.at

    def resolve(self, entry: Entry, *, is_new: bool) -> None:
        for future in self.futures:
            if not future.done():
                future.set_result(Stored(entry, is_new))
            is_new = False  # whoever asked for the same thing meanwhile gets the same answer

    def refuse(self, refusal: DomainError) -> None:
        for future in self.futures:
            if not future.done():
                future.set_exception(refusal)
        self.futures.clear()


class Outcomes(Protocol):
    """Takes what became of the drafts of a batch; implemented by the journal's queue."""

    def stored(self, found: Sequence[tuple[PendingDraft, int]]) -> None:
        """An insert of ours stored these drafts under these seqs."""
        ...

    def answer(self, waiting: PendingDraft, entry: Entry, *, is_new: bool) -> None:
        """The draft is stored as this entry. `is_new` if an insert of ours stored it and it is not announced yet."""
        ...

    def refuse(self, waiting: PendingDraft) -> None:
        """The draft cannot be stored."""
        ...

    def hand_back(self, waiting: PendingDraft) -> None:
        """The draft waits for another batch, behind all others."""
        ...
