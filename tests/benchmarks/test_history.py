"""A history is written so that it can be judged, also when the run that wrote it was killed and another one went on."""

from pathlib import Path

import pytest

from benchmarks.check_history import Reader
from benchmarks.history import BLOCK_BYTES, History
from benchmarks.history_findings import Findings
from benchmarks.history_run import FAILED, conclude


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


@pytest.mark.parametrize(("seqs", "status"), [((1, 3), 1), ((1, 2), FAILED)], ids=["guilty", "innocent"])
def test_a_run_that_breaks_off_is_judged_by_what_it_has_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], seqs: tuple[int, ...], status: int
) -> None:
    path = tmp_path / "history.jsonl"

    def play() -> Findings:
        rows = [{"seq": seq, "kind": "message", "sender": 1, "client_id": str(seq)} for seq in seqs]
        with History(path) as history:
            history.note("piece", seed=1)
            history.note("log", chat=7, rows=rows, whole=False)
            history.note("rest")
            raise TimeoutError("not everything was answered")

    assert conclude(path, play) == status
    said = capsys.readouterr()
    assert "not everything was answered" in said.err
    assert ("holes (1 times)" in said.out) == (status == 1)


def test_a_run_that_breaks_off_before_it_has_written_anything_has_failed(tmp_path: Path) -> None:
    def play() -> Findings:
        raise OSError("no port")

    assert conclude(tmp_path / "history.jsonl", play) == FAILED
