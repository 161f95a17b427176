"""What an entry says of itself."""

from datetime import UTC, datetime

import pytest

from models.documents.entry import Entry, Message


def entry(message: Message) -> Entry:
    return Entry(1, 1, 1, "4915112345678", "a", datetime.now(UTC), message)


@pytest.mark.parametrize("field", ["text", "url", "caption", "vcard", "name", "file_name", "poster", "waveform"])
def test_each_long_field_of_a_message_counts_where_entries_fill_memory(field: str) -> None:
    empty, full = entry(Message()), entry(Message(**{field: "x" * 2000}))  # type: ignore[arg-type]
    assert full.chars == empty.chars + 2000
