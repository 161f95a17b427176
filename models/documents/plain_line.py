"""Other people's texts: how they are cleaned when they arrive, and how they are quoted inside a sentence of this server.

Fields of one line (names, titles, subjects, statuses) go through `one_line`, texts of several lines (messages, captions,
addresses) through `plain_text`. Nothing is refused for invisible characters, which people paste unknowingly; `is_storable`
refuses only texts that some encoding cannot hold. `is_blank` tells whether anything of a text can be seen.
"""

import re
import unicodedata

import regex

from models.documents.notification import shortened

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
# Blank besides white space: ignorable characters, controls, interlinear notes, and two glyphs without ink.
_INVISIBLE = r"\s\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cs}\ufff9-\ufffb\u2800\U0001d159"
_VISIBLE = regex.compile(rf"[^{_INVISIBLE}]")
# All but the two joiners, which make one emoji of several and separate Persian letters, and the tags of regional flags.
_ACTING = regex.compile(
    r"(?:\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)(*SKIP)(*FAIL)"
    r"|[[\p{Cc}--\s]\p{Cs}\ufff9-\ufffb[[\p{Cf}&&\p{Default_Ignorable_Code_Point}]--[\u200c\u200d]]]",
    regex.VERSION1,
)
# Characters that no text of several lines needs. Some programs write line breaks as one of the first three.
_CONTROL = re.compile("[\x0b\x0c\x85\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_BREAK = re.compile("[\x0b\x0c\x85]")
_RIGHT_TO_LEFT = ("R", "AL", "AN")
# The signs by which telephones recognise links: `://`, and a dot of any kind before a word of letters.
_LINKING = re.compile(r"(://|(?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d_]))")


def is_storable(text: str) -> bool:
    """Returns whether every encoding can hold a text: it has neither a NUL nor half of a surrogate pair."""
    return text.isprintable() or _NO_TEXT.search(text) is None


def is_blank(text: str) -> bool:
    """Returns whether nothing of a text can be seen: it is empty, or consists of white space and characters without a shape."""
    # The first character decides for most texts, which matters because each message is checked before its acknowledgement.
    return not "!" <= text[:1] <= "~" and _VISIBLE.search(text) is None


def one_line(text: str) -> str:
    """Returns the text with each run of white space as one space, without control and format characters; "" if it is blank.

    So there is no line break, tab, bell or escape sequence in it, and nothing that changes the direction of the text behind
    it.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    line = " ".join(_ACTING.sub("", text).split())
    return "" if is_blank(line) else line


def plain_text(text: str) -> str:
    """Returns the text without control characters except tabs and line breaks.

    Spaces and marks of direction stay: a text of several lines stands by itself. A text that needs no change is returned as
    the same object.
    """
    if text.isprintable() or _CONTROL.search(text) is None:
        return text
    return _CONTROL.sub("", _BREAK.sub("\n", text))


def quoted(text: str, max_chars: int) -> str:
    """Returns `one_line` of a text, shortened, for use inside a sentence.

    A text of a right-to-left script is isolated, so that it does not reverse the words around it. Others are not, since the
    two isolating characters would halve the number of characters that fit into an SMS.
    """
    line = shortened(one_line(text), max_chars)
    if not line.isascii() and any(unicodedata.bidirectional(each) in _RIGHT_TO_LEFT for each in line):
        return f"{FIRST_STRONG_ISOLATE}{line}{POP_ISOLATE}"
    return line


def unlinked(text: str) -> str:
    """Returns the text with a space after each character that would make a link of it; no word is lost.

    A message that this site sends must lead to this site alone, whatever an event or a person is called.
    """
    return _LINKING.sub(r"\1 ", text)
