"""Finds what a client id has led to already: its answer stays, whatever may have been taken from its author since."""

import asyncio
from dataclasses import dataclass

from models.documents.entry import Entry, Message, without_content
from models.documents.session import Actor
from models.documents.target import Target
from models.errors import ChatNotFound, DomainError
from models.services.chats.resolve import ResolveChat
from models.stores.chats import Chats
from models.stores.entries import Entries
from models.stores.journal import Journal
from models.stores.journal_queue import Stored


@dataclass(frozen=True, slots=True)
class FindStored:
    """For requests that are sent again: a client that never got the answer cannot know that it was stored."""

    resolve: ResolveChat
    chats: Chats
    entries: Entries
    journal: Journal

    async def __call__(self, actor: Actor, target: Target, client_id: str) -> Entry | None:
        """Return what the actor stored in this chat under a client id, or None.

        A message is shown as `as_seen` has it; a change is returned as it was stored, for it may still have to be applied.
        """
        try:
            chat_id = await self.resolve.require_id(actor, target)
        except ChatNotFound:
            return None
        stored = await self.journal.find(chat_id, actor.account_id, client_id)
        if stored is None or not isinstance(stored.body, Message):
            return stored
        return await self.as_seen(actor.account_id, stored)

    async def answer(
        self, actor: Actor, target: Target, client_id: str, refusal: DomainError
    ) -> "asyncio.Future[Stored]":
        """Return what was stored before in the form of the journal's answer; raise the refusal if nothing was.

        A refusal that may pass is raised in any case: the client tries again, and gets its answer then.
        """
        stored = None if refusal.retryable else await self(actor, target, client_id)
        if stored is None:
            raise refusal
        future: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        future.set_result(Stored(stored, is_new=False))
        return future

    async def as_seen(self, account_id: int, entry: Entry) -> Entry:
        """Return an entry as it is now, as far as this account may see it; one that it may not see has no content."""
        member = await self.chats.find_member(entry.chat_id, account_id)
        now = await self.entries.find(entry.chat_id, entry.seq)
        shown = [] if member is None or now is None else await self.entries.as_shown_to(member, [now])
        return shown[0] if shown else without_content(entry)
