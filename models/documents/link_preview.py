"""Link previews: which link of a text is looked at, and what is shown of the page behind it (docs/protocol.md, "Link previews")."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import regex

from models.documents.graphemes import cut
from models.documents.media import Placeholder
from models.documents.plain_line import one_line
from models.documents.url import URL_MAX_CHARS, is_web_url

TITLE_MAX_CHARS = 200
DESCRIPTION_MAX_CHARS = 300
CANDIDATES_MAX = 5  # each may have a host of thousands of characters, which cost milliseconds
# An address as the page shows it (static/js/markup.js): up to white space, quotes or brackets of HTML.
_ADDRESS = regex.compile(r"(?<![\p{L}\p{N}])https?://[^\s<>\"'`]+", regex.IGNORECASE)
_OF_THE_SENTENCE = ".,;:!?)]}…*_~"
_FENCE, _TICK = "```", "`"


@dataclass(frozen=True, slots=True)
class PreviewPicture:
    """The picture of a page, which this server has drawn anew and keeps: its path here, and what is shown until it has come."""

    url: str
    placeholder: Placeholder


@dataclass(frozen=True, slots=True)
class LinkPreview:
    """What is shown of the page behind a link.

    `url` is the link as it stands in the text, so a press leads where the writer pointed. `site` is the host of that link,
    not what the page calls itself.
    """

    url: str
    site: str
    title: str
    description: str | None = None
    picture: PreviewPicture | None = None

    @property
    def chars(self) -> int:
        """Returns about how many characters it has on the wire."""
        return 200 + len(self.url) + len(self.site) + len(self.title) + len(self.description or "")


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says of itself for others to show, untrusted. `picture` is an address, perhaps relative to the page's own."""

    title: str = ""
    description: str = ""
    picture: str = ""


def find_link(text: str | None) -> str | None:
    """Returns the first http or https address in a text that is not between backquotes, or None.

    Only the first few texts that look like one are tried, since others may have sent thousands that are none.
    """
    if not may_have_link(text):
        return None
    tried = islice(_candidates(text or ""), CANDIDATES_MAX)
    return next((each for each in tried if len(each) <= URL_MAX_CHARS and is_web_url(each)), None)


def may_have_link(text: str | None) -> bool:
    """Returns False for a text without an address, at hardly any cost."""
    return text is not None and "://" in text


def shown_title(text: str) -> str:
    """Returns what a page calls itself as one line that fits."""
    return cut(one_line(text), TITLE_MAX_CHARS)


def shown_description(text: str) -> str | None:
    """Returns what a page says of itself as one line that fits; None if that is nothing."""
    return cut(one_line(text), DESCRIPTION_MAX_CHARS) or None


def _candidates(text: str) -> Iterator[str]:
    for part in _outside_of_code(text):
        for found in _ADDRESS.finditer(part):
            yield _bare(found[0])


def _outside_of_code(text: str) -> Iterator[str]:
    """Yields what stands outside of pairs of backquotes, in its order."""
    for block in _outside(text, _FENCE):
        for line in block.split("\n"):
            yield from _outside(line, _TICK)


def _outside(text: str, sign: str) -> Iterator[str]:
    pieces = text.split(sign)
    for place, piece in enumerate(pieces):
        if place % 2 == 0 or place == len(pieces) - 1:  # the last sign of an odd number closes nothing
            yield piece


def _bare(address: str) -> str:
    """Returns an address without the signs of the sentence behind it. A closing bracket stays if the address has opened one."""
    bare = address.rstrip(_OF_THE_SENTENCE)
    rest = address[len(bare) :]
    return f"{bare})" if rest.startswith(")") and "(" in bare and ")" not in bare else bare
