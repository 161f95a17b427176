"""Decides which texts a search finds, and where in them: pure rules, which the index only makes quick (docs/architecture.md, "Search").

Texts are folded first: case, width, accents and the like make no difference. A query is then a few words, and finds a text, or
several of one message together, in which every one of them occurs:

- a word of a script that is written with spaces, as the beginning of a word;
- a run of characters of a script without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) or with words that grow
  together (Korean), anywhere;
- an emoji as a whole, in any tone of skin.

Folding goes by grapheme clusters, so a range begins and ends where people see a character begin and end.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from unicodedata import normalize

import regex

from models.documents.graphemes import CLUSTER
from models.errors import Malformed, TooLong

QUERY_MAX_CHARS = 256
WORDS_MAX = 16  # that one query looks for
RANGES_MAX = 64  # that are shown of one text
# Places of one word that are looked for in a text: more than a snippet has characters, and it shows the surroundings of the first.
FOUND_MAX = 512
CLUSTER_MAX_CHARS = (
    64  # that are looked at: thousands of accents on one letter would take their square to be put in order
)
# Of clusters whose folded form is remembered: longer ones, which anybody can send, would fill the memory.
KNOWN_CLUSTER_MAX_CHARS = 8
# Of the beginnings of a word that the index knows; any block has words with any letter.
PREFIX_LENGTHS = (2, 3, 4, 6, 9)

Range = tuple[int, int]  # code points of the original text, the end exclusive

# Scripts whose words are not found by spaces, each with its digits and marks: Thai, Lao, Burmese, Hangul, Khmer, kana, Bopomofo, Han.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u19e0-\u19ff\u3005-\u3007\u3031-\u3035\u3040-\u30ff\u3100-\u318f"
    r"\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff"
    r"\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_IN_RUN = rf"[[\p{{L}}\p{{M}}\p{{N}}]&&[{_UNSPACED}]]"
_IN_WORD = rf"[[\p{{L}}\p{{M}}\p{{N}}]--[{_UNSPACED}]]"
_TOKEN = regex.compile(rf"(?V1)(?P<word>{_IN_WORD}+)|(?P<run>{_IN_RUN}+)|(?P<emoji>\x00[^\x00]+\x00)")
_WORD_CHARACTER = regex.compile(rf"(?V1){_IN_WORD}")
# An emoji, or whatever stands between ASCII characters that are in no word: no token goes beyond it. Ten times as quick as to look for tokens.
_APART = re.compile(r"\x00[^\x00]+\x00|[0-9A-Za-z\x80-\U0010ffff]+")
# Parts whose terms are remembered: short ones of scripts with spaces, or one emoji. Each has a few terms; a run has two for each character,
# and hardly ever comes again.
_KNOWN = re.compile(r"[0-9A-Za-z\x80-\u0dff]{1,12}|\x00[^\x00]{1,10}\x00")
KNOWN_MAX = 1 << 13  # parts, of some 700 bytes with their terms at most

# A run of ASCII, whose last character may be the base of an accent and so is left to the cluster; or one cluster.
_PART = regex.compile(rf"[\x00-\x7f]+(?=[\x00-\x7f])|{CLUSTER}")
_EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3")
# Signs that say in which form an emoji is drawn, or in which tone of skin.
_EMOJI_FORM = regex.compile(r"[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\x00]")
# Accents of Latin, Greek and Cyrillic letters, vowel signs of Hebrew and Arabic, which are mostly not written. Not those of Indian and
# other scripts, where they are letters of their own, nor the voicing of kana; and й is no и.
_ACCENTS = regex.compile(
    r"(?<!\u0438)\u0306|[\u0300-\u0305\u0307-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    r"\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20dc\ufe20-\ufe2f]"
)
# What is not seen, and does not part words: soft hyphens, joiners, marks of direction, the Arabic tatweel, zero width spaces.
_UNSEEN = regex.compile(
    r"[\x00\u00ad\u034f\u061c\u0640\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
# Letters that people take for others and Unicode does not.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"})


# Texts of these alone have no cluster of several characters that matter, so they are folded character by character, ten times as quick.
_SIMPLE = re.compile(
    r"[\x00-\x7f\u00a0-\u00a8\u00aa-\u00ad\u00af-\u02ff\u0370-\u0482\u048a-\u058f\u05d0-\u05ea\u0620-\u064a\u0660-\u066f\u0671-\u06d3"
    r"\u1e00-\u1fff\u2010-\u2027\u2030-\u203a\u20a0-\u20bf\u3000-\u3029\u3041-\u3096\u309d-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7a3\uff01-\uff9d]*"
)


def fold(text: str) -> str:
    """Returns the folded text. An emoji stands between two NULs in it."""
    if text.isascii():
        return text.lower()
    if _SIMPLE.fullmatch(text):
        return text.translate(_CHARACTERS)
    return "".join(map(_fold_part, _PART.findall(text)))


def _fold_part(part: str) -> str:
    if part.isascii():
        return part.lower()
    cluster = part[:CLUSTER_MAX_CHARS]
    return _known_cluster(cluster) if len(cluster) <= KNOWN_CLUSTER_MAX_CHARS else _fold_cluster(cluster)


def _fold_cluster(cluster: str) -> str:
    if _EMOJI.search(cluster):
        emoji = _EMOJI_FORM.sub("", cluster).rstrip("\u200d")  # a joiner that joins nothing is not seen
        return f"\x00{emoji}\x00" if emoji else ""
    folded = normalize("NFKC", normalize("NFKC", cluster).casefold())
    folded = normalize("NFC", _ACCENTS.sub("", normalize("NFD", folded)))
    seen: str = _UNSEEN.sub("", folded)
    return seen.translate(_LETTERS)


_known_cluster = lru_cache(maxsize=1 << 14)(_fold_cluster)


class _Characters(dict[int, str]):
    """The folded form of each character that has been met, of the 41,000 of `_SIMPLE`."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_part(chr(code))
        return folded


_CHARACTERS = _Characters()


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A query that was read: folded words, runs and emoji, each once."""

    words: tuple[str, ...]
    elsewhere: tuple[str, ...]  # runs and emoji, which are found anywhere

    @property
    def folded(self) -> str:
        """Returns the query as a folded text, whose terms are those that the index is asked for."""
        return " ".join((*self.words, *self.elsewhere))


def read_query(text: str) -> SearchQuery:
    """Returns the query that a text means. Raises Malformed if it holds no word, TooLong if too many."""
    if len(text) > QUERY_MAX_CHARS:
        raise TooLong(f"query: at most {QUERY_MAX_CHARS} characters.")
    words: dict[str, None] = {}
    elsewhere: dict[str, None] = {}
    for token in _TOKEN.finditer(fold(text)):
        (words if token.lastgroup == "word" else elsewhere)[token[0]] = None
    if not words and not elsewhere:
        raise Malformed("query: must hold a word, a number or an emoji.")
    if len(words) + len(elsewhere) > WORDS_MAX:
        raise TooLong(f"query: at most {WORDS_MAX} words.")
    return SearchQuery(tuple(words), tuple(elsewhere))


def list_terms(folded: str) -> set[str]:
    """Returns what the index knows of a folded text.

    The terms of a query are among those of every text that it finds: the beginnings of the beginning of a word are its own, and
    the characters and pairs of a part of a run are those of the run.
    """
    terms: set[str] = set()
    for part in set(_APART.findall(folded)):
        terms.update(_known_terms(part) if _KNOWN.fullmatch(part) else _list_terms(part))
    return terms


def _list_terms(part: str) -> Iterator[str]:
    """Returns the terms of a part that a text falls into."""
    for word, run, emoji in _TOKEN.findall(part):
        if word:
            for length in PREFIX_LENGTHS:
                if length <= len(word):
                    yield word[:length]
        elif run:
            yield from run
            yield from map("".join, pairwise(run))
        else:
            yield emoji.strip("\x00")


@lru_cache(maxsize=KNOWN_MAX)
def _known_terms(part: str) -> tuple[str, ...]:
    """Returns the terms of a short part. Nearly all words that people write are among a few thousand."""
    return tuple(_list_terms(part))


def matches(query: SearchQuery, texts: Sequence[str]) -> bool:
    """Returns whether a query finds a message with these texts: `find_ranges` without the ranges."""
    folded = "\n".join(map(fold, texts))  # no part of a query goes beyond a line
    for part in query.elsewhere:
        if part not in folded:
            return False
    return all(_begins_word(word, folded) for word in query.words)


def find_ranges(query: SearchQuery, texts: Sequence[str]) -> list[list[Range]] | None:
    """Returns where a query finds these texts of one message, for each of them in order; None if it does not find them all together.

    Ranges ascend and do not touch each other.
    """
    if not matches(query, texts):
        return None
    return [_ranges_in(query, text) for text in texts]


def _begins_word(word: str, folded: str) -> bool:
    return word in folded and next(_beginnings(word, folded), None) is not None


def _beginnings(word: str, folded: str) -> Iterator[Range]:
    """Returns where a word stands at the beginning of one."""
    for start, end in _occurrences(word, folded):
        if start == 0 or _WORD_CHARACTER.match(folded, start - 1) is None:
            yield start, end


def _ranges_in(query: SearchQuery, text: str) -> list[Range]:
    folded, starts, ends = _mapped(text)
    found: list[Range] = []
    for word in query.words:
        found += islice(_beginnings(word, folded), FOUND_MAX)
    for part in query.elsewhere:
        found += islice(_occurrences(part, folded), FOUND_MAX)
    return _merged((starts[first], ends[last - 1]) for first, last in sorted(found))


def _occurrences(part: str, folded: str) -> Iterator[Range]:
    at = folded.find(part)
    while at >= 0:
        yield at, at + len(part)
        at = folded.find(part, at + 1)


def _mapped(text: str) -> tuple[str, Sequence[int], Sequence[int]]:
    """Returns the folded text, and for each of its characters where the cluster that it comes from begins and ends."""
    if text.isascii():
        return text.lower(), range(len(text)), range(1, len(text) + 1)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for match in _PART.finditer(text):
        part, (start, end) = _fold_part(match[0]), match.span()
        parts.append(part)
        if match[0].isascii():
            starts += range(start, end)
            ends += range(start + 1, end + 1)
        else:
            starts += [start] * len(part)
            ends += [end] * len(part)
    return "".join(parts), starts, ends


def _merged(ranges: Iterator[Range]) -> list[Range]:
    merged: list[Range] = []
    for start, end in ranges:
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif len(merged) == RANGES_MAX:
            break
        else:
            merged.append((start, end))
    return merged
