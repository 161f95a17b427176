"""Polls in chats as JSON, on the sockets and on REST (docs/protocol.md, "Polls")."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from handlers.wire.fields import SLACK
from handlers.wire.times import read_date
from models.documents.entry import Entry, Vote
from models.documents.plain_line import is_storable, one_line
from models.documents.poll import (
    OPTION_MAX_CHARS,
    OPTIONS_MAX,
    OPTIONS_MIN,
    QUESTION_MAX_CHARS,
    ChatPoll,
    list_voters,
    tally_of,
)
from models.errors import Malformed, TooLong

Body = Mapping[str, Any]


class OptionShown(TypedDict):
    """An option of a poll: how many chose it, and who, by account id. `voters` is left out in a secret poll."""

    text: str
    votes: int
    voters: NotRequired[list[int]]


class PollFields(TypedDict):
    """The fields of a poll in its message. `voter_count` accounts chose something; `chosen` is what you chose in a secret poll."""

    question: str
    options: list[OptionShown]
    voter_count: int
    multiple: NotRequired[Literal[True]]
    closes_at: NotRequired[str]
    secret: NotRequired[Literal[True]]
    chosen: NotRequired[list[int]]


def show_poll(entry: Entry, poll: ChatPoll, show_time: Callable[[datetime], str]) -> PollFields:
    """Returns the fields of a poll, which is that of the message `entry`. Voters are shown unless it is secret."""
    tally = tally_of(poll, entry.votes)
    options: list[OptionShown] = [
        {"text": text, "votes": votes} for text, votes in zip(poll.options, tally.votes, strict=True)
    ]
    shown: PollFields = {"question": poll.question, "options": options, "voter_count": tally.voters}
    if poll.is_multiple:
        shown["multiple"] = True
    if poll.closes_at is not None:
        shown["closes_at"] = show_time(poll.closes_at)
    if not poll.is_secret:
        for option, voters in zip(options, list_voters(poll, entry.votes), strict=True):
            option["voters"] = voters
        return shown
    shown["secret"] = True
    if entry.own_choice is not None:
        shown["chosen"] = list(entry.own_choice)
    return shown


def show_vote(entry: Entry, vote: Vote) -> dict[str, object]:
    """Returns `{"of", "options"}`; of a secret poll `{"of", "votes", "voter_count"}`, with `options` for their author alone.

    `options`, or `votes` and `voter_count`, are null if the reader may not see the poll.
    """
    shown: dict[str, object] = {"of": vote.of}
    if not vote.is_secret or not entry.hides_author:
        shown["options"] = None if vote.options is None else list(vote.options)
    if vote.is_secret:
        shown["votes"] = None if vote.tally is None else list(vote.tally.votes)
        shown["voter_count"] = None if vote.tally is None else vote.tally.voters
    return shown


def read_poll(body: Body) -> ChatPoll:
    """Returns the poll of a message: `question`, `options`, `multiple`, `closes_at`, `secret`. Raises Malformed and TooLong."""
    return ChatPoll(
        read_question(body, "question"),
        read_options(body, "options"),
        is_multiple=read_switch(body, "multiple"),
        closes_at=find_end(body, "closes_at"),
        is_secret=read_switch(body, "secret"),
    )


def read_question(body: Body, name: str) -> str:
    return _read_line(body.get(name), name, QUESTION_MAX_CHARS)


def read_options(body: Body, name: str) -> tuple[str, ...]:
    """Returns the texts of a poll's options, which all differ."""
    given = body.get(name)
    if not isinstance(given, list) or not OPTIONS_MIN <= len(given) <= OPTIONS_MAX:
        raise Malformed(f"{name}: must be a list of {OPTIONS_MIN} to {OPTIONS_MAX} texts.")
    options = tuple(_read_line(option, name, OPTION_MAX_CHARS) for option in given)
    if len(set(options)) < len(options):
        raise Malformed(f"{name}: two of them say the same.")
    return options


def read_switch(body: Body, name: str) -> bool:
    """Returns a truth value, which is false if it is missing or null."""
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise Malformed(f"{name}: must be true or false.")
    return bool(value)


def find_end(body: Body, name: str) -> datetime | None:
    """Returns when a poll closes, in whole milliseconds, as the database keeps it; None if it does not."""
    at = read_date(body.get(name), name)
    return None if at is None else at.replace(microsecond=at.microsecond // 1000 * 1000)


def read_choice(body: Body, name: str) -> tuple[int, ...]:
    """Returns the indexes of the options that a vote is for, in order; none takes a vote back."""
    given = body.get(name)
    if not isinstance(given, list) or len(given) > OPTIONS_MAX:
        raise Malformed(f"{name}: must be a list of at most {OPTIONS_MAX} indexes.")
    for option in given:
        if not isinstance(option, int) or isinstance(option, bool) or not 0 <= option < OPTIONS_MAX:
            raise Malformed(f"{name}: an index is a whole number from 0 to {OPTIONS_MAX - 1}.")
    if len(set(given)) < len(given):
        raise Malformed(f"{name}: each index may be named once.")
    return tuple(sorted(given))


def _read_line(value: object, name: str, max_chars: int) -> str:
    if isinstance(value, str) and len(value) > SLACK * max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    if not isinstance(value, str) or not is_storable(value) or not (line := one_line(value)):
        raise Malformed(f"{name}: must be a text that is not empty.")
    if len(line) > max_chars:
        raise TooLong(f"{name}: at most {max_chars} characters.")
    return line
