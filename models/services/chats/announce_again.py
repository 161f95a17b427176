"""Announces stored entries again that may have been announced by nobody, because the node that stored them died.

A node announces what it stores itself (announcer.py). When it dies, the others tell their clients to sync, which finds all that
is stored by then. It does not find what the database stores later on behalf of the dead node, for instance from a connection
that it had not read while it stood still. Such an entry is found when its sender sends it again, or when recovery applies it as
a pending change, and is announced then. Clients that have it know it by its seq, so two nodes may announce it.

Sending again must not be a cheap way to make a server work: each node announces an entry again at most once, and only while it
is young, so a message that is sent again costs no more than a new one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from models.documents.chat import ChatKind
from models.documents.entry import Edit, Entry, Message, MessageChange, Previewed, Vote, WordsChange, entry_key
from models.documents.poll import seq_of_vote
from models.errors import AccountNotFound
from models.ports import Clock
from models.services.chats.announcer import Announcer
from models.services.chats.membership import MembershipCache
from models.services.contacts.directory import Directory
from models.stores.database import is_transient
from models.stores.entries import Entries
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

CLOCKS_APART = timedelta(seconds=1)  # the most by which the clocks of two nodes differ
OLDEST = timedelta(hours=1)  # clients try for minutes; after so long an outage most have connected anew, and synced
REMEMBERED = 50_000  # entries that this node announced, or announced again, about 5 MB
WAITING_MAX = 20_000
AT_ONCE = 500  # of which one query asks how they stand now
RETRY_S = 0.5
TRIES = 120  # a minute, as for the announcer
# Bodies that are announced only while they stand as they were stored; changes of a chat and facts of an event stand for ever.
AS_STORED = Message | MessageChange


class ReannounceQueue:
    """A queue of entries that may have been announced by nobody, and a memory of those that this node announces anyway."""

    def __init__(self, clock: Clock, *, lease_left_s: float) -> None:
        """`lease_left_s` is how long the lease of a node goes on, at least, that lives now.

        The node that stored a younger entry announces it itself, or dies, and then all clients are told to sync after this moment.
        """
        self._clock = clock
        self._youngest = max(timedelta(seconds=lease_left_s) - CLOCKS_APART, timedelta())
        self._was_found: dict[int, bool] = {}  # by key, the oldest first
        self._entries: deque[Entry] = deque()
        self._work = asyncio.Event()

    @property
    def depth(self) -> int:
        """Returns how many entries are not with the announcer yet."""
        return len(self._entries)

    def stored(self, entries: Sequence[Entry]) -> None:
        """Note that this node has stored these, and so announces them."""
        for entry in entries:
            self._remember(entry, was_found=False)

    def recovered(self, entry: Entry) -> None:
        """Queue an entry of any age that was stored by a node which may not have announced it; never waits."""
        if not self._is_wanted(entry):
            return
        if len(self._entries) >= WAITING_MAX and isinstance(entry.body, AS_STORED):
            log.warning("more entries are found than can be announced again")
            return
        self._entries.append(entry)
        self._work.set()
        self._remember(entry, was_found=True)

    def claim(self, entry: Entry) -> bool:
        """Returns True if this node has to announce an entry that was found; from then on it counts as announced."""
        is_wanted = self._is_wanted(entry)
        if is_wanted:
            self._remember(entry, was_found=True)
        return is_wanted

    def was_found(self, entry: Entry) -> bool:
        """Returns whether this node announces an entry because it was found, not because it has stored it."""
        return self._was_found.get(entry_key(entry.chat_id, entry.seq), False)

    async def wait(self) -> None:
        """Wait until there is an entry."""
        while not self._entries:
            self._work.clear()
            await self._work.wait()

    def first(self, count: int) -> list[Entry]:
        """Returns up to `count` entries from the head, which stay until they are dropped."""
        return list(islice(self._entries, count))

    def drop(self, count: int) -> None:
        """Take off the first `count` entries."""
        for _ in range(count):
            self._entries.popleft()

    def _is_wanted(self, entry: Entry) -> bool:
        key = entry_key(entry.chat_id, entry.seq)
        return entry.at <= self._clock.now() - self._youngest and key not in self._was_found

    def _remember(self, entry: Entry, *, was_found: bool) -> None:
        if len(self._was_found) >= REMEMBERED:
            del self._was_found[next(iter(self._was_found))]
        self._was_found[entry_key(entry.chat_id, entry.seq)] = was_found


class AnnounceAgain:
    """Hands queued entries to the announcer in their order, by one task."""

    def __init__(
        self,
        queue: ReannounceQueue,
        entries: Entries,
        memberships: MembershipCache,
        directory: Directory,
        announcer: Announcer,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._entries = entries
        self._memberships = memberships
        self._directory = directory
        self._announcer = announcer
        self._clock = clock
        self._tasks = BackgroundTasks()

    @property
    def depth(self) -> int:
        """Returns how many entries are not with the announcer yet."""
        return self._queue.depth

    async def open(self) -> None:
        self._tasks.keep("announcing again", self._run)

    async def close(self) -> None:
        await self._tasks.stop()

    def found(self, entry: Entry) -> None:
        """Announce an entry that was sent again and is stored, unless it is too old; never waits."""
        if entry.at < self._clock.now() - OLDEST:
            return
        if isinstance(entry.body, AS_STORED):
            self._queue.recovered(entry)
        elif self._queue.claim(entry):
            # At once: the sender waits for the announcer until a change of the chat holds for everybody.
            self._announcer.stored([entry])

    async def _run(self) -> None:
        while True:
            await self._queue.wait()
            batch = self._queue.first(AT_ONCE)
            self._announcer.stored([entry for entry in batch if not isinstance(entry.body, AS_STORED)])
            await self._announce_surely([entry for entry in batch if isinstance(entry.body, AS_STORED)])
            self._queue.drop(len(batch))

    async def _announce_surely(self, batch: Sequence[Entry]) -> None:
        for _ in range(TRIES):
            try:
                standing = await self._list_as_stored(batch)
                self._announcer.stored([await self._hidden_from_blocker(entry) for entry in standing])
            except Exception as error:  # noqa: BLE001 (tried again, or each alone)
                if not is_transient(error):
                    await self._announce_apart(batch, error)
                    return
                log.warning("%d entries wait to be announced again: %s", len(batch), type(error).__name__)
                await asyncio.sleep(RETRY_S)
            else:
                return
        log.error("%d entries were not announced again", len(batch))

    async def _announce_apart(self, batch: Sequence[Entry], error: Exception) -> None:
        """Announce entries one by one, so that one that cannot be read costs the others nothing."""
        if len(batch) == 1:
            entry = batch[0]
            log.error("entry %d of chat %d was not announced again", entry.seq, entry.chat_id, exc_info=error)
            return
        for entry in batch:
            await self._announce_surely([entry])

    async def _list_as_stored(self, batch: Sequence[Entry]) -> list[Entry]:
        """Returns those of these entries that are as they were stored. A changed one is told by its change."""
        places = {(entry.chat_id, seq) for entry in batch for seq in _seqs_of(entry)}
        now = {(entry.chat_id, entry.seq): entry for entry in await self._entries.list_at(places)}
        return [
            entry for entry in batch if _stands(entry, {seq: now.get((entry.chat_id, seq)) for seq in _seqs_of(entry)})
        ]

    async def _hidden_from_blocker(self, entry: Entry) -> Entry:
        """Returns the entry, hidden from a peer who has blocked the sender since it was stored."""
        try:
            chat = (await self._memberships.require(entry.chat_id)).chat
            if chat.kind is not ChatKind.DIRECT:
                return entry
            peer = await self._directory.require(chat.peer_of(entry.sender_id))
        except AccountNotFound:  # removed since
            return entry
        return replace(entry, hidden_from=(*entry.hidden_from, peer.id)) if peer.has_blocked(entry.number) else entry


def _seqs_of(entry: Entry) -> Sequence[int]:
    """Returns the seqs of the entries on which it depends whether this one may be shown."""
    if isinstance(entry.body, WordsChange):
        return [entry.body.of]
    return [entry.seq] if isinstance(entry.body, Message) else []


def _is_changed(message: Entry) -> bool:
    return bool(message.edit_seq or message.reactions or message.preview_seq or message.pin_seq or message.votes)


def _stands(entry: Entry, now: dict[int, Entry | None]) -> bool:
    match entry.body:
        case Message():
            message = now[entry.seq]
            return message is not None and not (message.is_deleted or _is_changed(message))
        case Edit(of, _):
            message = now[of]
            return message is not None and message.edit_seq == entry.seq
        case Previewed(of, _, _):
            message = now[of]
            return message is not None and message.preview_seq == entry.seq
        case Vote(of, _, _, _):
            message = now[of]
            return message is not None and seq_of_vote(message.votes.get(entry.sender_id, 0)) == entry.seq
        case _:
            return True
