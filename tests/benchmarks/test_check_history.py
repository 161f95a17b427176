"""The checker of histories convicts each broken promise by the lines that show it, and nobody who kept them."""

import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.check_history import Reader
from benchmarks.history_findings import VERDICTS, Findings

ROOT = Path(__file__).resolve().parents[2]
ANN, BEN, COY = 1, 2, 3
CHAT = 7
CHECKER = ("check_history", "history_facts", "history_findings", "history_log", "history_piece")
Line = dict[str, Any]
BEGIN: list[Line] = [
    {"t": 0, "what": "piece", "seed": 1},
    {"t": 0, "what": "chat", "chat": CHAT, "members": None, "stable": [ANN, BEN]},
    {"t": 0, "what": "up", "by": "ben", "account": BEN, "role": "listener"},
]


def asked(
    client_id: str, act: str = "message", *, text: str | None = None, of: int | None = None, t: float = 1
) -> Line:
    words = f"words {client_id}" if text is None and act in ("message", "edit") else text
    return {"t": t, "what": "asked", "by": "ann", "account": ANN, "chat": CHAT, "client_id": client_id, "act": act} | {
        "text": words,
        "of": of,
    }


def answered(client_id: str, seq: int, *, t: float = 2, **more: Any) -> Line:
    common = {"t": t, "what": "answered", "by": "ann", "account": ANN, "chat": CHAT, "client_id": client_id}
    return common | {"ok": True, "seq": seq, "sender": ANN, "named": client_id} | more


def refused(client_id: str, *, again: bool) -> Line:
    return answered(client_id, 0) | {"ok": False, "code": "forbidden", "again": again}


def row(seq: int, client_id: str | None = None, kind: str = "message", **more: Any) -> Line:
    client_id = client_id or str(seq)
    words = f"words {client_id}" if kind in ("message", "edit") else None
    return {"seq": seq, "kind": kind, "sender": ANN, "client_id": client_id, "text": words} | more


def saw(seq: int, *, by: str = "ben", how: str = "event", t: float = 3, **more: Any) -> Line:
    return {"t": t, "what": "saw", "by": by, "chat": CHAT, "how": how} | row(seq) | more


def log(*rows: Line, whole: bool = False) -> Line:
    return {"t": 8, "what": "log", "chat": CHAT, "rows": list(rows), "whole": whole}


def end(t: float = 9) -> list[Line]:
    return [{"t": 8, "what": "calm"}, {"t": t, "what": "end"}]


def sent(count: int) -> list[Line]:
    """So many messages, asked for and acknowledged one after the other."""
    return [line for n in range(1, count + 1) for line in (asked(str(n)), answered(str(n), n))]


ROWS = [row(seq) for seq in (1, 2, 3)]
SEEN = [saw(seq) for seq in (1, 2, 3)]
INNOCENT = [*BEGIN, *sent(3), *SEEN, log(*ROWS), *end()]


def judge(lines: Sequence[Line]) -> Findings:
    reader = Reader(Path())
    for line in lines:
        reader.take(line)
    return reader.found


def convicted(lines: Sequence[Line]) -> set[str]:
    found = judge(lines)
    guilty = {verdict for verdict, count in found.counts.items() if count}
    assert guilty == set(found.evidence)
    assert all(found.evidence[verdict] for verdict in guilty)
    return guilty


def test_a_history_in_which_all_promises_are_kept_is_clean() -> None:
    found = judge(INNOCENT)
    assert found.is_clean, found.evidence
    assert (found.acknowledged, found.seen, found.pieces, found.rests) == (3, 3, 1, 1)


# A member who comes at 2 and goes at 4, of a log of five entries.
MOVES = [row(1), row(2, "came", "joined", accounts=[COY]), row(3), row(4, "went", "left", left=COY), row(5)]
COY_IS_UP: Line = {"t": 0, "what": "up", "by": "coy", "account": COY, "role": "commuter"}
EDITED = [*BEGIN, *sent(1), asked("e", "edit", of=1), answered("e", 2, t=2)]
EDITED_LOG = [row(1, text="words e"), row(2, "e", "edit", of=1)]
SEEN_EDITED = [saw(1, t=2), saw(2, client_id="e", kind="edit", text="words e", of=1, t=2)]
LEFT_BEFORE_EDIT = [
    row(1, "came", "joined", accounts=[COY]),
    row(2, "1"),
    row(3, "went", "left", left=COY),
    row(4, "e", "edit", of=2),
]
DELETED = [*BEGIN, *sent(1), asked("d", "deletion", of=1), answered("d", 2, t=2)]
DELETED_LOG = [row(1, text=None), row(2, "d", "deletion", of=1)]
SEEN_DELETED = [saw(1, t=2), saw(2, client_id="d", kind="deletion", text=None, of=1, t=2)]
COMES: Line = {"t": 0, "what": "comes", "by": "ann's other", "account": ANN, "role": "listener"}
WATCHING: list[Line] = [
    {"t": 0, "what": "up", "by": "eye", "account": ANN, "role": "watcher"},
    {"t": 0, "what": "up", "by": "coy's app", "account": COY, "role": "present"},
    {"t": 1, "what": "watches", "by": "eye", "accounts": [COY]},
    {"t": 1, "what": "presence", "by": "eye", "of": COY, "status": "online"},
    {"t": 2, "what": "down", "by": "coy's app"},
]

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


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([*INNOCENT[:-2], asked("1"), answered("1", 1), *end()], id="the same answer again"),
        pytest.param([*INNOCENT[:-2], refused("1", again=True), *end()], id="told to try again, though it is stored"),
        pytest.param([*BEGIN, asked("x"), *sent(3), *SEEN, log(*ROWS), *end()], id="never answered and not there"),
        pytest.param(
            [
                *BEGIN,
                asked("2"),
                refused("2", again=True),
                asked("1"),
                answered("1", 1),
                answered("2", 2),
                saw(1),
                saw(2),
                log(*ROWS[:2]),
                *end(),
            ],
            id="behind later ones, since it was refused",
        ),
        pytest.param(
            [*EDITED, *SEEN_EDITED, saw(1, how="sync", asked_at=1.5), log(*EDITED_LOG), *end()],
            id="asked before the edit",
        ),
        pytest.param(
            [*EDITED, *SEEN_EDITED, saw(1, how="sync", asked_at=3, text="words e"), log(*EDITED_LOG), *end()],
            id="the words of the edit",
        ),
        pytest.param(
            [*DELETED, *SEEN_DELETED, saw(1, text=None, how="sync", asked_at=3), log(*DELETED_LOG), *end()],
            id="no words",
        ),
        pytest.param(
            [*BEGIN, COY_IS_UP, log(*MOVES), *[saw(each["seq"], by=by) | each for by in ("ben",) for each in MOVES]]
            + [saw(each["seq"], by="coy") | each for each in MOVES[1:4]]
            + [{"t": 4, "what": "told", "by": "coy", "chat": CHAT, "after": 0, "upto": 4}, *end()],
            id="a member's span alone",
        ),
        pytest.param(
            [
                *BEGIN,
                *sent(3),
                {"t": 5, "what": "reset", "by": "ben", "chat": CHAT, "after": 2, "upto": 3},
                saw(3, how="sync"),
                log(*ROWS),
                *end(),
            ],
            id="begun anew behind 2",
        ),
        pytest.param(
            [
                *BEGIN,
                COY_IS_UP,
                asked("1"),
                answered("1", 2),
                asked("e", "edit", of=2),
                answered("e", 4),
                *[saw(each["seq"]) | each for each in LEFT_BEFORE_EDIT],
                saw(2, by="coy", client_id="1", text="words 1"),
                saw(2, by="coy", client_id="1", text="words 1", how="history", asked_at=3),
                log(*LEFT_BEFORE_EDIT),
                *end(),
            ],
            id="left before the edit",
        ),
        pytest.param([*BEGIN, *sent(3), {"t": 5, "what": "down", "by": "ben"}, log(*ROWS), *end()], id="not connected"),
        pytest.param(
            [*BEGIN, {"t": 8, "what": "calm"}, {"t": 50, "what": "down", "by": "ben"}, {"t": 60, "what": "rest"}],
            id="not connected for a moment, long after the faults",
        ),
        pytest.param(
            [*BEGIN, {"t": 5, "what": "down", "by": "ben"}, {"t": 50, "what": "calm"}, {"t": 60, "what": "rest"}],
            id="not connected since the faults, which are over since a moment",
        ),
        pytest.param(
            [*BEGIN, COMES, COMES | {"what": "up", "t": 5}, {"t": 8, "what": "calm"}, {"t": 60, "what": "rest"}],
            id="let in at last",
        ),
        pytest.param([*BEGIN, *WATCHING, {"t": 8, "what": "calm"}, {"t": 20, "what": "rest"}], id="gone a moment ago"),
        pytest.param(
            [
                *BEGIN,
                *WATCHING,
                {"t": 9, "what": "presence", "by": "eye", "of": COY, "status": "offline"},
                {"t": 10, "what": "calm"},
                {"t": 60, "what": "rest"},
            ],
            id="shown as gone",
        ),
        pytest.param([*INNOCENT, *BEGIN, *sent(1), saw(1), log(ROWS[0]), *end()], id="two pieces"),
    ],
)
def test_nobody_who_kept_the_promises_is_convicted(lines: Sequence[Line]) -> None:
    assert convicted(lines) == set()


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
