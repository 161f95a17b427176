"""Media: the files of messages and photos, and the formats of each kind (docs/messaging-api.md, "Media")."""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from models.documents.media_formats import IMAGES, NO_TYPES, SOUNDS, VIDEOS, Format
from models.errors import Malformed

T = TypeVar("T")

UNKNOWN_TYPE = "application/octet-stream"
# A stored file in a URL of this server, by any of its host names. The name of a rendition may follow.
_NAME_IN_URL = re.compile(r"/media/([0-9a-f]{32}(?:\.[a-z0-9]{1,8})?)(?![^/?#])")


class MediaKind(StrEnum):
    IMAGE = "image"
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO = "video"
    CARD = "card"


# The formats of each kind. A card may have any; it is read as text.
FORMATS: Mapping[MediaKind, Sequence[Format]] = {
    MediaKind.IMAGE: IMAGES,
    MediaKind.VOICE: SOUNDS,
    MediaKind.AUDIO: SOUNDS,
    MediaKind.VIDEO: VIDEOS,
    MediaKind.CARD: (),
}
_EVERY = (*IMAGES, *SOUNDS, *VIDEOS)
# Types that a browser displays and does not run: those of all kinds above.
INLINE_TYPES = frozenset(each.mime_type for each in _EVERY)
_EXTENSIONS: Mapping[str, str] = {each.mime_type: each.endings[0] for each in _EVERY}


@dataclass(frozen=True, slots=True)
class Media:
    """A stored file. A reader needs only its `name`; `sha256` is that of the content."""

    name: str
    mime_type: str
    size_bytes: int
    sha256: bytes
    thumbnail: str | None = None  # the name of a small JPEG of it
    renditions: Mapping[str, str] = field(default_factory=dict)  # of a photo: the names of its further sizes
    is_unreadable: bool = False  # making smaller sizes of it failed not long ago

    @property
    def hash(self) -> str:
        """Returns base64 of the SHA-256, as clients are shown it (docs/messaging-api.md, "Media")."""
        return base64.b64encode(self.sha256).decode()


@dataclass(frozen=True, slots=True)
class MediaRule:
    """The files that one kind of message accepts: those of its formats with fewer than `below_bytes` bytes."""

    kind: MediaKind
    below_bytes: int

    def require_type(self, file_name: str, mime_type: str = "", start: bytes = b"") -> str:
        """Returns the type of an upload: by its name, or else by the type that its sender names, or else by its first bytes.

        Raises Malformed, which lists the accepted formats.
        """
        return self._require(
            lambda: self._by_name([file_name]) or self._by_type(mime_type) or self._by_start(mime_type, start)
        )

    def require_type_of_url(self, urls: Iterable[str], mime_type: str, file_name: str = "", start: bytes = b"") -> str:
        """Returns the type of the file behind a URL: by its path (before or after redirects), or else by its server's answer.

        The answer gives the name of the type, the name of the file and the first bytes, which count in this order. Raises
        Malformed.
        """
        paths = [unquote(urlsplit(url).path) for url in urls]
        return self._require(
            lambda: (
                self._by_name(paths)
                or self._by_type(mime_type)
                or self._by_name([file_name])
                or self._by_start(mime_type, start)
            )
        )

    def _by_name(self, names: Iterable[str]) -> str | None:
        endings = [extension_of(name) for name in names]
        return self._first(endings, Format.has_ending)

    def _by_type(self, mime_type: str) -> str | None:
        return self._first([_bare(mime_type)], Format.is_called)

    def _by_start(self, mime_type: str, start: bytes) -> str | None:
        """Returns the format of the first bytes, if no type is named: a page that is named one may begin like anything."""
        return (
            self._first([start], lambda each, begun: each.start.match(begun)) if _bare(mime_type) in NO_TYPES else None
        )

    def _first(self, known: Iterable[T], fits: Callable[[Format, T], object]) -> str | None:
        return next((each.mime_type for one in known for each in FORMATS[self.kind] if fits(each, one)), None)

    def _require(self, find: Callable[[], str | None]) -> str:
        formats = FORMATS[self.kind]
        if not formats:
            return UNKNOWN_TYPE
        mime_type = find()
        if mime_type is None:
            endings = sorted(ending for each in formats for ending in each.endings)
            raise Malformed(f"The file must be one of these: {', '.join(endings)}.")
        return mime_type


def _bare(mime_type: str) -> str:
    """Returns a type without its parameters (`; codecs=opus`)."""
    return mime_type.partition(";")[0].strip().lower()


def extension_of(file_name: str) -> str:
    """Returns the extension in lower case without its dot, or "" for none."""
    return PurePosixPath(file_name.replace("\\", "/").rpartition("/")[2]).suffix[1:].lower()


def extension_for(mime_type: str) -> str:
    """Returns the extension for files of this type, or "" for a type of no kind."""
    return _EXTENSIONS.get(mime_type, "")


def media_named(url: str) -> str | None:
    """Returns the name of the stored file that a URL leads to, or None for a URL that leads elsewhere."""
    found = _NAME_IN_URL.search(url)
    return None if found is None else found[1]
