"""Lists which messages were delivered and read, and marks messages as read, for the messaging API."""

from dataclasses import dataclass, replace
from datetime import datetime

from models.documents.chat_ref import ChatRef
from models.documents.entry import Entry, split_key
from models.documents.page_request import PageRequest, Part
from models.documents.receipt import Receipt
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.services.chats.history import LocateLog, ReadableLog
from models.services.chats.receipts import AdvanceReceipts
from models.stores.members import Members
from models.stores.messages import Messages, Selection
from models.stores.read_dates import ReadDates


@dataclass(frozen=True, slots=True)
class ListDelivered:
    """Lists an account's messages that a contact received: all but those hidden from it by a block."""

    locate_log: LocateLog
    messages: Messages

    async def __call__(self, actor: Actor, contact: str, window: PageRequest) -> Part[Receipt]:
        """Returns a page, oldest first, of what arrived at `window.after` or later; an empty one for an unknown contact."""
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
    """Lists an account's messages that a contact has read, over REST or a socket."""

    locate_log: LocateLog
    members: Members
    messages: Messages
    read_dates: ReadDates

    async def __call__(self, actor: Actor, contact: str, window: PageRequest) -> Part[Receipt]:
        """Returns a page, oldest first, of what was read at `window.after` or later; an empty one for an unknown contact."""
        log = await _open_direct(self.locate_log, actor, contact)
        if log is None:
            return Part([])
        chat_id, peer_id = log.chat.id, log.chat.peer_of(actor.account_id)
        peer = await self.members.find_member(chat_id, peer_id)
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
    return log if log is not None and log.chat.pair is not None else None


@dataclass(frozen=True, slots=True)
class MarkRead:
    """Marks messages as read by the receipt that sockets advance, so that senders are told on theirs."""

    locate_log: LocateLog
    messages: Messages
    marks: AdvanceReceipts

    async def __call__(self, actor: Actor, target: ChatRef, until: datetime | None) -> int:
        """Mark as read what was received at `until` or before, by default all. Returns how many messages were unread.

        Returns 0 for an unknown contact. Raises ChatNotFound for a group that the actor is not in.
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
