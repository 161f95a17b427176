"""Texts are cut between what people see as characters, and are never longer than they may be."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from models.documents.graphemes import CLUSTER, cut, first_cluster
from models.documents.notification import shortened

CLUSTERS = (
    "🇩🇪",
    "👩‍👩‍👧",
    "👍🏽",
    "e\u0301",
    "각",
    "\u1100\u1161",
    "❤\ufe0f",
    "1\ufe0f\u20e3",
    "\r\n",
    "न\u093f",
    "a",
    "ж",
)
TEXT = st.lists(st.sampled_from(CLUSTERS), max_size=20).map("".join)


@given(TEXT, st.integers(8, 60))
def test_no_cut_goes_through_a_cluster(text: str, most: int) -> None:
    beginning = cut(text, most)
    assert len(beginning) <= most
    assert regex.findall(r"\X", beginning) == regex.findall(r"\X", text)[: len(regex.findall(r"\X", beginning))]
    rest = regex.match(r"\X", text[len(beginning) :])
    assert rest is None or len(beginning) + len(rest[0]) > most


@given(TEXT, st.integers(8, 60))
def test_with_the_ellipsis_it_is_no_longer_than_it_may_be(text: str, most: int) -> None:
    assert len(shortened(text, most)) <= most
    assert shortened(text, len(text)) == text


# Flags, and whatever may stand in a cluster with one, or keep it from that: marks that extend, space or prepend, joiners, tones of skin.
FLAGS = st.text(
    st.sampled_from("🇩🇪🇫a\r\n\u0301\u200d\u0903\u0600\U0001f3fd\ufe0f\U000e0062👩\u1100\u1161क\u094d"), max_size=30
)


@given(FLAGS)
def test_clusters_that_are_found_without_looking_back_over_flags_are_the_same(text: str) -> None:
    assert regex.findall(CLUSTER, text) == regex.findall(r"\X", text)


@pytest.mark.parametrize(
    ("text", "most", "beginning"),
    [
        ("x" * 62 + "🇩🇪🇫🇷", 63, "x" * 62),
        ("e" + "\u0301" * 99, 10, "e" + "\u0301" * 9),  # longer by itself than there is room: something is left
        ("abc", 0, ""),
    ],
)
def test_where_it_is_cut(text: str, most: int, beginning: str) -> None:
    assert cut(text, most) == beginning


def test_a_first_letter_has_its_accents() -> None:
    assert [first_cluster(text) for text in ("e\u0301a", "🇩🇪 x", "")] == ["e\u0301", "🇩🇪", ""]
