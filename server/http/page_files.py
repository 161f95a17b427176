"""The files of the web client, read once when a node starts, and the version that names them in addresses.

Scripts are sent without their indentation and without lines that are comments, a quarter of what they are when packed. No text in them
goes over several lines, which a test holds. Stylesheets are sent without comments, and without spaces around braces, colons and semicolons.

A version is a hash of all names and contents, so an address with a version in it means one content for ever. Modules name each
other by relative paths: a page that is given the address of its first module loads every other one of that version.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml; charset=utf-8",
    ".webmanifest": "application/manifest+json; charset=utf-8",
}
_NOT_PUBLISHED = ("package.json",)  # for tests and editors
VERSION = re.compile(r"[0-9a-f]{32}")
_COMMENT = rb"/\*(?:[^*]|\*(?!/))*\*/[ \t]*\n|//[^\n]*\n|\n"
_NEEDLESS = re.compile(rb"^[ \t]*(?:" + _COMMENT + rb")|^[ \t]+", re.MULTILINE)
_STYLE_COMMENT = rb"/\*(?:[^*]|\*(?!/))*\*/"
_STYLE_GAP = rb"(?:\s|" + _STYLE_COMMENT + rb")+"
_NEEDLESS_IN_STYLES = re.compile(
    rb"""(?P<kept>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|url\([^"'()]*\))"""
    rb"|(?:\A|(?<=[{};:,]))" + _STYLE_GAP
    + rb"|" + _STYLE_GAP + rb"(?=[{}]|\Z)"
    + rb"|(?P<between>\s*" + _STYLE_COMMENT + rb"(?:" + _STYLE_GAP + rb")?)",
    re.DOTALL,
)  # fmt: skip
_IMPORT = re.compile(r"""^(?:import|export)\b[^;"]*"(\.[^"]+\.js)";""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file, plain and by gzip."""

    body: bytes
    packed: bytes
    etag: str

    @classmethod
    def of(cls, body: bytes, packed: bytes | None = None) -> Self:
        """Returns the file of this content; `packed` is its gzip, if that is at hand."""
        return cls(body, packed or gzip.compress(body, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:32]}"')


@dataclass(frozen=True, slots=True)
class PageFiles:
    """All files of one version that pages load, by their names below `static/`."""

    version: str
    files: Mapping[str, PageFile]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Returns the files in a folder. Links out of it are left out."""
        return cls._of({name: PageFile.of(_shortened(name, body)) for name, body in sorted(_read(folder, TYPES))})

    @classmethod
    def unpack(cls, packed: Mapping[str, bytes]) -> Self:
        """Returns the files of `packed`. Their version is computed, and not taken from whoever stored them."""
        return cls._of({name: PageFile.of(gzip.decompress(data), data) for name, data in sorted(packed.items())})

    @classmethod
    def _of(cls, files: Mapping[str, PageFile]) -> Self:
        digest = hashlib.sha256()
        for name, file in files.items():
            digest.update(f"{name}\0{len(file.body)}\0".encode() + file.body)
        return cls(digest.hexdigest()[:32], files)

    def pack(self) -> dict[str, bytes]:
        return {name: file.packed for name, file in self.files.items()}

    def list_modules(self, *first: str) -> list[str]:
        """Returns these modules and all that they import when they start, in the order in which a browser would find them."""
        found = list(first)
        for name in found:
            text = self.files[name].body.decode()
            for path in _IMPORT.findall(text):
                other = _resolve(name, path)
                if other in self.files and other not in found:
                    found.append(other)
        return found


def read_pages(folder: Path) -> dict[str, bytes]:
    """Returns the pages in a folder, by name; what they lack is filled in for each node."""
    return dict(_read(folder, {".html": ""}))


def _read(folder: Path, kinds: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    whole = folder.resolve()
    for path in whole.rglob("*"):
        if (
            path.suffix in kinds
            and path.name not in _NOT_PUBLISHED
            and path.is_file()
            and path.resolve().is_relative_to(whole)
        ):
            yield path.relative_to(whole).as_posix(), path.read_bytes()


def _shortened(name: str, body: bytes) -> bytes:
    if name.endswith(".js"):
        return _NEEDLESS.sub(b"", body)
    return shorten_styles(body) if name.endswith(".css") else body


def shorten_styles(body: bytes) -> bytes:
    """Returns a stylesheet without comments and needless spaces. Strings stay, and words that a comment separates stay two."""
    return _NEEDLESS_IN_STYLES.sub(lambda found: found["kept"] or (b" " if found["between"] else b""), body)


def _resolve(module: str, path: str) -> str:
    parts: list[str] = []
    for part in (*PurePosixPath(module).parent.parts, *path.split("/")):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
