"""Numbers and stores batches of drafts, and settles drafts that are in doubt after a clash or a lost answer.

The rows go in by one *ordered* insert_many, which stops at the first clash; nothing behind the clash is stored yet, so no
order is lost by renumbering.

Where one row is a message that was stored before, there are often more: after an outage clients send again whatever they got
no answer for. From the first such clash on, what is left of the batch is looked up by one query, and so is each further
batch before it is inserted, until a batch holds no such message.

Where other nodes write into the same chats, one clash would hold up all that is behind it, again and again. From the first
such clash until a batch meets none, chats go apart: those with several drafts in an ordered insert of their own, at the same
time, and the first draft of each of the rest in one unordered insert. Three journals on 257 shared chats, 384 drafts in the
air, store 2 to 4 times as much that way, on a machine shared with other work.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence

from pymongo.errors import BulkWriteError, PyMongoError

from models.documents.entry import Message, split_key
from models.stores.database import DUPLICATE_KEY, Collection, Row, is_transient
from models.stores.entry_rows import entry_row, read_entry
from models.stores.last_seqs import LastSeqs
from models.stores.pending_draft import DedupeKey, Outcomes, PendingDraft

log = logging.getLogger(__name__)

APART_AT_ONCE = 4  # chats that get an insert of their own; each costs as much as one for all the others
APART_LEAST = 4  # drafts of one chat for which that is less than waiting for as many rounds
NOT_HELD_YET_S = 0.05  # until a row that was clashed with, and is not held by a majority yet, is looked for again
LOOKED_UP_AT_ONCE = 100  # drafts in one query, some 5 ms; with more the database plans longer than it reads


class Inserts:
    """Tries to store a batch.

    A settled draft leaves the batch at once, so after an error the batch holds what is still to be done.

    `is_contested` says that other nodes write into the same chats, `has_repeats` that messages are sent which are stored.
    """

    def __init__(
        self, entries: Collection, last: LastSeqs, queue: Outcomes, is_first: Callable[[int], bool] | None = None
    ) -> None:
        """`is_first(chat_id)` tells whether a message stored there now is marked as unsummed (services/chats/summaries.py)."""
        self._entries = entries
        self._last = last
        self._queue = queue
        self._is_first = is_first
        self.is_contested = False
        self.has_repeats = False

    async def attempt(self, todo: deque[PendingDraft]) -> None:
        """Try once to store what is left of a batch. Drafts whose number clashed stay for the next attempt."""
        if self.has_repeats:
            self.has_repeats = bool(await self._settle(todo, list(todo)))
        self.is_contested = await (self._attempt_apart(todo) if self.is_contested else self._attempt(todo))

    async def find_stored_after_lost_ack(self, todo: deque[PendingDraft]) -> None:
        """After a lost answer, find which of these drafts are stored. In each chat they are the first ones."""
        keys = [key for waiting in todo for key in waiting.possible_keys]
        rows = {row["_id"]: row for row in await self._entries.find({"_id": {"$in": keys}}).to_list(None)}
        found: list[tuple[PendingDraft, int]] = []
        ended: set[int] = set()
        for waiting in todo:
            own = [key for key in waiting.possible_keys if key in rows and waiting.is_held_by(rows[key])]
            if own and waiting.draft.chat_id not in ended:
                found.append((waiting, split_key(own[0])[1]))
            else:
                ended.add(waiting.draft.chat_id)  # what is read of it behind this one was stored while it was read
        whole = list(todo)
        self._stored(todo, found)
        for waiting in whole:
            self._last.pop(waiting.draft.chat_id, None)

    async def answer(self, repeats: Sequence[tuple[PendingDraft, int]]) -> None:
        """Answer drafts with the rows of these `_id`s. A draft whose row is not found goes back to the queue."""
        keys = {key for _, key in repeats}
        try:
            rows = {row["_id"]: row for row in await self._entries.find({"_id": {"$in": list(keys)}}).to_list(None)}
        except PyMongoError as error:
            log.warning("messages that were sent again wait: %s", type(error).__name__)
            rows = {}
        for waiting, key in repeats:
            row = rows.get(key)
            if row is None or (row["chat"], row["sender"], row["client"]) != waiting.dedupe_key:
                self._queue.hand_back(waiting)
            else:
                self._queue.answer(waiting, read_entry(row), is_new=False)

    async def _attempt(self, todo: deque[PendingDraft]) -> bool:
        """Insert all that is left in order. Returns True if a number was taken by another's row."""
        if not todo:
            return False
        await self._last.learn({waiting.draft.chat_id for waiting in todo})
        return await self._insert(todo, list(todo), ordered=True)

    async def _attempt_apart(self, todo: deque[PendingDraft]) -> bool:
        """Insert as much as fits into several inserts at once, so that no chat holds up another. Returns as `_attempt`."""
        by_chat: dict[int, list[PendingDraft]] = {}
        for waiting in todo:
            by_chat.setdefault(waiting.draft.chat_id, []).append(waiting)
        if not by_chat:
            return False
        await self._last.learn(set(by_chat))
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

    async def _insert(self, todo: deque[PendingDraft], lot: Sequence[PendingDraft], *, ordered: bool) -> bool:
        """Insert some drafts; those that are settled leave `todo`. Returns True if a number was taken by another's row.

        Unordered, there is only one for each chat: a row must not be stored where the one before it was not.
        """
        last: dict[int, int] = {}
        rows, seqs = [], []
        for waiting in lot:
            chat_id = waiting.draft.chat_id
            seqs.append(last.get(chat_id, self._last[chat_id]) + 1)
            last[chat_id] = seqs[-1]
            rows.append(entry_row(waiting.draft, seqs[-1], waiting.at))
            if self._is_first is not None and isinstance(waiting.draft.body, Message) and self._is_first(chat_id):
                rows[-1]["unsummed"] = True
        problems: list[Row] = []
        try:
            await self._entries.insert_many(rows, ordered=ordered)
        except PyMongoError as error:
            if is_transient(error):
                for waiting, row in zip(lot, rows, strict=True):
                    waiting.possible_keys.add(row["_id"])
            if is_transient(error) or not isinstance(error, BulkWriteError):
                raise
            problems = error.details["writeErrors"]
        by_index = {int(problem["index"]): problem for problem in problems}
        tried = min(by_index) if ordered and by_index else len(lot)
        self._stored(todo, [(lot[n], seqs[n]) for n in range(tried) if n not in by_index])
        return await self.resolve_write_error(todo, lot[tried:] if ordered else (), problems, lot, rows)

    async def resolve_write_error(
        self,
        todo: deque[PendingDraft],
        behind: Sequence[PendingDraft],
        problems: Sequence[Row],
        lot: Sequence[PendingDraft],
        rows: Sequence[Row],
    ) -> bool:
        """Handle the write errors of an insert.

        Returns True if another's row holds a number, so its draft must be renumbered and retried.

        `behind` are the drafts that were not tried because of it, and the one that failed before them.
        """
        has_clashed, repeats, possibly_own = False, list[PendingDraft](), list[PendingDraft]()
        for problem in problems:
            one, key = lot[problem["index"]], rows[problem["index"]]["_id"]
            if problem["code"] != DUPLICATE_KEY:
                log.error("journal: the database refused a row with code %s", problem["code"])
                todo.remove(one)
                self._queue.refuse(one)
                continue
            self._last.pop(one.draft.chat_id, None)
            if "client" in problem.get("keyPattern", {"client": 1}):
                repeats.append(one)
            elif key in one.possible_keys:
                possibly_own.append(one)
            else:
                has_clashed = True
                one.clashes += 1
                if one.clashes % 2:
                    # Nearly always that row is the last one; where it is not, the next clash has the end of the chat read.
                    self._last[one.draft.chat_id] = split_key(key)[1]
        if repeats or possibly_own:
            self.has_repeats |= bool(repeats)
            settled = await self._settle(todo, behind if repeats and behind else [*repeats, *possibly_own])
            if not settled.issuperset([*repeats, *possibly_own]):
                await asyncio.sleep(NOT_HELD_YET_S)
            has_clashed |= not settled.issuperset(possibly_own)
        return has_clashed

    async def _settle(self, todo: deque[PendingDraft], doubtful: Sequence[PendingDraft]) -> set[PendingDraft]:
        """Answer those of these drafts that are stored, by an attempt of ours or because they were sent before.

        Returns them.
        """
        rows = await find_sent(self._entries, [one.dedupe_key for one in doubtful])
        settled: dict[PendingDraft, Row] = {}
        ended: set[int] = set()
        for one in doubtful:
            row = rows.get(one.dedupe_key)
            if row is None or (one.is_held_by(row) and one.draft.chat_id in ended):
                # Of our own rows a chat has a first part, as in `find_stored_after_lost_ack`.
                ended.add(one.draft.chat_id)
            else:
                settled[one] = row
        _leave(todo, list(settled))
        for one, row in settled.items():
            is_own = one.is_held_by(row)  # an attempt stored it whose answer got lost
            if is_own:
                self._last.pop(one.draft.chat_id, None)
            self._queue.answer(one, read_entry(row), is_new=is_own)
        return set(settled)

    def _stored(self, todo: deque[PendingDraft], found: Sequence[tuple[PendingDraft, int]]) -> None:
        """Note under which numbers drafts are stored, and take them out of the batch."""
        for waiting, seq in found:
            self._last[waiting.draft.chat_id] = seq
        _leave(todo, [waiting for waiting, _ in found])
        self._queue.stored(found)


async def find_sent(entries: Collection, keys: Sequence[DedupeKey]) -> dict[DedupeKey, Row]:
    """Returns the rows under these (chat id, sender id, client id) that a majority holds."""
    slices = [keys[first : first + LOOKED_UP_AT_ONCE] for first in range(0, len(keys), LOOKED_UP_AT_ONCE)]
    found = await asyncio.gather(*(_find_sent(entries, slice_) for slice_ in slices))
    return {(row["chat"], row["sender"], row["client"]): row for rows in found for row in rows}


async def _find_sent(entries: Collection, keys: Sequence[DedupeKey]) -> list[Row]:
    client_ids: dict[tuple[int, int], list[str]] = {}
    for chat_id, sender_id, client_id in keys:
        client_ids.setdefault((chat_id, sender_id), []).append(client_id)
    either = [
        {"chat": chat_id, "sender": sender_id, "client": {"$in": some}}
        for (chat_id, sender_id), some in client_ids.items()
    ]
    return await entries.find({"$or": either}).hint("once").to_list(None)


def _leave(todo: deque[PendingDraft], settled: Sequence[PendingDraft]) -> None:
    """Take settled drafts out of a batch. They are nearly always the first ones."""
    gone = set(map(id, settled))
    while todo and id(todo[0]) in gone:
        gone.discard(id(todo.popleft()))
    if gone:
        rest = [one for one in todo if id(one) not in gone]
        todo.clear()
        todo.extend(rest)
