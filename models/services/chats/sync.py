"""Brings a client up to date: per chat what it missed, that it missed nothing, or that it must start over.

A cursor is the seq up to which a client holds everything. The answer is honest in one of three ways: `current` (nothing
is missing), `delta` (these entries are what is missing), `reset` (forget this chat's log and start from these entries;
older ones are in the history). There is no time limit: the log is kept, so a month away is a longer delta, and a gap
beyond `delta_max_entries` is a reset only because a page of the newest serves a person better than five thousand lines.

A client that names chats is told of those that it does not name: those that the account is in, and those that it came to and
left again since the client was last there. When that was is told by the newest entry that the client holds; a client that
names none holds nothing yet, and starts with the chats that the account is in now: only what is left after that is told to its
connection.

Of chats that are not part of an answer, since it is full, nothing is read but where their logs end.
"""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from models.documents.chat import Member, Span
from models.documents.chat_summary import Standing
from models.documents.entry import ANSWER_MAX_CHARS, Entry, fitting
from models.documents.session import Actor
from models.ports import Clock
from models.services.chats.log_tail_cache import LogTailCache
from models.services.chats.summaries import ReadChatSummaries
from models.services.runtime.batch_loader import BatchLoader
from models.stores.chat_summaries import LogEnd
from models.stores.entries import Entries

CLOCKS_APART = timedelta(minutes=1)  # between two nodes, and between writing an entry and storing it
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
RESET_ENTRIES = 50  # a screenful and a bit: what a fresh device shows before somebody scrolls


class Status(StrEnum):
    CURRENT = "current"
    DELTA = "delta"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class ChatState:
    """One chat's part of the answer. `cursor` is what to send next time; it equals `last_seq` unless more follows.

    `standing` is None for a chat that the account is not in and never was: a reset to nothing.
    """

    chat_id: int
    status: Status
    entries: Sequence[Entry]
    last_seq: int
    cursor: int
    standing: Standing | None = None
    marks: Sequence[Member] = ()


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """The answer to a sync. `at` is the time before anything was read for it."""

    states: Sequence[ChatState]
    more: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class SyncRules:
    """Bounds of one answer, so that it fits into one frame.

    `max_entries`; `delta_max_entries` missing at most for a delta; the marks of all members in the `marks_max_chats` newest
    chats that have up to `marks_max_members`: elsewhere only the account's own.
    """

    max_entries: int = 1000
    delta_max_entries: int = 5000
    marks_max_members: int = 256
    marks_max_chats: int = 200


@dataclass(slots=True)
class _Budget:
    entries: int
    chars: int = ANSWER_MAX_CHARS
    is_spent: bool = False  # something is missing that found no room

    @property
    def is_empty(self) -> bool:
        return self.entries <= 0 or self.chars <= 0

    def take(self, entries: Sequence[Entry]) -> list[Entry]:
        """Returns as many of the first entries as there is room for; at least one."""
        taken = fitting(entries, self.chars)
        self.entries -= len(taken)
        self.chars -= sum(entry.chars for entry in taken)
        return taken


@dataclass(frozen=True, slots=True)
class SyncChats:
    """Answers syncs. Chats that the client does not name are part of the answer too: they may be new to it.

    `listed`, `standings`, `left` and `marks` read for all who ask at the same time by one query, and never before they asked.
    """

    heads: ReadChatSummaries
    listed: BatchLoader[int, dict[int, LogEnd]]  # by account
    standings: BatchLoader[tuple[int, int, LogEnd], Standing]  # by account, chat and the end of its log as it was read
    left: BatchLoader[int, dict[int, datetime]]  # by account: chats that it left, and when
    marks: BatchLoader[int, list[Member]]  # by chat, of those that have up to `marks_max_members`
    entries: Entries
    tails: LogTailCache
    rules: SyncRules
    clock: Clock

    async def __call__(
        self, actor: Actor, cursors: Mapping[int, int], *, began_at: datetime | None = None
    ) -> SyncAnswer:
        """Returns what is missing behind these cursors (chat id -> seq). If `more` is set, call again with the new cursors.

        `began_at`: the `at` of the answer with which this client began, where it named no chat on this connection.
        """
        at = self.clock.now()
        account_id = actor.account_id
        ends = dict(await self.listed(account_id) or {})
        ends |= await self._ends(account_id, [chat_id for chat_id in cursors if chat_id not in ends])
        missed: list[int] = []
        if cursors:
            left = {chat: at for chat, at in (await self.left(account_id) or {}).items() if chat not in cursors}
            ends = {chat_id: end for chat_id, end in ends.items() if chat_id not in left}
            missed = await self._list_missed(cursors, ends, left, began_at)
        ends |= await self._ends(account_id, missed)
        # Newest first: what people look at first when they come back. Before them what the client's cursors, as they are now,
        # say that it missed, the one left first at the head: after part of the answer they say so of the rest.
        first = {chat_id: place for place, chat_id in enumerate(missed, -len(missed))}
        chat_ids = sorted(
            ends, key=lambda chat_id: (-first.get(chat_id, 0), ends[chat_id].activity or LONG_AGO), reverse=True
        )
        budget = _Budget(self.rules.max_entries)
        ends = {chat_id: ends[chat_id] for chat_id in chat_ids}
        states = await self._states(account_id, ends, cursors, frozenset(missed), budget)
        states += [_nothing(chat_id) for chat_id in cursors if chat_id not in ends]
        return SyncAnswer(await self._with_marks(states), more=budget.is_spent, at=at)

    async def _ends(self, account_id: int, chat_ids: Sequence[int]) -> Mapping[int, LogEnd]:
        return await self.heads.ends_of(account_id, chat_ids) if chat_ids else {}

    async def _list_missed(
        self,
        cursors: Mapping[int, int],
        ends: Mapping[int, LogEnd],
        left: Mapping[int, datetime],
        began_at: datetime | None,
    ) -> list[int]:
        """Returns chats that the client does not name and that the account left since the client was here, in that order."""
        if not left:
            return []
        held = [
            (chat_id, min(cursor, ends[chat_id].last_seq)) for chat_id, cursor in cursors.items() if chat_id in ends
        ]
        there = await self.entries.find_newest(held)
        if there is None:
            return []
        since = there - CLOCKS_APART if began_at is None else max(there - CLOCKS_APART, began_at)
        missed = [chat_id for chat_id, at in left.items() if at >= since]
        return sorted(missed, key=lambda chat_id: left[chat_id])

    async def _states(
        self,
        account_id: int,
        ends: Mapping[int, LogEnd],
        cursors: Mapping[int, int],
        missed: Collection[int],
        budget: _Budget,
    ) -> list[ChatState]:
        """Returns the parts of these chats in their order, as far as the budget goes."""
        behind = deque(chat_id for chat_id, end in ends.items() if cursors.get(chat_id) != end.last_seq)
        standings = await self._read(account_id, ends, set(ends).difference(behind))
        states: list[ChatState] = []
        for chat_id in ends:
            if behind and behind[0] == chat_id:
                if budget.is_empty:
                    budget.is_spent = True
                    behind.popleft()
                    continue
                standings |= await self._read(account_id, ends, self._take_some(behind, ends, cursors, budget))
            standing = standings.get(chat_id)
            if standing is None:  # since its end was read, it has become no chat to the account
                states += [_nothing(chat_id)] if chat_id in cursors else []
            elif standing.member.is_active or chat_id in cursors or chat_id in missed:
                state = await self._state(standing, cursors.get(chat_id), budget)
                states += [state] if state is not None else []
        return states

    def _take_some(
        self, behind: deque[int], ends: Mapping[int, LogEnd], cursors: Mapping[int, int], budget: _Budget
    ) -> list[int]:
        """Take the first of these chats, as many as may fill the budget; at least one."""
        taken: list[int] = []
        entries = 0
        while behind and entries < budget.entries:
            chat_id = behind.popleft()
            taken.append(chat_id)
            end, cursor = ends[chat_id].last_seq, cursors.get(chat_id)
            is_delta = cursor is not None and 0 < end - cursor <= self.rules.delta_max_entries
            entries += max(1, end - (cursor or 0) if is_delta else min(end, RESET_ENTRIES))
        return taken

    async def _read(
        self, account_id: int, ends: Mapping[int, LogEnd], chat_ids: Collection[int]
    ) -> dict[int, Standing]:
        found = await self.standings.all([(account_id, chat_id, ends[chat_id]) for chat_id in chat_ids])
        return {standing.chat.id: standing for standing in found.values() if standing.member.is_synced}

    async def _state(self, standing: Standing, cursor: int | None, budget: _Budget) -> ChatState | None:
        """Returns one chat's part, or None if something is missing that the budget has no room for: it comes with the next call."""
        end = standing.last_seq
        if cursor == end:
            return ChatState(standing.chat.id, Status.CURRENT, (), end, end, standing)
        if budget.is_empty:
            budget.is_spent = True
            return None
        if (
            cursor is None
            or cursor > end
            or end - cursor > self.rules.delta_max_entries
            or _was_out(standing.member, cursor)
        ):
            limit = min(RESET_ENTRIES, budget.entries)
            newest = await self._list_range(standing, standing.member.cleared + 1, limit, newest_first=True)
            found = budget.take(newest[::-1])[::-1]
            shown = await self.entries.as_shown_to(standing.member, found)
            return ChatState(standing.chat.id, Status.RESET, shown, end, end, standing)
        found = budget.take(await self._list_range(standing, cursor + 1, budget.entries))
        reached = found[-1].seq if found else end
        if reached < end:
            budget.is_spent = True
        shown = await self.entries.as_shown_to(standing.member, found)
        return ChatState(standing.chat.id, Status.DELTA, shown, end, reached, standing)

    async def _list_range(
        self, standing: Standing, first: int, limit: int, *, newest_first: bool = False
    ) -> list[Entry]:
        """Returns entries up to the end of the log; for members from the cache, if it holds this very end.

        Not for a member whose deletions for itself are named by entries, or by changes of these: they may be younger than the cache.
        """
        member = standing.member
        source = self.tails if member.is_active and member.folded <= member.cleared else self.entries
        return await source.list_range(
            standing.chat.id, first, standing.last_seq, limit=limit, newest_first=newest_first
        )

    async def _with_marks(self, states: list[ChatState]) -> list[ChatState]:
        """Add the receipts of all members to those chats where they are told at all."""
        active = [state.chat_id for state in states if state.standing is not None and state.standing.member.is_active]
        marks = await self.marks.all(active[: self.rules.marks_max_chats])
        return [replace(state, marks=marks.get(state.chat_id) or _own(state.standing)) for state in states]


def _own(standing: Standing | None) -> Sequence[Member]:
    return () if standing is None else (standing.member,)


def _was_out(member: Member, cursor: int) -> bool:
    """Returns whether the account was out of the chat at some time since this cursor, or joined behind it.

    The changes that older messages took meanwhile are no delta, and what is held from before may be for it no longer. It may be
    out again by now: what counts is that it came back.
    """
    if cursor == 0 and member.spans and member.spans[0].first == 1:
        return _has_gap(member.spans)
    for place, span in enumerate(member.spans):
        if span.covers(cursor):
            return _has_gap(member.spans[place:])
    return True


def _has_gap(spans: Sequence[Span]) -> bool:
    return any(before.last is not None and after.first > before.last + 1 for before, after in pairwise(spans))


def _nothing(chat_id: int) -> ChatState:
    return ChatState(chat_id, Status.RESET, (), 0, 0)
