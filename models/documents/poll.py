"""Polls in chats: a question with answers to choose from. The votes for it are entries of the log, one per account that counts.

An event's own polls, which suggest a date or a place, are others (models/documents/event.py).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from models.errors import Malformed

OPTIONS_MIN, OPTIONS_MAX = 2, 12
QUESTION_MAX_CHARS = 256
OPTION_MAX_CHARS = 128
_VOTER_CHARS = 12  # of an account id on the wire, with its comma


@dataclass(frozen=True, slots=True)
class ChatPoll:
    """A poll as it was sent, which nothing changes.

    `is_multiple`: more than one option may be chosen. `closes_at`: from then on no vote is taken. `is_secret`: nobody is shown who voted.
    """

    question: str
    options: tuple[str, ...]
    is_multiple: bool = False
    closes_at: datetime | None = None
    is_secret: bool = False

    @property
    def chars(self) -> int:
        return len(self.question) + sum(len(option) + 30 for option in self.options)

    def is_closed(self, now: datetime) -> bool:
        return self.closes_at is not None and self.closes_at <= now

    def require_choice(self, options: Sequence[int]) -> None:
        """Raises Malformed for options that the poll does not have, or for more than may be chosen."""
        if any(option >= len(self.options) for option in options):
            raise Malformed(f"options: this poll has those from 0 to {len(self.options) - 1}.")
        if len(options) > 1 and not self.is_multiple:
            raise Malformed("options: this poll allows one.")


# The vote of an account that counts is one number, here and in the database: the entry by which it was given, followed by a bit for each
# option. So of two votes the later one is the higher, and a poll of 10,000 votes is read in milliseconds.
_BITS = OPTIONS_MAX


def pack_vote(seq: int, options: Sequence[int]) -> int:
    """Returns the number of a vote for these options by entry `seq`."""
    return seq << _BITS | sum(1 << option for option in options)


def seq_of_vote(vote: int) -> int:
    return vote >> _BITS


def options_of_vote(vote: int) -> tuple[int, ...]:
    """Returns the options that a vote is for; none if it was taken back."""
    return tuple(option for option in range(OPTIONS_MAX) if vote >> option & 1)


def chars_of_votes(poll: ChatPoll | None, votes: Mapping[int, int]) -> int:
    """Returns about how many characters the votes of a poll have on the wire, and at least what they take of memory.

    An account is named once for each option that it chose.
    """
    if poll is None or not poll.is_multiple or poll.is_secret:
        return _VOTER_CHARS * len(votes)
    return _VOTER_CHARS * sum(max((vote & (1 << _BITS) - 1).bit_count(), 1) for vote in votes.values())


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each option was chosen, and by how many accounts any."""

    votes: tuple[int, ...]
    voters: int


def tally_of(poll: ChatPoll, votes: Mapping[int, int]) -> Tally:
    """Returns the tally of these votes, by account."""
    counts = [0] * len(poll.options)
    voters = 0
    for chosen, count in Counter(vote & (1 << _BITS) - 1 for vote in votes.values()).items():
        voters += count if chosen else 0
        for option in options_of_vote(chosen):
            counts[option] += count
    return Tally(tuple(counts), voters)


def list_voters(poll: ChatPoll, votes: Mapping[int, int]) -> list[list[int]]:
    """Returns for each option the accounts that chose it, the lowest id first."""
    voters: list[list[int]] = [[] for _ in poll.options]
    for account_id in sorted(votes):
        for option in options_of_vote(votes[account_id]):
            voters[option].append(account_id)
    return voters
