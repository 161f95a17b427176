"""The announcer: what the journal stored goes out to members, in order, after those who wrote it were answered.

It is the only place where entries become events. Changes of a chat itself (who is in it, its subject) are applied here
before they are announced, so that whatever is announced next reaches the right people.

Other nodes write into the same logs. An entry whose number follows the last one that was announced here goes to whom this
node knows to be in the chat. Before any other (there is a gap, or nothing of the chat was announced here yet) the roster is
confirmed, since the gap may hold a change of who is in it of which this node has not heard. One confirmation serves all
that waits: two queries for up to AHEAD_MAX entries of any chats, so that a node which is busy pays next to nothing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from itertools import islice
from time import monotonic

from models.documents.chat import Chat, Roster
from models.documents.entry import ChatChange, Edit, Entry, Left, without_text
from models.events import EntriesMissed, EntryAdded
from models.ports import Fanout
from models.services.rosters import Rosters
from models.stores.chats import Chats
from models.stores.entries import Entries
from models.tasks import cancel

log = logging.getLogger(__name__)

SLICE_S = 0.005  # work between two breaths; shorter ones let announcements fall behind the acknowledgements under load
RETRY_S = 0.5
TRIES = 120  # a minute: a database away for longer has stopped the journal too

AHEAD_MAX = 1000  # entries of the queue that one confirmation looks at, a fifth of a millisecond of work
SURE_MAX = 100_000  # chats whose last announced seq is remembered, about 100 bytes each


class Announcer:
    """One task, one queue: two entries of one chat are announced in the order of their seqs."""

    def __init__(
        self,
        chats: Chats,
        entries: Entries,
        rosters: Rosters,
        fanout: Fanout,
        announced: Callable[[Entry, Chat, Collection[int]], None] | None = None,
    ) -> None:
        """`announced` hears of each entry, its chat, and who was told of it; it must not wait."""
        self._chats = chats
        self._entries = entries
        self._rosters = rosters
        self._fanout = fanout
        self._announced = announced
        self._queue: deque[Entry] = deque()
        self._sure: dict[int, int] = {}  # chat id -> up to this seq the roster kept here lacks no change
        self._work = asyncio.Event()
        self._applied: dict[tuple[int, int], asyncio.Future[None]] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def depth(self) -> int:
        """How many stored entries are not announced yet."""
        return len(self._queue)

    @property
    def waits_since(self) -> datetime | None:
        """When the oldest of them was stored; None when there is none."""
        return self._queue[0].at if self._queue else None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="announcer")

    async def close(self) -> None:
        """Announce what is stored, for a moment; what remains (`depth`) is found by sync."""
        if self._task is not None:
            for _ in range(100):
                if not self._queue:
                    break
                await asyncio.sleep(0.01)
            await cancel(self._task)

    def stored(self, entries: Sequence[Entry]) -> None:
        """Take over what the journal stored; never waits."""
        for entry in entries:
            if isinstance(entry.body, ChatChange):
                self._applied[entry.chat_id, entry.seq] = asyncio.get_running_loop().create_future()
        self._queue.extend(entries)
        self._work.set()

    async def applied(self, change: Entry) -> None:
        """Wait until a change of a chat holds for everybody who asks this node."""
        waiting = self._applied.get((change.chat_id, change.seq))
        if waiting is not None:
            await asyncio.shield(waiting)

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            started = monotonic()
            while self._queue:
                await self._announce_surely(self._queue[0])
                self._queue.popleft()
                if monotonic() - started > SLICE_S:
                    await asyncio.sleep(0)
                    started = monotonic()

    async def _announce_surely(self, entry: Entry) -> None:
        for _ in range(TRIES):
            try:
                await self._announce(entry)
            except Exception:
                log.exception("entry %d of chat %d waits to be announced", entry.seq, entry.chat_id)
                await asyncio.sleep(RETRY_S)
            else:
                return
        self._sure.pop(entry.chat_id, None)
        log.error("entry %d of chat %d was not announced; clients are told to sync", entry.seq, entry.chat_id)
        self._fanout.signal(EntriesMissed(await self._list_concerned(entry)))

    async def _list_concerned(self, entry: Entry) -> list[int] | None:
        """Who should have heard of an entry, as far as that can be known now; None: it may be anybody."""
        try:
            members = (await self._rosters.require(entry.chat_id)).members
        except Exception:  # noqa: BLE001 (the same as kept it from being announced, perhaps)
            return None
        return [*members, entry.body.account] if isinstance(entry.body, Left) else list(members)

    async def _announce(self, entry: Entry) -> None:
        body = entry.body
        came: Collection[int] = ()
        if isinstance(body, ChatChange):
            came = await self._apply(entry)  # after which the roster is read again
        elif self._has_gap(entry):
            await self._confirm()
        self._trust(entry.chat_id, entry.seq)
        if isinstance(body, Edit) and await self._entries.is_deleted(entry.chat_id, body.of):
            entry = without_text(entry)  # whichever of the two came first: what is gone is said to nobody any more
        roster = self._rosters.peek(entry.chat_id) or await self._rosters.require(entry.chat_id)
        members = roster.members
        chat: Chat | None = roster.chat
        apart: Collection[int] = came  # no node may listen to the chat's channel for them yet
        if entry.seq < roster.changed:
            # Who is in the chat changed behind this entry already: it is for those who were in it then.
            members = await self._chats.list_audience(entry.chat_id, entry.seq)
            chat = None  # and who has left since is listened for no longer
        elif isinstance(body, Left):
            members, apart = {*members, body.account}, [body.account]
        if entry.hidden_from:
            members = set(members).difference(entry.hidden_from)
        if isinstance(body, Edit) and body.of < roster.changed:
            # Whoever came after the message was sent is not shown it in a new wording either.
            readers = await self._chats.list_audience(entry.chat_id, body.of)
            self._fanout.publish(EntryAdded(without_text(entry), roster.chat), set(members) - readers, chat=chat)
            members = readers.intersection(members)
        former = self._list_former(entry, roster, members)
        if former:
            self._fanout.publish(EntryAdded(entry, roster.chat, for_former=True), former)
        shown = EntryAdded(entry, roster.chat)
        rest: Collection[int] = set(members) - former if former else members
        if apart and chat is not None and chat.is_large:
            alone = set(rest).intersection(apart)
            self._fanout.publish(shown, alone)
            rest = set(rest) - alone
        if rest:
            self._fanout.publish(shown, rest, chat=chat)
        if self._announced is not None:
            self._announced(entry, roster.chat, members)

    @staticmethod
    def _list_former(entry: Entry, roster: Roster, members: Collection[int]) -> set[int]:
        """Those of an entry's audience who are out of the chat by now, where the chat has been changed since."""
        if max(roster.chat.subject_seq, roster.chat.photo_seq) <= entry.seq:
            return set()
        if roster.known < roster.changed:
            return set(members)  # somebody may have left, and the chat have been changed, while the roster was read
        return set(members).difference(roster.members)

    def _has_gap(self, entry: Entry) -> bool:
        """Whether something may lie before this entry that the roster kept here does not know."""
        sure = self._sure.get(entry.chat_id)
        return sure is None or entry.seq > sure + 1

    async def _confirm(self) -> None:
        """Confirm the rosters of all chats of which an entry behind a gap waits here.

        What is stored now is known afterwards, so their other entries that wait need no confirmation of their own.
        """
        ends: dict[int, int] = {}
        gaps: set[int] = set()
        for entry in islice(self._queue, AHEAD_MAX):
            sure = ends.get(entry.chat_id, self._sure.get(entry.chat_id))
            if sure is None or entry.seq > sure + 1:
                gaps.add(entry.chat_id)
            ends[entry.chat_id] = max(sure or 0, entry.seq)
        await self._rosters.confirm(gaps)
        for chat_id in gaps:
            self._trust(chat_id, ends[chat_id])

    def _trust(self, chat_id: int, seq: int) -> None:
        sure = self._sure.get(chat_id)
        if sure is None and len(self._sure) >= SURE_MAX:
            del self._sure[next(iter(self._sure))]
        self._sure[chat_id] = max(sure or 0, seq)

    async def _apply(self, change: Entry) -> Collection[int]:
        """Apply a change of a chat; returns who is in a large chat by it."""
        while True:
            try:
                came = await self._rosters.apply(change)
                break
            except Exception:
                log.exception("change %d of chat %d waits to be applied", change.seq, change.chat_id)
                await asyncio.sleep(RETRY_S)
        waiting = self._applied.pop((change.chat_id, change.seq), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        return came
