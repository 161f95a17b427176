"""Marks as read what came from a contact, or in a group, up to a time (messaging contract 11.2)."""

from dataclasses import dataclass, replace
from datetime import datetime

from models.documents.entry import Entry, split_key
from models.documents.session import Actor
from models.documents.target import Target
from models.errors import ChatNotFound
from models.services.chats.open_log import OpenLog
from models.services.chats.receipts import MoveMarks
from models.stores.messages import Messages, Selection


@dataclass(frozen=True, slots=True)
class MarkRead:
    """The same mark that sockets move, so that senders hear of it there."""

    open_log: OpenLog
    messages: Messages
    marks: MoveMarks

    async def __call__(self, actor: Actor, target: Target, until: datetime | None) -> int:
        """Read is everything received at `until` or before, by default all; returns how many messages that were not yet.

        Nothing ever came from an unknown contact; a group that the actor is not in is ChatNotFound.
        """
        log = await self.open_log(actor, target)
        if target.contact is None and (log is None or not log.member.is_active):
            raise ChatNotFound
        if log is None:
            return 0
        unread = Selection(log.member, log.member.read + 1, is_received=True, until=until)
        newest = await self._find_newest(unread)
        if newest is None:
            return 0
        updated = await self.messages.count(replace(unread, last=newest.seq, until=None))
        await self.marks(actor, Target(chat_id=log.chat.id), read=newest.seq)
        return updated

    async def _find_newest(self, unread: Selection) -> Entry | None:
        while True:
            found = await self.messages.find_newest(unread, limit=1)
            if found.items:
                return found.items[0]
            if found.before is None:
                return None
            unread = replace(unread, last=split_key(found.before)[1] - 1)
