"""The journal: every entry of every chat is numbered and stored here, in batches, before anybody hears of it.

Group commit: one batch is in the air; what arrives meanwhile is the next batch. A number exists only because a row holds
it, so there is no counter to lose and no hole to explain. The rows go in by one *ordered* insert_many, which stops at the
first clash; nothing behind the clash is stored yet, so no order is lost by renumbering. (Design section 3, "the message path".)
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError, PyMongoError

from models.documents.entry import Draft, Entry, entry_key, split_key
from models.errors import DomainError, InternalFault, Unavailable
from models.ports import Clock
from models.stores.database import DUPLICATE_KEY, Collection, Database, Row, is_transient
from models.stores.entry_rows import entry_row, read_entry, stored_entry
from models.tasks import cancel

log = logging.getLogger(__name__)

ENTRIES = "entries"
INDEXES = [
    # A send happens once, for ever, also on a collection sharded by chat. Its prefix answers "has this account written here".
    IndexModel([("chat", ASCENDING), ("sender", ASCENDING), ("client", ASCENDING)], unique=True, name="once"),
    # Changes stored and not yet applied: nearly always empty, so that asking costs nothing.
    IndexModel([("chat", ASCENDING), ("_id", ASCENDING)], name="pending", partialFilterExpression={"pending": True}),
]

BATCH_MAX_CHARS = 8_000_000  # half of MongoDB's largest document; a batch of long texts must not hold up short ones
KNOWN_CHATS = 100_000  # last seqs kept in memory, about 100 bytes each
LEARN_AT_ONCE = 32  # chats whose last seq is read at the same time, well inside the driver's pool of 100
RETRY_FIRST_S, RETRY_LAST_S = 0.05, 1.0


@dataclass(frozen=True, slots=True)
class Stored:
    """An acknowledged entry. `is_new` is False when the same (chat, sender, client_id) was stored before."""

    entry: Entry
    is_new: bool


@dataclass(slots=True, eq=False)
class _Waiting:
    """A draft on its way: who waits for it, and under which keys it may be stored already, since an answer got lost."""

    draft: Draft
    at: datetime
    since: float
    futures: list[asyncio.Future[Stored]]
    perhaps: set[int] = field(default_factory=set)

    @property
    def once(self) -> tuple[int, int, str]:
        return self.draft.chat_id, self.draft.sender_id, self.draft.client_id

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


class Journal:
    """Appends drafts; the n-th draft of a chat appended here gets a higher seq than the ones before it.

    `on_stored` hears every new entry once, in seq order per chat, after those who wait for it were woken.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        on_stored: Callable[[Sequence[Entry]], None],
        *,
        batch_max_entries: int = 1000,
        queue_max_entries: int = 20_000,
        wait_s: float = 10.0,
    ) -> None:
        self._entries = database.collection(ENTRIES)
        # The last seq is read as it stands, also if it could still be rolled back: what is stored behind such a row would be
        # rolled back with it, so no hole can come of it, while a committed view would clash with the row again and again.
        self._newest: Collection = database.raw.get_collection(ENTRIES)
        self._clock = clock
        self._on_stored = on_stored
        self._batch_max_entries = batch_max_entries
        self._queue_max_entries = queue_max_entries
        self._wait_s = wait_s
        self._queue: deque[_Waiting] = deque()
        self._in_flight: dict[tuple[int, int, str], _Waiting] = {}
        self._last: dict[int, int] = {}
        self._work = asyncio.Event()
        self._is_closing = False
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Make the indexes and start the writer."""
        await self._entries.create_indexes(INDEXES)
        self._tasks = [
            asyncio.create_task(self._write(), name="journal writer"),
            asyncio.create_task(self._watch(), name="journal watch"),
        ]

    async def close(self, within_s: float = 5.0) -> None:
        """Store what is waiting, as far as the time allows; the rest is refused, and clients send it again."""
        self._is_closing = True
        self._work.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks[:1], timeout=within_s)
            if late:
                log.warning("journal closed with %d entries unsent", len(self._in_flight))
        await cancel(*self._tasks)
        for waiting in self._in_flight.values():
            waiting.refuse(Unavailable())
        self._in_flight.clear()
        self._queue.clear()

    @property
    def depth(self) -> int:
        """How many drafts are not stored yet."""
        return len(self._in_flight)

    def append(self, draft: Draft) -> asyncio.Future[Stored]:
        """Store a draft; the order of calls is the order of seqs.

        The future fails with Unavailable when the database stays away; the draft may still be stored later, so trying again
        with the same client_id is safe and leads to the same entry. Raises Unavailable at once when the queue is full.
        """
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        once = (draft.chat_id, draft.sender_id, draft.client_id)
        same = self._in_flight.get(once)
        if same is not None:
            if not same.futures:  # who waits already is not made to wait longer
                same.since = monotonic()
            same.futures.append(future)
            return future
        if self._is_closing or len(self._in_flight) >= self._queue_max_entries:
            raise Unavailable(retry_after_ms=1000)
        # MongoDB keeps milliseconds: what is acknowledged now must equal what is read later.
        now = self._clock.now()
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        waiting = _Waiting(draft, at, monotonic(), [future])
        self._in_flight[once] = waiting
        self._queue.append(waiting)
        self._work.set()
        return future

    async def _write(self) -> None:
        while True:
            await self._work.wait()
            while self._queue:
                batch = self._take_batch()
                try:
                    await self._store(batch)
                except Exception:
                    log.exception("journal batch of %d failed", len(batch))
                    for waiting in batch:
                        self._refuse(waiting)
            if self._is_closing:
                return
            self._work.clear()

    def _take_batch(self) -> deque[_Waiting]:
        batch: deque[_Waiting] = deque()
        chars = 0
        while self._queue and len(batch) < self._batch_max_entries and chars < BATCH_MAX_CHARS:
            waiting = self._queue.popleft()
            body = waiting.draft.body
            chars += len(getattr(body, "text", None) or getattr(body, "vcard", None) or "") + 500
            batch.append(waiting)
        return batch

    async def _store(self, todo: deque[_Waiting]) -> None:
        """Store a batch to its end, through clashes and restarts of the database; what is settled leaves `todo` at once."""
        pause_s = RETRY_FIRST_S
        taken = 0
        is_unsure = False
        while todo:
            try:
                if is_unsure:
                    await self._recognise(todo)
                    is_unsure = False
                taken += await self._attempt(todo)
                if taken > 1:
                    # Another node is busy in these chats: read their ends all at once rather than clash in each.
                    self._forget(todo)
                pause_s = RETRY_FIRST_S
            except Exception as error:
                if is_transient(error):
                    log.warning("journal waits for the database: %s", type(error).__name__)
                    is_unsure = True
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, RETRY_LAST_S)
                elif len(todo) == 1:
                    log.exception("journal cannot store an entry")
                    self._refuse(todo.popleft())
                else:
                    while todo:  # one bad row must not cost its neighbours anything
                        await self._store(deque([todo.popleft()]))

    async def _attempt(self, todo: deque[_Waiting]) -> bool:
        """One insert_many of all that is left; whether it met a number that another's row had taken."""
        if not todo:
            return False
        await self._learn({waiting.draft.chat_id for waiting in todo})
        last = {waiting.draft.chat_id: self._last[waiting.draft.chat_id] for waiting in todo}
        rows, seqs = [], []
        for waiting in todo:
            last[waiting.draft.chat_id] += 1
            seqs.append(last[waiting.draft.chat_id])
            rows.append(entry_row(waiting.draft, seqs[-1], waiting.at))
        try:
            await self._entries.insert_many(rows, ordered=True)
        except PyMongoError as error:
            if is_transient(error):
                for waiting, row in zip(todo, rows, strict=True):
                    waiting.perhaps.add(row["_id"])
            if is_transient(error) or not isinstance(error, BulkWriteError):
                raise
            problem = error.details["writeErrors"][0]
            self._stored(todo, seqs[: int(problem["index"])])
            if problem["code"] == DUPLICATE_KEY:
                return await self._clash(todo, problem)
            log.exception("journal: the database refused a row with code %s", problem["code"])
            self._refuse(todo.popleft())
            return False
        self._stored(todo, seqs)
        return False

    async def _recognise(self, todo: deque[_Waiting]) -> None:
        """After a lost answer: find what was stored of these. It is a first part of them, since the insert is ordered."""
        keys = [key for waiting in todo for key in waiting.perhaps]
        rows = {row["_id"]: row for row in await self._entries.find({"_id": {"$in": keys}}).to_list(None)}
        seqs = []
        for waiting in todo:
            own = [key for key in waiting.perhaps if key in rows and waiting.is_held_by(rows[key])]
            if not own:
                break
            seqs.append(split_key(own[0])[1])
        whole = list(todo)
        self._stored(todo, seqs)
        self._forget(whole)

    async def _clash(self, todo: deque[_Waiting], problem: Row) -> bool:
        """The first of these met a row that is there: its own, or another's under the same number (then True)."""
        first = todo[0]
        chat_id, sender_id, client_id = first.once
        row = await self._entries.find_one({"chat": chat_id, "sender": sender_id, "client": client_id})
        self._forget([first])
        if row is None:
            if "client" in problem.get("keyPattern", {}):
                await asyncio.sleep(RETRY_FIRST_S)  # it is there, but could still be rolled back
                return False
            return True
        todo.popleft()
        entry = read_entry(row)
        is_own = first.is_held_by(row)  # stored by an attempt whose answer got lost
        self._settle(first)
        first.resolve(entry, is_new=is_own)
        if is_own:
            self._on_stored([entry])
        return False

    async def _learn(self, chat_ids: set[int]) -> None:
        """Read the last seq of those chats that are not known here."""
        if len(self._last) > KNOWN_CHATS:
            self._last.clear()
        unknown = list(chat_ids - self._last.keys())
        for start in range(0, len(unknown), LEARN_AT_ONCE):
            slice_ = unknown[start : start + LEARN_AT_ONCE]
            for chat_id, seq in zip(slice_, await asyncio.gather(*map(self._read_last, slice_)), strict=True):
                self._last[chat_id] = seq

    async def _read_last(self, chat_id: int) -> int:
        cursor = self._newest.find(
            {"_id": {"$gt": entry_key(chat_id, 0), "$lt": entry_key(chat_id + 1, 0)}}, {"_id": True}
        )
        rows = await cursor.sort("_id", -1).limit(1).to_list(1)
        return split_key(rows[0]["_id"])[1] if rows else 0

    def _forget(self, waiting: Iterable[_Waiting]) -> None:
        for one in waiting:
            self._last.pop(one.draft.chat_id, None)

    def _stored(self, todo: deque[_Waiting], seqs: Sequence[int]) -> None:
        """The first of these are stored under these numbers."""
        entries = []
        for seq in seqs:
            one = todo.popleft()
            entry = stored_entry(one.draft, seq, one.at)
            self._last[entry.chat_id] = seq
            self._settle(one)
            one.resolve(entry, is_new=True)
            entries.append(entry)
        if entries:
            self._on_stored(entries)

    def _settle(self, waiting: _Waiting) -> None:
        if self._in_flight.get(waiting.once) is waiting:
            del self._in_flight[waiting.once]

    def _refuse(self, waiting: _Waiting) -> None:
        self._settle(waiting)
        waiting.refuse(InternalFault())

    async def _watch(self) -> None:
        """Let nobody wait for ever: an answer, or "try again". The draft stays, so nothing is stored without being announced."""
        while True:
            await asyncio.sleep(min(1.0, self._wait_s / 4))
            late = monotonic() - self._wait_s
            for waiting in list(self._in_flight.values()):
                if waiting.since > late:
                    continue
                waiting.refuse(Unavailable(retry_after_ms=1000))
