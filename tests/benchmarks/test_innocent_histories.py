"""The checker of histories convicts nobody who kept the promises, however it may look."""

from collections.abc import Sequence

import pytest

from tests.benchmarks.histories import (
    BEGIN,
    CHAT,
    COMES,
    COY,
    COY_IS_UP,
    DELETED,
    DELETED_LOG,
    EDITED,
    EDITED_LOG,
    INNOCENT,
    LEFT_BEFORE_EDIT,
    MOVES,
    ROWS,
    SEEN,
    SEEN_DELETED,
    SEEN_EDITED,
    WATCHING,
    Line,
    answered,
    asked,
    convicted,
    end,
    judge,
    log,
    refused,
    saw,
    sent,
)


def test_a_history_in_which_all_promises_are_kept_is_clean() -> None:
    found = judge(INNOCENT)
    assert found.is_clean, found.evidence
    assert (found.acknowledged, found.seen, found.pieces, found.rests) == (3, 3, 1, 1)


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
