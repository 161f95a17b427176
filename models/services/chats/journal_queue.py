"""Holds drafts on their way into the journal: their order, who waits for them, and their answers."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from time import monotonic

from models.documents.entry import Draft, Entry, Stored, entry_key
from models.errors import InternalFault, Unavailable
from models.ports import Clock
from models.stores.entry_rows import stored_entry
from models.stores.instants import to_milliseconds
from models.stores.lifetimes import TIMERS_ALONE, Lifetimes
from models.stores.pending_draft import DedupeKey, PendingDraft

StoredListener = Callable[[Sequence[Entry]], None]
FoundListener = Callable[[Entry], None]

REPEATS_KNOWN = 10_000  # messages sent again that are remembered, about 3 MB
FEW_REPEATS, MORE_REPEATS_S = 32, 0.05
BATCH_MAX_CHARS = 8_000_000  # half of MongoDB's largest document; a batch of long texts must not hold up short ones


class Queue:
    """Holds each draft once, from `append` to its answer. A draft that is sent again meanwhile shares the answer.

    A draft that was taken for a batch stays known here until it is stored, answered or refused. A draft that was found stored
    before and is sent once more waits in a queue of its own, so that a client which repeats one message holds up no batch.
    """

    def __init__(
        self,
        clock: Clock,
        stored: Sequence[StoredListener],
        found: Sequence[FoundListener],
        *,
        max_entries: int,
        batch_max_entries: int,
        lifetimes: Lifetimes = TIMERS_ALONE,
    ) -> None:
        self._clock = clock
        self._stored = tuple(stored)
        self._found = tuple(found)
        self._max_entries = max_entries
        self._batch_max_entries = batch_max_entries
        self._lifetimes = lifetimes
        self._not_taken: deque[PendingDraft] = deque()
        self._repeats: list[tuple[PendingDraft, int]] = []
        self._repeats_wait = asyncio.Event()
        self._keys: dict[DedupeKey, int] = {}  # of rows that were sent again, the oldest first
        self._in_flight: dict[DedupeKey, PendingDraft] = {}
        self._work = asyncio.Event()
        self._is_closing = False

    @property
    def depth(self) -> int:
        """Returns how many drafts have no answer yet."""
        return len(self._in_flight)

    def append(self, draft: Draft) -> asyncio.Future[Stored]:
        """Store a draft. The order of calls is the order of seqs in a chat.

        The future fails with Unavailable when the database stays away. The draft may still be stored later, so trying again
        with the same client id is safe and leads to the same entry. Raises Unavailable at once when the queue is full or closed.
        """
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        key = (draft.chat_id, draft.sender_id, draft.client_id)
        same = self._in_flight.get(key)
        if same is not None:
            if not same.futures:  # one that waits already is not made to wait longer
                same.since = monotonic()
            same.futures.append(future)
            return future
        if self._is_closing or len(self._in_flight) >= self._max_entries:
            raise Unavailable(retry_after_ms=1000)
        # MongoDB keeps milliseconds: what is acknowledged now must equal what is read later.
        at = to_milliseconds(self._clock.now())
        waiting = PendingDraft(draft, at, monotonic(), [future])
        self._in_flight[key] = waiting
        if key in self._keys:
            self._repeats.append((waiting, self._keys[key]))
            self._repeats_wait.set()
        else:
            self.hand_back(waiting)
        return future

    def hand_back(self, waiting: PendingDraft) -> None:
        """Let a draft wait for a batch, behind all others."""
        self._not_taken.append(waiting)
        self._work.set()

    async def take_repeats(self) -> list[tuple[PendingDraft, int]]:
        """Wait until drafts are sent that were found stored before. Returns all of them, each with the `_id` of its row.

        Waits a moment longer if there are few: a query for each would delay new messages.
        """
        await self._repeats_wait.wait()
        if len(self._repeats) < FEW_REPEATS:
            await asyncio.sleep(MORE_REPEATS_S)
        self._repeats_wait.clear()
        taken, self._repeats = self._repeats, []
        return taken

    async def has_more(self) -> bool:
        """Wait until there is a draft to take. Returns False when the queue is closed and empty."""
        while not self._not_taken and not self._is_closing:
            self._work.clear()
            await self._work.wait()
        return bool(self._not_taken)

    def fill(self, batch: deque[PendingDraft]) -> None:
        """Move drafts into a batch until it is full."""
        chars = sum(waiting.chars for waiting in batch)
        while self._not_taken and len(batch) < self._batch_max_entries and chars < BATCH_MAX_CHARS:
            batch.append(self._not_taken.popleft())
            chars += batch[-1].chars

    def stored(self, found: Sequence[tuple[PendingDraft, int]]) -> None:
        """Answer drafts that an insert of ours has stored under these seqs."""
        entries = []
        for waiting, seq in found:
            entry = stored_entry(waiting.draft, seq, waiting.at)
            self._forget(waiting)
            waiting.resolve(entry, is_new=True)
            entries.append(entry)
        if entries:
            self._tell_stored(entries)

    def answer(self, waiting: PendingDraft, entry: Entry, *, is_new: bool) -> None:
        """Answer a draft with its entry. `is_new` if an insert of ours stored it and it is not announced yet."""
        self._forget(waiting)
        entry = self._lifetimes.as_now(entry)
        waiting.resolve(entry, is_new=is_new)
        if is_new:
            self._tell_stored([entry])
        else:
            if len(self._keys) >= REPEATS_KNOWN:
                del self._keys[next(iter(self._keys))]
            self._keys[waiting.dedupe_key] = entry_key(entry.chat_id, entry.seq)
            self.found(entry)

    def refuse(self, waiting: PendingDraft) -> None:
        """Answer a draft that cannot be stored."""
        self._forget(waiting)
        waiting.refuse(InternalFault())

    def tell_to_retry(self, since: float) -> None:
        """Tell those who have waited since this time (monotonic seconds) to try again. Their drafts stay."""
        for waiting in list(self._in_flight.values()):
            if waiting.since <= since:
                waiting.refuse(Unavailable(retry_after_ms=1000))

    def close(self) -> None:
        """Take no more drafts."""
        self._is_closing = True
        self._work.set()

    def give_up(self) -> None:
        """Refuse all drafts that are left."""
        for waiting in self._in_flight.values():
            waiting.refuse(Unavailable())
        self._in_flight.clear()
        self._not_taken.clear()
        self._repeats.clear()

    def found(self, entry: Entry) -> None:
        """Tell the listeners that an entry was sent again and is stored already."""
        for listener in self._found:
            listener(entry)

    def _tell_stored(self, entries: Sequence[Entry]) -> None:
        for listener in self._stored:
            listener(entries)

    def _forget(self, waiting: PendingDraft) -> None:
        if self._in_flight.get(waiting.dedupe_key) is waiting:
            del self._in_flight[waiting.dedupe_key]
