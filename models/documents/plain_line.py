"""Other people's words inside a sentence of ours: one line, without characters that act on what stands around them."""

import re
import unicodedata

from models.documents.notification import shortened

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
# Join the parts of an emoji, or keep letters of Persian apart; they reorder nothing.
_JOINERS = "\u200c\u200d"
_RIGHT_TO_LEFT = ("R", "AL", "AN")
# What telephones make a link of: `://`, and a dot, or what browsers take for one, in front of a word of letters.
_LINKING = re.compile(r"(://|(?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d_]))")


def one_line(text: str) -> str:
    """Returns the text with each run of white space as one space, and without control and format characters.

    So no line break, no tab, no bell, no escape sequence, and nothing that changes the direction of what follows.
    """
    spaced = "".join(" " if each.isspace() or each in "\u0085\u2028\u2029" else each for each in text)
    return " ".join("".join(each for each in spaced if not _acts(each)).split())


def quoted(text: str, max_chars: int) -> str:
    """Returns `one_line` of a text, shortened, for use inside a sentence.

    Words of a script that runs from right to left are isolated, so that they do not turn the words around them. Others are
    not: the two isolating characters would make every SMS one of half as many characters.
    """
    line = shortened(one_line(text), max_chars)
    if any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in line):
        return f"{FIRST_STRONG_ISOLATE}{line}{POP_ISOLATE}"
    return line


def unlinked(text: str) -> str:
    """Returns the text with a space behind each character that makes a link of it; no word is lost.

    A message that this site sends must lead nowhere but to this site, whatever somebody called an event or themselves.
    """
    return _LINKING.sub(r"\1 ", text)


def _acts(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in _JOINERS
