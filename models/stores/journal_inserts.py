"""How a batch of the journal is numbered and stored, and how what is in doubt after a clash or a lost answer is settled.

The rows go in by one *ordered* insert_many, which stops at the first clash; nothing behind the clash is stored yet, so no
order is lost by renumbering.

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
from models.stores.journal_queue import Queue, Waiting
from models.stores.last_seqs import LastSeqs

log = logging.getLogger(__name__)

APART_AT_ONCE = 4  # chats that get an insert of their own; each costs as much as one for all the others
APART_LEAST = 4  # drafts of one chat for which that is less than waiting for as many rounds
PERHAPS_ROLLED_BACK_S = 0.05


class Inserts:
    """Attempts at a batch. What is settled leaves it at once, so whatever an error leaves behind is still to be done.

    `is_contested` says that other nodes write into the same chats.
    """

    def __init__(
        self, entries: Collection, last: LastSeqs, queue: Queue, is_first: Callable[[int], bool] | None = None
    ) -> None:
        """`is_first` says of a chat whether a message stored there now is marked as unsummed."""
        self._entries = entries
        self._last = last
        self._queue = queue
        self._is_first = is_first
        self.is_contested = False

    async def attempt(self, todo: deque[Waiting]) -> None:
        """Store what is left, once; what clashed stays for the next attempt."""
        self.is_contested = await (self._attempt_apart(todo) if self.is_contested else self._attempt(todo))

    async def recognise(self, todo: deque[Waiting]) -> None:
        """After a lost answer: find what was stored of these. Of each chat it is a first part of them."""
        keys = [key for waiting in todo for key in waiting.perhaps]
        rows = {row["_id"]: row for row in await self._entries.find({"_id": {"$in": keys}}).to_list(None)}
        found: list[tuple[Waiting, int]] = []
        ended: set[int] = set()
        for waiting in todo:
            own = [key for key in waiting.perhaps if key in rows and waiting.is_held_by(rows[key])]
            if own and waiting.draft.chat_id not in ended:
                found.append((waiting, split_key(own[0])[1]))
            else:
                ended.add(waiting.draft.chat_id)  # what is read of it behind this one was stored while it was read
        whole = list(todo)
        self._stored(todo, found)
        for waiting in whole:
            self._last.pop(waiting.draft.chat_id, None)

    async def _attempt(self, todo: deque[Waiting]) -> bool:
        """One ordered insert of all that is left; whether it met a number that another's row had taken."""
        if not todo:
            return False
        await self._last.learn({waiting.draft.chat_id for waiting in todo})
        return await self._insert(todo, list(todo), ordered=True)

    async def _attempt_apart(self, todo: deque[Waiting]) -> bool:
        """The same, so that no chat holds up another: as much of what is left as fits into inserts at the same time."""
        by_chat: dict[int, list[Waiting]] = {}
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

    async def _insert(self, todo: deque[Waiting], lot: Sequence[Waiting], *, ordered: bool) -> bool:
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
            if self._is_first is not None and isinstance(waiting.draft.body, Message) and self._is_first(chat_id):
                rows[-1]["unsummed"] = True
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

    async def _face(self, todo: deque[Waiting], one: Waiting, key: int, problem: Row) -> bool:
        """What the database has against a row; whether it is another's row under the same number."""
        if problem["code"] != DUPLICATE_KEY:
            log.error("journal: the database refused a row with code %s", problem["code"])
            todo.remove(one)
            self._queue.refuse(one)
            return False
        self._last.pop(one.draft.chat_id, None)
        is_once = "client" in problem.get("keyPattern", {"client": 1})
        if not is_once and key not in one.perhaps:
            one.clashes += 1
            if one.clashes % 2:
                # Nearly always that row is the last one; where it is not, the next clash has the end of the chat read.
                self._last[one.draft.chat_id] = split_key(key)[1]
            return True
        return not await self._settle_again(todo, one) and not is_once

    async def _settle_again(self, todo: deque[Waiting], one: Waiting) -> bool:
        """Answer a draft with the row that is there: its own, or that of the same message sent before. False: not there."""
        chat_id, sender_id, client_id = one.once
        row = await self._entries.find_one({"chat": chat_id, "sender": sender_id, "client": client_id})
        if row is None:
            await asyncio.sleep(PERHAPS_ROLLED_BACK_S)  # it may be there, but could still be rolled back
            return False
        todo.remove(one)
        # Its own, if an attempt stored it whose answer got lost.
        self._queue.answer(one, read_entry(row), is_new=one.is_held_by(row))
        return True

    def _stored(self, todo: deque[Waiting], found: Sequence[tuple[Waiting, int]]) -> None:
        """These are stored under these numbers, and no longer to be done."""
        for waiting, seq in found:
            self._last[waiting.draft.chat_id] = seq
        _leave(todo, [waiting for waiting, _ in found])
        self._queue.stored(found)


def _leave(todo: deque[Waiting], settled: Sequence[Waiting]) -> None:
    """Take out what is settled: a first part of the whole, nearly always."""
    gone = set(map(id, settled))
    while todo and id(todo[0]) in gone:
        gone.discard(id(todo.popleft()))
    if gone:
        rest = [one for one in todo if id(one) not in gone]
        todo.clear()
        todo.extend(rest)
