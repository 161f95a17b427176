"""Votes: whoever replays the log counts as the server does, in whatever order they come, and nobody is shown a secret one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.wire.sockets.entries import show_entry
from models.documents.chat import Chat, ChatKind, Role, Roster
from models.documents.entry import Entry, Message, Vote, as_of, shown_to, with_change, with_tally
from models.documents.poll import ChatPoll, options_of_vote, pack_vote, seq_of_vote, tally_of
from models.errors import Malformed
from models.services.chats.audience import list_announcements

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPTIONS = 5
choices = st.frozensets(st.integers(0, OPTIONS - 1)).map(sorted).map(tuple)
# Who votes for what, in the order of the log.
elections = st.lists(st.tuples(st.integers(1, 6), choices), max_size=30)


def poll(*, is_secret: bool = False) -> Entry:
    asked = ChatPoll("Which?", tuple("abcde"[:OPTIONS]), is_multiple=True, is_secret=is_secret)
    return Entry(7, 1, 1, "491", "poll", NOW, Message("p", poll=asked))


def log_of(votes: Sequence[tuple[int, tuple[int, ...]]], *, is_secret: bool = False) -> list[Entry]:
    return [
        Entry(7, seq, voter, f"49{voter}", f"c{seq}", NOW, Vote(1, options, is_secret))
        for seq, (voter, options) in enumerate(votes, 2)
    ]


def counted_by_hand(log: Sequence[Entry]) -> list[int]:
    """The last vote of each, as somebody would count who reads the log from its beginning."""
    last = {vote.sender_id: vote.body.options or () for vote in log if isinstance(vote.body, Vote)}
    return [sum(option in chosen for chosen in last.values()) for option in range(OPTIONS)]


@given(elections, st.randoms(use_true_random=False))
def test_votes_in_any_order_and_more_than_once_count_as_a_replay_of_the_log(
    votes: list[tuple[int, tuple[int, ...]]], random: object
) -> None:
    log = log_of(votes)
    shuffled = [*log, *log[::2]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    message = poll()
    for vote in shuffled:
        message = with_change(message, vote)
    assert message.tally is not None
    assert list(message.tally.votes) == counted_by_hand(log)
    assert message.votes == as_of(message, log).votes


@given(elections, st.integers(0, 30))
def test_a_poll_as_of_an_entry_has_the_votes_up_to_there(votes: list[tuple[int, tuple[int, ...]]], upto: int) -> None:
    log = log_of(votes)
    message = as_of(as_of(poll(), log), log[:upto])
    assert message.tally is not None
    assert list(message.tally.votes) == counted_by_hand(log[:upto])


@given(elections)
def test_whoever_is_shown_the_entries_of_a_secret_poll_counts_as_the_server_and_learns_no_voter(
    votes: list[tuple[int, tuple[int, ...]]],
) -> None:
    log = log_of(votes, is_secret=True)
    reader, held = 999, [0] * OPTIONS
    for place, vote in enumerate(log, 1):
        at = as_of(poll(is_secret=True), log[:place])
        shown = show_entry(shown_to(with_tally(vote, at), reader))
        assert not {"account", "from", "client_id", "options"} & shown.keys()
        held = shown["votes"]  # type: ignore[assignment]
        own = show_entry(shown_to(with_tally(vote, at), vote.sender_id))
        assert (own["account"], own["options"]) == (vote.sender_id, list(vote.body.options or ()))  # type: ignore[union-attr]
    assert held == counted_by_hand(log)
    message = as_of(poll(is_secret=True), log)
    for viewer in range(1, 7):
        seen = show_entry(shown_to(message, viewer))
        assert [option["votes"] for option in seen["options"]] == held  # type: ignore[attr-defined]
        assert all("voters" not in option for option in seen["options"])  # type: ignore[attr-defined]
        mine = [vote.body.options for vote in log if vote.sender_id == viewer and isinstance(vote.body, Vote)]
        assert seen.get("chosen") == (list(mine[-1] or ()) if mine else None)
    assert "chosen" not in show_entry(message), "without a viewer it is nobody's"


def test_only_the_author_of_a_secret_vote_is_told_who_it_is() -> None:
    roster = Roster(
        Chat(7, ChatKind.GROUP, NOW, 1, is_large=True), dict.fromkeys((1, 2, 3), Role.MEMBER), {1: "1", 2: "2", 3: "3"}
    )
    (vote,) = log_of([(2, (0,))], is_secret=True)
    announced, _ = list_announcements(vote, roster)
    told = {tuple(to): show_entry(fact.entry).get("account") for fact, to, _ in announced}
    assert told == {(2,): 2, (1, 3): None}


@given(st.integers(1, 2**32 - 1), choices)
def test_a_vote_is_one_number_that_grows_with_its_entry(seq: int, options: tuple[int, ...]) -> None:
    vote = pack_vote(seq, options)
    assert (seq_of_vote(vote), options_of_vote(vote)) == (seq, options)
    assert pack_vote(seq + 1, ()) > vote
    assert vote < 2**53


def test_a_choice_fits_the_poll() -> None:
    one = ChatPoll("?", ("a", "b"))
    one.require_choice(())
    one.require_choice((1,))
    for wrong in [(2,), (0, 1)]:
        with pytest.raises(Malformed):
            one.require_choice(wrong)
    ChatPoll("?", ("a", "b"), is_multiple=True).require_choice((0, 1))


def test_a_poll_is_closed_from_its_moment_on() -> None:
    ending = ChatPoll("?", ("a", "b"), closes_at=NOW)
    assert [ending.is_closed(NOW + timedelta(milliseconds=ms)) for ms in (-1, 0, 1)] == [False, True, True]
    assert not ChatPoll("?", ("a", "b")).is_closed(NOW)


def test_ten_thousand_votes_are_counted_at_once() -> None:
    votes = {account: pack_vote(account, (account % 3,)) for account in range(1, 10_001)}
    tally = tally_of(ChatPoll("?", ("a", "b", "c")), votes)
    assert (tally.votes, tally.voters) == ((3333, 3334, 3333), 10_000)
