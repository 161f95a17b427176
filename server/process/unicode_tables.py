"""Reads the tables of Unicode that names are sorted by and reactions are known by."""

import asyncio
import gc

from models.documents.collation import load_table
from models.documents.reaction import load_emoji


async def load_tables() -> None:
    """Read them in a thread: a third of a second, for which nobody waits, neither a start nor whoever first sorts names.

    The garbage collector, which they would give a hundred thousand objects to look at, leaves them alone from then on. It does
    not look for garbage before that (server/process/gc_tuning.py does, at a start), which would be a pause of 30 ms.
    """
    for load in (load_table, load_emoji):
        await asyncio.to_thread(load)
    gc.freeze()
