"""A node may die between a message and its index: whoever searches next finds the message, on any node."""

from models.documents.entry import Edit, Message
from models.documents.search import Search
from models.documents.search_block import BLOCK
from models.documents.search_words import read_query
from models.stores.database import Database
from tests.support.searched_logs import actor_of, open_searched_logs, places

LUNCH = Search(read_query("lunch"))
DINNER = Search(read_query("dinner"))


async def test_messages_of_a_node_that_died_before_it_indexed_them_are_found(database: Database) -> None:
    world = await open_searched_logs(database)
    chat = await world.logs.direct(1, 2)
    await world.logs.write(chat, [(1, Message(text="lunch"))] * (2 * BLOCK + 3))
    world.restart()
    assert len(await world.find(2, LUNCH)) == 2 * BLOCK + 3


async def test_an_edit_whose_node_died_before_it_was_applied_or_indexed_is_found(database: Database) -> None:
    world = await open_searched_logs(database)
    chat = await world.logs.direct(1, 2)
    await world.logs.write(chat, [(1, Message(text="lunch"))] * BLOCK)
    await world.index.extend({chat.id: BLOCK}, most=10)
    await world.change(chat, 1, Edit(5, "dinner"), is_applied=False)
    world.restart()
    assert places(await world.find(2, DINNER)) == [(chat.id, 5)]
    await world.logs.write(chat, [(1, Message(text="lunch"))] * BLOCK)
    world.restart()
    assert places(await world.find(2, DINNER)) == [(chat.id, 5)], "its block is full, and it is not applied still"
    assert len(await world.find(2, LUNCH)) == 2 * BLOCK - 1


async def test_what_is_gone_from_the_log_is_gone_from_the_index_once_it_is_forgotten(database: Database) -> None:
    world = await open_searched_logs(database)
    chat = await world.logs.direct(1, 2)
    await world.logs.write(chat, [(1, Message(text="dinner")), *[(1, Message(text="lunch"))] * BLOCK])
    await world.index.extend({chat.id: BLOCK + 1}, most=10)
    before = await database.raw["search_blocks"].find_one()
    await world.logs.delete(chat, 1, 1)
    await world.index.forget(chat.id, [1, BLOCK + 1])
    after = await database.raw["search_blocks"].find_one()
    assert before is not None
    assert after is not None
    assert before["bits"] != after["bits"]
    assert await world.find(2, DINNER) == []
    assert len(await world.find(2, LUNCH)) == BLOCK


async def test_a_log_of_an_earlier_version_is_indexed_by_its_first_search_in_parts(database: Database) -> None:
    world = await open_searched_logs(database)
    chat = await world.logs.direct(1, 2)
    await world.logs.write(chat, [(1, Message(text="lunch")), *[(1, Message(text="hay"))] * (300 * BLOCK)])
    page = await world.search(actor_of(2), LUNCH)
    assert (page.hits, page.next is None) == ([], False)
    assert places(await world.find(2, LUNCH)) == [(chat.id, 1)]
