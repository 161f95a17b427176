"""What is seen in the picture of somebody without a photo."""

import pytest

from models.documents.default_picture import HUES, DefaultPicture, initials_of


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Ann Lee", "AL"),
        ("ann", "A"),
        ("J. R. R. Tolkien", "JT"),
        ("  (Bob)   'O'Neil' ", "BO"),
        ("Élodie Ångström", "ÉÅ"),
        ("E\u0301lodie", "É"),
        ("иван петров", "ИП"),
        ("王小明", "王"),
        ("अमित कुमार", "अकु"),
        ("क्षितिज", "क्षि"),
        ("한 \u1112\u1161\u11ab", "한한"),
        ("🎉 Party 🎉", "P"),
        ("🇫🇷", ""),
        ("", ""),
        ("\u200b ...", ""),
        ("ßtefan ŉ", "ßŉ"),
        ("a" + "\u0301" * 500, "Á" + "\u0301" * 3),
        ("007 Bond", "0B"),
    ],
)
def test_initials_are_the_first_letters_of_the_first_and_the_last_word(name: str, initials: str) -> None:
    assert initials_of(name) == initials


def test_a_person_keeps_the_colour_whatever_the_name_is() -> None:
    assert DefaultPicture.of("Ann", 11).hue == DefaultPicture.of("Tom", 11).hue
    assert {DefaultPicture.of("Ann", number).hue for number in range(100)} == set(range(HUES))
