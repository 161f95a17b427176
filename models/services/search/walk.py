"""One search's way through the logs of a member, from the newest place to older ones."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from models.documents.chat import Member
from models.documents.entry import ANSWER_MAX_CHARS, Entry, Kind, Message, entry_key, split_key
from models.documents.search import END, Hit, Search, SearchPage
from models.documents.search_block import BLOCK, Block, Place, block_key
from models.documents.search_snippet import Snippet, make_snippet
from models.documents.search_words import SearchQuery, find_ranges
from models.services.search.index import NOTHING
from models.services.search.tails import Tails, find_place, may_match
from models.stores.entries import Entries
from models.stores.search_blocks import CHATS_AT_ONCE, SearchBlocks
from models.stores.search_log import LONG_CHARS, SearchLog, texts_of

EXAMINED_MAX = 40_000  # blocks whose bits one request looks into in order: some 50 ms of the database's work
EXAMINED_FIRST = 1000  # at once, in order; four times as many each time
FEW = 1024  # blocks that may hold hits: if there are no more, all are looked for at once
READ_MAX = 8192  # messages of blocks that one request reads
CHARS_PER_MESSAGE = 256  # a longer one counts as several
READ_FIRST, READ_MOST = 4, 32  # blocks that are read at first, and at most; twice as many each time
CHARS_AT_ONCE = 200_000  # if there were more in these blocks, the next are read one by one
VERIFIED_AT_ONCE = 64
_LAST_KEY = 2**63 - 1


@dataclass(slots=True)
class _Group:
    """Logs whose blocks are looked into together. `rest`: the newest block may stand there that was not looked into; None if all were."""

    chat_ids: Sequence[int]
    rest: Place | None
    step: int = EXAMINED_FIRST
    is_new: bool = True  # nothing of them was looked into
    expected: int = 0  # blocks of them that may hold hits, by what the first step found


class Walk:
    """Reads blocks that may hold hits, and verifies what it finds in them, always the newest first."""

    def __init__(
        self,
        search: Search,
        members: Mapping[int, Member],
        tails: Tails,
        rewording: Collection[int],
        entries: Entries,
        blocks: SearchBlocks,
        log: SearchLog,
    ) -> None:
        """`members` are the rows by chat; `rewording` the messages with an edit or a deletion that was not applied before `tails` was read."""
        self._search, self._members, self._tails = search, members, tails
        self._entries, self._blocks, self._log = entries, blocks, log
        # Messages to look at whatever their rows say: they were edited or deleted just now, or since their blocks were made.
        self._forced = tails.changed.union(rewording)
        noted = tails.likely | tails.find_places(self._forced)
        self._likely = {key: place for key, place in noted.items() if self._may_view(key)}
        chats = [chat_id for chat_id in members if chat_id in tails.indexed]
        start = Place(search.before.at, _LAST_KEY)
        self._groups = [_Group(chats[at : at + CHATS_AT_ONCE], start) for at in range(0, len(chats), CHATS_AT_ONCE)]
        self._parts: list[Block] = []  # to be read, newest first
        self._known: set[int] = set()  # the keys of these and of those that were read
        self._terms = search.terms
        self._examined = self._read = 0
        self._step = READ_FIRST
        self._hits: list[Hit] = []  # newest first

    async def __call__(self) -> SearchPage:
        """Returns a page of hits."""
        self._add(await self._blocks.list_at({block_key(key) for key in self._forced}))
        if self._search.before != END:
            for group in self._groups:
                self._add(await self._blocks.list_across(group.chat_ids, self._terms, self._search.before.at))
        while not await self._verify() and await self._go_on():
            pass
        return self._page()

    @property
    def _bound(self) -> Place | None:
        """Returns the place above which everything was read; None if everything was."""
        places = [group.rest for group in self._groups if group.rest is not None]
        return max([*places, *(block.top for block in self._parts[:1])], default=None)

    async def _go_on(self) -> bool:
        """Read, or look for what to read. Returns whether there was anything to do, and room to do it."""
        bound = self._bound
        if self._parts and self._parts[0].top == bound:
            if self._read >= READ_MAX:
                return False
            await self._read_parts()
            return True
        group = next((group for group in self._groups if group.rest is not None and group.rest == bound), None)
        # The first look is always allowed: the next page goes on where all groups were looked into.
        if group is None or (self._examined >= EXAMINED_MAX and not group.is_new):
            return False
        await self._look_into(group)
        return True

    async def _look_into(self, group: _Group) -> None:
        """Find the next blocks of these logs that may hold hits."""
        step = group.step if group.is_new else min(group.step, EXAMINED_MAX - self._examined)
        group.is_new = False
        until = self._search.before.at if group.rest is None else group.rest.at
        count = sum(self._tails.indexed[chat_id].upto for chat_id in group.chat_ids) // BLOCK
        found = None
        # What is rare in the newest blocks is looked for in all others at once, which costs each of them a third.
        if count <= EXAMINED_FIRST or (
            group.step > EXAMINED_FIRST and group.expected <= FEW and count <= EXAMINED_MAX - self._examined
        ):
            self._examined += count // 3
            step = min(step, max(EXAMINED_MAX - self._examined, 1))
            found = await self._blocks.list_all_matching(group.chat_ids, self._terms, until, most=2 * FEW)
        if found is not None:
            group.rest = None
        else:
            self._examined += step
            found, group.rest = await self._blocks.list_matching(group.chat_ids, self._terms, until, examined=step)
            group.expected = len(found) * count // step
            group.step *= 4
        self._add(found)

    def _add(self, blocks: Collection[Block]) -> None:
        """Keep those blocks to be read that were not, and that may hold something before the place where the search begins."""
        new = [
            block
            for block in blocks
            if block.key not in self._known
            and Place(block.low, block.key) < self._search.before
            and self._is_readable(block)
        ]
        self._known.update(block.key for block in new)
        self._parts = sorted(self._parts + new, key=lambda block: block.top, reverse=True)

    def _is_readable(self, block: Block) -> bool:
        """Returns whether a block is in one of these logs, and its member may read some of it."""
        member = self._members.get(block.chat_id)
        if member is None or block.last > self._tails.indexed.get(block.chat_id, NOTHING).upto:
            return False  # made since, and read with the tail
        return any(
            span.first <= block.last and (span.last is None or block.first <= span.last) for span in member.spans
        )

    def _may_view(self, key: int) -> bool:
        chat_id, seq = split_key(key)
        member = self._members.get(chat_id)
        return member is not None and seq <= self._tails.ends[chat_id] and member.may_view(seq)

    async def _read_parts(self) -> None:
        """Look at the messages of the next blocks: of those that stand above all that was not looked into."""
        rest = max((group.rest for group in self._groups if group.rest is not None), default=None)
        some = [block for block in self._parts[: self._step] if rest is None or block.top >= rest]
        self._parts = self._parts[len(some) :]
        keys = [key for block in some for key in range(block.key, block.key + BLOCK)]
        lows = {block.key: block.low for block in some}
        chars = 0
        for row in await self._log.list_rows(keys, (Kind.MESSAGE,)):
            place = find_place(self._search, row, lows[block_key(row.key)])
            if place is None or not self._may_view(row.key):
                continue
            if row.key in self._forced or may_match(self._search, row):
                self._likely[row.key] = place
            chars += row.chars
            if row.is_long:
                await asyncio.sleep(0)
        self._read += max(len(keys), chars // CHARS_PER_MESSAGE)
        self._step = min(2 * self._step, READ_MOST) if chars < CHARS_AT_ONCE else 1

    async def _verify(self) -> bool:
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
            for entry in await self._entries.as_shown_to(self._members[chat_id], entries):
                if entry.chars > LONG_CHARS:
                    await asyncio.sleep(0)  # others should not wait until this entry and more are looked at
                snippet = _snippet(self._search.query, entry)
                if snippet is not None:
                    hits.append(Hit(places[entry_key(chat_id, entry.seq)], entry, snippet))
        return sorted(hits, key=lambda hit: hit.place, reverse=True)

    def _page(self) -> SearchPage:
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
    """Returns what is shown of a message that is found, None for any other."""
    body = message.body
    if not isinstance(body, Message) or message.is_deleted:
        return None
    texts = texts_of(body)
    ranges = find_ranges(query, texts)
    return None if ranges is None else make_snippet(texts, ranges)
