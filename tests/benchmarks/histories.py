"""Histories of one chat, line by line, and the verdicts on them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.check_history import Reader
from benchmarks.history_findings import Findings

ANN, BEN, COY = 1, 2, 3
CHAT = 7
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
