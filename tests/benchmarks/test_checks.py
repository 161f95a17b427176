"""The judge of the fault run sees each kind of fault: a run that finds nothing has looked."""

from collections.abc import Sequence
from random import Random
from typing import cast

import aiohttp
import pytest

from benchmarks.checks import Log, Verdict, judge
from benchmarks.listeners import KNOWS_WITHIN_S, ControlClient, Listener
from benchmarks.senders import Sender, Sent
from benchmarks.servers import Person

ANN = Person("4930901820", 1, "token")
CHAT = 5
NOBODY = cast("aiohttp.ClientSession", None)
LOG: Log = [(seq, "message", f"1-{seq}", f"text {seq}") for seq in range(1, 5)]


def control_client() -> ControlClient:
    """One that was told all of it."""
    found = ControlClient(NOBODY, "", ANN, chats=[CHAT])
    for seq, _, _, text in LOG:
        hear(found, seq, text)
    return found


def hear(listener: Listener, seq: int, text: str | None) -> None:
    listener._hear("message_created", {"message": {"chat": CHAT, "seq": seq, "text": text}})


def verdict(
    log: Log = LOG,
    history: Log | None = None,
    *,
    seqs: tuple[int | None, ...] = (1, 2, 3, 4),
    is_refused: bool = False,
    control_clients: Sequence[ControlClient] = (),
    listeners: Sequence[Listener] = (),
) -> Verdict:
    """What is judged of one sender of four messages that was told these seqs."""
    sender = Sender(NOBODY, "", ANN, [CHAT], Random(1))
    for n, seq in enumerate(seqs, start=1):
        sender.sent.append(Sent(CHAT, f"1-{n}", f"text {n}", n, is_refused=is_refused and n == 1, seq=seq))
        sender.acknowledged += seq is not None
    listener = Listener(NOBODY, "", ANN, logs={CHAT: {row[0]: (row[1], row[3]) for row in LOG}})
    return judge(
        {CHAT: log}, {CHAT: log if history is None else history}, [sender], [listener, *listeners], control_clients
    )


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


def test_one_that_answers_another_seq_the_second_time_is_noted() -> None:
    sender = Sender(NOBODY, "", ANN, [CHAT], Random(1))
    sent = Sent(CHAT, "1-1", "text 1", 1)
    for seq in (1, 2):
        sender._acknowledge(sent, {"chat": CHAT, "seq": seq, "client_id": "1-1", "text": "text 1"})
    assert judge({CHAT: LOG}, {CHAT: LOG}, [sender], []).changed_answers == 1


def test_one_that_is_told_the_same_twice_on_one_connection_is_noted() -> None:
    twice = control_client()
    hear(twice, 4, "text 4")
    assert verdict(control_clients=[twice]).told_twice == 1


def test_one_that_was_sent_twice_may_be_told_twice() -> None:
    twice, sender = control_client(), Sender(NOBODY, "", ANN, [CHAT], Random(1))
    hear(twice, 4, "text 4")
    sender.sent = [Sent(CHAT, "1-4", "text 4", 4, seq=4, times=2)]
    assert judge({CHAT: LOG}, {CHAT: LOG}, [sender], [], [twice]).told_twice == 0


def test_a_control_client_that_was_told_everything_is_clean() -> None:
    assert verdict(control_clients=[control_client()]).is_clean


@pytest.mark.parametrize("untold", [1, 2, 4])
def test_a_control_client_that_nobody_told_of_an_entry_is_unknowingly_behind(untold: int) -> None:
    behind = ControlClient(NOBODY, "", ANN, chats=[CHAT])
    for seq, _, _, text in LOG:
        if seq != untold:
            hear(behind, seq, text)
    missing = [row for row in LOG if row[0] != untold]
    assert verdict(control_clients=[behind]).unknowingly_behind == (untold > 1), (
        "what is before the first is in the history"
    )
    assert not behind._behind.is_set(), "it does not ask for what it does not know of"
    assert verdict(missing, missing, control_clients=[behind]).unknowingly_behind == 0


def test_a_control_client_that_never_heard_of_a_chat_is_unknowingly_behind() -> None:
    assert verdict(control_clients=[ControlClient(NOBODY, "", ANN, chats=[CHAT])]).unknowingly_behind == 1


def test_a_hole_that_stays_for_too_long_counts_though_a_later_fault_heals_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("benchmarks.listeners.monotonic", lambda: now)
    late = ControlClient(NOBODY, "", ANN, chats=[CHAT])
    for seq in (1, 2, 4):
        hear(late, seq, f"text {seq}")
    now += KNOWS_WITHIN_S + 1
    hear(late, 3, "text 3")
    found = verdict(control_clients=[late])
    assert found.unknowingly_behind == 1
    assert late.longest_behind_s == KNOWS_WITHIN_S + 1
