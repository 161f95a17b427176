"""Reads Content-Disposition, as tolerantly as browsers do: which field a part of a form is, and how a file is called (RFC 6266, RFC 7578)."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from models.errors import Malformed

PARAMETERS_MAX = 16  # forms need two
_CHARSETS = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
}
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)', re.DOTALL)
_MARKS = re.compile(r"\\.|[\";]", re.DOTALL)
# Browsers write the backslashes of a file name as they are, curl puts one before each of these two.
_ESCAPED = re.compile(r"\\([\"\\])")
_PLAIN = re.compile(r"[\w.-]+", re.ASCII)
_EXTENDED = "*"  # behind the name of a parameter: its value names its charset and is percent-encoded (RFC 8187)


@dataclass(frozen=True, slots=True)
class Disposition:
    """None stands for what is not said."""

    name: str | None = None
    file_name: str | None = None

    @property
    def header(self) -> str:
        """Returns the header in ASCII, without anything that has to be quoted."""
        said = {"name": self.name, "filename": self.file_name}
        return "".join(["form-data", *(_written(key, value) for key, value in said.items() if value is not None)])


def read_disposition(header: str) -> Disposition:
    """Returns what can be read; of a parameter that is there several times the first one counts.

    Raises Malformed for more parameters than anybody needs.
    """
    _, *pieces = _split(header)
    if len(pieces) > PARAMETERS_MAX:
        raise Malformed("A part of the form has a Content-Disposition with too many parameters.")
    found: dict[str, str] = {}
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name, text = name.strip().lower(), _unquoted(value.strip())
        known = _decoded(text) if name.endswith(_EXTENDED) else text
        if equals and known is not None:
            found.setdefault(name, known)
        if name.startswith("filename"):  # it is a file, whatever it is called, and if its name is in pieces (RFC 2231)
            found.setdefault("", "")
    file_name = found.get("filename*", found.get("filename", found.get("")))
    return Disposition(found.get("name*", found.get("name")), file_name)


def _written(key: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"; {key}={value}"
    return f"; {key}*=utf-8''{quote(value, safe='', errors='replace')}"


def _split(header: str) -> list[str]:
    """The parts between semicolons, but for those in quotes."""
    pieces: list[str] = []
    start, is_quoted = 0, False
    for mark in _MARKS.finditer(header):
        if mark[0] == '"':
            is_quoted = not is_quoted
        elif mark[0] == ";" and not is_quoted:
            pieces.append(header[start : mark.start()])
            start = mark.end()
    return [*pieces, header[start:]]


def _unquoted(text: str) -> str:
    quoted = _QUOTED.match(text)
    return text if quoted is None else _ESCAPED.sub(r"\1", quoted[1])


def _decoded(text: str) -> str | None:
    charset, mark, rest = text.partition("'")
    _, end, encoded = rest.partition("'")
    codec = _CHARSETS.get(charset.strip().lower())
    if not mark or not end or codec is None:
        return None
    try:
        return unquote(encoded, codec, "strict")
    except UnicodeDecodeError:
        return None
