"""Reads what a web page says of itself for others to show, in a process of its own: a page may be made to cost much work.

Python's own parser is used. Its work grows with the square of some senseless pages, which end with their process after the time that
one is given.

Run like picture_worker.py, with the content of the page behind one line that names its encoding as the server says it. Answers with
the title, the description and the address of a picture, as UTF-8, each empty where the page says nothing.
"""

import os
import re
import sys
from contextlib import suppress
from html.parser import HTMLParser
from typing import BinaryIO

from typing_extensions import override

from server.media.worker import answer, limit_memory, wait_for

MEMORY_BYTES = 64 << 20
TITLE_MAX_CHARS = 4096  # of the text of <title>; more is cut when it is shown
VALUE_MAX_CHARS = 4096
LOOKED_AT_BYTES = 4096  # of a page, for the encoding that it names itself
# The names that pages use (https://encoding.spec.whatwg.org), for those of Python's codecs that decode text and nothing else.
_ENCODINGS = {
    **{
        name: name
        for name in ("utf-8", "utf-16le", "utf-16be", "koi8-r", "koi8-u", "big5", "gb18030", "euc-jp", "euc-kr")
    },
    **{name: name for name in ("shift_jis", "iso-2022-jp", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-15")},
    **{f"windows-125{n}": f"cp125{n}" for n in range(9)},
    "utf8": "utf-8",
    "utf-16": "utf-16le",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "sjis": "shift_jis",
    "ks_c_5601-1987": "cp949",
}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_CHARSET = re.compile(
    rb"""<meta[^>]{0,500}charset\s{0,10}=\s{0,10}["']?\s{0,10}([A-Za-z0-9_:.-]{1,40})""", re.IGNORECASE
)
# What each fact is called in pages, the one that is preferred first.
_TITLES = ("og:title", "twitter:title")
_DESCRIPTIONS = ("og:description", "twitter:description", "description")
_PICTURES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
_WANTED = frozenset((*_TITLES, *_DESCRIPTIONS, *_PICTURES))


class _HeadEndedError(Exception):
    """Raised where the body begins, in which nothing of interest follows."""


class _Head(HTMLParser):
    """Remembers the first value of each wanted name, and the first title."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[str, str] = {}
        self.title: list[str] = []
        self._chars = 0
        self._is_title = self._has_title = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            self._take(dict(attrs))
        elif tag == "title":
            self._is_title = not self._has_title
            self._has_title = True
        elif tag == "body":
            raise _HeadEndedError

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._is_title = False

    @override
    def handle_data(self, data: str) -> None:
        if self._is_title and self._chars < TITLE_MAX_CHARS:
            self.title.append(data[: TITLE_MAX_CHARS - self._chars])
            self._chars += len(data)

    def _take(self, attributes: dict[str, str | None]) -> None:
        name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
        value = (attributes.get("content") or "").strip()
        if name in _WANTED and value:
            self.found.setdefault(name, value[:VALUE_MAX_CHARS])

    def first(self, names: tuple[str, ...]) -> str:
        return next((self.found[name] for name in names if name in self.found), "")


def _decode(stated: str, content: bytes) -> str:
    """Returns the text of a page: by its first bytes, else as its server says, else as it says itself, else as UTF-8."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    named = _CHARSET.search(content[:LOOKED_AT_BYTES])
    own = "" if named is None else named[1].decode("ascii")
    for name in (stated, own):
        encoding = _ENCODINGS.get(name.lower(), "")
        if encoding:
            return content.decode(encoding, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        is_cut = error.start > len(content) - 4  # in the middle of a character
        return content.decode("utf-8" if is_cut else "cp1252", "replace")


def read_head(stated: str, content: bytes) -> tuple[str, str, str]:
    """Returns the title, the description and the address of a picture; "" for what is not there."""
    head = _Head()
    with suppress(_HeadEndedError):
        head.feed(_decode(stated, content))
    return head.first(_TITLES) or "".join(head.title), head.first(_DESCRIPTIONS), head.first(_PICTURES)


def main(file: str, _what: str, *numbers: str) -> int:
    """Run `page MAX_PIXELS MAX_BYTES CPU_S`; the first two are for pictures."""
    *_, cpu_s = map(int, numbers)

    def make(source: BinaryIO) -> list[bytes]:
        limit_memory(MEMORY_BYTES)
        wait_for(0)
        stated, _, content = source.read(os.fstat(source.fileno()).st_size).partition(b"\n")
        return [part.encode(errors="replace") for part in read_head(stated.decode("ascii", "replace"), content)]

    return answer(file, cpu_s, make)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
