"""The journal: every entry of every chat is numbered and stored here, in batches, before anybody hears of it.

Group commit: one batch is in the air; what arrives meanwhile is the next batch. A number exists only because a row holds
it, so there is no counter to lose and no hole to explain. The rows go in by one *ordered* insert_many, which stops at the
first clash; nothing behind the clash is stored yet, so no order is lost by renumbering. (Design section 3, "the message path".)

Where other nodes write into the same chats, one clash would hold up all that is behind it, again and again. From the first
such clash until a batch meets none, chats go apart: those with several drafts in an ordered insert of their own, at the same
time, and the first draft of each of the rest in one unordered insert. Three journals on 257 shared chats, 384 drafts in the
air, store 2 to 4 times as much that way, on a machine shared with other work.
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
APART_AT_ONCE = 4  # chats that get an insert of their own; each costs as much as one for all the others
APART_LEAST = 4  # drafts of one chat for which that is less than waiting for as many rounds
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
    clashes: int = 0

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
        self._is_contested = False  # other nodes write into the same chats
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
                batch: deque[_Waiting] = deque()
                self._fill(batch)
                try:
                    await self._store(batch)
                except Exception:
                    log.exception("journal batch of %d failed", len(batch))
                    for waiting in batch:
                        self._refuse(waiting)
            if self._is_closing:
                return
            self._work.clear()

    def _fill(self, batch: deque[_Waiting]) -> None:
        """Take from the queue what a batch has room for."""
        chars = sum(map(_chars, batch))
        while self._queue and len(batch) < self._batch_max_entries and chars < BATCH_MAX_CHARS:
            batch.append(self._queue.popleft())
            chars += _chars(batch[-1])

    async def _store(self, todo: deque[_Waiting], *, may_grow: bool = True) -> None:
        """Store a batch to its end, through clashes and restarts of the database; what is settled leaves `todo` at once."""
        pause_s = RETRY_FIRST_S
        is_unsure = False
        while todo:
            try:
                if is_unsure:
                    await self._recognise(todo)
                    is_unsure = False
                if self._is_contested and may_grow:
                    self._fill(todo)  # what came meanwhile need not wait for those that clash
                if self._is_contested:
                    self._is_contested = await self._attempt_apart(todo)
                else:
                    self._is_contested = await self._attempt(todo)
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
                        await self._store(deque([todo.popleft()]), may_grow=False)

    async def _attempt(self, todo: deque[_Waiting]) -> bool:
        """One ordered insert of all that is left; whether it met a number that another's row had taken."""
        if not todo:
            return False
        await self._learn({waiting.draft.chat_id for waiting in todo})
        return await self._insert(todo, list(todo), ordered=True)

    async def _attempt_apart(self, todo: deque[_Waiting]) -> bool:
        """The same, so that no chat holds up another: as much of what is left as fits into inserts at the same time."""
        by_chat: dict[int, list[_Waiting]] = {}
        for waiting in todo:
            by_chat.setdefault(waiting.draft.chat_id, []).append(waiting)
        if not by_chat:
            return False
        await self._learn(set(by_chat))
        fullest = sorted(by_chat, key=lambda chat_id: len(by_chat[chat_id]), reverse=True)[:APART_AT_ONCE]
        alone = [by_chat.pop(chat_id) for chat_id in fullest if len(by_chat[chat_id]) >= APART_LEAST]
        firsts = [waiting[0] for waiting in by_chat.values()]
        work = [self._insert(todo, lot, ordered=True) for lot in alone]
        if firsts:
            work.append(self._insert(todo, firsts, ordered=False))
        outcomes = await asyncio.gather(*work, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return any(outcomes)

    async def _insert(self, todo: deque[_Waiting], lot: Sequence[_Waiting], *, ordered: bool) -> bool:
        """One insert of these, of which what is settled leaves `todo`; whether one met a number that another's row had taken.

        Unordered, there is only one for each chat: a row must not be stored where the one before it was not.
        """
        last: dict[int, int] = {}
        rows, seqs = [], []
        for waiting in lot:
            chat_id = waiting.draft.chat_id
            seqs.append(last.get(chat_id, self._last[chat_id]) + 1)
            last[chat_id] = seqs[-1]
            rows.append(entry_row(waiting.draft, seqs[-1], waiting.at))
        problems: list[Row] = []
        try:
            await self._entries.insert_many(rows, ordered=ordered)
        except PyMongoError as error:
            if is_transient(error):
                for waiting, row in zip(lot, rows, strict=True):
                    waiting.perhaps.add(row["_id"])
            if is_transient(error) or not isinstance(error, BulkWriteError):
                raise
            problems = error.details["writeErrors"]
        by_index = {int(problem["index"]): problem for problem in problems}
        tried = min(by_index) if ordered and by_index else len(lot)
        self._stored(todo, [(lot[n], seqs[n]) for n in range(tried) if n not in by_index])
        has_clashed = False
        for index, problem in by_index.items():
            has_clashed |= await self._face(todo, lot[index], rows[index]["_id"], problem)
        return has_clashed

    async def _face(self, todo: deque[_Waiting], one: _Waiting, key: int, problem: Row) -> bool:
        """What the database has against a row; whether it is another's row under the same number."""
        if problem["code"] != DUPLICATE_KEY:
            log.error("journal: the database refused a row with code %s", problem["code"])
            todo.remove(one)
            self._refuse(one)
            return False
        self._forget([one])
        is_once = "client" in problem.get("keyPattern", {"client": 1})
        if not is_once and key not in one.perhaps:
            one.clashes += 1
            if one.clashes % 2:
                # Nearly always that row is the last one; where it is not, the next clash has the end of the chat read.
                self._last[one.draft.chat_id] = split_key(key)[1]
            return True
        return not await self._settle_again(todo, one) and not is_once

    async def _settle_again(self, todo: deque[_Waiting], one: _Waiting) -> bool:
        """Answer a draft with the row that is there: its own, or that of the same message sent before. False: not there."""
        chat_id, sender_id, client_id = one.once
        row = await self._entries.find_one({"chat": chat_id, "sender": sender_id, "client": client_id})
        if row is None:
            await asyncio.sleep(RETRY_FIRST_S)  # it may be there, but could still be rolled back
            return False
        todo.remove(one)
        entry = read_entry(row)
        is_own = one.is_held_by(row)  # stored by an attempt whose answer got lost
        self._settle(one)
        one.resolve(entry, is_new=is_own)
        if is_own:
            self._on_stored([entry])
        return True

    async def _recognise(self, todo: deque[_Waiting]) -> None:
        """After a lost answer: find what was stored of these. Of each chat it is a first part of them."""
        keys = [key for waiting in todo for key in waiting.perhaps]
        rows = {row["_id"]: row for row in await self._entries.find({"_id": {"$in": keys}}).to_list(None)}
        found: list[tuple[_Waiting, int]] = []
        ended: set[int] = set()
        for waiting in todo:
            own = [key for key in waiting.perhaps if key in rows and waiting.is_held_by(rows[key])]
            if own and waiting.draft.chat_id not in ended:
                found.append((waiting, split_key(own[0])[1]))
            else:
                ended.add(waiting.draft.chat_id)  # what is read of it behind this one was stored while it was read
        whole = list(todo)
        self._stored(todo, found)
        self._forget(whole)

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

    def _stored(self, todo: deque[_Waiting], found: Sequence[tuple[_Waiting, int]]) -> None:
        """These are stored under these numbers, and no longer to be done."""
        entries = []
        for one, seq in found:
            entry = stored_entry(one.draft, seq, one.at)
            self._last[entry.chat_id] = seq
            self._settle(one)
            one.resolve(entry, is_new=True)
            entries.append(entry)
        _leave(todo, [one for one, _ in found])
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


def _chars(waiting: _Waiting) -> int:
    body = waiting.draft.body
    return len(getattr(body, "text", None) or getattr(body, "vcard", None) or "") + 500


def _leave(todo: deque[_Waiting], settled: Sequence[_Waiting]) -> None:
    """Take out what is settled: a first part of the whole, nearly always."""
    gone = set(map(id, settled))
    while todo and id(todo[0]) in gone:
        gone.discard(id(todo.popleft()))
    if gone:
        rest = [one for one in todo if id(one) not in gone]
        todo.clear()
        todo.extend(rest)
