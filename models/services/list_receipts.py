"""Lists which of an account's messages to a contact have arrived, or have been read, and when (messaging contract 11.3)."""

from dataclasses import dataclass

from models.documents.chat import ChatKind
from models.documents.receipt import Receipt
from models.documents.session import Actor
from models.documents.target import Target
from models.documents.window import Window
from models.services.open_log import Log, OpenLog
from models.stores.chats import Chats
from models.stores.messages import Messages, Selection
from models.stores.read_dates import ReadDates


@dataclass(frozen=True, slots=True)
class ListDelivered:
    """Arrived is what lies in the recipient's mailbox: all that was sent, less what was kept back by a block."""

    open_log: OpenLog
    messages: Messages

    async def __call__(self, actor: Actor, contact: str, window: Window) -> list[Receipt]:
        """A page, oldest first, of what arrived at `window.after` or later; of an unknown contact, nothing."""
        log = await _open_direct(self.open_log, actor, contact)
        if log is None:
            return []
        peer_id = log.chat.peer_of(actor.account_id)
        selection = Selection(log.member, is_received=False, kept_from=peer_id, since=window.after)
        found = await self.messages.list_newest(selection, limit=window.limit, offset=window.offset)
        return [Receipt(message, message.at) for message in found]


@dataclass(frozen=True, slots=True)
class ListRead:
    """Read is what lies below the recipient's mark, wherever it was moved: by REST or on a socket."""

    open_log: OpenLog
    chats: Chats
    messages: Messages
    read_dates: ReadDates

    async def __call__(self, actor: Actor, contact: str, window: Window) -> list[Receipt]:
        """A page, oldest first, of what was read at `window.after` or later; of an unknown contact, nothing."""
        log = await _open_direct(self.open_log, actor, contact)
        if log is None:
            return []
        chat_id, peer_id = log.chat.id, log.chat.peer_of(actor.account_id)
        peer = await self.chats.find_member(chat_id, peer_id)
        if peer is None:
            return []
        before = 0 if window.after is None else await self.read_dates.last_before(chat_id, peer_id, window.after)
        selection = Selection(log.member, before + 1, peer.shown_read, is_received=False, kept_from=peer_id)
        found = await self.messages.list_newest(selection, limit=window.limit, offset=window.offset)
        if not found:
            return []
        dates = await self.read_dates.list_covering(chat_id, peer_id, found[0].seq, found[-1].seq)
        return [Receipt(message, at) for message in found if (at := dates.find(message.seq)) is not None]


async def _open_direct(open_log: OpenLog, actor: Actor, contact: str) -> Log | None:
    log = await open_log(actor, Target(contact=contact))
    return log if log is not None and log.chat.kind is ChatKind.DIRECT else None
