"""The measurement of the journal runs, and group commit pays even in a moment."""

from benchmarks import journal


async def test_group_commit_stores_more_than_one_insert_per_message() -> None:
    """Five times as many is the goal of a whole run; of short ones on a busy machine the best shows that it pays at all."""
    measured = await journal.run(rounds=3, seconds=0.3, in_the_air=64, chats=16)
    assert any(grouped > single for grouped, single in measured)
