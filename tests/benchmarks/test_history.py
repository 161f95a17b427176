"""A history is written so that it can be judged, also when the run that wrote it was killed and another one went on."""

from pathlib import Path

import pytest

from benchmarks.check_history import Reader
from benchmarks.history import BLOCK_BYTES, History


@pytest.mark.parametrize("half", ["", '{"t": 9, "wha', "x" * (2 * BLOCK_BYTES + 1)], ids=["none", "short", "long"])
def test_a_history_that_is_resumed_after_a_kill_can_be_judged(tmp_path: Path, half: str) -> None:
    path = tmp_path / "history.jsonl"
    for seed in (1, 2):
        with History(path) as history:
            history.note("piece", seed=seed)
            history.note("end")
        if seed == 1:
            with path.open("a") as file:
                file.write(half)
    found = Reader(path).go_on()
    assert found.is_clean
    assert (found.pieces, found.rests) == (2, 2)


def test_half_a_line_alone_is_cut_off_whole(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"t": 9, "wha')
    with History(path):
        pass
    assert path.read_bytes() == b""
