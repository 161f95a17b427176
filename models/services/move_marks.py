"""Moves delivered and read marks: forward only, stored before they are acknowledged, told once a second at most."""

import asyncio
import logging
from dataclasses import dataclass, field
from time import monotonic

from models.documents.session import Actor
from models.documents.target import Target
from models.errors import Malformed, Unavailable
from models.events import ReceiptMoved
from models.ports import Fanout
from models.services.resolve_chat import ResolveChat
from models.services.rosters import Rosters
from models.stores.chats import Chats
from models.stores.entries import Entries

log = logging.getLogger(__name__)

TELL_EVERY_S = 1.0  # design section 4: receipts are merged per second
ENDS_KNOWN = 50_000

Place = tuple[int, int]  # chat id, account id
Marks = tuple[int, int]  # delivered, read


@dataclass(slots=True)
class _Batch:
    """Marks that are written together, and the future of everybody who waits for that."""

    marks: dict[Place, Marks] = field(default_factory=dict)
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class MoveMarks:
    """Group commit, like the journal: one write in the air, what comes meanwhile is merged into the next."""

    def __init__(
        self,
        resolve: ResolveChat,
        chats: Chats,
        entries: Entries,
        rosters: Rosters,
        fanout: Fanout,
        *,
        everybody_up_to: int = 256,
    ) -> None:
        self._resolve = resolve
        self._chats = chats
        self._entries = entries
        self._rosters = rosters
        self._fanout = fanout
        self._everybody_up_to = everybody_up_to
        self._next: _Batch | None = None
        self._ends: dict[int, int] = {}  # a seq that is known to exist, by chat
        self._told: dict[Place, Marks] = {}
        self._to_tell: dict[Place, Marks] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._work = asyncio.Event()

    async def open(self) -> None:
        self._tasks = [
            asyncio.create_task(self._write(), name="marks writer"),
            asyncio.create_task(self._tell(), name="marks teller"),
        ]

    async def close(self) -> None:
        """Write what is waiting, then stop."""
        if self._next is not None:
            await asyncio.wait([self._next.done], timeout=2.0)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._next is not None and not self._next.done.done():
            self._next.done.set_exception(Unavailable())

    async def __call__(self, actor: Actor, target: Target, *, delivered: int = 0, read: int = 0) -> int:
        """Everything up to these seqs has arrived, or has been read; what was read has arrived. Returns the chat's id.

        A seq beyond the log's end is Malformed: a mark in the future would hide what comes.
        """
        roster = await self._resolve(actor, target)
        chat_id = roster.chat.id
        highest = max(delivered, read)
        if highest > self._ends.get(chat_id, 0):
            await self._learn_end(chat_id, highest)
        batch = self._next
        if batch is None:
            batch = self._next = _Batch()
            self._work.set()
        place = chat_id, actor.account_id
        known = batch.marks.get(place, (0, 0))
        batch.marks[place] = max(known[0], delivered, read), max(known[1], read)
        await asyncio.shield(batch.done)
        return chat_id

    async def _learn_end(self, chat_id: int, seq: int) -> None:
        end = await self._entries.last_seq(chat_id)
        if len(self._ends) >= ENDS_KNOWN:
            self._ends.clear()
        self._ends[chat_id] = end
        if seq > end:
            raise Malformed(f"seq: this chat ends at {end}.")

    async def _write(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            batch, self._next = self._next, None
            if batch is None:
                continue
            try:
                await self._chats.move_marks(batch.marks)
            except Exception as error:  # noqa: BLE001
                log.warning("marks wait for the database: %s", type(error).__name__)
                batch.done.set_exception(Unavailable(retry_after_ms=1000))
                batch.done.exception()  # its waiters may be gone
                await asyncio.sleep(0.1)
                continue
            batch.done.set_result(None)
            for place, (delivered, read) in batch.marks.items():
                known = self._to_tell.get(place, (0, 0))
                self._to_tell[place] = max(known[0], delivered), max(known[1], read)

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            started = monotonic()
            moved, self._to_tell = self._to_tell, {}
            for place, marks in moved.items():
                try:
                    await self._publish(place, marks)
                except Exception:
                    log.exception("a receipt was not told; clients find it by sync")
                if monotonic() - started > 0.005:
                    await asyncio.sleep(0)
                    started = monotonic()

    async def _publish(self, place: Place, marks: Marks) -> None:
        known = self._told.get(place, (0, 0))
        marks = max(known[0], marks[0]), max(known[1], marks[1])
        if marks == known:
            return
        if len(self._told) >= ENDS_KNOWN:
            self._told.clear()
        self._told[place] = marks
        chat_id, account_id = place
        roster = await self._rosters.require(chat_id)
        # In a large chat everybody's marks to everybody would be the square of its size for each message.
        is_large = len(roster.members) > self._everybody_up_to
        to = [account_id] if is_large else roster.members
        self._fanout.publish(ReceiptMoved(chat_id, account_id, *marks), to, chat_id=None if is_large else chat_id)
