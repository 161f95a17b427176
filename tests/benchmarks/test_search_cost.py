"""The measurement of what the index costs runs to its end, and indexes in one of its two ways only."""

from benchmarks import search_cost


async def test_both_ways_are_measured() -> None:
    (costs,) = await search_cost.run(rounds=1, messages=200, people=4, in_the_air=8)
    assert costs["with"].node > 0
    assert costs["without"].node > 0
