"""Other people's words inside a sentence: one line, nothing that acts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.documents.plain_line import one_line, quoted


@given(st.text())
def test_a_line_has_no_control_no_direction_and_no_break(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert all(unicodedata.category(each) not in ("Cc", "Cs", "Zl", "Zp") for each in line)
    assert all(each in "\u200c\u200d" for each in line if unicodedata.category(each) == "Cf")
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\nb", "a b"),
        (" a \t b ", "a b"),
        ("a\u2028b\u2029c\u0085d", "a b c d"),
        ("pay\u202egnp.exe", "paygnp.exe"),
        ("bell\u0007", "bell"),
        ("👩‍👩‍👧 family", "👩‍👩‍👧 family"),
        ("\u202e\u0007\n", ""),
    ],
)
def test_what_becomes_of_words(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_quotation_is_short_and_isolated_only_from_right_to_left() -> None:
    assert quoted("x" * 50, 10) == "xxxxxxxxx…"
    assert quoted("שלום\n", 10) == "\u2068שלום\u2069"
    assert quoted("\u2069\u202eשלום", 10) == "\u2068שלום\u2069"
