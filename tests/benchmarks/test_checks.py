"""The judge of the fault run sees each kind of fault: a run that finds nothing has looked."""

from random import Random
from typing import cast

import aiohttp
import pytest

from benchmarks.checks import Log, Verdict, judge
from benchmarks.senders import Listener, Sender, Sent
from benchmarks.servers import Person

ANN = Person("4930901820", 1, "token")
CHAT = 5
NOBODY = cast("aiohttp.ClientSession", None)
LOG: Log = [(seq, "message", f"1-{seq}", f"text {seq}") for seq in range(1, 5)]


def verdict(
    log: Log = LOG, history: Log | None = None, *, seqs: tuple[int | None, ...] = (1, 2, 3, 4), is_refused: bool = False
) -> Verdict:
    """What is judged of one sender of four messages that was told these seqs."""
    sender = Sender(NOBODY, "", ANN, [CHAT], Random(1))
    for n, seq in enumerate(seqs, start=1):
        sender.sent.append(Sent(CHAT, f"1-{n}", f"text {n}", n, is_refused=is_refused and n == 1, seq=seq))
        sender.acknowledged += seq is not None
    listener = Listener(NOBODY, "", ANN, logs={CHAT: {row[0]: (row[1], row[3]) for row in LOG}})
    return judge({CHAT: log}, {CHAT: log if history is None else history}, [sender], [listener])


def test_a_sound_log_is_clean() -> None:
    found = verdict()
    assert found.is_clean
    assert found.acknowledged == 4


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (verdict(LOG[:3]), "lost"),
        (verdict([*LOG[:3], (4, "message", "1-4", "another text")]), "lost"),
        (verdict([*LOG, (5, "message", "1-2", "text 2")]), "doubled"),
        (verdict([LOG[0], *LOG[2:]]), "holes"),
        (verdict(seqs=(2, 1, 3, 4)), "out_of_order"),
        (verdict(seqs=(1, 2, 3, None)), "refused_for_good"),
        (verdict(history=LOG[:3]), "views_that_differ"),
        (verdict([*LOG, (5, "message", "2-1", "of somebody else")]), "views_that_differ"),
    ],
)
def test_each_fault_is_seen(found: Verdict, fault: str) -> None:
    assert getattr(found, fault) > 0
    assert not found.is_clean
    assert found.examples


def test_one_that_was_told_to_try_again_may_stand_behind_later_ones() -> None:
    log: Log = [(1, "message", "1-2", "text 2"), (2, "message", "1-1", "text 1"), *LOG[2:]]
    assert verdict(log, seqs=(2, 1, 3, 4), is_refused=True).out_of_order == 0
