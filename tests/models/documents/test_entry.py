"""What an entry says of itself."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from models.documents.entry import Entry, Message
from models.documents.poll import ChatPoll, pack_vote


def entry(message: Message) -> Entry:
    return Entry(1, 1, 1, "4915112345678", "a", datetime.now(UTC), message)


@pytest.mark.parametrize("field", ["text", "url", "caption", "vcard", "name", "file_name", "poster", "waveform"])
def test_each_long_field_of_a_message_counts_where_entries_fill_memory(field: str) -> None:
    empty, full = entry(Message()), entry(Message(**{field: "x" * 2000}))  # type: ignore[arg-type]
    assert full.chars == empty.chars + 2000


@pytest.mark.parametrize(("is_multiple", "is_secret", "named"), [(True, False, 13), (False, False, 2), (True, True, 2)])
def test_a_voter_counts_once_for_each_option_that_readers_are_shown(
    is_multiple: bool, is_secret: bool, named: int
) -> None:
    poll = ChatPoll("?", tuple("abcdefghijkl"), is_multiple=is_multiple, is_secret=is_secret)
    before = entry(Message("p", poll=poll))
    after = replace(before, votes={1: pack_vote(2, range(12)), 2: pack_vote(3, ())})
    assert after.chars == before.chars + 12 * named
