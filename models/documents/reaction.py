"""Reactions: each is one emoji, in one spelling.

An emoji may be written with and without the character that asks for its coloured form (U+FE0F), and keyboards differ. All of
these are the form that Unicode calls fully qualified, so that two people who see the same emoji have reacted alike. Skin tones
are kept: they are other emoji.
"""

from collections.abc import Mapping
from functools import cache

_VARIATION = "\ufe0f"


def find_emoji(text: str) -> str | None:
    """Returns the emoji that a text is, fully qualified; None for a text that is none, or more than one."""
    return load_emoji().get(text.replace(_VARIATION, ""))


def as_reaction(stored: str) -> str:
    """Returns a stored reaction as it is shown: earlier versions took any spelling, and any word, which stays as it is."""
    return find_emoji(stored) or stored


@cache
def load_emoji() -> Mapping[str, str]:
    """Returns all emoji, fully qualified, by their spelling without U+FE0F.

    Reading them takes a tenth of a second, once: server/process/unicode_tables.py does so before they are needed.
    """
    from emoji import EMOJI_DATA, STATUS

    whole = (STATUS["fully_qualified"], STATUS["component"])
    return {text.replace(_VARIATION, ""): text for text, facts in EMOJI_DATA.items() if facts["status"] in whole}
