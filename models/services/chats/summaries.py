"""Chat summaries: moves chats up in the lists of their members, and reads what the lists show of them.

Stored messages are noted, and once a second all notes are written together: a busy chat costs one write for each of its members a
second, a large one a single write. No request waits for it (docs/architecture.md, "Chat lists").

The order that is promised: a chat list is in the order of the newest visible messages as of WRITE_EVERY_S ago, or as long ago as
the last write took, and counts what this node has stored since. Each page is in exact order by itself (listing.py), and what it
shows of a chat comes from the log. A chat whose newest message another node has stored within that time may stand too far back.
Reading a list page by page misses a chat that moves up meanwhile, as in any list that changes.

A crash loses nothing for long: the first message of a chat since the last write is stored with the mark `unsummed`, which the
write that moves the chat up removes. The sweep of any node moves up the chats of messages that keep their mark.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from models.documents.chat import ChatKind
from models.documents.chat_summary import ChatSummary, Standing
from models.documents.entry import Entry, Message
from models.errors import ChatNotFound
from models.ports import Clock
from models.services.chats.membership import MembershipCache
from models.stores.accounts import Accounts
from models.stores.chat_places import ChatPlaces
from models.stores.chat_summaries import ChatSummaries, LogEnd
from models.stores.database import is_transient
from models.stores.instants import to_milliseconds
from models.tasks import BackgroundTasks

log = logging.getLogger(__name__)

S = TypeVar("S", bound=Standing)

WRITE_EVERY_S = 1.0
OLDER_THAN = timedelta(seconds=5)  # younger ones are noted by the node that stored them


@dataclass(slots=True)
class _Said:
    """The messages of one chat that are noted: the last seq, and the last time for each set of accounts it was hidden from."""

    seq: int = 0
    at: dict[tuple[int, ...], datetime] = field(default_factory=dict)

    def add(self, seq: int, kept_from: tuple[int, ...], at: datetime) -> None:
        self.seq = max(self.seq, seq)
        at = to_milliseconds(at)  # as the database keeps it
        known = self.at.get(kept_from)
        if known is None or known < at:
            self.at[kept_from] = at

    def seen_by(self, account_id: int) -> datetime | None:
        """Returns the time of the last noted message that an account may see, or None."""
        return max((at for kept_from, at in self.at.items() if account_id not in kept_from), default=None)


class Summaries:
    """Notes stored messages and moves their chats up, by one write at a time."""

    def __init__(self, places: ChatPlaces, memberships: MembershipCache, clock: Clock) -> None:
        self._places = places
        self._memberships = memberships
        self._clock = clock
        self._noted: dict[int, _Said] = {}  # by chat
        self._writing: dict[int, _Said] = {}
        self._work = asyncio.Event()
        self._tasks = BackgroundTasks()

    @property
    def depth(self) -> int:
        """Returns how many chats are to be moved up."""
        return len(self._noted) + len(self._writing)

    async def open(self) -> None:
        self._tasks.keep("summaries", self._run)

    async def close(self) -> None:
        """Write what is noted. What cannot be written keeps its mark and is found by the sweep."""
        await self._tasks.stop()
        try:
            async with asyncio.timeout(2.0):
                await self.write()
        except Exception as error:  # noqa: BLE001 (whatever it is, nothing is lost)
            log.warning("%d chats are moved up by the sweep: %s", self.depth, type(error).__name__)

    def is_first(self, chat_id: int) -> bool:
        """Returns whether a message stored in this chat now must be marked `unsummed`, since nothing noted leads to it."""
        return chat_id not in self._noted

    def stored(self, entries: Iterable[Entry]) -> None:
        """Note the messages among these entries; never waits."""
        for entry in entries:
            if isinstance(entry.body, Message):
                self._noted.setdefault(entry.chat_id, _Said()).add(entry.seq, entry.hidden_from, entry.at)
        if self._noted:
            self._work.set()

    def list_noted(self, account_id: int, kinds: Collection[ChatKind]) -> dict[int, datetime]:
        """Returns the chats of an account that are about to move up, and to which time, as far as their members are cached."""
        found: dict[int, datetime] = {}
        for noted in (self._writing, self._noted):
            for chat_id, said in noted.items():
                roster = self._memberships.peek(chat_id)
                if roster is not None and account_id in roster.roles and roster.chat.kind in kinds:
                    at = said.seen_by(account_id)
                    if at is not None:
                        found[chat_id] = max(at, found.get(chat_id, at))
        return found

    async def sweep(self) -> int:
        """Note what a crash has left unwritten. Returns how many chats. Two nodes may do it at once."""
        left = await self._places.list_unsummed(self._clock.now() - OLDER_THAN)
        self.stored(left)
        return len({entry.chat_id for entry in left})

    async def write(self) -> None:
        """Write all that is noted. Raises what the database raises, and keeps the notes then."""
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
        """Move chats up. Returns those that need nothing more; one that cannot be read does not hold up the others."""
        moved: list[int] = []
        members: dict[tuple[int, int], datetime] = {}
        large: dict[int, datetime] = {}
        for chat_id, said in noted.items():
            try:
                roster = self._memberships.peek(chat_id) or await self._memberships.require(chat_id)
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
    """Reads summaries in a fixed order: the ends of the logs, the pending changes up to there, then everything else.

    In any other order an account could be told that its log ends with its own departure, and that it is still a member.
    """

    heads: ChatSummaries
    memberships: MembershipCache
    accounts: Accounts

    async def ends(self, account_ids: Collection[int]) -> dict[int, dict[int, LogEnd]]:
        """Returns where the logs of all listed chats of these accounts end, by account and chat."""
        return await self._caught_up(await self.heads.list_ends(account_ids))

    async def ends_of(self, account_id: int, chat_ids: Collection[int]) -> dict[int, LogEnd]:
        """Returns where the logs of these chats end, of those that the account is or was in."""
        return (await self._caught_up(await self.heads.list_ends_at({account_id: chat_ids})))[account_id]

    async def standings(self, ends: Collection[tuple[int, int, LogEnd]]) -> dict[tuple[int, int, LogEnd], Standing]:
        """Returns the standing of accounts in chats, by (account, chat, the end that was read for it)."""
        wanted: dict[int, dict[int, LogEnd]] = {}
        for account_id, chat_id, end in ends:
            newest = max(end, wanted.setdefault(account_id, {}).get(chat_id, end), key=lambda one: one.seq)
            wanted[account_id][chat_id] = newest
        standings = await self._with_names(await self.heads.list_standings(wanted))
        found = {(account_id, one.chat.id): one for account_id, one in standings}
        return {asked: found[asked[:2]] for asked in ends if asked[:2] in found}

    async def at_places(self, chats: Mapping[int, Collection[int]]) -> dict[int, list[ChatSummary]]:
        """Returns the summaries of these chats that the account is in and has listed, by account; in no order."""
        ends = await self._caught_up(await self.heads.list_ends_at(chats))
        found: dict[int, list[ChatSummary]] = {account_id: [] for account_id in ends}
        if any(ends.values()):
            for account_id, head in await self._with_names(await self.heads.list_heads(ends)):
                found[account_id].append(head)
        return {
            account_id: [head for head in heads if head.member.is_active and head.member.is_listed]
            for account_id, heads in found.items()
        }

    async def _with_names(self, found: Sequence[tuple[int, S]]) -> Sequence[tuple[int, S]]:
        """Returns standings with the names of the other accounts of direct chats.

        They are of the account that is in the chat, since its number may be another account's by now.
        """
        peers = [
            one.chat.peer_of(account_id) if one.chat.kind is ChatKind.DIRECT else None for account_id, one in found
        ]
        # In one query, and not from the directory: whoever comes back after a break asks for everybody they ever wrote to.
        accounts = await self.accounts.map_by_ids({peer for peer in peers if peer is not None})
        return [
            (
                account_id,
                one if peer not in accounts else replace(one, peer_name=accounts[peer].name_for(one.member.number)),
            )
            for (account_id, one), peer in zip(found, peers, strict=True)
        ]

    async def _caught_up(self, ends: dict[int, dict[int, LogEnd]]) -> dict[int, dict[int, LogEnd]]:
        if any(ends.values()):
            await self.memberships.catch_up_all({chat_id for chats in ends.values() for chat_id in chats})
        return ends
