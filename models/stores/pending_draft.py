"""Drafts on their way into the log: who waits for them, and under which keys they may be stored already."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from models.documents.entry import Draft, Entry
from models.errors import DomainError
from models.stores.database import Row

Once = tuple[int, int, str]  # chat id, sender id, client id: what makes a send happen once


@dataclass(frozen=True, slots=True)
class Stored:
    """An acknowledged entry. `is_new` is False when the same (chat, sender, client_id) was stored before."""

    entry: Entry
    is_new: bool


@dataclass(slots=True, eq=False)
class PendingDraft:
    """A draft on its way: who waits for it, and under which keys it may be stored already, since an answer got lost."""

    draft: Draft
    at: datetime
    since: float
    futures: list[asyncio.Future[Stored]]
    perhaps: set[int] = field(default_factory=set)
    clashes: int = 0

    @property
    def once(self) -> Once:
        return self.draft.chat_id, self.draft.sender_id, self.draft.client_id

    @property
    def chars(self) -> int:
        """About how much room it takes in a batch."""
        body = self.draft.body
        return len(getattr(body, "text", None) or getattr(body, "vcard", None) or "") + 500

    def is_held_by(self, row: Row) -> bool:
        """Whether an attempt of ours stored this row, and not somebody else's under the same number."""
        # The client may have sent the same thing to another node, which took the same number: its time differs then.
        whose = row["chat"], row["sender"], row["client"]
        return row["_id"] in self.perhaps and whose == self.once and row["at"] == self.at

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
    """What becomes of the drafts of a batch; the journal's queue."""

    def stored(self, found: Sequence[tuple[PendingDraft, int]]) -> None:
        """These are stored under these numbers, by us."""
        ...

    def answer(self, waiting: PendingDraft, entry: Entry, *, is_new: bool) -> None:
        """This entry is what there is of it; `is_new` if it was stored by us, and nobody was told of it yet."""
        ...

    def refuse(self, waiting: PendingDraft) -> None:
        """It cannot be stored."""
        ...

    def hand_back(self, waiting: PendingDraft) -> None:
        """Let it wait for a batch, behind all that do."""
        ...
