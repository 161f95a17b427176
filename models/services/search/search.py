"""Finds messages: newest first, those that the member may see at this moment, each by the words that it has now.

The index says which blocks of which logs may hold hits. Those are read from the log, newest first, and what is found is what
`find_ranges` finds in the messages as they are shown to this member; so no state of the index can show too much or too little.
Entries that are in no block yet are read as they stand (docs/architecture.md, "Search").
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from models.documents.chat import Member
from models.documents.chat_ref import ChatRef
from models.documents.entry import ANSWER_MAX_CHARS, Entry, Kind, Message, entry_key, split_key
from models.documents.search_block import BLOCK, Block, Place, block_key, sender_term, type_term
from models.documents.search_snippet import Snippet, make_snippet
from models.documents.search_words import SearchQuery, find_ranges, list_terms, matches
from models.documents.session import Actor
from models.errors import ChatNotFound, Malformed
from models.services.chats.membership import MembershipCache
from models.services.chats.resolve import ResolveChat
from models.services.runtime.token_bucket import TokenBuckets
from models.services.search.index import NOTHING, SearchIndex
from models.stores.entries import Entries
from models.stores.members import Members
from models.stores.search_blocks import CHATS_AT_ONCE, Indexed, SearchBlocks
from models.stores.search_log import KEYS_AT_ONCE, SEARCHED, LogRow, SearchLog

HITS_MAX = 50
EXAMINED_MAX = 40_000  # blocks whose bits one request looks into: some 50 ms of the database's work
MADE_MAX = 256  # blocks that one request makes, where nobody has made them yet
READ_MAX = 8192  # messages of full blocks that one request reads
CHARS_PER_MESSAGE = 256  # a longer one counts as several
READ_FIRST, READ_MOST = 4, 32  # blocks that are read at first, and at most; twice as many each time
CHARS_AT_ONCE = 200_000  # if there were more in these blocks, the next are read one by one
LONG_CHARS = 2000  # of a text that others need not wait for together with more
VERIFIED_AT_ONCE = 64
END = Place(datetime(9999, 1, 1, tzinfo=UTC), 0)  # behind the newest entry of every log
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_TOLD = (Kind.MESSAGE, Kind.EDIT, Kind.DELETION)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: in one chat or all, from one number or anybody, of one type or any, before a place."""

    query: SearchQuery
    chat: ChatRef | None = None
    sender: str | None = None
    type: str | None = None
    before: Place = END
    limit: int = HITS_MAX

    @property
    def terms(self) -> set[str]:
        """Returns the terms that a block must have to hold a hit."""
        terms = list_terms(self.query.folded)
        if self.sender is not None:
            terms.add(sender_term(self.sender))
        if self.type is not None:
            terms.add(type_term(self.type))
        return terms

    def admits(self, row: LogRow) -> bool:
        return row.is_message and self.sender in (None, row.number) and self.type in (None, row.type)


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, as its reader sees it."""

    place: Place
    message: Entry
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Hits, newest first. `next` is the `before` of the next page, None if there is nothing more.

    A page may have fewer hits than asked for, or none, and a `next` all the same: what one request reads is bounded.
    """

    hits: list[Hit]
    next: Place | None


@dataclass(frozen=True, slots=True)
class _Logs:
    """The logs that are searched, as they stood when the search began."""

    members: Mapping[int, Member]
    ends: Mapping[int, int]
    indexed: Mapping[int, Indexed]

    def may_view(self, key: int) -> bool:
        chat_id, seq = split_key(key)
        return seq <= self.ends[chat_id] and self.members[chat_id].may_view(seq)

    def is_readable(self, block: Block) -> bool:
        """Returns whether a block is one of these logs' and its member may read some of it."""
        if block.last > self.indexed.get(block.chat_id, NOTHING).upto:
            return False  # made since: it is read as what is behind the last block
        spans = self.members[block.chat_id].spans
        return any(span.first <= block.last and (span.last is None or block.first <= span.last) for span in spans)


@dataclass(frozen=True, slots=True)
class SearchMessages:
    """Searches the logs of a member. What it costs grows with the number of its chats, and is bounded otherwise."""

    resolve: ResolveChat
    memberships: MembershipCache
    members: Members
    entries: Entries
    blocks: SearchBlocks
    log: SearchLog
    index: SearchIndex
    limit: TokenBuckets

    async def __call__(self, actor: Actor, search: Search) -> SearchPage:
        """Returns a page of hits. Raises ChatNotFound for a chat that the actor was never in, and RateLimited."""
        self.limit.take(actor.account_id)
        logs = await self._open_logs(actor, search.chat)
        if logs is None:
            return SearchPage([], search.before)
        walk = _Walk(self, logs, search)
        await walk.read_tails()
        await walk.list_parts()
        while not await walk.verify() and await walk.read():
            pass
        return walk.page()

    async def _open_logs(self, actor: Actor, target: ChatRef | None) -> _Logs | None:
        """Returns the logs to search; None if there was so much to index that the request must be repeated."""
        account_id = actor.account_id
        # In this order nobody reads behind its own departure (see ReadHistory).
        if target is None:
            ends = await self.log.list_ends(account_id)
        else:
            chat_id = await self.resolve.require_id(actor, target)
            ends = {chat_id: await self.log.last_seq(chat_id)}
        await self.memberships.catch_up_all(ends)
        rows = await self.members.list_memberships(account_id, ends)
        members = {member.chat_id: member for member in rows if member.is_listed and member.spans}
        if target is not None and not members:
            raise ChatNotFound
        ends = {chat_id: ends[chat_id] for chat_id in members}
        if not await self.index.extend(ends, most=MADE_MAX):
            return None
        return _Logs(members, ends, await self.blocks.list_indexed(members))


class _Walk:
    """One request's way through the logs, from the newest place to older ones.

    `_parts` are the blocks to read, newest first, and `_bound` is the place above which everything was read.
    """

    def __init__(self, stores: SearchMessages, logs: _Logs, search: Search) -> None:
        self._entries, self._blocks, self._log = stores.entries, stores.blocks, stores.log
        self._logs = logs
        self._search = search
        # Messages to be looked at whatever their rows say: they were edited or deleted just now, or since their blocks were made.
        self._forced: set[int] = set()
        self._parts: list[Block] = []
        self._rest: Place | None = None  # of the first block that was not examined
        self._read = 0
        self._step = READ_FIRST
        self._likely: dict[int, Place] = {}  # by key
        self._hits: list[Hit] = []  # newest first

    @property
    def _bound(self) -> Place | None:
        return self._parts[0].top if self._parts else self._rest

    async def read_tails(self) -> None:
        """Look at the entries behind the last blocks, all of them: at most 31 of each log."""
        logs = self._logs
        # First the changes that wait: in the other order, one that is applied between the two reads would be in neither of them.
        self._forced |= await self._log.list_rewording(logs.members)
        tails = [
            entry_key(chat_id, seq)
            for chat_id, end in logs.ends.items()
            for seq in range(logs.indexed.get(chat_id, NOTHING).upto + 1, end + 1)
        ]
        unlikely: dict[int, Place] = {}
        for start in range(0, len(tails), KEYS_AT_ONCE):
            for row in await self._log.list_rows(tails[start : start + KEYS_AT_ONCE], _TOLD):
                if row.changed_key is not None:
                    self._forced.add(row.changed_key)
                await self._look(row, logs.indexed.get(split_key(row.key)[0], NOTHING).high, unlikely)
        self._likely |= {key: unlikely[key] for key in self._forced & unlikely.keys()}

    async def list_parts(self) -> None:
        """Find the blocks that may hold hits."""
        chats = [chat_id for chat_id in self._logs.members if chat_id in self._logs.indexed]
        examined = EXAMINED_MAX // (len(chats) // CHATS_AT_ONCE + 1)
        terms, until = self._search.terms, self._search.before
        found = {block.key: block for block in await self._blocks.list_at({block_key(key) for key in self._forced})}
        for start in range(0, len(chats), CHATS_AT_ONCE):
            some = chats[start : start + CHATS_AT_ONCE]
            blocks, behind = await self._blocks.list_matching(some, terms, until.at, examined=examined)
            if until != END:
                blocks += await self._blocks.list_across(some, terms, until.at)
            found |= {block.key: block for block in blocks}
            if behind is not None:
                self._rest = behind.top if self._rest is None else max(self._rest, behind.top)
        self._parts = [
            block
            for block in found.values()
            if self._logs.is_readable(block)
            and Place(block.low, block.key) < until
            and (self._rest is None or block.top > self._rest)
        ]
        self._parts.sort(key=lambda block: block.top, reverse=True)

    async def read(self) -> bool:
        """Look at the messages of the next blocks. Returns whether there was anything to read, and room to read it."""
        if not self._parts or self._read >= READ_MAX:
            return False
        some, self._parts = self._parts[: self._step], self._parts[self._step :]
        keys = [key for block in some for key in range(block.key, block.key + BLOCK)]
        lows = {block.key: block.low for block in some}
        chars = 0
        for row in await self._log.list_rows(keys, (Kind.MESSAGE,)):
            chars += await self._look(row, lows[block_key(row.key)], None)
        self._read += max(len(keys), chars // CHARS_PER_MESSAGE)
        self._step = min(2 * self._step, READ_MOST) if chars < CHARS_AT_ONCE else 1
        return True

    async def _look(self, row: LogRow, low: datetime, unlikely: dict[int, Place] | None) -> int:
        """Note a message that may be a hit, and in `unlikely` any other that the search admits. Returns how long its texts are."""
        place, search = Place(max(row.at, low), row.key), self._search
        if not (search.admits(row) and place < search.before and self._logs.may_view(row.key)):
            return 0
        # A former member may see what an edited message said before.
        if row.edit_seq or row.key in self._forced or matches(search.query, row.texts):
            self._likely[row.key] = place
        elif unlikely is not None:
            unlikely[row.key] = place
        chars = sum(map(len, row.texts))
        if row.key % 64 == 0 or chars > LONG_CHARS:
            await asyncio.sleep(0)
        return chars

    async def verify(self) -> bool:
        """Look at likely messages as they are shown to their reader, newest first. Returns whether there is a full page of hits."""
        bound = self._bound
        due = sorted(
            ((place, key) for key, place in self._likely.items() if bound is None or place > bound), reverse=True
        )
        for start in range(0, len(due), VERIFIED_AT_ONCE):
            some = due[start : start + VERIFIED_AT_ONCE]
            self._hits += await self._find_hits(some)
            for _, key in some:
                del self._likely[key]
            if len(self._hits) > self._search.limit:
                return True
        return False

    async def _find_hits(self, likely: Sequence[tuple[Place, int]]) -> list[Hit]:
        places = {key: place for place, key in likely}
        by_chat: dict[int, list[Entry]] = {}
        for entry in await self._entries.list_at(map(split_key, places)):
            by_chat.setdefault(entry.chat_id, []).append(entry)
        hits: list[Hit] = []
        for chat_id, entries in by_chat.items():
            for entry in await self._entries.as_shown_to(self._logs.members[chat_id], entries):
                snippet = _snippet(self._search.query, entry)
                if snippet is not None:
                    hits.append(Hit(places[entry_key(chat_id, entry.seq)], entry, snippet))
        return sorted(hits, key=lambda hit: hit.place, reverse=True)

    def page(self) -> SearchPage:
        """Returns as many hits as are asked for, and fit into one answer."""
        page: list[Hit] = []
        chars = 0
        for hit in self._hits[: self._search.limit]:
            chars += hit.message.chars
            if chars > ANSWER_MAX_CHARS and page:
                break
            page.append(hit)
        if len(page) < len(self._hits):
            return SearchPage(page, page[-1].place)
        bound = self._bound
        return SearchPage(page, None if bound is None else Place(bound.at, bound.key + 1))


def _snippet(query: SearchQuery, message: Entry) -> Snippet | None:
    body = message.body
    if not isinstance(body, Message) or message.is_deleted:
        return None
    texts = [text for text in (getattr(body, name) for name in SEARCHED) if text is not None]
    ranges = find_ranges(query, texts)
    return None if ranges is None else make_snippet(texts, ranges)


def show_place(place: Place) -> str:
    """Returns a place as clients are given it."""
    return f"{(place.at - _EPOCH) // _MS}-{place.key}"


def read_place(text: str) -> Place:
    """Returns the place that a `next` names. Raises Malformed for anything else."""
    at_ms, _, key = text.partition("-")
    if not all(
        digits.isascii() and digits.isdigit() and len(digits) <= most for digits, most in ((at_ms, 15), (key, 19))
    ):
        raise Malformed("before: give the `next` of the page before.")
    try:
        return Place(_EPOCH + int(at_ms) * _MS, int(key))
    except OverflowError:
        raise Malformed("before: give the `next` of the page before.") from None
