"""Other people's words inside a sentence: one line, nothing that acts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.documents.plain_line import is_blank, is_storable, one_line, plain_text, quoted

DIRECTIONS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
DROPPED = "\u200b\u200e\u200f\u061c\u2060\ufeff\u00ad\ufff9\U000e0001"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
# Among all characters those that this is about are few.
HOSTILE = st.text(
    st.one_of(
        st.characters(), st.sampled_from(f"{DROPPED}{ENGLAND}\0\a\t\r\n\x0b\x85\u2028\u202e\u2069\ud83d\u200d\u2800 a")
    )
)


@given(HOSTILE)
def test_a_line_has_no_control_no_direction_and_no_break(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert all(unicodedata.category(each) not in ("Cc", "Cs", "Zl", "Zp") for each in line)
    assert all(unicodedata.bidirectional(each) not in DIRECTIONS and each not in DROPPED for each in line)
    assert one_line(line) == line
    assert line == "" or not is_blank(line)


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
        ("Your bank\n\nPay now: …", "Your bank Pay now: …"),
        ("Ann\0Lee", "AnnLee"),
        (f"{ENGLAND} \U000e0041\U000e0042", ENGLAND),  # a flag of tags stays, tags that nobody can see go
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u0601\u0661", "\u0601\u0661"),  # a format character, and one that is drawn
        ("❤\ufe0f", "❤\ufe0f"),
        ("soft\u00adhyphen\ufeff", "softhyphen"),
        ("a \u200b b", "a b"),
        ("\u3164", ""),
        ("\u2800 \u200d", ""),
    ],
)
def test_what_becomes_of_words(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_quotation_is_short_and_isolated_only_from_right_to_left() -> None:
    assert quoted("x" * 50, 10) == "xxxxxxxxx…"
    assert quoted("שלום\n", 10) == "\u2068שלום\u2069"
    assert quoted("\u2069\u202eשלום", 10) == "\u2068שלום\u2069"


@pytest.mark.parametrize(
    "text",
    ["", " ", "\t\n", "\u00a0\u3000", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u034f", "\u061c", "\u115f\u1160", "\u17b4", "\u180e",
     "\u2060", "\u2800", "\u3164", "\ufe0f", "\uffa0", "\U000e0041", "\U000e0100", "\u0007", "\x7f", "\U0001d173"],
)  # fmt: skip
def test_what_nobody_can_see_is_blank(text: str) -> None:
    assert is_blank(text)
    assert is_blank(f"{text}\u200b\n")
    assert not is_blank(f"{text}.")
    assert not is_blank(f"{text}ا")


@given(HOSTILE)
def test_a_text_of_lines_has_no_control_but_newlines_and_tabs(text: str) -> None:
    words = plain_text(text)
    assert is_storable(words)
    assert not {each for each in words if unicodedata.category(each) == "Cc"} - set("\n\r\t")
    assert plain_text(words) == words
    assert is_blank(words) == is_blank(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\r\nb\nc\u2028d\u2029e", "a\r\nb\nc\u2028d\u2029e"),
        ("a\x85b\x0bc\x0cd", "a\nb\nc\nd"),
        (" indented\tby a tab ", " indented\tby a tab "),
        ("\x1b[31mred\x07", "[31mred"),
        ("\u202eשלום\u202c", "\u202eשלום\u202c"),
        ("👩‍👩‍👧", "👩‍👩‍👧"),
    ],
)
def test_what_becomes_of_a_text_of_lines(text: str, words: str) -> None:
    assert plain_text(text) == words
