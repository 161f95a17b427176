"""Stores every entry of every chat in numbered batches, before anybody is told of it.

Group commit: one batch is being written, and what arrives meanwhile is the next batch. A number exists only because a row holds
it, so there is no counter to lose and no hole to explain (docs/architecture.md, "Journal"). Its parts:

    journal_queue.py               drafts that wait, who waits for them, and their answers
    stores/journal_inserts.py      how a batch is numbered and stored, and how clashes and lost answers are settled
    stores/last_seqs.py            where the log of a chat ends
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic

from models.documents.entry import Draft, Entry, Stored
from models.ports import Clock
from models.services.chats.journal_queue import FoundListener, Queue, StoredListener
from models.stores.database import Database, is_transient, until_done
from models.stores.entry_rows import ENTRIES, INDEXES
from models.stores.journal_inserts import Inserts, find_sent
from models.stores.last_seqs import LastSeqs
from models.stores.lifetimes import TIMERS_ALONE, Lifetimes
from models.stores.pending_draft import PendingDraft
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

RETRY_FIRST_S, RETRY_LAST_S = 0.05, 1.0


class Journal:
    """Stores drafts. Of two drafts of one chat, the one appended first gets the lower seq.

    `stored` listeners are called once with each new entry, in seq order per chat, after those who wait for it were woken.
    `found` listeners are called with each entry that was sent again and is stored already, each time. They must not wait or raise.
    """

    append: Callable[[Draft], asyncio.Future[Stored]]  # of the queue

    def __init__(
        self,
        database: Database,
        clock: Clock,
        stored: Sequence[StoredListener],
        found: Sequence[FoundListener] = (),
        *,
        batch_max_entries: int = 1000,
        queue_max_entries: int = 20_000,
        wait_s: float = 10.0,
        is_first: Callable[[int], bool] | None = None,
        lifetimes: Lifetimes = TIMERS_ALONE,
    ) -> None:
        """`is_first(chat_id)` tells whether a message stored there now is marked as unsummed (summaries.py)."""
        self._entries = database.collection(ENTRIES)
        self._queue = Queue(
            clock,
            stored,
            found,
            max_entries=queue_max_entries,
            batch_max_entries=batch_max_entries,
            lifetimes=lifetimes,
        )
        self.append = self._queue.append
        self._lifetimes = lifetimes
        self._inserts = Inserts(self._entries, LastSeqs(self._entries), self._queue, is_first)
        self._wait_s = wait_s
        self._tasks = BackgroundTasks()
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Make the indexes and start the writer."""
        await until_done(partial(self._entries.create_indexes, INDEXES))
        self._writer = self._tasks.start("journal writer", self._write())
        self._tasks.keep("journal repeats", self._answer_repeats)
        self._tasks.keep("journal watch", self._watch)

    async def close(self, within_s: float = 5.0) -> int:
        """Store what waits, as far as the time allows; the rest is refused, and clients send it again.

        Returns how many drafts were given up. Some of them may be stored nevertheless, now or later, without being announced:
        the other nodes must be told, so that their clients sync.
        """
        self._queue.close()
        if self._writer is not None:
            _, late = await asyncio.wait([self._writer], timeout=within_s)
            if late:
                log.warning("journal closed with %d entries unsent", self.depth)
        await self._tasks.stop()
        given_up = self.depth
        self._queue.give_up()
        return given_up

    @property
    def depth(self) -> int:
        """Returns how many drafts have no answer yet."""
        return self._queue.depth

    async def find(self, chat_id: int, sender_id: int, client_id: str) -> Entry | None:
        """Returns the entry that a sender has stored in a chat under a client id, or None.

        A found entry is told to the `found` listeners.
        """
        for row in (await find_sent(self._entries, [(chat_id, sender_id, client_id)])).values():
            entry = self._lifetimes.read(row)
            self._queue.found(entry)
            return entry
        return None

    async def _write(self) -> None:
        while await self._queue.has_more():
            batch: deque[PendingDraft] = deque()
            self._queue.fill(batch)
            try:
                await self._store(batch)
            except Exception:
                log.exception("journal batch of %d failed", len(batch))
                for waiting in batch:
                    self._queue.refuse(waiting)

    async def _answer_repeats(self) -> None:
        while True:
            repeats = await self._queue.take_repeats()
            try:
                await self._inserts.answer(repeats)
            except Exception:
                log.exception("journal cannot answer %d messages that were sent again", len(repeats))
                for waiting, _ in repeats:
                    self._queue.refuse(waiting)

    async def _store(self, todo: deque[PendingDraft], *, may_grow: bool = True) -> None:
        """Store a whole batch, through clashes and restarts of the database. Settled drafts leave `todo` at once."""
        pause_s = RETRY_FIRST_S
        is_unsure = False
        while todo:
            try:
                if is_unsure:
                    await self._inserts.find_stored_after_lost_ack(todo)
                    is_unsure = False
                if self._inserts.is_contested and may_grow:
                    self._queue.fill(todo)  # what came meanwhile need not wait for those that clash
                await self._inserts.attempt(todo)
                pause_s = RETRY_FIRST_S
            except Exception as error:
                if is_transient(error):
                    log.warning("journal waits for the database: %s", type(error).__name__)
                    is_unsure = True
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, RETRY_LAST_S)
                elif len(todo) == 1:
                    log.exception("journal cannot store an entry")
                    self._queue.refuse(todo.popleft())
                else:
                    while todo:  # one bad row must not cost its neighbours anything
                        await self._store(deque([todo.popleft()]), may_grow=False)

    async def _watch(self) -> None:
        """Tell senders to try again when an answer takes too long.

        Their drafts stay, so nothing is stored without being announced.
        """
        while True:
            await asyncio.sleep(min(1.0, self._wait_s / 4))
            self._queue.tell_to_retry(monotonic() - self._wait_s)
