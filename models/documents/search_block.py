"""Blocks of the index for search: what the texts of 32 entries of a log may hold, as the bits of a Bloom filter.

The index says where to look and no more: a block whose bits hold all terms of a query may hold a hit, any other block holds none. So
it is small (some 20 to 60 bytes for each message), costs a send next to nothing, and is made of one read of the log (docs/architecture.md, "Search").

Times: `low` is the newest time of any entry of the log before the block, `high` that of any entry up to its end. Both ascend from block
to block. A message counts as no older than `low`, so that blocks of one log do not overlap in time, whatever the clocks of nodes said.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zlib import crc32

from models.documents.entry import entry_key

BLOCK = 32  # entries
SIZES = (1024, 2048, 4096, 8192, 16384, 32768, 65536)  # bits of a filter, the last for very long texts
BITS_PER_TERM = 12  # of which a term sets two: some two of a hundred terms that are not there seem to be


class Place(NamedTuple):
    """A place in the order of hits, which is by time and then by key. Higher is newer."""

    at: datetime
    key: int


@dataclass(frozen=True, slots=True)
class Block:
    """A block without its bits. `first` is the lowest seq of its entries."""

    chat_id: int
    first: int
    low: datetime
    high: datetime

    @property
    def last(self) -> int:
        return self.first + BLOCK - 1

    @property
    def key(self) -> int:
        return entry_key(self.chat_id, self.first)

    @property
    def top(self) -> Place:
        """Returns the highest place that one of its messages may have."""
        return Place(self.high, last_key(self.key))


def block_key(key: int) -> int:
    """Returns the key of the block of an entry, given the entry's key."""
    return key - (key - 1) % BLOCK  # as seqs begin at 1, and the chat's part of a key is a multiple of BLOCK


def last_key(key: int) -> int:
    """Returns the key of the last entry of a block, given the block's key."""
    return key + BLOCK - 1


def filter_bits(terms: Collection[str], size: int = 0) -> bytes:
    """Returns the filter of these terms with so many bits; by default with as many as they need."""
    if not size:
        needed = BITS_PER_TERM * len(terms)
        size = next((each for each in SIZES if each >= needed), SIZES[-1])
    # A character for each bit, read as one binary number: several times as quick as setting bits one by one.
    flags, mask, one = bytearray(b"0") * size, size - 1, ord("1")
    for code in map(crc32, "\0".join(terms).encode("utf-8", "surrogatepass").split(b"\0")) if terms else ():
        flags[code & mask] = flags[(code >> 16) & mask] = one
    return int(flags, 2).to_bytes(size // 8, "little")


def sender_term(number: str) -> str:
    """Returns the term for messages from this number. No text has it."""
    return f"\x01from {number}"


def type_term(type_: str) -> str:
    """Returns the term for messages of this type. No text has it."""
    return f"\x01type {type_}"
