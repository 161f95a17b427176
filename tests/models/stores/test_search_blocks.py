"""What the index for search is asked costs what it was asked to look into, however much there is."""

from datetime import UTC, datetime, timedelta

import pytest

from models.documents.search import END
from models.documents.search_block import BLOCK, Block, filter_bits
from models.stores.database import Database
from models.stores.search_blocks import BLOCKS, Indexed, SearchBlocks
from tests.support.plans import recorded_plans

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHATS = (1, 2, 3)
EACH = 40  # blocks of each chat
TIMES = "IXSCAN { chat: 1, high: 1, _id: 1 }"


def time_of(chat: int, number: int) -> datetime:
    """Blocks of all chats take turns."""
    return AT + timedelta(minutes=len(CHATS) * number + chat)


@pytest.fixture
async def blocks(database: Database) -> SearchBlocks:
    """Each block holds its number; the first ones of each chat also a needle."""
    stored = SearchBlocks(database)
    await stored.prepare()
    for chat in CHATS:
        made = [
            (
                Block(chat, BLOCK * n + 1, time_of(chat, n - 1), time_of(chat, n)),
                filter_bits({f"number {n}", "hay"} | ({"needle"} if n < 2 else set())),
            )
            for n in range(EACH)
        ]
        await stored.insert(made)
        await stored.advance({chat: Indexed(BLOCK * EACH, time_of(chat, EACH - 1))})
    return stored


async def test_the_newest_blocks_are_looked_into_and_no_more(database: Database, blocks: SearchBlocks) -> None:
    async with recorded_plans(database, BLOCKS) as plans:
        found, behind = await blocks.list_matching(CHATS, {"hay"}, END.at, examined=9)
        rare, _ = await blocks.list_matching(CHATS, {"needle"}, END.at, examined=9)
    assert [(block.chat_id, block.first // BLOCK) for block in found] == [
        (chat, n) for n in (39, 38, 37) for chat in (3, 2, 1)
    ]
    assert behind is not None
    assert behind.at == time_of(3, 36)
    assert rare == []
    assert all(plan.summary in (TIMES, ", ".join([TIMES] * len(CHATS))) for plan in plans), plans
    looked, bound, *_ = plans
    assert looked.docs_examined <= 9 + len(CHATS), "one of each chat is held to be merged"
    assert bound.docs_examined == 0, "its place is in the index"


async def test_what_is_rare_is_found_in_all_blocks_at_once(database: Database, blocks: SearchBlocks) -> None:
    async with recorded_plans(database, BLOCKS) as plans:
        found = await blocks.list_all_matching(CHATS[:2], {"needle"}, time_of(1, EACH), most=4)
        more = await blocks.list_all_matching(CHATS[:2], {"needle"}, time_of(1, EACH), most=3)
    assert found is not None
    assert {(block.chat_id, block.first // BLOCK) for block in found} == {(1, 0), (1, 1), (2, 0), (2, 1)}
    assert more is None
    assert {plan.summary for plan in plans} == {TIMES}
    assert max(plan.docs_examined for plan in plans) <= 2 * EACH, "no other chat's"


async def test_the_blocks_across_a_moment_are_one_of_each_chat(database: Database, blocks: SearchBlocks) -> None:
    async with recorded_plans(database, "search_positions") as plans:
        found = await blocks.list_across(CHATS, {"hay"}, time_of(1, 20))
    assert {(block.chat_id, block.first // BLOCK) for block in found} == {(1, 21), (2, 20), (3, 20)}
    assert [plan.index for plan in plans] == ["_id: 1"]
    assert plans[0].docs_examined <= 2 * len(CHATS)
