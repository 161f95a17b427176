"""Stores the index for search: a row for each full block of a log (documents/search_block.py), and how far each log is indexed.

Both collections may be sharded by `chat`, as `entries`. Everything in them is made from the log and can be made again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bson import Binary
from pymongo import ASCENDING, IndexModel, UpdateOne

from models.documents.entry import split_key
from models.documents.search_block import SIZES, Block, Place, filter_bits, last_key
from models.stores.database import Database, Row, aggregate, insert_missing

BLOCKS = "search_blocks"
POSITIONS = "search_positions"
CHATS_AT_ONCE = 150  # MongoDB merges the sorted blocks of up to 200 chats, and would sort those of more
_INDEXES = [IndexModel([("chat", ASCENDING), ("high", ASCENDING), ("_id", ASCENDING)], name="times")]
_PLACE = {"chat": True, "low": True, "high": True}
_TOP = {"chat": True, "high": True}  # read from the index alone


@dataclass(frozen=True, slots=True)
class Indexed:
    """How far a log is indexed: up to this seq, and the newest time of any entry up to there."""

    upto: int
    high: datetime


class SearchBlocks:
    """Reads and writes the index. Blocks are made in the order of the log, so those up to `Indexed.upto` are there."""

    def __init__(self, database: Database) -> None:
        self._blocks = database.collection(BLOCKS)
        self._positions = database.collection(POSITIONS)

    async def prepare(self) -> None:
        await self._blocks.create_indexes(_INDEXES)

    async def list_indexed(self, chat_ids: Collection[int]) -> dict[int, Indexed]:
        """Returns how far these logs are indexed; leaves out those that are not at all."""
        rows = await self._positions.find({"_id": {"$in": list(chat_ids)}}).to_list(None)
        return {row["_id"]: Indexed(row["upto"], row["high"]) for row in rows}

    async def insert(self, blocks: Sequence[tuple[Block, bytes]]) -> None:
        """Store new blocks with their bits. One that is there already stays: whatever it lacks is added by `replace`."""
        await insert_missing(self._blocks, [_row(block, bits) for block, bits in blocks])

    async def advance(self, indexed: Mapping[int, Indexed]) -> None:
        """Note how far these logs are indexed now. None goes back. What it says must be stored before."""
        writes = [
            UpdateOne({"_id": chat_id}, {"$max": {"upto": one.upto, "high": one.high}}, upsert=True)
            for chat_id, one in indexed.items()
        ]
        if writes:
            await self._positions.bulk_write(writes, ordered=False)

    async def list_versions(self, keys: Collection[int]) -> dict[int, int]:
        """Returns the versions of those of these blocks that are stored, by key."""
        rows = await self._blocks.find({"_id": {"$in": list(keys)}}, {"version": True}).to_list(None)
        return {row["_id"]: row["version"] for row in rows}

    async def replace(self, key: int, bits: bytes, version: int) -> bool:
        """Replace the bits of a block, unless somebody else has since it had this version. Returns whether it was replaced."""
        change = {"$set": {"bits": Binary(bits), "size": 8 * len(bits)}, "$inc": {"version": 1}}
        return (await self._blocks.update_one({"_id": key, "version": version}, change)).matched_count > 0

    async def list_at(self, keys: Collection[int]) -> list[Block]:
        """Returns those of these blocks that are stored, by key."""
        if not keys:
            return []
        return [_block(row) for row in await self._blocks.find({"_id": {"$in": list(keys)}}, _PLACE).to_list(None)]

    async def list_matching(
        self, chat_ids: Sequence[int], terms: Collection[str], until: datetime, *, examined: int
    ) -> tuple[list[Block], Place | None]:
        """Returns those of the newest `examined` blocks of these chats with high <= `until` that may hold all terms, newest first.

        Returns also the top of the first block that was not examined, or None if all were. At most CHATS_AT_ONCE chats.
        """
        query = _up_to(chat_ids, until)
        newest: Row = {"high": -1, "_id": -1}
        # Sorted by the index, so that only these are fetched, one after the other, and looked into.
        pipeline: list[Row] = [
            {"$match": query},
            {"$sort": newest},
            {"$limit": examined},
            {"$match": _holding(terms)},
            {"$project": _PLACE},
        ]
        found = [_block(row) for row in await aggregate(self._blocks, pipeline, hint="times")]
        behind = self._blocks.find(query, _TOP).hint("times").sort(list(newest.items())).skip(examined).limit(1)
        rest = await behind.to_list(1)
        return found, Place(rest[0]["high"], last_key(rest[0]["_id"])) if rest else None

    async def list_all_matching(
        self, chat_ids: Sequence[int], terms: Collection[str], until: datetime, *, most: int
    ) -> list[Block] | None:
        """Returns as `list_matching`, of all blocks and in no order; None if there are more than `most`.

        A block takes a third of the time that it takes in order.
        """
        found = self._blocks.find(_up_to(chat_ids, until) | _holding(terms), _PLACE).hint("times").limit(most + 1)
        rows = await found.to_list(None)
        return [_block(row) for row in rows] if len(rows) <= most else None

    async def list_across(self, chat_ids: Collection[int], terms: Collection[str], at: datetime) -> list[Block]:
        """Returns the blocks that begin before this time and end after it, of which each log has one at most, if they may hold all terms."""
        across: Row = {"$expr": {"$eq": ["$chat", "$$chat"]}, "high": {"$gt": at}}
        pipeline: list[Row] = [
            {"$match": {"_id": {"$in": list(chat_ids)}, "high": {"$gt": at}}},
            {
                "$lookup": {
                    "from": BLOCKS,
                    "let": {"chat": "$_id"},
                    "pipeline": [
                        {"$match": across},
                        {"$sort": {"high": 1, "_id": 1}},
                        {"$limit": 1},
                        {"$match": {"low": {"$lte": at}} | _holding(terms)},
                        {"$project": _PLACE},
                    ],
                    "as": "across",
                }
            },
        ]
        return [_block(one) for row in await aggregate(self._positions, pipeline) for one in row["across"]]


def _up_to(chat_ids: Sequence[int], until: datetime) -> Row:
    return {"chat": {"$in": list(chat_ids)}, "high": {"$lte": until}}


def _holding(terms: Collection[str]) -> Row:
    """Returns the condition that a block may hold all of these terms."""
    if not terms:
        return {}
    return {"$or": [{"size": size, "bits": {"$bitsAllSet": Binary(filter_bits(terms, size))}} for size in SIZES]}


def _row(block: Block, bits: bytes) -> Row:
    return {
        "_id": block.key,
        "chat": block.chat_id,
        "low": block.low,
        "high": block.high,
        "size": 8 * len(bits),
        "bits": Binary(bits),
        "version": 1,
    }


def _block(row: Row) -> Block:
    chat_id, first = split_key(row["_id"])
    return Block(chat_id, first, row["low"], row["high"])
