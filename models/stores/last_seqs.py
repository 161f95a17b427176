"""Finds where the log of a chat ends, and remembers it for the journal, which counts along from there."""

import asyncio

from models.documents.entry import entry_key, split_key
from models.stores.database import Collection

KNOWN_CHATS = 100_000  # last seqs kept in memory, about 100 bytes each
LEARN_AT_ONCE = 32  # chats whose last seq is read at the same time, well inside the driver's pool of 100


async def read_last_seq(entries: Collection, chat_id: int) -> int:
    """Returns the highest seq of a row that is stored in a chat; 0 for an empty log."""
    keys = {"$gt": entry_key(chat_id, 0), "$lt": entry_key(chat_id + 1, 0)}
    rows = await entries.find({"_id": keys}, {"_id": True}).sort("_id", -1).limit(1).to_list(1)
    return split_key(rows[0]["_id"])[1] if rows else 0


class LastSeqs(dict[int, int]):
    """Last seqs by chat id, 0 for an empty chat; each is the number of a row that a majority holds.

    The next row goes to whatever member of the set leads by then. Behind a row that only an old primary holds, it would be
    stored by the new one without that row, and leave a hole. So the end is read with majority concern, and learned otherwise
    only from writes of that concern: our own rows when they are acknowledged, and another's row when a write that clashed
    with it is answered, since MongoDB waits for the majority before that answer as well. A number read this way may be
    too low, never too high; then the next insert clashes and nothing is stored.
    """

    def __init__(self, entries: Collection) -> None:
        super().__init__()
        self._entries = entries

    async def learn(self, chat_ids: set[int]) -> None:
        """Read the last seq of those chats that are not known here."""
        if len(self) > KNOWN_CHATS:
            self.clear()
        unknown = list(chat_ids - self.keys())
        for start in range(0, len(unknown), LEARN_AT_ONCE):
            slice_ = unknown[start : start + LEARN_AT_ONCE]
            for chat_id, seq in zip(
                slice_, await asyncio.gather(*(read_last_seq(self._entries, each) for each in slice_)), strict=True
            ):
                self[chat_id] = seq
