"""Advances delivery and read receipts in batches, stores when messages were read, and announces the receipts."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from models.documents.chat import Chat, ChatKind, Member
from models.documents.chat_ref import ChatRef
from models.documents.receipt import ReadMark
from models.documents.session import Actor
from models.errors import ChatNotFound, Malformed, Unavailable
from models.facts import ReceiptAdvanced
from models.ports import Clock, Fanout
from models.services.chats.membership import MembershipCache
from models.services.chats.permission import Pair, load_pair, peek_pair, shows_receipts
from models.services.chats.resolve import ResolveChat
from models.services.contacts.directory import Directory
from models.services.contacts.read_receipt_choices import ReadReceiptChoices
from models.stores.database import is_transient
from models.stores.entries import Entries
from models.stores.members import Members
from models.stores.read_dates import ReadDates
from models.tasks import BackgroundTasks

Place = tuple[int, int]  # chat id, account id
Receipts = tuple[int, int]  # delivered, read


@dataclass(frozen=True, slots=True)
class StampReadReceipts:
    """Stores the time of a direct chat's read receipt before the receipt itself advances.

    Times of receipts that the other person is not shown are kept apart, for the reader alone.
    """

    members: Members
    read_dates: ReadDates
    own_read_dates: ReadDates
    clock: Clock

    async def __call__(self, shown: Mapping[Place, int], own: Mapping[Place, int]) -> dict[Place, Receipts]:
        """Both are (chat id, account id) -> seq. A receipt that does not advance has its time already.

        Returns what others are shown of these places until then.
        """
        if not shown and not own:
            return {}
        members = await self.members.list_members({*shown, *own})
        known_shown = {(member.chat_id, member.account_id): member.shown_read for member in members}
        known_own = {(member.chat_id, member.account_id): member.read for member in members}
        now = self.clock.now()
        await self.read_dates.append(_advanced(shown, known_shown, now))
        await self.own_read_dates.append(_advanced(own, known_own, now))
        return {(member.chat_id, member.account_id): (member.shown_delivered, member.shown_read) for member in members}


def _advanced(reads: Mapping[Place, int], known: Mapping[Place, int], now: datetime) -> list[tuple[int, int, ReadMark]]:
    return [(*place, ReadMark(read, now)) for place, read in reads.items() if read > known.get(place, 0)]


log = logging.getLogger(__name__)

TELL_EVERY_S = 1.0  # receipts are merged per second (docs/architecture.md, "Receipts")
TELL_WITHIN_S = 2.0  # of the end
TELL_AT_ONCE = 1000  # members read by one query
KNOWN_MAX = 50_000

Advance = tuple[int, int, bool]  # chat id, account id, whether others are shown it


@dataclass(slots=True)
class _Batch:
    """Receipts that are written together, and the future of all who wait for it."""

    receipts: dict[Advance, Receipts] = field(default_factory=dict)
    reads: dict[Place, int] = field(default_factory=dict)  # those that are dated: others' to see, in direct chats
    own_reads: dict[Place, int] = field(default_factory=dict)  # the same, for the reader alone
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def add(self, move: Advance, delivered: int, read: int) -> None:
        known = self.receipts.get(move, (0, 0))
        self.receipts[move] = max(known[0], delivered), max(known[1], read)

    def tells(self, move: Advance, before: Mapping[Place, Receipts]) -> bool:
        """Returns whether others are told of a move. `before` is what they were shown.

        To be told the same again at the moment of a hidden reading would tell of it.
        """
        chat_id, account_id, is_shown = move
        place = chat_id, account_id
        if not is_shown or place not in self.own_reads or place not in before:
            return is_shown
        return any(now > then for now, then in zip(self.receipts[move], before[place], strict=True))


@dataclass(frozen=True, slots=True)
class _Audience:
    """Whether others are shown how far somebody has received a chat, and how far it has read it."""

    delivered: bool
    read: bool
    is_direct: bool = False


def _audience(chat: Chat, pair: Pair | None, *, are_read_shown: bool) -> _Audience:
    """Returns who is shown a member's receipts; `pair` is None where nothing is hidden: in groups, and in a chat with oneself."""
    is_shown = shows_receipts(pair)
    return _Audience(is_shown, is_shown and are_read_shown, is_direct=chat.pair is not None)


class AdvanceReceipts:
    """Advances receipts by group commit, like the journal: what comes during one write is merged into the next."""

    def __init__(
        self,
        resolve: ResolveChat,
        members: Members,
        entries: Entries,
        memberships: MembershipCache,
        directory: Directory,
        choices: ReadReceiptChoices,
        fanout: Fanout,
        date_reads: StampReadReceipts,
        *,
        everybody_up_to: int = 256,
    ) -> None:
        self._resolve = resolve
        self._members = members
        self._entries = entries
        self._memberships = memberships
        self._directory = directory
        self._choices = choices
        self._fanout = fanout
        self._date_reads = date_reads
        self._everybody_up_to = everybody_up_to
        self._next: _Batch | None = None
        self._known_seqs: dict[int, int] = {}  # a seq that is known to exist, by chat
        self._told: dict[Place, tuple[Receipts, Receipts]] = {}  # to the account's own devices, to the others
        self._to_tell: dict[Place, bool] = {}  # what moved, and whether others are shown it
        self._tasks = BackgroundTasks()
        self._work = asyncio.Event()

    async def open(self) -> None:
        self._tasks.keep("receipts writer", self._write)
        self._tasks.repeat("receipts teller", self._tell_all, every_s=TELL_EVERY_S)

    async def close(self) -> int:
        """Write and announce what waits, then stop. Returns how many acknowledged receipts were not announced."""
        if self._next is not None:
            await asyncio.wait([self._next.done], timeout=2.0)
        await self._tasks.stop()
        if self._next is not None and not self._next.done.done():
            self._next.done.set_exception(Unavailable())
        try:
            async with asyncio.timeout(TELL_WITHIN_S):
                await self._tell_all()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is too late to try again)
            log.warning("%d receipts were not told: %s", len(self._to_tell), type(error).__name__)
        return len(self._to_tell)

    async def __call__(self, actor: Actor, target: ChatRef, *, delivered: int = 0, read: int = 0) -> int:
        """Advance an account's receipts: what is read is delivered. Returns the chat's id.

        Raises Malformed for a seq beyond the log's end: such a receipt would mark later messages as read.
        """
        try:
            roster = await self._resolve(actor, target)
        except ChatNotFound:
            return await self._find_left_chat(actor, target, delivered, read)
        chat_id, highest = roster.chat.id, max(delivered, read)
        if highest > self._known_seqs.get(chat_id, 0):
            await self._require_seq(chat_id, highest)
        pair = await load_pair(self._directory, roster.chat, actor.account_id)
        are_read_shown = pair is None or await self._choices.are_shown(pair[0].id, pair[1].id)
        place = chat_id, actor.account_id
        await asyncio.shield(
            self._move(place, delivered, read, _audience(roster.chat, pair, are_read_shown=are_read_shown))
        )
        return chat_id

    def move_now(
        self, actor: Actor, target: ChatRef, *, delivered: int = 0, read: int = 0
    ) -> tuple[int, asyncio.Future[None]] | None:
        """`__call__` from the caches only.

        Returns the chat's id and a future, or None, having done nothing, if something is not cached.

        The future ends when the receipts are stored. It is shared: wait for it by a callback, and never cancel it.
        """
        roster = self._resolve.peek(actor, target)
        if roster is None or max(delivered, read) > self._known_seqs.get(roster.chat.id, 0):
            return None
        pair, are_read_shown = None, True
        if roster.chat.kind is ChatKind.DIRECT:
            pair = peek_pair(self._directory, roster.chat, actor.account_id)
            if pair is None:
                return None
            known = self._choices.peek_are_shown(pair[0].id, pair[1].id)
            if known is None:
                return None
            are_read_shown = known
        place = roster.chat.id, actor.account_id
        return roster.chat.id, self._move(
            place, delivered, read, _audience(roster.chat, pair, are_read_shown=are_read_shown)
        )

    def _move(self, place: Place, delivered: int, read: int, audience: _Audience) -> asyncio.Future[None]:
        batch = self._next
        if batch is None:
            batch = self._next = _Batch()
            self._work.set()
        delivered = max(delivered, read)
        if audience.delivered:
            batch.add((*place, True), delivered, read if audience.read else 0)
        if not (audience.delivered and audience.read):
            batch.add((*place, False), delivered, read)
        if read and audience.is_direct:
            dated = batch.reads if audience.read else batch.own_reads
            dated[place] = max(dated.get(place, 0), read)
        return batch.done

    async def _find_left_chat(self, actor: Actor, target: ChatRef, delivered: int, read: int) -> int:
        """Advance the receipts of a chat that the actor has left, as far as it sees it; nobody else is told. Returns the chat's id."""
        chat_id = await self._resolve.require_id(actor, target)
        member = await self._members.find_member(chat_id, actor.account_id)
        if member is None:
            raise ChatNotFound
        if member.delivered < delivered or member.read < read:
            if member.last_seq is None or max(delivered, read) > member.last_seq:
                raise ChatNotFound
            await asyncio.shield(self._move((chat_id, actor.account_id), delivered, read, _Audience(False, False)))
        return chat_id

    async def _require_seq(self, chat_id: int, seq: int) -> None:
        end = await self._entries.last_seq(chat_id)
        if len(self._known_seqs) >= KNOWN_MAX:
            self._known_seqs.clear()
        self._known_seqs[chat_id] = end
        if seq > end:
            raise Malformed(f"seq: this chat ends at {end}.")

    async def _write(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            batch, self._next = self._next, None
            if batch is None:
                continue
            before: dict[Place, Receipts] | None = None
            try:
                before = await self._date_reads(batch.reads, batch.own_reads)
                await self._members.advance_receipts(batch.receipts)
            except Exception as error:  # noqa: BLE001
                log.warning("receipts wait for the database: %s", type(error).__name__)
                batch.done.set_exception(Unavailable(retry_after_ms=1000))
                batch.done.exception()  # its waiters may be gone
                if before is not None:
                    self._will_tell_of(batch, before)  # some may be stored, and would be no news when they come again
                await asyncio.sleep(0.1)
                continue
            batch.done.set_result(None)
            self._will_tell_of(batch, before)

    async def _tell_all(self) -> None:
        """Announce what advanced.

        What cannot be announced now is with the next round: it was acknowledged, so no client sends it again.
        """
        untold, self._to_tell = self._to_tell, {}
        try:
            while untold:
                places = list(islice(untold, TELL_AT_ONCE))
                # As they are stored now: a device that is behind may have sent a receipt that has advanced further already.
                members = await self._members.list_members(places)
                await self._memberships.confirm({member.chat_id for member in members})
                for member in members:
                    place = member.chat_id, member.account_id
                    await self._tell_one(member, is_shown=untold[place])
                    del untold[place]
                for place in places:
                    untold.pop(place, None)  # of a member that is gone
        finally:
            for place, is_shown in untold.items():
                self._will_tell(place, is_shown=is_shown)

    async def _tell_one(self, member: Member, *, is_shown: bool) -> None:
        """Announce a member's receipts; later, if its chat cannot be read, so that others do not wait for it."""
        try:
            await self._publish(member, is_shown=is_shown)
        except Exception as error:
            if is_transient(error):
                raise
            log.warning("a receipt in chat %d waits to be told: %s", member.chat_id, type(error).__name__)
            self._will_tell((member.chat_id, member.account_id), is_shown=is_shown)

    def _will_tell_of(self, batch: _Batch, before: Mapping[Place, Receipts]) -> None:
        for move in batch.receipts:
            self._will_tell(move[:2], is_shown=batch.tells(move, before))

    def _will_tell(self, place: Place, *, is_shown: bool) -> None:
        self._to_tell[place] = is_shown or self._to_tell.get(place, False)

    async def _publish(self, member: Member, *, is_shown: bool) -> None:
        place = member.chat_id, member.account_id
        own, shown = (member.delivered, member.read), (member.shown_delivered, member.shown_read)
        told_own, told_shown = self._told.get(place, (None, None))
        try:
            roster = await self._memberships.require(member.chat_id)
        except ChatNotFound:
            return
        # In a large chat, telling all receipts to all members would cost the square of its size for each message.
        is_large = len(roster.members) > self._everybody_up_to
        if own != told_own:
            self._fanout.publish(ReceiptAdvanced(*place, *own), [member.account_id])
        if is_shown and member.is_active and not is_large and shown != told_shown:
            others = [account_id for account_id in roster.members if account_id != member.account_id]
            self._fanout.publish(ReceiptAdvanced(*place, *shown), others, chat=roster.chat)
        if len(self._told) >= KNOWN_MAX:
            self._told.clear()
        self._told[place] = own, shown
