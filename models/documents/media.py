"""Media: the files of messages and photos, and the formats of each kind (docs/messaging-api.md, "Media")."""

import base64
import mimetypes
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

from models.documents.media_formats import IMAGES, NO_TYPES, SOUNDS, VIDEOS, Format
from models.errors import Malformed

T = TypeVar("T")

UNKNOWN_TYPE = "application/octet-stream"
FREE = b"free"  # the type of a part of a film that holds nothing
WAVEFORM_BINS = 64
DURATION_MAX_MS = 24 * 60 * 60 * 1000  # no file that is accepted lasts longer
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
# Python's own table: that of the machine differs from one node to the next.
_TYPES_BY_ENDING: Mapping[str, str] = mimetypes.MimeTypes(filenames=()).types_map[True]
# A stored file in a URL of this server, by any of its host names. The name of a rendition may follow.
MEDIA = "/media/"  # where stored files are read
_NAME_IN_URL = re.compile(MEDIA + r"([0-9a-f]{32}(?:\.[a-z0-9]{1,8})?)(?![^/?#])")


class MediaKind(StrEnum):
    IMAGE = "image"
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO = "video"
    CARD = "card"
    DOCUMENT = "document"


# The formats of each kind. A card may have any; it is read as text. So may a document; nobody reads it here.
FORMATS: Mapping[MediaKind, Sequence[Format]] = {
    MediaKind.IMAGE: IMAGES,
    MediaKind.VOICE: SOUNDS,
    MediaKind.AUDIO: SOUNDS,
    MediaKind.VIDEO: VIDEOS,
    MediaKind.CARD: (),
    MediaKind.DOCUMENT: (),
}
_EVERY = (*IMAGES, *SOUNDS, *VIDEOS)
# Types that a browser displays and does not run: those of all kinds above.
INLINE_TYPES = frozenset(each.mime_type for each in _EVERY)
_EXTENSIONS: Mapping[str, str] = {each.mime_type: each.endings[0] for each in _EVERY}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What is shown in a picture's place until it is there: its size in pixels, upright, and a ThumbHash of it in base64."""

    width: int
    height: int
    blur: str


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small JPEG of a picture, and what is shown in the picture's place."""

    data: bytes
    placeholder: Placeholder


class Box(NamedTuple):
    """A part of a film's file: where its type is written, and where its content begins and ends."""

    type_at: int
    start: int
    stop: int

    def empty(self, data: bytearray, at: int) -> None:
        """Make it an empty part in bytes that begin at this place of the file, and that need not hold all of it."""
        for place, byte in enumerate(FREE, self.type_at - at):
            if 0 <= place < len(data):
                data[place] = byte
        first, last = max(self.start - at, 0), min(self.stop - at, len(data))
        if first < last:
            data[first:last] = bytes(last - first)


@dataclass(frozen=True, slots=True)
class Recording:
    """What is found out about a video or a sound: how long it lasts, a picture of a video, the waveform of a sound.

    A waveform is base64 of WAVEFORM_BINS bytes, each of which says how loud one of as many equal parts is; the loudest has 255.
    """

    duration_ms: int | None = None
    poster: Thumbnail | None = None
    waveform: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """A stored file. A reader needs only its `name`; `sha256` is that of the content.

    `file_name` is what a document is called by who sent it, cleaned; other files are kept without their names.
    """

    name: str
    mime_type: str
    size_bytes: int
    sha256: bytes
    thumbnail: str | None = None  # the name of a small JPEG of it
    renditions: Mapping[str, str] = field(default_factory=dict)  # of a photo: the names of its further sizes
    unreadable_as: frozenset[MediaKind] = frozenset()  # as which it could not be decoded, not long ago
    placeholder: Placeholder | None = None  # of a picture or a video of a message
    file_name: str | None = None
    duration_ms: int | None = None  # of a video or a sound
    waveform: str | None = None  # of a sound

    def is_known_as(self, kind: MediaKind) -> bool:
        """Returns whether all has been found out that messages of this kind say, or that it cannot be."""
        match kind:
            case _ if kind in self.unreadable_as:
                return True
            case MediaKind.IMAGE:
                return self.placeholder is not None
            case MediaKind.VIDEO:
                return self.placeholder is not None and self.thumbnail is not None
            case MediaKind.VOICE | MediaKind.AUDIO:
                return self.waveform is not None
            case _:
                return True

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


def is_stated(mime_type: str) -> bool:
    """Returns whether a sender's type says what a file is; some send a name that stands for no type."""
    return _bare(mime_type) not in NO_TYPES


def extension_of(file_name: str) -> str:
    """Returns the extension in lower case without its dot, or "" for none."""
    return PurePosixPath(file_name.replace("\\", "/").rpartition("/")[2]).suffix[1:].lower()


def extension_for(mime_type: str) -> str:
    """Returns the extension for files of this type, or "" for a type of no kind."""
    return _EXTENSIONS.get(mime_type, "")


def type_of_document(file_name: str, mime_type: str) -> str:
    """Returns the type that a document is said to have: by the ending of its name, or else as its sender names it.

    It tells readers what to expect. The file itself is served without a type, so that nothing opens it as a page.
    """
    by_name = _TYPES_BY_ENDING.get("." + extension_of(file_name))
    stated = _bare(mime_type)
    return by_name or (stated if _TYPE.fullmatch(stated) and stated not in NO_TYPES else UNKNOWN_TYPE)


def media_named(url: str) -> str | None:
    """Returns the name of the stored file that a URL leads to, or None for a URL that leads elsewhere."""
    found = _NAME_IN_URL.search(url)
    return None if found is None else found[1]
