"""Parses Content-Disposition as tolerantly as browsers do: the name of a form's field, and of a file (RFC 6266, RFC 7578)."""

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
# Browsers send backslashes in a file name unescaped; curl escapes these two characters.
_ESCAPED = re.compile(r"\\([\"\\])")
_PLAIN = re.compile(r"[\w.-]+", re.ASCII)
_NOT_PLAIN = re.compile(r"[^\w. ()-]", re.ASCII)
_EXTENDED = "*"  # ends the name of a parameter whose value is percent-encoded in a charset that it names (RFC 8187)


@dataclass(frozen=True, slots=True)
class Disposition:
    """The parameters of the header; None for one that is missing."""

    name: str | None = None
    file_name: str | None = None

    @property
    def header(self) -> str:
        """Returns the header in ASCII, without anything that needs quotes."""
        said = {"name": self.name, "filename": self.file_name}
        return "".join(["form-data", *(_written(key, value) for key, value in said.items() if value is not None)])


def read_disposition(header: str) -> Disposition:
    """Returns the parameters that can be read; the first one counts if there are several of a name.

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
        # Marks a file, whatever it is called, also if its name comes in pieces (RFC 2231).
        if name.startswith("filename"):
            found.setdefault("", "")
    file_name = found.get("filename*", found.get("filename", found.get("")))
    return Disposition(found.get("name*", found.get("name")), file_name)


def attachment(file_name: str | None) -> str:
    """Returns the header of a file that is saved and not shown, under this name where it has one (RFC 6266).

    Clients that do not know the extended parameter get a name without characters that they could misread.
    """
    if not file_name:
        return "attachment"
    if _PLAIN.fullmatch(file_name):
        return f'attachment; filename="{file_name}"'
    return f'attachment; filename="{_NOT_PLAIN.sub("_", file_name)}"{_written("filename", file_name)}'


def _written(key: str, value: str) -> str:
    if _PLAIN.fullmatch(value):
        return f"; {key}={value}"
    return f"; {key}*=utf-8''{quote(value, safe='', errors='replace')}"


def _split(header: str) -> list[str]:
    """Returns the parts between semicolons, except semicolons in quotes."""
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
