"""The measurement of the journal runs, and group commit pays even in a moment."""

from benchmarks import journal


async def test_group_commit_stores_more_than_one_insert_per_message() -> None:
    ((grouped, single),) = await journal.run(rounds=1, seconds=0.5, in_the_air=64, chats=16)
    assert grouped > 2 * single  # 5 is the goal of a whole run; half a second on a busy machine shows less
