"""A reaction is one emoji, however it is spelled."""

import pytest

from models.documents.reaction import as_reaction, find_emoji


@pytest.mark.parametrize(
    ("text", "emoji"),
    [
        ("👍", "👍"),
        ("👍\ufe0f", "👍"),
        ("❤", "❤\ufe0f"),
        ("❤\ufe0f", "❤\ufe0f"),
        ("👍🏽", "👍🏽"),  # another emoji than 👍
        ("👍\ufe0f🏽", "👍🏽"),
        ("🇩🇪", "🇩🇪"),
        ("1\u20e3", "1\ufe0f\u20e3"),
        ("👩‍❤‍👩", "👩‍❤\ufe0f‍👩"),
        ("👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"),
        ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
    ],
)
def test_every_spelling_of_an_emoji_is_one(text: str, emoji: str) -> None:
    assert find_emoji(text) == emoji
    assert find_emoji(emoji) == emoji
    assert as_reaction(text) == emoji


@pytest.mark.parametrize("text", ["", "lol", "x", "1", "👍👍", "👍 ", "🇩", "🇽🇽", "\ufe0f", "\u200d", "é", "👍!"])
def test_what_is_not_one_emoji_is_none(text: str) -> None:
    assert find_emoji(text) is None
    assert as_reaction(text) == text
