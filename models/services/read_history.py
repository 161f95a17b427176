"""Reads a page of a chat's log, from any place in it."""

from dataclasses import dataclass

from models.documents.entry import Entry
from models.documents.session import Actor
from models.documents.target import Target
from models.errors import ChatNotFound
from models.services.resolve_chat import ResolveChat
from models.stores.chats import Chats
from models.stores.entries import Entries, visible

PAGE_MAX = 200
END = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """Entries oldest first, and whether there are more beyond the page in the direction that was asked for.

    `last_seq` is the log's end as it was before the page was read: a change with a higher seq that a client heard
    meanwhile may not be in these entries yet, and is to be applied to them.
    """

    chat_id: int
    entries: list[Entry]
    more: bool
    last_seq: int


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Members read what their spans of the log cover, and keep reading it after they left."""

    resolve: ResolveChat
    chats: Chats
    entries: Entries

    async def __call__(
        self, actor: Actor, target: Target, *, before: int | None, after: int | None, limit: int
    ) -> Page:
        """The `limit` entries just before a seq, or just after one, or the last ones. ChatNotFound to who was never in it."""
        chat_id = target.chat_id if target.chat_id is not None else (await self.resolve(actor, target)).chat.id
        member = await self.chats.find_member(chat_id, actor.account_id)
        if member is None:
            raise ChatNotFound
        last_seq = await self.entries.last_seq(chat_id)
        limit = min(limit, PAGE_MAX)
        spans = [(span.first, min(last_seq, span.last or END)) for span in member.spans]
        if after is not None:
            ranges = [(max(first, after + 1), last) for first, last in spans]
            page = await self._collect(chat_id, ranges, limit + 1, newest_first=False)
            kept = page[:limit]
        else:
            before = END if before is None else before
            ranges = [(first, min(last, before - 1)) for first, last in reversed(spans)]
            page = await self._collect(chat_id, ranges, limit + 1, newest_first=True)
            kept = page[-limit:]
        return Page(chat_id, visible(kept, member), len(page) > limit, last_seq)

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
