"""Lists chats in pages, newest first, and the first page for a client that connects.

Which chats are on a page is read from an index of their times (stores/chat_places.py). What is shown of them, and their order on
the page, comes from the log. Times that the log shows to be wrong are corrected: one that is too late, since its message was
deleted for this account, before the page is answered; one that is too early, since its message is seconds old, for the next
request. How late a chat may move up: summaries.py.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from models.documents.chat import ChatKind
from models.documents.chat_summary import ChatSummary
from models.documents.entry import ANSWER_MAX_CHARS
from models.documents.session import Actor
from models.errors import Malformed
from models.facts import Ready
from models.ports import Clock, Fanout
from models.services.chats.summaries import ReadChatSummaries
from models.services.contacts.directory import Directory
from models.stores.chat_places import ChatPlaces, Place, Places

PAGE_MAX = 200
EVERY = 2**31  # a limit that is none
TRIES = 4  # each corrects as many times that are too late as a page is long
UNPLACED_AT_ONCE = 500
EVERY_KIND = tuple(ChatKind)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DIGITS_MAX = 14  # of a time in ms, up to the year 5138


@dataclass(frozen=True, slots=True)
class ChatPage:
    """A page of chats as they are at `at`. `next` is the `before` of the page after it; None when there is none."""

    heads: list[ChatSummary]
    next: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A page of `limit` chats of these kinds, behind `before` and `offset` more.

    `is_frame`: it must fit into one socket frame.
    """

    kinds: Collection[ChatKind] = EVERY_KIND
    limit: int = PAGE_MAX
    offset: int = 0
    before: Place | None = None
    is_frame: bool = True


@dataclass(frozen=True, slots=True)
class ListChats:
    heads: ReadChatSummaries
    places: ChatPlaces
    # Chats of an account about to move up, and to when.
    noted: Callable[[int, Collection[ChatKind]], Mapping[int, datetime]]
    clock: Clock

    async def __call__(self, actor: Actor, *, limit: int = PAGE_MAX, before: str | None = None) -> ChatPage:
        """Returns a page of chats. `before` is the `next` of the page before; Malformed if it is anything else."""
        place = None if before is None else read_place(before)
        return await self.page(actor, Wanted(limit=min(limit, PAGE_MAX), before=place))

    async def page(self, actor: Actor, wanted: Wanted) -> ChatPage:
        return (await self.pages([actor.account_id], wanted))[actor.account_id]

    async def first_pages(self, account_ids: Collection[int]) -> dict[int, ChatPage]:
        """Returns the first page of each of these accounts, by as many queries as for one."""
        return await self.pages(account_ids, Wanted())

    async def pages(self, account_ids: Collection[int], wanted: Wanted) -> dict[int, ChatPage]:
        pages: dict[int, ChatPage] = {}
        left = set(account_ids)
        at = self.clock.now()
        for _ in range(TRIES):
            placed = await self._list_places(left, wanted)
            chosen = {one: placed[one][wanted.offset : wanted.offset + wanted.limit] for one in left}
            found = await self.heads.at_places({one: [chat_id for _, chat_id in chosen[one]] for one in left})
            again = set()
            for account_id in left:
                heads, places = {head.chat.id: head for head in found[account_id]}, chosen[account_id]
                has_more = len(placed[account_id]) > wanted.offset + len(places)
                pages[account_id] = _page(heads, places, at, is_frame=wanted.is_frame, has_more=has_more)
                if await self._correct(account_id, heads, places) and has_more:
                    again.add(account_id)
            left = again
            if not left:
                break
        return pages

    async def _list_places(self, account_ids: Collection[int], wanted: Wanted) -> dict[int, list[Place]]:
        """Returns where the chats of each account stand, up to one behind the page."""
        # Before the places are read: what is written while they are read would be in neither of them the other way round.
        noted = {account_id: self.noted(account_id, wanted.kinds) for account_id in account_ids}
        # A chat that is about to move up may still be read behind the page where it stood, in the place of another one.
        count = wanted.offset + wanted.limit + 1 + max(map(len, noted.values()), default=0)
        stored = await self.places.list_newest(account_ids, wanted.kinds, limit=count, before=wanted.before)
        unplaced = {account_id: one.unplaced for account_id, one in stored.items() if one.unplaced}
        if unplaced:
            await self._place(unplaced)
            stored |= await self.places.list_newest(unplaced, wanted.kinds, limit=count, before=wanted.before)
        return {account_id: _with_noted(places, noted[account_id], wanted) for account_id, places in stored.items()}

    async def _place(self, unplaced: Mapping[int, Sequence[int]]) -> None:
        """Give the chats of earlier versions their places, once and for all."""
        for account_id, chat_ids in unplaced.items():
            for start in range(0, len(chat_ids), UNPLACED_AT_ONCE):
                some = chat_ids[start : start + UNPLACED_AT_ONCE]
                heads = (await self.heads.at_places({account_id: some}))[account_id]
                await self.places.place(account_id, {head.chat.id: (head.chat.kind, head.last_at) for head in heads})

    async def _correct(self, account_id: int, heads: Mapping[int, ChatSummary], places: Collection[Place]) -> bool:
        """Correct the times that the log shows to be wrong. Returns whether one was too late."""
        late: dict[int, tuple[datetime, datetime]] = {}
        early: dict[tuple[int, int], datetime] = {}
        for at, chat_id in places:
            head = heads.get(chat_id)
            if head is not None and head.last_at < at:
                late[chat_id] = at, head.last_at
            elif head is not None and head.last_at > at:
                early[chat_id, account_id] = head.last_at
        if early:
            await self.places.move_up(early, {})
        return bool(late) and await self.places.correct(account_id, late) > 0


def _with_noted(stored: Places, noted: Mapping[int, datetime], wanted: Wanted) -> list[Place]:
    """Returns places with those chats moved that are about to move up."""
    times = {chat_id: at for at, chat_id in stored.places}
    for chat_id, at in noted.items():
        times[chat_id] = max(at, times.get(chat_id, at))
    places = sorted(((at, chat_id) for chat_id, at in times.items()), reverse=True)
    return [place for place in places if wanted.before is None or place < wanted.before]


def _page(
    heads: Mapping[int, ChatSummary], places: Sequence[Place], at: datetime, *, is_frame: bool, has_more: bool
) -> ChatPage:
    """Returns the summaries at these places in exact order; the next page begins behind the last place."""
    fitting = _fitting(heads, places) if is_frame else places
    shown = [heads[chat_id] for _, chat_id in fitting if chat_id in heads]
    shown.sort(key=lambda head: (head.last_at, head.chat.id), reverse=True)
    is_cut = has_more or len(fitting) < len(places)
    return ChatPage(shown, _show_place(fitting[-1]) if is_cut and fitting else None, at)


def _fitting(heads: Mapping[int, ChatSummary], places: Sequence[Place]) -> Sequence[Place]:
    """Returns as many places as fit into one answer with their last messages and drafts; at least one."""
    chars = 0
    for count, (_, chat_id) in enumerate(places):
        head = heads.get(chat_id)
        chars += 0 if head is None or head.last is None else head.last.chars
        chars += 0 if head is None else head.member.settings.chars
        if chars > ANSWER_MAX_CHARS and count:
            return places[:count]
    return places


def _show_place(place: Place) -> str:
    at, chat_id = place
    return f"{(at - _EPOCH) // _MS}-{chat_id}"


def read_place(text: str) -> Place:
    """Returns the place that a `next` names. Raises Malformed for anything else."""
    at_ms, _, chat_id = text.partition("-")
    for digits in (at_ms, chat_id):
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX):
            raise Malformed("before: give the `next` of the page before.")
    return _EPOCH + int(at_ms) * _MS, int(chat_id)


@dataclass(frozen=True, slots=True)
class SendReady:
    """Sends `ready` after the connection is registered, so that no packet falls between its chat list and later ones."""

    directory: Directory
    chats: Callable[[int], Awaitable[ChatPage | None]]  # the first page of an account
    fanout: Fanout
    limits: Mapping[str, int]

    async def __call__(self, actor: Actor, connection: str) -> None:
        page = await self.chats(actor.account_id) or ChatPage([], None, _EPOCH)
        account = await self.directory.require(actor.account_id)
        self.fanout.send_to_connection(
            Ready(account, actor.session_id, page.heads, page.next, self.limits, page.at), connection
        )
