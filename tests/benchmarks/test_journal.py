"""The measurement of the journal runs to its end, and counts what both ways store."""

from benchmarks import journal


async def test_both_ways_store_messages() -> None:
    measured = await journal.run(rounds=1, seconds=0.3, in_the_air=64, chats=16)
    assert len(measured) == 1
    assert all(grouped > 0 and single > 0 for grouped, single in measured)
