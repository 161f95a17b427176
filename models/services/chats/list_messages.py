"""Lists the messages of a chat, newest page first, with their receipts (messaging contract 10.2)."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.documents.chat import ChatKind
from models.documents.entry import Deletion, Edit, Entry, with_change
from models.documents.receipt import ListedMessage, ReadMarks
from models.documents.session import Actor
from models.documents.target import Target
from models.documents.window import Part, Window
from models.services.chats.open_log import Log, OpenLog
from models.stores.entries import MESSAGE_CHANGES, Entries
from models.stores.messages import Messages, Selection
from models.stores.read_dates import ReadDates


@dataclass(frozen=True, slots=True)
class ListMessages:
    """Needs no contact and, for what was said meanwhile, no membership any more; an unknown chat is an empty one."""

    open_log: OpenLog
    entries: Entries
    messages: Messages
    read_dates: ReadDates

    async def __call__(
        self, actor: Actor, target: Target, window: Window, *, is_received_only: bool
    ) -> Part[ListedMessage]:
        """A page, oldest first. `window.after` is exclusive and exact to the millisecond.

        A caller that asks behind the time it was shown, which has no fractions, sees the messages of that last second
        again. One that asks behind an entry sees each message once.
        """
        log = await self.open_log(actor, target)
        if log is None:
            return Part([])
        # The changes first: one that is applied between the two reads would be in neither of them the other way round.
        changes = await self.entries.list_pending(log.chat.id, MESSAGE_CHANGES)
        selection = Selection(
            log.member,
            window.first_seq(log.chat.id),
            window.last_seq(log.chat.id),
            after=window.after,
            is_received=True if is_received_only else None,
        )
        found = await self.messages.find_newest(selection, limit=window.limit, offset=window.offset)
        shown = _overlay(found.items, changes)
        if log.member.last_seq is not None:
            shown = await self.entries.as_of(log.chat.id, shown, log.member.last_seq)
        return Part(await self._with_receipts(log, shown), found.before)

    async def _with_receipts(self, log: Log, messages: Sequence[Entry]) -> list[ListedMessage]:
        if log.chat.kind is not ChatKind.DIRECT or not messages:
            return [_listed(log, message, None, ReadMarks()) for message in messages]
        me = log.member.account_id
        peer_id = log.chat.peer_of(me)
        span = messages[0].seq, messages[-1].seq
        by_me = await self.read_dates.list_covering(log.chat.id, me, *span)
        by_peer = by_me if peer_id == me else await self.read_dates.list_covering(log.chat.id, peer_id, *span)
        return [_listed(log, message, peer_id, by_peer if message.sender_id == me else by_me) for message in messages]


def _listed(log: Log, message: Entry, peer_id: int | None, read: ReadMarks) -> ListedMessage:
    is_kept_back = peer_id in message.hidden_from
    return ListedMessage(
        message,
        is_received=message.sender_id != log.member.account_id,
        is_in_group=log.chat.kind is not ChatKind.DIRECT,
        # In the recipient's mailbox is delivered (messaging contract 11.1).
        delivered_at=None if is_kept_back else message.at,
        read_at=None if is_kept_back else read.find(message.seq),
    )


def _overlay(messages: Sequence[Entry], changes: Sequence[Entry]) -> list[Entry]:
    by_seq = {message.seq: message for message in messages}
    for change in changes:
        if isinstance(change.body, Edit | Deletion) and change.body.of in by_seq:
            by_seq[change.body.of] = with_change(by_seq[change.body.of], change)
    return list(by_seq.values())
