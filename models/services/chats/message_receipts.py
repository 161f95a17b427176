"""Receipts of single messages: who received and read them, and marking them as read."""

from dataclasses import dataclass, replace
from datetime import datetime

from models.documents.chat import ChatKind
from models.documents.chat_ref import ChatRef
from models.documents.entry import Entry, split_key
from models.documents.page_request import PageRequest, Part
from models.documents.receipt import Receipt
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.services.chats.history import LocateLog, ReadableLog
from models.services.chats.receipts import AdvanceReceipts
from models.stores.chats import Chats
from models.stores.messages import Messages, Selection
from models.stores.read_dates import ReadDates


@dataclass(frozen=True, slots=True)
class ListDelivered:
    """Arrived is what lies in the recipient's mailbox: all that was sent, less what was kept back by a block."""

    locate_log: LocateLog
    messages: Messages

    async def __call__(self, actor: Actor, contact: str, window: PageRequest) -> Part[Receipt]:
        """A page, oldest first, of what arrived at `window.after` or later; of an unknown contact, nothing."""
        log = await _open_direct(self.locate_log, actor, contact)
        if log is None:
            return Part([])
        peer_id = log.chat.peer_of(actor.account_id)
        selection = Selection(
            log.member,
            window.first_seq(log.chat.id),
            window.last_seq(log.chat.id),
            is_received=False,
            kept_from=peer_id,
            since=window.after,
        )
        found = await self.messages.find_newest(selection, limit=window.limit, offset=window.offset)
        return Part([Receipt(message, message.at) for message in found.items], found.before)


@dataclass(frozen=True, slots=True)
class ListRead:
    """Read is what lies below the recipient's mark, wherever it was moved: by REST or on a socket."""

    locate_log: LocateLog
    chats: Chats
    messages: Messages
    read_dates: ReadDates

    async def __call__(self, actor: Actor, contact: str, window: PageRequest) -> Part[Receipt]:
        """A page, oldest first, of what was read at `window.after` or later; of an unknown contact, nothing."""
        log = await _open_direct(self.locate_log, actor, contact)
        if log is None:
            return Part([])
        chat_id, peer_id = log.chat.id, log.chat.peer_of(actor.account_id)
        peer = await self.chats.find_member(chat_id, peer_id)
        if peer is None:
            return Part([])
        before = 0 if window.after is None else await self.read_dates.last_before(chat_id, peer_id, window.after)
        first, last = max(before + 1, window.first_seq(chat_id)), min(peer.shown_read, window.last_seq(chat_id))
        selection = Selection(log.member, first, last, is_received=False, kept_from=peer_id)
        found = await self.messages.find_newest(selection, limit=window.limit, offset=window.offset)
        if not found.items:
            return Part([], found.before)
        dates = await self.read_dates.list_covering(chat_id, peer_id, found.items[0].seq, found.items[-1].seq)
        receipts = [Receipt(message, at) for message in found.items if (at := dates.find(message.seq)) is not None]
        return Part(receipts, found.before)


async def _open_direct(locate_log: LocateLog, actor: Actor, contact: str) -> ReadableLog | None:
    log = await locate_log(actor, ChatRef(contact=contact))
    return log if log is not None and log.chat.kind is ChatKind.DIRECT else None


@dataclass(frozen=True, slots=True)
class MarkRead:
    """The same mark that sockets move, so that senders hear of it there."""

    locate_log: LocateLog
    messages: Messages
    marks: AdvanceReceipts

    async def __call__(self, actor: Actor, target: ChatRef, until: datetime | None) -> int:
        """Read is everything received at `until` or before, by default all; returns how many messages that were not yet.

        Nothing ever came from an unknown contact; a group that the actor is not in is ChatNotFound.
        """
        log = await self.locate_log(actor, target)
        if target.contact is None and (log is None or not log.member.is_active):
            raise ChatNotFound
        if log is None:
            return 0
        unread = Selection(log.member, log.member.read + 1, is_received=True, until=until)
        newest = await self._find_newest(unread)
        if newest is None:
            return 0
        updated = await self.messages.count(replace(unread, last=newest.seq, until=None))
        await self.marks(actor, ChatRef(chat_id=log.chat.id), read=newest.seq)
        return updated

    async def _find_newest(self, unread: Selection) -> Entry | None:
        while True:
            found = await self.messages.find_newest(unread, limit=1)
            if found.items:
                return found.items[0]
            if found.before is None:
                return None
            unread = replace(unread, last=split_key(found.before)[1] - 1)
