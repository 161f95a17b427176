"""The tables of Unicode are there before somebody needs them, and reading them holds up nobody."""

import asyncio
import gc

from models.documents.collation import load_table
from models.documents.reaction import load_emoji
from models.languages.language import TAGS, _locale, _table
from server.process.unicode_tables import load_tables

TURNS = 10  # far fewer than there is time for, and more than there would be if the loop itself read a table


async def test_they_are_read_while_the_loop_goes_on() -> None:
    load_table.cache_clear()
    load_emoji.cache_clear()
    _table.cache_clear()
    _locale.cache_clear()
    frozen = gc.get_freeze_count()
    loading = asyncio.create_task(load_tables())
    turns = 0
    while not loading.done():
        await asyncio.sleep(0.001)
        turns += 1
    await loading
    assert load_table.cache_info().currsize == load_emoji.cache_info().currsize == 1
    assert _table.cache_info().currsize == _locale.cache_info().currsize == len(TAGS)
    assert gc.get_freeze_count() > frozen
    assert turns > TURNS
