"""Names are sorted as in a telephone book, whatever script they are in."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.documents.collation import name_key, sort_by_name

NAMES = [
    "-x",
    "1a",
    "de la Cruz",
    "emil",
    "Emil",
    "Émile",
    "Lena",
    "Łukasz",
    "O'Neil",
    "Oakley",
    "Zoë",
    "Анна",
    "Галина",
    "яна",
    "李",
]
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)


def ordered(names: list[str]) -> list[str]:
    return sort_by_name(names, lambda name: (name, 0))


def test_letters_stand_together_whatever_they_wear() -> None:
    shuffled = NAMES.copy()
    random.Random(1).shuffle(shuffled)
    assert ordered(shuffled) == NAMES


@settings(deadline=None)
@given(st.lists(ASCII, max_size=6))
def test_names_of_ascii_stand_among_themselves_as_they_do_among_others(names: list[str]) -> None:
    assert ordered(names) == [name for name in ordered([*names, "Я"]) if name != "Я"]
    assert ordered(names) == sorted(names, key=name_key)


def test_names_that_are_alike_stand_in_the_order_of_what_else_is_given() -> None:
    people = [("Ann", 3), ("Zoë", 1), ("Ann", 2)]
    assert sort_by_name(people, lambda person: person) == [("Ann", 2), ("Ann", 3), ("Zoë", 1)]
