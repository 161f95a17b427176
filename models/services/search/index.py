"""Makes the index for search of the log, off the path of messages (docs/architecture.md, "Search").

A block is made when its 32 entries are stored: in the background by the node that stored the last of them, or else by the first search that
needs it. So a crash costs no search a hit, and old nodes, which index nothing, do no harm. Several nodes may make the same block.

What is in a block never gets less than what its messages say. An edit or a deletion is an entry itself: before the position of the log
passes it, the block of the message that it changes is made anew. What is behind the position is read by each search as it stands.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from models.documents.entry import Entry, entry_key, split_key
from models.documents.search_block import BLOCK, Block, block_key, filter_bits, sender_term, type_term
from models.documents.search_words import fold, list_terms
from models.stores.search_blocks import Indexed, SearchBlocks
from models.stores.search_log import LogRow, SearchLog
from models.tasks import BackgroundTasks

AT_ONCE = 32  # blocks that are read and stored together
ROUND_BLOCKS = 512  # of one round in the background
PAUSE_S = 2.0  # between two rounds: the more blocks are made together, the less each costs, and a search does not depend on them
BATCH_CHARS = 8000  # of texts that are folded at once, some 2 ms; rarely more than a block has
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
NOTHING = Indexed(0, NEVER)


class SearchIndex:
    """Keeps the index up to date. `extend` and `rebuild` may be called by anybody at any time."""

    def __init__(self, blocks: SearchBlocks, log: SearchLog) -> None:
        self._blocks = blocks
        self._log = log
        self._full: dict[int, int] = {}  # chats with a block that is full, and up to which seq
        self._work = asyncio.Event()
        self._tasks = BackgroundTasks()

    @property
    def depth(self) -> int:
        """Returns how many chats wait for a block."""
        return len(self._full)

    async def open(self) -> None:
        self._tasks.repeat("search index", self._make_noted, wake=self._work)

    async def close(self) -> None:
        """Stop. What is not indexed yet is so by the first search, or with the next block."""
        await self._tasks.stop()

    def stored(self, entries: Iterable[Entry]) -> None:
        """Note the chats in which a block is full now; never waits."""
        for entry in entries:
            if entry.seq % BLOCK == 0:
                self._full[entry.chat_id] = entry.seq
                self._work.set()

    async def _make_noted(self) -> None:
        noted = dict(self._full)
        if await self.extend(noted, most=ROUND_BLOCKS):
            for chat_id, upto in noted.items():
                if self._full.get(chat_id) == upto:
                    del self._full[chat_id]
        if self._full:
            self._work.set()
        await asyncio.sleep(PAUSE_S)

    async def extend(self, ends: Mapping[int, int], *, most: int) -> bool:
        """Index the full blocks of these logs, which end at these seqs; at most so many blocks. Returns whether that was all."""
        indexed = await self._blocks.list_indexed(ends)
        due = {
            chat_id: range(indexed.get(chat_id, NOTHING).upto + 1, end - BLOCK + 2, BLOCK)
            for chat_id, end in ends.items()
            if end - indexed.get(chat_id, NOTHING).upto >= BLOCK
        }
        while due and most > 0:
            some: dict[int, range] = {}
            room = min(AT_ONCE, most)
            for chat_id, firsts in due.items():
                some[chat_id] = firsts[:room]
                room -= len(some[chat_id])
                if not room:
                    break
            for chat_id, reached in (await self._make(some, indexed)).items():
                most -= len(some[chat_id])
                indexed[chat_id] = reached
                due[chat_id] = due[chat_id][len(some[chat_id]) :]
                if not due[chat_id] or reached.upto < due[chat_id][0] - 1:
                    del due[chat_id]
        return not due

    async def _make(self, due: Mapping[int, range], indexed: Mapping[int, Indexed]) -> dict[int, Indexed]:
        """Make the blocks that begin at these seqs. Returns how far each log is indexed then."""
        firsts = [entry_key(chat_id, first) for chat_id, some in due.items() for first in some]
        contents = await _Contents.read(self._log, firsts)
        reached = {chat_id: indexed.get(chat_id, NOTHING) for chat_id in due}
        made: list[tuple[Block, bytes]] = []
        for key in firsts:
            chat_id, first = split_key(key)
            rows = contents.rows[key]
            before = reached[chat_id]
            if len(rows) < BLOCK or before.upto != first - 1:
                continue  # the database has not shown all of it yet
            block = Block(chat_id, first, before.high, max(before.high, *(row.at for row in rows)))
            made.append((block, await contents.bits(key)))
            reached[chat_id] = Indexed(block.last, block.high)
        await self._blocks.insert(made)
        changed = {
            block_key(row.changed_key)
            for block, _ in made
            for row in contents.rows[block.key]
            if row.changed_key is not None and block_key(row.changed_key) != block.key
        }
        await self.rebuild(changed)
        await self._blocks.advance({chat_id: one for chat_id, one in reached.items() if one.upto})
        return reached

    async def forget(self, chat_id: int, seqs: Collection[int]) -> None:
        """Take from the index what the log does not say any more of these messages."""
        await self.rebuild({block_key(entry_key(chat_id, seq)) for seq in seqs})

    async def forget_at(self, keys: Collection[int]) -> None:
        """Take from the index what the log does not say any more at these keys of messages and their changes."""
        await self.rebuild({block_key(key) for key in keys})

    async def rebuild(self, keys: Collection[int]) -> None:
        """Make these blocks anew of what the log says now, those of them that are there."""
        left = set(keys)
        while left:
            some = sorted(left)[:AT_ONCE]
            left.difference_update(some)
            # Before the log: of two who do this at once, the one that has read the older texts does it again.
            versions = await self._blocks.list_versions(some)
            contents = await _Contents.read(self._log, list(versions))
            for key, version in versions.items():
                if not await self._blocks.replace(key, await contents.bits(key), version):
                    left.add(key)


class _Contents:
    """What some blocks hold, by their keys."""

    def __init__(self, rows: Mapping[int, list[LogRow]], wordings: Mapping[int, list[str]]) -> None:
        self.rows = rows
        self._wordings = wordings

    @staticmethod
    async def read(log: SearchLog, firsts: Collection[int]) -> "_Contents":
        # First the changes that wait: in the other order, one that is applied between the two reads would be in neither of them.
        rewording = await log.list_rewording({split_key(key)[0] for key in firsts})
        rows: dict[int, list[LogRow]] = {key: [] for key in firsts}
        for row in await log.list_rows(key + offset for key in firsts for offset in range(BLOCK)):
            rows[block_key(row.key)].append(row)
        edited = [row.key for some in rows.values() for row in some if row.edit_seq or row.key in rewording]
        return _Contents(rows, await log.list_wordings(edited))

    async def bits(self, key: int) -> bytes:
        """Returns the bits for all texts that the messages of a block have or had: members who left still find the old ones."""
        texts: list[str] = []
        terms: set[str] = set()
        messages = {row.key: row for row in self.rows[key] if row.is_message}
        for row in messages.values():
            texts += row.texts
            texts += self._wordings.get(row.key, ())
            if row.first_text is not None:
                texts.append(row.first_text)
            terms |= {sender_term(row.number), type_term(row.type)}
        for row in self.rows[key]:
            if row.changed_key in messages:
                texts += row.texts  # an edit, which may have been stored since the changes that wait were read
        for some in _batches(texts):
            # Each is folded alone, so that one emoji does not make all of them expensive.
            terms |= list_terms("\n".join(map(fold, some)))
            await asyncio.sleep(0)
        return filter_bits(terms)


def _batches(texts: Iterable[str]) -> Iterable[list[str]]:
    """Returns the texts in lists, each of which is folded without letting anybody else in between."""
    batch: list[str] = []
    chars = 0
    for text in texts:
        if chars + len(text) > BATCH_CHARS and batch:
            yield batch
            batch, chars = [], 0
        batch.append(text)
        chars += len(text)
    yield batch
