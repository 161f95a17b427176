"""Reactions: each is one emoji, in one spelling.

An emoji may be written with and without the character that asks for its coloured form (U+FE0F), and keyboards differ. All
are converted to the form that Unicode calls fully qualified, so that people who see one emoji have reacted alike. Emoji of
different skin tones are different.
"""

from collections.abc import Mapping
from functools import cache

_VARIATION = "\ufe0f"


def find_emoji(text: str) -> str | None:
    """Returns the emoji that a text consists of, fully qualified, and None for any other text."""
    return load_emoji().get(text.replace(_VARIATION, ""))


def as_reaction(stored: str) -> str:
    """Returns a stored reaction as it is shown.

    Earlier versions stored any spelling and any word; words stay as they are.
    """
    return find_emoji(stored) or stored


@cache
def load_emoji() -> Mapping[str, str]:
    """Returns all emoji, fully qualified, by their spelling without U+FE0F.

    Reading them takes a tenth of a second: server/process/unicode_tables.py does so early.
    """
    from emoji import EMOJI_DATA, STATUS

    whole = (STATUS["fully_qualified"], STATUS["component"])
    return {text.replace(_VARIATION, ""): text for text, facts in EMOJI_DATA.items() if facts["status"] in whole}
