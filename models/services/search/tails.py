"""Reads what stands behind the last blocks of logs, which every search looks at as it stands."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime

from models.documents.entry import entry_key, split_key
from models.documents.search import Search
from models.documents.search_block import BLOCK, Place
from models.documents.search_words import matches
from models.services.search.index import NOTHING, SearchIndex
from models.stores.search_blocks import Indexed, SearchBlocks
from models.stores.search_log import KEYS_AT_ONCE, LogRow, SearchLog

MADE_MAX = 256  # blocks that one request makes, where nobody has made them yet
ROUNDS_MAX = 5  # in which logs are indexed that go on growing


class Tails:
    """The messages behind the last blocks of some logs, as far as a search admits them, by key.

    `likely` are those that it may find by what their rows say, or said, with their places; `changed` are the keys of messages that
    entries there edit or delete. `ends` are the last seqs of the logs.
    """

    def __init__(self, search: Search) -> None:
        self._search = search
        self.indexed: dict[int, Indexed] = {}
        self.ends: dict[int, int] = {}
        self.likely: dict[int, Place] = {}
        self.changed: set[int] = set()
        self._unlikely: dict[int, Place] = {}  # never the rows: all texts of all tails would be far too much to hold

    async def read(self, chat_ids: Collection[int], blocks: SearchBlocks, log: SearchLog, index: SearchIndex) -> bool:
        """Read the tails of these logs. Returns False if there was so much to index that the request must be repeated.

        The first row that would be in another block says that one is full, so nobody needs to ask where each log ends.
        """
        due = list(chat_ids)
        for _ in range(ROUNDS_MAX):
            indexed = await blocks.list_indexed(due)
            self.indexed |= indexed
            starts = {chat_id: indexed.get(chat_id, NOTHING) for chat_id in due}
            await self._read(starts, log)
            due = [chat_id for chat_id, start in starts.items() if self.ends[chat_id] - start.upto >= BLOCK]
            if not due:
                return True
            ends = {chat_id: await log.last_seq(chat_id) for chat_id in due}
            if not await index.extend(ends, most=MADE_MAX):
                break
        return False

    async def _read(self, starts: Mapping[int, Indexed], log: SearchLog) -> None:
        for noted in (self.likely, self._unlikely):  # what is read now was read before, and is in a block since
            for key in [key for key in noted if split_key(key)[0] in starts]:
                del noted[key]
        self.ends |= {chat_id: start.upto for chat_id, start in starts.items()}
        keys = [
            entry_key(chat_id, start.upto + offset)
            for chat_id, start in starts.items()
            for offset in range(1, BLOCK + 1)
        ]
        for first in range(0, len(keys), KEYS_AT_ONCE):
            for row in await log.list_rows(keys[first : first + KEYS_AT_ONCE]):
                chat_id, seq = split_key(row.key)
                self.ends[chat_id] = seq
                if row.changed_key is not None:
                    self.changed.add(row.changed_key)
                self._note(row)
                if row.is_long:
                    await asyncio.sleep(0)

    def _note(self, row: LogRow) -> None:
        # The place first: what is newer than a page begins is not worth folding.
        place = find_place(self._search, row, self.indexed.get(split_key(row.key)[0], NOTHING).high)
        if place is not None:
            (self.likely if may_match(self._search, row) else self._unlikely)[row.key] = place

    def find_places(self, keys: Collection[int]) -> dict[int, Place]:
        """Returns the places of those of these messages that are not `likely`."""
        return {key: place for key, place in self._unlikely.items() if key in keys}


def find_place(search: Search, row: LogRow, low: datetime) -> Place | None:
    """Returns the place of a message that a search admits, None for any other row. `low`: see search_block.py."""
    if not row.is_message or not search.admits(row.number, row.type):
        return None
    place = Place(max(row.at, low), row.key)
    return place if place < search.before else None


def may_match(search: Search, row: LogRow) -> bool:
    """Returns whether a message may be found by what its row says, or, as former members see it, by what it said before."""
    return bool(row.edit_seq) or matches(search.query, row.texts)
