"""Reads a page of a chat's log, from any place in it."""

from dataclasses import dataclass

from models.documents.chat import Member
from models.documents.entry import ANSWER_MAX_CHARS, Entry, fitting
from models.documents.session import Actor
from models.documents.target import Target
from models.errors import ChatNotFound
from models.services.chats.membership import Rosters
from models.services.chats.resolve import ResolveChat
from models.stores.chats import Chats
from models.stores.entries import Entries

PAGE_MAX = 200
END = 2**32 - 1
ROUNDS_MAX = 10  # pages read in search of one that shows something: a blocked person may have written thousands


@dataclass(frozen=True, slots=True)
class Page:
    """Entries oldest first, with all changes up to `last_seq` applied to them.

    `next` is the `before` (or `after`) of the next page in the direction that was asked for, None at the end of the log. A
    page may be shorter than asked for, since it leaves out what the reader may not see. `last_seq` is the log's end for
    the reader as it was before the page was read: a change with a higher seq that a client heard meanwhile may not be in
    these entries yet, and is to be applied to them.
    """

    chat_id: int
    entries: list[Entry]
    next: int | None
    last_seq: int


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Members read what their spans of the log cover, and keep reading it after they left."""

    resolve: ResolveChat
    rosters: Rosters
    chats: Chats
    entries: Entries

    async def __call__(
        self, actor: Actor, target: Target, *, before: int | None, after: int | None, limit: int
    ) -> Page:
        """The `limit` entries just before a seq, or just after one, or the last ones. ChatNotFound to who was never in it."""
        chat_id = await self.resolve.require_id(actor, target)
        # In this order nobody reads on behind the own departure (read_heads.py).
        last_seq = await self.entries.last_seq(chat_id)
        await self.rosters.catch_up_all([chat_id])
        member = await self.chats.find_member(chat_id, actor.account_id)
        if member is None or not member.is_listed:
            raise ChatNotFound
        limit = min(limit, PAGE_MAX)
        shown: list[Entry] = []
        more = True
        for _ in range(ROUNDS_MAX):
            if after is not None:
                found = await self._after(member, after, last_seq, limit + 1)
                kept = fitting(found[:limit], ANSWER_MAX_CHARS)
                after = kept[-1].seq if kept else after
            else:
                found = await self._before(member, END if before is None else before, last_seq, limit + 1)
                kept = fitting(found[-limit:][::-1], ANSWER_MAX_CHARS)[::-1]
                before = kept[0].seq if kept else before
            shown, more = await self.entries.as_shown_to(member, kept), len(found) > len(kept)
            if shown or not more:
                break
        place = after if after is not None else before
        return Page(chat_id, shown, place if more else None, min(last_seq, member.last_seq or END))

    async def _after(self, member: Member, after: int, last_seq: int, limit: int) -> list[Entry]:
        ranges = [(max(first, after + 1), last) for first, last in _spans(member, last_seq)]
        return await self._collect(member.chat_id, ranges, limit, newest_first=False)

    async def _before(self, member: Member, before: int, last_seq: int, limit: int) -> list[Entry]:
        ranges = [(first, min(last, before - 1)) for first, last in reversed(_spans(member, last_seq))]
        return await self._collect(member.chat_id, ranges, limit, newest_first=True)

    async def _collect(
        self, chat_id: int, ranges: list[tuple[int, int]], limit: int, *, newest_first: bool
    ) -> list[Entry]:
        """Walk the spans in the order of reading until the page is full; oldest first in the answer."""
        found: list[Entry] = []
        for first, last in ranges:
            if first <= last and len(found) < limit:
                entries = await self.entries.list_range(
                    chat_id, first, last, limit=limit - len(found), newest_first=newest_first
                )
                found = entries + found if newest_first else found + entries
        return found


def _spans(member: Member, last_seq: int) -> list[tuple[int, int]]:
    return [(span.first, min(last_seq, span.last or END)) for span in member.spans]
