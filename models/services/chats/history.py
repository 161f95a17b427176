"""Reads the log of a chat: pages of history, and lists of messages."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.documents.chat import Chat, Member
from models.documents.chat_ref import ChatRef
from models.documents.entry import ANSWER_MAX_CHARS, SEQ_MAX, Entry, MessageChange, fitting, shown_to, with_change
from models.documents.page_request import PageRequest, Part
from models.documents.receipt import ListedMessage, ReadMarks
from models.documents.session import Actor
from models.errors import ChatNotFound
from models.services.chats.membership import MembershipCache
from models.services.chats.resolve import ResolveChat
from models.stores.entries import MESSAGE_CHANGES, Entries
from models.stores.members import Members
from models.stores.messages import Messages, Selection
from models.stores.read_dates import ReadDates

PAGE_MAX = 200
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
    """Reads pages of a log within a member's spans, also for somebody who has left.

    Of a chat with oneself only messages: between two notes may lie thousands of entries that set something.
    """

    resolve: ResolveChat
    memberships: MembershipCache
    members: Members
    entries: Entries

    async def __call__(
        self, actor: Actor, target: ChatRef, *, before: int | None, after: int | None, limit: int
    ) -> Page:
        """Returns the `limit` entries just before a seq, or just after one, or the last ones.

        ChatNotFound if the actor was never in it.
        """
        chat_id = await self.resolve.require_id(actor, target)
        # In this order nobody reads behind its own departure (see ReadChatSummaries).
        last_seq = await self.entries.last_seq(chat_id)
        await self.memberships.catch_up_all([chat_id])
        member = await self.members.find_member(chat_id, actor.account_id)
        if member is None or not member.is_synced:
            raise ChatNotFound
        has_notes = chat_id == await self.resolve.find_own(actor)
        limit = min(limit, PAGE_MAX)
        shown: list[Entry] = []
        more = True
        for _ in range(ROUNDS_MAX):
            if after is not None:
                ranges = [(max(first, after + 1), last, last) for first, last in _spans(member, last_seq)]
                found = await self._collect(chat_id, ranges, limit + 1, newest_first=False, only_messages=has_notes)
                kept = fitting(found[:limit], ANSWER_MAX_CHARS)
                after = kept[-1].seq if kept else after
            else:
                spans, below = reversed(_spans(member, last_seq)), SEQ_MAX if before is None else before
                ranges = [(first, min(last, below - 1), last) for first, last in spans]
                found = await self._collect(chat_id, ranges, limit + 1, newest_first=True, only_messages=has_notes)
                kept = fitting(found[-limit:][::-1], ANSWER_MAX_CHARS)[::-1]
                before = kept[0].seq if kept else before
            shown, more = await self.entries.as_shown_to(member, kept), len(found) > len(kept)
            if shown or not more:
                break
        place = after if after is not None else before
        return Page(chat_id, shown, place if more else None, min(last_seq, member.last_seq or SEQ_MAX))

    async def _collect(
        self, chat_id: int, ranges: list[tuple[int, int, int]], limit: int, *, newest_first: bool, only_messages: bool
    ) -> list[Entry]:
        """Read the spans in order until the page is full. Returns entries oldest first.

        `ranges`: the first and the last entry that is wanted of each span, and the last one that it has.
        """
        found: list[Entry] = []
        for first, last, until in ranges:
            if first <= last and len(found) < limit:
                entries = await self.entries.list_range(
                    chat_id,
                    first,
                    last,
                    limit=limit - len(found),
                    newest_first=newest_first,
                    until=until,
                    only_messages=only_messages,
                )
                found = entries + found if newest_first else found + entries
        return found


def _spans(member: Member, last_seq: int) -> list[tuple[int, int]]:
    return [(span.first, min(last_seq, span.last or SEQ_MAX)) for span in member.readable]


@dataclass(frozen=True, slots=True)
class ReadableLog:
    """A chat with the member row of an account that reads its log."""

    chat: Chat
    member: Member


@dataclass(frozen=True, slots=True)
class LocateLog:
    """Finds a log for its present and former members (docs/messaging-api.md, "Message list")."""

    resolve: ResolveChat
    memberships: MembershipCache
    members: Members

    async def __call__(self, actor: Actor, target: ChatRef) -> ReadableLog | None:
        """Returns the chat and the actor's member row; None if there is no such chat, or the actor was never in it."""
        try:
            chat_id = await self.resolve.require_id(actor, target)
            member = await self.members.find_member(chat_id, actor.account_id)
            return None if member is None else ReadableLog((await self.memberships.require(chat_id)).chat, member)
        except ChatNotFound:
            return None


@dataclass(frozen=True, slots=True)
class ListMessages:
    """Lists messages. The actor needs no contact and may have left; an unknown chat is an empty one."""

    locate_log: LocateLog
    entries: Entries
    messages: Messages
    read_dates: ReadDates
    own_read_dates: ReadDates

    async def __call__(
        self, actor: Actor, target: ChatRef, window: PageRequest, *, is_received_only: bool
    ) -> Part[ListedMessage]:
        """Returns a page, oldest first. `window.after` is exclusive and exact to the millisecond.

        A caller that asks for what is after a time it was shown, which has no fractions, gets the messages of that second again. A
        caller that asks for what is behind an entry gets each message once.
        """
        log = await self.locate_log(actor, target)
        if log is None:
            return Part([])
        # The changes first: in the other order, one that is applied between the two reads would be in neither of them.
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

    async def _with_receipts(self, log: ReadableLog, messages: Sequence[Entry]) -> list[ListedMessage]:
        if log.chat.pair is None or not messages:
            return [_listed(log, message, None, ReadMarks()) for message in messages]
        me = log.member.account_id
        peer_id = log.chat.peer_of(me)
        span = messages[0].seq, messages[-1].seq
        by_me = await self.read_dates.list_covering(log.chat.id, me, *span)
        by_me = by_me.merged(await self.own_read_dates.list_covering(log.chat.id, me, *span))
        by_peer = by_me if peer_id == me else await self.read_dates.list_covering(log.chat.id, peer_id, *span)
        return [_listed(log, message, peer_id, by_peer if message.sender_id == me else by_me) for message in messages]


def _listed(log: ReadableLog, message: Entry, peer_id: int | None, read: ReadMarks) -> ListedMessage:
    is_kept_back = peer_id in message.hidden_from
    return ListedMessage(
        shown_to(message, log.member.account_id),
        is_received=message.sender_id != log.member.account_id,
        is_in_group=log.chat.pair is None,
        # What is stored for the recipient counts as delivered (docs/messaging-api.md, "Receipts").
        delivered_at=None if is_kept_back else message.at,
        read_at=None if is_kept_back else read.find(message.seq),
    )


def _overlay(messages: Sequence[Entry], changes: Sequence[Entry]) -> list[Entry]:
    by_seq = {message.seq: message for message in messages}
    for change in changes:
        if isinstance(change.body, MessageChange) and change.body.of in by_seq:
            by_seq[change.body.of] = with_change(by_seq[change.body.of], change)
    return list(by_seq.values())
