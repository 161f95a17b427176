"""Loads the Unicode tables that names are sorted by and reactions are recognised by, and the words and dates of all languages."""

import asyncio
import gc

from models.documents.collation import load_table
from models.documents.reaction import load_emoji
from models.languages.language import load_languages


async def load_tables() -> None:
    """Load them in a thread, which takes half a second that neither the start nor the first request waits for.

    Their hundred thousand objects are then exempt from garbage collection. No collection runs first, as at the start
    (server/process/gc_tuning.py): that would be a pause of 30 ms.
    """
    for load in (load_languages, load_table, load_emoji):
        await asyncio.to_thread(load)
    gc.freeze()
