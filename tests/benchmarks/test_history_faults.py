"""The faults of a long run come in an order that its seed repeats."""

from pathlib import Path
from random import Random
from typing import cast

from benchmarks.history import History
from benchmarks.history_faults import Faults
from benchmarks.history_site import StruckSite
from benchmarks.history_strikes import KINDS

LANES = 3


def drawn(path: Path, turns: list[int], seed: int = 7) -> list[list[str]]:
    """Returns the kinds that each lane has drawn, where the lanes came to it in this order."""
    found: list[list[str]] = [[] for _ in range(LANES)]
    with History(path) as history:
        faults = Faults(cast(StruckSite, None), history, Random(seed))
        for number in range(LANES):
            faults.lane(number)
        for number in turns:
            lane = faults.lane(number)
            lane.random.uniform(0.0, lane.random.random())  # a fault takes its time
            found[number].append(lane.draw(KINDS))
    return found


def test_each_lane_strikes_in_the_same_order_again_whichever_fault_lasts_longer(tmp_path: Path) -> None:
    count = 2 * len(KINDS)
    in_turn = drawn(tmp_path / "history", [n % LANES for n in range(LANES * count)])
    one_by_one = drawn(tmp_path / "history", [n // count for n in reversed(range(LANES * count))])
    assert in_turn == one_by_one
    assert in_turn != drawn(tmp_path / "history", [n % LANES for n in range(LANES * count)], seed=8)
    for order in in_turn:
        assert sorted(order[: len(KINDS)]) == sorted(KINDS)
