"""Brings a client up to date: for each chat, what it missed, or that it missed nothing, or that it must start over.

A cursor is the seq up to which a client holds everything. The answer is honest in one of three ways: `current` (nothing
is missing), `delta` (these entries are what is missing), `reset` (forget this chat's log and start from these entries;
older ones are in the history). There is no time limit: the log is kept, so a month away is a longer delta, and a gap
beyond `delta_max_entries` is a reset only because a page of the newest serves a person better than five thousand lines.

A client that names chats is told of those that it does not name: those that the account is in, and those that it came to and
left again since the client was last there. When that was is told by the newest entry that the client holds; a client that
names none holds nothing yet, and starts with the chats that the account is in now: only what is left after that is told to its
connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

from models.documents.chat import Member, Span
from models.documents.entry import ANSWER_MAX_CHARS, Entry, fitting
from models.documents.head import Head
from models.documents.session import Actor
from models.ports import Clock
from models.services.batched import Batched
from models.services.read_heads import ReadHeads
from models.services.tails import Tails
from models.stores.entries import Entries

CLOCKS_APART = timedelta(minutes=1)  # between two nodes, and between writing an entry and storing it
RESET_ENTRIES = 50  # a screenful and a bit: what a fresh device shows before somebody scrolls


class Status(StrEnum):
    CURRENT = "current"
    DELTA = "delta"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class ChatState:
    """One chat's part of the answer. `cursor` is what to send next time; it equals `last_seq` unless more follows.

    `head` is None for a chat that the account is not in and never was: a reset to nothing.
    """

    chat_id: int
    status: Status
    entries: Sequence[Entry]
    last_seq: int
    cursor: int
    head: Head | None = None
    marks: Sequence[Member] = ()


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    """`at`: the time before anything was read for it."""

    states: Sequence[ChatState]
    more: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class SyncRules:
    """Bounds of one answer, so that it fits into what clients read as one frame.

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
        """As many of the first of these as there is room for; at least one."""
        taken = fitting(entries, self.chars)
        self.entries -= len(taken)
        self.chars -= sum(entry.chars for entry in taken)
        return taken


@dataclass(frozen=True, slots=True)
class SyncChats:
    """Chats that the client does not name are part of the answer too: it may have missed that they came to be.

    `listed`, `left` and `marks` read for all who ask at the same time by one query, and never before they asked.
    """

    heads: ReadHeads
    listed: Batched[int, list[Head]]  # by account
    left: Batched[int, dict[int, datetime]]  # by account: chats that it left, and when
    marks: Batched[int, list[Member]]  # by chat, of those that have up to `marks_max_members`
    entries: Entries
    tails: Tails
    rules: SyncRules
    clock: Clock

    async def __call__(
        self, actor: Actor, cursors: Mapping[int, int], *, began_at: datetime | None = None
    ) -> SyncAnswer:
        """What is missing behind these cursors (chat id -> seq). With `more`, call again with the new cursors.

        `began_at`: the `at` of the answer with which this client began, where it named no chat on this connection.
        """
        at = self.clock.now()
        listed = {head.chat.id: head for head in await self.listed(actor.account_id) or ()}
        elsewhere = [chat_id for chat_id in cursors if chat_id not in listed]
        listed |= await self._read(actor.account_id, elsewhere)
        missed = await self._list_missed(actor.account_id, cursors, listed, began_at) if cursors else []
        listed |= await self._read(actor.account_id, missed)
        budget = _Budget(self.rules.max_entries)
        states: list[ChatState] = []
        # Newest first: what people look at first when they come back. Before them what the client's cursors, as they are now,
        # say that it missed, the one left first at the head: after part of the answer they say so of the rest.
        first = {chat_id: place for place, chat_id in enumerate(missed, -len(missed))}
        for head in sorted(listed.values(), key=lambda head: (-first.get(head.chat.id, 0), head.last_at), reverse=True):
            state = await self._state(head, cursors.get(head.chat.id), budget)
            if state is not None:
                states.append(state)
        states += [_nothing(chat_id) for chat_id in cursors if chat_id not in listed]
        return SyncAnswer(await self._with_marks(states), more=budget.is_spent, at=at)

    async def _list_missed(
        self, account_id: int, cursors: Mapping[int, int], listed: Mapping[int, Head], began_at: datetime | None
    ) -> list[int]:
        """Chats that the client does not name, and that the account left since the client was there; the one left first first."""
        left = {chat: at for chat, at in (await self.left(account_id) or {}).items() if chat not in cursors}
        if not left:
            return []
        heads = [listed[chat_id] for chat_id in cursors if chat_id in listed]
        held = [(head.chat.id, min(cursors[head.chat.id], head.last_seq)) for head in heads]
        there = await self.entries.find_newest(held)
        if there is None:
            return []
        since = there - CLOCKS_APART if began_at is None else max(there - CLOCKS_APART, began_at)
        missed = [chat_id for chat_id, at in left.items() if at >= since and chat_id not in listed]
        return sorted(missed, key=lambda chat_id: left[chat_id])

    async def _read(self, account_id: int, chat_ids: Sequence[int]) -> dict[int, Head]:
        """Those of these chats that the account is or was in. One in which all was kept from it is no chat to it."""
        heads = await self.heads(account_id, chat_ids) if chat_ids else ()
        return {head.chat.id: head for head in heads if head.member.is_listed}

    async def _state(self, head: Head, cursor: int | None, budget: _Budget) -> ChatState | None:
        """One chat's part, or None when the budget is spent and something is missing: it comes with the next call."""
        end = head.last_seq
        if cursor == end:
            return ChatState(head.chat.id, Status.CURRENT, (), end, end, head)
        if budget.is_empty:
            budget.is_spent = True
            return None
        if (
            cursor is None
            or cursor > end
            or end - cursor > self.rules.delta_max_entries
            or _was_out(head.member, cursor)
        ):
            limit = min(RESET_ENTRIES, budget.entries)
            newest = await self._list_range(head, 1, limit, newest_first=True)
            found = budget.take(newest[::-1])[::-1]
            shown = await self.entries.as_shown_to(head.member, found)
            return ChatState(head.chat.id, Status.RESET, shown, end, end, head)
        found = budget.take(await self._list_range(head, cursor + 1, budget.entries))
        reached = found[-1].seq if found else end
        if reached < end:
            budget.is_spent = True
        shown = await self.entries.as_shown_to(head.member, found)
        return ChatState(head.chat.id, Status.DELTA, shown, end, reached, head)

    async def _list_range(self, head: Head, first: int, limit: int, *, newest_first: bool = False) -> list[Entry]:
        """Entries up to the end of the log: for members from memory, where it knows this very end."""
        source = self.tails if head.member.is_active else self.entries
        return await source.list_range(head.chat.id, first, head.last_seq, limit=limit, newest_first=newest_first)

    async def _with_marks(self, states: list[ChatState]) -> list[ChatState]:
        """Add how far everybody has read, where everybody's marks are told at all."""
        active = [state.chat_id for state in states if state.head is not None and state.head.member.is_active]
        marks = await self.marks.all(active[: self.rules.marks_max_chats])
        return [replace(state, marks=marks.get(state.chat_id) or _own(state.head)) for state in states]


def _own(head: Head | None) -> Sequence[Member]:
    return () if head is None else (head.member,)


def _was_out(member: Member, cursor: int) -> bool:
    """Whether the account was out of the chat between this cursor and the end of what it may read, or came only behind it.

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
