"""Shortens texts between grapheme clusters, which people see as one character.

A flag, a family, a letter with its accents and a Hangul syllable are several code points each; a cut inside one shows
something that nobody wrote. `max_chars` counts code points, as every limit of this server does.
"""

import regex

# `\X` looks back over all flags in front of one, so a run of them would take its square: flags are taken two by two instead.
CLUSTER = (
    r"\p{Regional_Indicator}{2}[\p{Grapheme_Cluster_Break=Extend}\p{Grapheme_Cluster_Break=SpacingMark}\u200d]*|\X"
)
_CLUSTER = regex.compile(CLUSTER)


def cut(text: str, max_chars: int) -> str:
    """Returns the first whole clusters of a text that have at most `max_chars` code points together.

    A first cluster that is longer by itself (a letter with many accents) is cut inside, so that something is left.
    """
    if len(text) <= max_chars or max_chars <= 0:
        return text[: max(max_chars, 0)]
    if text.isascii():
        # The only cluster of several ASCII characters.
        return text[: max_chars - 1] if text[max_chars - 1 : max_chars + 1] == "\r\n" else text[:max_chars]
    end = 0
    for cluster in _CLUSTER.finditer(text):
        if cluster.end() > max_chars:
            break
        end = cluster.end()
    return text[: end or max_chars]


def first_cluster(text: str) -> str:
    """Returns the first cluster of a text, or "" for an empty text."""
    found = _CLUSTER.match(text)
    return found[0] if found else ""
