"""The picture of somebody who has no photo, or whose photo the viewer may not see: initials on a colour of their own."""

import unicodedata
from dataclasses import dataclass

from models.documents.graphemes import first_cluster

HUES = 8  # colours of people; the page and the invitation page have the same
NO_HUE = HUES  # the colour of somebody of whom nothing but a number is known
INITIALS_MAX = 2
_LETTER_MAX = 4  # code points of one letter with its marks; scripts need four, and a pile of accents is not drawn


@dataclass(frozen=True, slots=True)
class DefaultPicture:
    """Everything that can be seen in it, so that two who look alike share it. Without initials it shows a figure."""

    initials: str
    hue: int

    @classmethod
    def of(cls, name: str, person_id: int) -> "DefaultPicture":
        """The picture of a person of this name."""
        return cls(initials_of(name), person_id % HUES)


NOBODY = DefaultPicture("", NO_HUE)


def initials_of(name: str) -> str:
    """Returns the first letters, with their marks, of the first and the last word that has one, in capitals; empty for none."""
    letters = [letter for word in unicodedata.normalize("NFC", name).split() if (letter := first_letter(word))]
    chosen = letters if len(letters) <= INITIALS_MAX else [letters[0], letters[-1]]
    return "".join(chosen)


def first_letter(text: str) -> str:
    """Returns the first letter or digit of a text, with its marks, as a capital; empty for none."""
    start = next((at for at, character in enumerate(text) if character.isalnum()), None)
    return "" if start is None else _capital(first_cluster(text[start:])[:_LETTER_MAX])


def _capital(letter: str) -> str:
    capital = letter.upper()
    return capital if len(capital) == len(letter) else letter  # of some letters capitals are two
