"""The checker of histories convicts each broken promise by the lines that show it, and says what each fault has cost."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.history_findings import VERDICTS
from tests.benchmarks.histories import (
    ANN,
    BEGIN,
    BEN,
    CHAT,
    COMES,
    COY_IS_UP,
    DELETED,
    DELETED_LOG,
    EDITED,
    EDITED_LOG,
    INNOCENT,
    MOVES,
    ROWS,
    SEEN,
    SEEN_DELETED,
    SEEN_EDITED,
    WATCHING,
    answered,
    asked,
    convicted,
    end,
    judge,
    log,
    refused,
    row,
    saw,
    sent,
)

ROOT = Path(__file__).resolve().parents[2]
CHECKER = ("check_history", "history_facts", "history_findings", "history_log", "history_piece")

GUILTY = {
    "lost: no row": ([*BEGIN, *sent(4), *SEEN, log(*ROWS), *end()], {"lost"}),
    "lost: another's row": (
        [*BEGIN, *sent(3), log(*ROWS[:2], row(3, "x")), saw(1), saw(2), saw(3, client_id="x", text="words x"), *end()],
        {"lost"},
    ),
    "lost: gone after a rest": (
        [*BEGIN, *sent(3), *SEEN, log(*ROWS), *end()[:1], {"t": 9, "what": "rest"}, log(*ROWS[:2], whole=True), *end()],
        {"lost"},
    ),
    "doubled": (
        [*BEGIN, *sent(3), *SEEN, saw(4, client_id="2", text="words 2"), log(*ROWS, row(4, "2")), *end()],
        {"doubled"},
    ),
    "holes": (
        [
            *BEGIN,
            asked("1"),
            answered("1", 1),
            asked("3"),
            answered("3", 3),
            saw(1),
            saw(3),
            log(ROWS[0], ROWS[2]),
            *end(),
        ],
        {"holes"},
    ),
    "reordered": (
        [*BEGIN, asked("2"), asked("1"), answered("1", 1), answered("2", 2), saw(1), saw(2), log(*ROWS[:2]), *end()],
        {"reordered"},
    ),
    "answered differently: another seq": ([*INNOCENT[:-2], answered("1", 2), *end()], {"answered differently"}),
    "answered differently: another sender": (
        [*BEGIN, *sent(2), asked("3"), answered("3", 3, sender=BEN), *SEEN, log(*ROWS), *end()],
        {"answered differently"},
    ),
    "answered differently: refused afterwards": (
        [*INNOCENT[:-2], refused("1", again=False), *end()],
        {"answered differently"},
    ),
    "seen by an outsider": (
        [*BEGIN, COY_IS_UP, log(*MOVES), saw(5, by="coy"), *end()],
        {"seen by an outsider", "unknowingly behind"},
    ),
    "seen differently: not in the log": ([*BEGIN, *sent(3), *SEEN, saw(4), log(*ROWS), *end()], {"seen differently"}),
    "seen differently: another entry": (
        [*BEGIN, *sent(3), *SEEN, saw(3, client_id="x", how="sync"), log(*ROWS), *end()],
        {"seen differently"},
    ),
    "seen differently: other words": (
        [*BEGIN, *sent(3), *SEEN, saw(3, text="no", how="sync"), log(*ROWS), *end()],
        {"seen differently"},
    ),
    "outdated: an edit": (
        [*EDITED, *SEEN_EDITED, saw(1, how="history", asked_at=3), log(*EDITED_LOG), *end()],
        {"outdated"},
    ),
    "outdated: a deletion": (
        [*DELETED, *SEEN_DELETED, saw(1, how="history", asked_at=3), log(*DELETED_LOG), *end()],
        {"outdated"},
    ),
    "unknowingly behind: the end": ([*BEGIN, *sent(3), *SEEN[:2], log(*ROWS), *end()], {"unknowingly behind"}),
    "unknowingly behind: a sync with a gap": (
        [
            *BEGIN,
            COY_IS_UP,
            log(*MOVES[:3]),
            *[saw(each["seq"]) | each for each in MOVES[:3]],
            saw(2, by="coy") | MOVES[1],
            {"t": 4, "what": "told", "by": "coy", "chat": CHAT, "after": 1, "upto": 3},
            *end(),
        ],
        {"unknowingly behind"},
    ),
    "shut out: not back": (
        [*BEGIN, {"t": 5, "what": "down", "by": "ben"}, {"t": 8, "what": "calm"}, {"t": 60, "what": "rest"}],
        {"shut out"},
    ),
    "shut out: never in": ([*BEGIN, COMES, {"t": 8, "what": "calm"}, {"t": 60, "what": "rest"}], {"shut out"}),
    "shown online": ([*BEGIN, *WATCHING, {"t": 8, "what": "calm"}, {"t": 60, "what": "rest"}], {"shown online"}),
}


@pytest.mark.parametrize("name", GUILTY)
def test_each_broken_promise_is_convicted(name: str) -> None:
    lines, verdicts = GUILTY[name]
    assert convicted(lines) == verdicts


def test_there_is_a_guilty_history_for_each_verdict() -> None:
    assert {verdict for _, verdicts in GUILTY.values() for verdict in verdicts} == set(VERDICTS)


def test_a_fault_has_cost_what_it_took_from_its_end_until_the_last_one_held_everything() -> None:
    up = {"t": 0, "what": "up", "by": "ann's other", "account": ANN, "role": "listener"}
    fault = {"what": "fault", "id": 1, "kind": "kill", "where": "node"}
    others = [saw(seq, by="ann's other", t=7.5) for seq in (1, 2)]
    lines = [
        *BEGIN,
        up,
        fault | {"t": 1, "state": "begin"},
        *sent(2),
        fault | {"t": 4, "state": "end"},
        *(saw(seq, t=5) for seq in (1, 2)),
        *others,
        fault | {"t": 7.6, "id": 2, "state": "end"},
        log(*ROWS[:2]),
        *end(),
    ]
    found = judge(lines)
    assert found.faults == {"kill": [3.5, 0.0]}
    assert found.is_clean


def test_the_program_reads_a_file_and_says_by_its_exit_status_what_it_found(tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    for lines, status in ((INNOCENT, 0), (GUILTY["lost: no row"][0], 1)):
        # A run that was killed leaves half a line.
        file.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"t": 9, "wha')
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.check_history", file],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == status, run.stdout + run.stderr
        assert ("lost (1 times)" in run.stdout) == bool(status)


def test_the_checker_knows_nothing_of_the_server() -> None:
    for name in CHECKER:
        tree = ast.parse((ROOT / "benchmarks" / f"{name}.py").read_text("utf-8"))
        imported = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert {each for each in imported if each.partition(".")[0] not in sys.stdlib_module_names} <= {
            f"benchmarks.{each}" for each in CHECKER
        }
