"""Announces stored entries to the members of their chats, in order, after their senders were answered.

This is the only place where entries of the log become packets. Changes of a chat itself (its members, its subject) are applied
here before they are announced, so that later entries reach the right accounts, and so are those of somebody's own state, so that
nobody is told of what does not hold yet (docs/architecture.md, "Announcing").

Other nodes write into the same logs. An entry whose seq follows the last one announced here goes to the members in the cached
roster. Before any other entry (there is a gap, or nothing of the chat was announced here yet) the roster is confirmed, since
the gap may hold a change of members that this node has not heard of. One confirmation serves all waiting entries: two queries
for up to AHEAD_MAX entries of any chats, so that a busy node pays next to nothing.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import islice
from time import monotonic

from models.documents.chat import Chat
from models.documents.entry import (
    ChatChange,
    ChatSettingsSet,
    Deletion,
    Entry,
    Left,
    Message,
    PersonalChange,
    Vote,
    WordsChange,
    as_deleted,
    entry_key,
    without_text,
)
from models.errors import Unavailable
from models.facts import ChatSettingsChanged, EntriesMissed
from models.ports import Clock, Fanout
from models.services.chats.audience import has_old_audience, has_old_readers, list_announcements
from models.services.chats.confirmed_rosters import ConfirmedRosters
from models.services.chats.membership import MembershipCache
from models.services.chats.own_lines import Line, OwnLines
from models.stores.entries import Entries
from models.stores.members import Members
from models.stores.personal_state import PersonalState
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

SLICE_S = 0.005  # work between two breaths; shorter ones let announcements fall behind the acknowledgements under load
RETRY_S = 0.5
TRIES = 120  # a minute: a database away for longer has stopped the journal too
# Entries that wait behind what cannot be announced, some 20 MB; beyond it, the longest line is given up.
HELD_MAX = 20_000

LATE = timedelta(seconds=0.5)  # since it was taken; what a busy node takes is stored and announced by then
LOOK_MAX = 10_000  # entries of the queue whose messages are looked at by one query
GONE_MAX = 20_000  # messages that are remembered as deleted, about 2 MB
AnnouncedListener = Callable[[Entry, Chat, Collection[int]], None]


class Announcer:
    """Announces the entries of each chat in the order of their seqs.

    One task announces new entries, another those that are held behind an entry that could not be announced. Chats with oneself have
    lines of their own (own_lines.py).
    """

    def __init__(
        self,
        members: Members,
        entries: Entries,
        memberships: MembershipCache,
        personal: PersonalState,
        fanout: Fanout,
        clock: Clock,
        announced: Sequence[AnnouncedListener] = (),
    ) -> None:
        """`announced` listeners are called with each entry, its chat and the accounts that were told; they must not wait."""
        self._members = members
        self._entries = entries
        self._memberships = memberships
        self._personal = personal
        self._fanout = fanout
        self._clock = clock
        self._announced = announced
        self._line = Line()
        self._held: dict[int, Line] = {}  # by chat: its head could not be announced
        self._held_count = 0
        self._rosters = ConfirmedRosters(memberships)
        self._gone: dict[int, None] = {}  # keys of messages that are deleted, the oldest first
        self._work = asyncio.Event()
        self._holds = asyncio.Event()
        self._applied: dict[tuple[int, int], asyncio.Future[None]] = {}
        self._tasks = BackgroundTasks()
        self._own = OwnLines(self._tell_first, self._tasks)

    @property
    def depth(self) -> int:
        """Returns how many stored entries are not announced yet."""
        return len(self._line.entries) + self._own.depth + self._held_count

    @property
    def waits_since(self) -> datetime | None:
        """Returns when the oldest waiting entry was stored; None when there is none."""
        lines = (self._line, *self._own.lines, *self._held.values())
        return min((line.entries[0].at for line in lines if line.entries), default=None)

    async def open(self) -> None:
        self._tasks.keep("announcer", self._run)
        self._tasks.keep("announcer of what is held", self._try_again)

    async def close(self) -> None:
        """Announce what is stored, for up to a second. What remains (`depth`) is found by sync."""
        if self._tasks.is_running:
            for _ in range(100):
                if not self.depth:
                    break
                await asyncio.sleep(0.01)
        await self._tasks.stop()

    def stored(self, entries: Sequence[Entry]) -> None:
        """Take over what the journal stored; never waits."""
        for entry in entries:
            place = entry.chat_id, entry.seq
            if isinstance(entry.body, ChatChange | PersonalChange) and place not in self._applied:
                self._applied[place] = asyncio.get_running_loop().create_future()
            elif isinstance(entry.body, Deletion):
                self._note_gone(entry_key(entry.chat_id, entry.body.of))
        self._line.entries.extend(entries)
        self._work.set()

    async def applied(self, change: Entry) -> None:
        """Wait until a change of a chat is applied, so that it holds for every later request on this node.

        Raises Unavailable when that takes too long: the change is stored, and applied by the next read of the chat or by the sweep.
        """
        waiting = self._applied.get((change.chat_id, change.seq))
        if waiting is not None:
            await asyncio.shield(waiting)

    async def _run(self) -> None:
        line = self._line
        while True:
            if not line.entries:  # or it begins anew after a failure, and nothing more may come to wake it
                await self._work.wait()
            self._work.clear()
            started = monotonic()
            while line.entries:
                if self._own.takes(line.entries[0]):
                    self._own.put(line.entries[0])
                else:
                    await self._tell_first(line)
                line.take_off()
                if monotonic() - started > SLICE_S:
                    await asyncio.sleep(0)
                    started = monotonic()

    async def _tell_first(self, line: Line) -> None:
        """Announce the first entry of a line, or hold it."""
        entry = line.entries[0]
        if entry.chat_id in self._held or not await self._is_told(line):
            await self._hold(entry)

    async def _hold(self, entry: Entry) -> None:
        """Keep an entry behind those of its chat that cannot be announced, or as the first of them."""
        if self._held_count >= HELD_MAX:
            longest = max(self._held, key=lambda chat_id: len(self._held[chat_id].entries))
            await self._give_up(longest, self._leave(longest))
        self._held.setdefault(entry.chat_id, Line(failures=1)).entries.append(entry)
        self._held_count += 1
        self._holds.set()

    def _leave(self, chat_id: int) -> Sequence[Entry]:
        """Hold nothing of a chat any longer. Returns what was held."""
        line = self._held.pop(chat_id)
        left, line.entries = line.entries, deque()
        self._held_count -= len(left)
        return left

    async def _try_again(self) -> None:
        while True:
            await self._holds.wait()
            await asyncio.sleep(RETRY_S)
            for chat_id, line in list(self._held.items()):
                if self._held.get(chat_id) is line:
                    await self._go_on(chat_id, line)
            if not self._held:
                self._holds.clear()

    async def _go_on(self, chat_id: int, line: Line) -> None:
        """Announce what is held of a chat, as far as that works.

        After TRIES the first entry is left out, and so is each that fails behind it, so that nobody waits as long once more.
        """
        given_up: list[Entry] = []
        line.seen = 0
        while line.entries:
            is_told = await self._is_told(line)
            if not line.entries:
                break  # there were too many, and this was the longest line
            if is_told:
                line.failures = 0
            elif line.failures + 1 < TRIES:
                line.failures += 1
                break
            else:
                line.failures = TRIES
                given_up.append(line.entries[0])
            line.take_off()
            self._held_count -= 1
            await asyncio.sleep(0)
        if not line.entries and self._held.get(chat_id) is line:
            self._leave(chat_id)
        if given_up:
            await self._give_up(chat_id, given_up)

    async def _is_told(self, line: Line) -> bool:
        """Announce the first entry of a line. Returns False if that is to be tried again."""
        entry = line.entries[0]
        try:
            if not isinstance(entry.body, ChatChange) and self._rosters.has_gap(entry):
                await self._rosters.confirm(line.entries)
            if not line.seen and entry.at < self._clock.now() - LATE:
                await self._look_at(line)
            await self._announce(entry)
        except Exception:
            if entry.chat_id not in self._held:  # once for all tries
                log.exception("entry %d of chat %d waits to be announced", entry.seq, entry.chat_id)
            return False
        return True

    async def _give_up(self, chat_id: int, entries: Sequence[Entry]) -> None:
        """Leave out entries of one chat: everybody who should have been told is told to sync."""
        self._rosters.forget(chat_id)
        log.error("%d entries of chat %d were not announced; clients are told to sync", len(entries), chat_id)
        for entry in entries:
            waiting = self._applied.pop((chat_id, entry.seq), None)
            if waiting is not None and not waiting.done():
                waiting.set_exception(Unavailable(retry_after_ms=1000))
                waiting.exception()  # nobody may wait for it any more
        self._fanout.signal(EntriesMissed(await self._list_concerned(chat_id, entries)))

    async def _list_concerned(self, chat_id: int, entries: Sequence[Entry]) -> list[int] | None:
        """Returns the accounts that should have been told of entries of a chat; None if it may be any account."""
        try:
            members = (await self._memberships.require(chat_id)).members
        except Exception:  # noqa: BLE001 (the same as kept them from being announced, perhaps)
            return None
        return [*{*members, *(entry.body.account for entry in entries if isinstance(entry.body, Left))}]

    async def _announce(self, entry: Entry) -> None:
        body = entry.body
        came: Collection[int] = ()
        if isinstance(body, ChatChange | PersonalChange):
            came = await self._apply(entry)  # after which the roster is read again
        self._rosters.trust(entry.chat_id, entry.seq)
        entry = self._entries.lifetimes.as_now(entry)  # it may have waited for longer than it lives
        if isinstance(body, Message) and entry_key(entry.chat_id, entry.seq) in self._gone:
            entry = as_deleted(entry)
        if isinstance(body, WordsChange) and await self._entries.is_deleted(entry.chat_id, body.of):
            entry = without_text(entry)  # whichever of the two came first: a deleted text is shown to nobody
        elif isinstance(body, Vote) and body.is_secret:
            (entry,) = await self._entries.with_tallies(entry.chat_id, [entry], entry.seq)
        roster = self._memberships.peek(entry.chat_id) or await self._memberships.require(entry.chat_id)
        audience = readers = None
        if has_old_audience(entry, roster):
            audience = await self._members.list_audience(entry.chat_id, entry.seq)
        if isinstance(body, WordsChange) and has_old_readers(entry, roster):
            readers = await self._members.list_audience(entry.chat_id, body.of)
        announcements, told = list_announcements(entry, roster, came, audience=audience, readers=readers)
        if isinstance(body, ChatSettingsSet):
            settings = await self._personal.find(body.of_chat, entry.sender_id, self._clock.now())
            self._fanout.publish(ChatSettingsChanged(entry, settings), told)
            announcements = []
        for fact, to, chat in announcements:
            self._fanout.publish(fact, to, chat=chat)
        for listener in self._announced:
            listener(entry, roster.chat, told)

    async def _look_at(self, line: Line) -> None:
        """Ask which messages of this line are deleted by now."""
        ahead = list(islice(line.entries, LOOK_MAX))
        places = [(entry.chat_id, entry.seq) for entry in ahead if isinstance(entry.body, Message)]
        for chat_id, seq in await self._entries.list_deleted(places):
            self._note_gone(entry_key(chat_id, seq))
        line.seen = len(ahead)

    def _note_gone(self, key: int) -> None:
        if len(self._gone) >= GONE_MAX:
            del self._gone[next(iter(self._gone))]
        self._gone[key] = None

    async def _apply(self, change: Entry) -> Collection[int]:
        """Apply a change of a chat. Returns the accounts that are in a large chat by it."""
        came = await self._memberships.apply(change)
        waiting = self._applied.pop((change.chat_id, change.seq), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        return came
