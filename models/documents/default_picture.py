"""The picture of a person without a visible photo: initials on a colour."""

import unicodedata
from dataclasses import dataclass

from models.documents.graphemes import first_cluster

HUES = 8  # colours of people; the web pages use the same ones
NO_HUE = HUES  # the colour of a person of whom only the number is known
INITIALS_MAX = 2
_LETTER_MAX = 4  # code points of one letter with its marks; scripts need up to four


@dataclass(frozen=True, slots=True)
class DefaultPicture:
    """All that a default picture shows. Without initials it shows a figure. People with equal pictures share one."""

    initials: str
    hue: int

    @classmethod
    def of(cls, name: str, person_id: int) -> "DefaultPicture":
        """Returns the picture of a person with this name."""
        return cls(initials_of(name), person_id % HUES)


NOBODY = DefaultPicture("", NO_HUE)


def initials_of(name: str) -> str:
    """Returns the first letters, with their marks, of the first and the last word that have one, as capitals.

    Returns an empty text for a name without letters.
    """
    letters = [letter for word in unicodedata.normalize("NFC", name).split() if (letter := first_letter(word))]
    chosen = letters if len(letters) <= INITIALS_MAX else [letters[0], letters[-1]]
    return "".join(chosen)


def first_letter(text: str) -> str:
    """Returns the first letter or digit of a text, with its marks, as a capital. Returns an empty text if there is none."""
    start = next((at for at, character in enumerate(text) if character.isalnum()), None)
    return "" if start is None else _capital(first_cluster(text[start:])[:_LETTER_MAX])


def _capital(letter: str) -> str:
    capital = letter.upper()
    return capital if len(capital) == len(letter) else letter  # the capital of some letters is two letters
