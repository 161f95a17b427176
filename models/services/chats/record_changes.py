"""Records changes of a chat: stores them in its log, and waits until they are applied."""

import asyncio
from dataclasses import dataclass
from uuid import uuid4

from models.documents.chat import Member
from models.documents.entry import ChatChange, Draft
from models.documents.session import Actor
from models.services.chats.announcer import Announcer
from models.services.chats.journal import Journal


@dataclass(frozen=True, slots=True)
class RecordChanges:
    """Stores changes in the order of the call, and returns once they hold for every later request on this node.

    Raises Unavailable like the journal: the changes may still be stored and applied later.
    """

    journal: Journal
    announcer: Announcer

    async def __call__(self, by: Actor | Member, chat_id: int, *changes: ChatChange) -> None:
        drafts = [Draft(chat_id, by.account_id, by.number, uuid4().hex, change) for change in changes]
        for stored in await asyncio.gather(*map(self.journal.append, drafts)):
            await self.announcer.applied(stored.entry)
