"""Other people's words: what is left of them when they are taken in, and what they look like inside a sentence of ours.

Fields of one line (names, titles, subjects, statuses) are folded by `one_line`, texts of several lines (messages, captions,
addresses) by `plain_text`. Nothing is refused for characters that a person cannot see and may have pasted; only what is no
text in some encoding, by `is_storable`. `is_blank` says of both whether anything is left to see.
"""

import re
import unicodedata

import regex

from models.documents.notification import shortened

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
# Blank besides white space: what Unicode lets programs ignore, controls, notes between lines, and two glyphs without ink.
_INVISIBLE = r"\s\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cs}\ufff9-\ufffb\u2800\U0001d159"
_VISIBLE = regex.compile(rf"[^{_INVISIBLE}]")
# The two joiners make an emoji of several, or keep letters of Persian apart; tags behind a black flag make one of a region.
_ACTING = regex.compile(
    r"(?:\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)(*SKIP)(*FAIL)"
    r"|[[\p{Cc}--\s]\p{Cs}\ufff9-\ufffb[[\p{Cf}&&\p{Default_Ignorable_Code_Point}]--[\u200c\u200d]]]",
    regex.VERSION1,
)
# No text of several lines has these, but the first three are line breaks to some who write one.
_CONTROL = re.compile("[\x0b\x0c\x85\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_BREAK = re.compile("[\x0b\x0c\x85]")
_RIGHT_TO_LEFT = ("R", "AL", "AN")
# What telephones make a link of: `://`, and a dot, or what browsers take for one, in front of a word of letters.
_LINKING = re.compile(r"(://|(?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d_]))")


def is_storable(text: str) -> bool:
    """Returns whether a text is one in every encoding: it has neither a NUL nor half of a surrogate pair."""
    return text.isprintable() or _NO_TEXT.search(text) is None


def is_blank(text: str) -> bool:
    """Returns whether nothing of a text can be seen: it is empty, or white space and characters without a shape."""
    # Most texts begin with what can be seen, and a message is looked at before it is acknowledged.
    return not "!" <= text[:1] <= "~" and _VISIBLE.search(text) is None


def one_line(text: str) -> str:
    """Returns the text with each run of white space as one space, without control and format characters; "" if it is blank.

    So no line break, no tab, no bell, no escape sequence, and nothing that changes the direction of what follows.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    line = " ".join(_ACTING.sub("", text).split())
    return "" if is_blank(line) else line


def plain_text(text: str) -> str:
    """Returns the text without control characters but tabs and line breaks.

    Those, spaces and what marks directions stay as they are: a text of several lines stands by itself. So does the object: a
    text that needs no change is returned itself.
    """
    if text.isprintable() or _CONTROL.search(text) is None:
        return text
    return _CONTROL.sub("", _BREAK.sub("\n", text))


def quoted(text: str, max_chars: int) -> str:
    """Returns `one_line` of a text, shortened, for use inside a sentence.

    Words of a script that runs from right to left are isolated, so that they do not turn the words around them. Others are
    not: the two isolating characters would make every SMS one of half as many characters.
    """
    line = shortened(one_line(text), max_chars)
    if not line.isascii() and any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in line):
        return f"{FIRST_STRONG_ISOLATE}{line}{POP_ISOLATE}"
    return line


def unlinked(text: str) -> str:
    """Returns the text with a space behind each character that makes a link of it; no word is lost.

    A message that this site sends must lead nowhere but to this site, whatever somebody called an event or themselves.
    """
    return _LINKING.sub(r"\1 ", text)
