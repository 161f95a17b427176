"""Chat summaries: the last entry and the unread count that a chat list shows.

What was stored is noted, and once a second all that was noted is written together: a chat in which much is said costs one write
for each of its members a second, a large one a single write. Nothing waits for it.

Order that is promised: a chat list is in the order of the newest visible messages as of WRITE_EVERY_S ago, or as long ago as the
last write took, and counts what this node has stored since. Each page is in the exact order by itself (list_chats.py), and what it
says of a chat comes from the log and not from here. A chat whose newest message another node has stored within that time may stand
further back than it should. Whoever reads a list page by page misses a chat that moves up meanwhile, as in any list that changes.

A crash loses nothing for long: a message that is the first of its chat since the last write is stored with the mark `unsummed`,
which is taken away by the write that moves the chat up. What keeps its mark is moved up by the sweep of any node.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from models.documents.chat import ChatKind
from models.documents.entry import Entry, Message
from models.documents.head import ChatSummary, Standing
from models.errors import ChatNotFound
from models.ports import Clock
from models.services.chats.membership import MembershipCache
from models.stores.chat_places import ChatPlaces
from models.stores.database import is_transient
from models.stores.heads import ChatSummaries, LogEnd
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

WRITE_EVERY_S = 1.0
OLDER_THAN = timedelta(seconds=5)  # what is younger is noted by whoever stored it


@dataclass(slots=True)
class _Said:
    """What was said in one chat: the last seq, and when the last was said by whom it was kept from."""

    seq: int = 0
    at: dict[tuple[int, ...], datetime] = field(default_factory=dict)

    def add(self, seq: int, kept_from: tuple[int, ...], at: datetime) -> None:
        self.seq = max(self.seq, seq)
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)  # as the database keeps it
        known = self.at.get(kept_from)
        if known is None or known < at:
            self.at[kept_from] = at

    def seen_by(self, account_id: int) -> datetime | None:
        """When somebody was shown the last of it."""
        return max((at for kept_from, at in self.at.items() if account_id not in kept_from), default=None)


class Summaries:
    """One write at a time; what is said meanwhile is the next one."""

    def __init__(self, places: ChatPlaces, memberships: MembershipCache, clock: Clock) -> None:
        self._places = places
        self._rosters = memberships
        self._clock = clock
        self._noted: dict[int, _Said] = {}  # by chat
        self._writing: dict[int, _Said] = {}
        self._work = asyncio.Event()
        self._tasks = BackgroundTasks()

    @property
    def depth(self) -> int:
        """How many chats are to be moved up."""
        return len(self._noted) + len(self._writing)

    async def open(self) -> None:
        self._tasks.keep("summaries", self._run)

    async def close(self) -> None:
        """Write what is noted; what cannot be written keeps its mark and is found by the sweep."""
        await self._tasks.stop()
        try:
            async with asyncio.timeout(2.0):
                await self.write()
        except Exception as error:  # noqa: BLE001 (whatever it is, nothing is lost)
            log.warning("%d chats are moved up by the sweep: %s", self.depth, type(error).__name__)

    def is_first(self, chat_id: int) -> bool:
        """Whether a message stored in this chat now is to be marked: nothing noted will lead to it."""
        return chat_id not in self._noted

    def stored(self, entries: Iterable[Entry]) -> None:
        """Note the messages among these; never waits."""
        for entry in entries:
            if isinstance(entry.body, Message):
                self._noted.setdefault(entry.chat_id, _Said()).add(entry.seq, entry.hidden_from, entry.at)
        if self._noted:
            self._work.set()

    def list_noted(self, account_id: int, kinds: Collection[ChatKind]) -> dict[int, datetime]:
        """The chats of an account that are about to move up, and to which time, as far as this node knows their members."""
        found: dict[int, datetime] = {}
        for noted in (self._writing, self._noted):
            for chat_id, said in noted.items():
                roster = self._rosters.peek(chat_id)
                if roster is not None and account_id in roster.roles and roster.chat.kind in kinds:
                    at = said.seen_by(account_id)
                    if at is not None:
                        found[chat_id] = max(at, found.get(chat_id, at))
        return found

    async def sweep(self) -> int:
        """Note what a crash has left unwritten; returns how many chats that is. Two nodes may do it at once."""
        left = await self._places.list_unsummed(self._clock.now() - OLDER_THAN)
        self.stored(left)
        return len({entry.chat_id for entry in left})

    async def write(self) -> None:
        """Write all that is noted; raises what the database raises, and keeps it noted then."""
        self._writing, self._noted = self._noted, {}
        try:
            moved = await self._move_up(self._writing)
            await self._places.settle({chat_id: self._writing[chat_id].seq for chat_id in moved})
            self._note_again(self._writing.keys() - set(moved))
        except BaseException:
            self._note_again(self._writing.keys())
            raise
        finally:
            self._writing = {}

    def _note_again(self, chat_ids: Collection[int]) -> None:
        for chat_id in chat_ids:
            said = self._writing[chat_id]
            for kept_from, at in said.at.items():
                self._noted.setdefault(chat_id, _Said()).add(said.seq, kept_from, at)
            self._work.set()

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            await asyncio.sleep(WRITE_EVERY_S)
            self._work.clear()
            try:
                await self.write()
            except Exception as error:  # noqa: BLE001 (whatever it is, it may pass)
                log.warning("%d chats wait to be moved up: %s", self.depth, type(error).__name__)
                self._work.set()

    async def _move_up(self, noted: dict[int, _Said]) -> list[int]:
        """Returns which chats need nothing more: one that cannot be read does not keep the others where they are."""
        moved: list[int] = []
        members: dict[tuple[int, int], datetime] = {}
        large: dict[int, datetime] = {}
        for chat_id, said in noted.items():
            try:
                roster = self._rosters.peek(chat_id) or await self._rosters.require(chat_id)
            except ChatNotFound:
                moved.append(chat_id)
                continue
            except Exception as error:
                if is_transient(error):
                    raise
                log.warning("chat %d waits to be moved up: %s", chat_id, type(error).__name__)
                continue
            moved.append(chat_id)
            if roster.chat.is_large:
                large[chat_id] = max(said.at.values())
                continue
            for account_id in roster.members:
                at = said.seen_by(account_id)
                if at is not None:
                    members[chat_id, account_id] = at
        await self._places.move_up(members, large)
        return moved


@dataclass(frozen=True, slots=True)
class ReadChatSummaries:
    """First the ends of the logs, then the changes up to there that wait for being applied, then everything else.

    In any other order an account could be told that its log ends with its own departure, and that it is still a member.
    """

    heads: ChatSummaries
    memberships: MembershipCache

    async def ends(self, account_ids: Collection[int]) -> dict[int, dict[int, LogEnd]]:
        """Where the logs of all listed chats that these accounts are in end, by account and chat."""
        return await self._caught_up(await self.heads.list_ends(account_ids))

    async def ends_of(self, account_id: int, chat_ids: Collection[int]) -> dict[int, LogEnd]:
        """The same of those of these chats that the account is or was in."""
        return (await self._caught_up(await self.heads.list_ends_at({account_id: chat_ids})))[account_id]

    async def standings(self, ends: Collection[tuple[int, int, LogEnd]]) -> dict[tuple[int, int, LogEnd], Standing]:
        """How accounts stand in chats, by what was asked: (account, chat, the end that was read for it)."""
        wanted: dict[int, dict[int, LogEnd]] = {}
        for account_id, chat_id, end in ends:
            newest = max(end, wanted.setdefault(account_id, {}).get(chat_id, end), key=lambda one: one.seq)
            wanted[account_id][chat_id] = newest
        found = {(account_id, one.chat.id): one for account_id, one in await self.heads.list_standings(wanted)}
        return {asked: found[asked[:2]] for asked in ends if asked[:2] in found}

    async def at_places(self, chats: Mapping[int, Collection[int]]) -> dict[int, list[ChatSummary]]:
        """Those of these chats, by account, that the account is in and has listed; in no order."""
        ends = await self._caught_up(await self.heads.list_ends_at(chats))
        found: dict[int, list[ChatSummary]] = {account_id: [] for account_id in ends}
        if any(ends.values()):
            for account_id, head in await self.heads.list_heads(ends):
                found[account_id].append(head)
        return {
            account_id: [head for head in heads if head.member.is_active and head.member.is_listed]
            for account_id, heads in found.items()
        }

    async def _caught_up(self, ends: dict[int, dict[int, LogEnd]]) -> dict[int, dict[int, LogEnd]]:
        if any(ends.values()):
            await self.memberships.catch_up_all({chat_id for chats in ends.values() for chat_id in chats})
        return ends
