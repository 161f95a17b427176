"""Media: files that messages and photos point to, and what each kind of message accepts (messaging contract 9.2)."""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from models.errors import Malformed

UNKNOWN_TYPE = "application/octet-stream"
# A stored file in a URL of this server, whatever the server is called there; behind it may stand one of its smaller forms.
_NAME_IN_URL = re.compile(r"/media/([0-9a-f]{32}(?:\.[a-z0-9]{1,8})?)(?![^/?#])")


class MediaKind(StrEnum):
    IMAGE = "image"
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO = "video"
    CARD = "card"


_SOUNDS: Mapping[str, str] = {
    "3gp": "audio/3gpp",
    "caf": "audio/x-caf",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "aif": "audio/aiff",
    "aac": "audio/aac",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
    "wma": "audio/x-ms-wma",
}
# By kind: the extensions that a file may have, and the type it is served with. A card may have any; it is read as text.
TYPES: Mapping[MediaKind, Mapping[str, str]] = {
    MediaKind.IMAGE: {"jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "png": "image/png"},
    MediaKind.VOICE: _SOUNDS,
    MediaKind.AUDIO: _SOUNDS,
    MediaKind.VIDEO: {
        "3gp": "video/3gpp",
        "mp4": "video/mp4",
        "mov": "video/quicktime",
        "avi": "video/x-msvideo",
    },
    MediaKind.CARD: {},
}
# Other spellings under which servers send these types.
_SPELLINGS: Mapping[str, str] = {
    "image/jpg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-aiff": "audio/aiff",
    "application/ogg": "audio/ogg",
    "video/avi": "video/x-msvideo",
    "video/msvideo": "video/x-msvideo",
}
# What a browser shows and cannot run: everything that the kinds above let in.
INLINE_TYPES = frozenset(mime_type for types in TYPES.values() for mime_type in types.values())
_EXTENSIONS: Mapping[str, str] = {
    mime_type: extension for types in TYPES.values() for extension, mime_type in types.items() if extension != "jpeg"
}


@dataclass(frozen=True, slots=True)
class Media:
    """A stored file. `name` is all that a reader needs to know, `sha256` is of the content."""

    name: str
    mime_type: str
    size_bytes: int
    sha256: bytes
    thumbnail: str | None = None  # the name of a small JPEG of it
    renditions: Mapping[str, str] = field(default_factory=dict)  # of a photo: the names of its further forms
    is_unreadable: bool = False  # no smaller forms could be made of it, not long ago

    @property
    def hash(self) -> str:
        """What clients are shown: base64 of the SHA-256 (messaging contract 9.2)."""
        return base64.b64encode(self.sha256).decode()


@dataclass(frozen=True, slots=True)
class MediaRule:
    """What one kind of message accepts: files of these extensions that have fewer than `below_bytes` bytes."""

    kind: MediaKind
    below_bytes: int

    def require_type(self, file_name: str) -> str:
        """The type of an upload, by the extension of its file name; Malformed names those that are accepted."""
        return self._require(TYPES[self.kind].get(extension_of(file_name)))

    def require_type_of_url(self, urls: Iterable[str], mime_type: str) -> str:
        """The type of what lies behind a URL: by its path (before or behind redirects), or else by what its server says."""
        types = TYPES[self.kind]
        extensions = [extension_of(unquote(urlsplit(url).path)) for url in urls]
        said = mime_type.partition(";")[0].strip().lower()
        said = _SPELLINGS.get(said, said)
        by_path = next((types[extension] for extension in extensions if extension in types), None)
        return self._require(by_path or (said if said in types.values() else None))

    def _require(self, mime_type: str | None) -> str:
        types = TYPES[self.kind]
        if not types:
            return mime_type or UNKNOWN_TYPE
        if mime_type is None:
            raise Malformed(f"The file must be one of these: {_listed(types)}.")
        return mime_type


def extension_of(file_name: str) -> str:
    """The extension in lower case, without its dot; empty for none."""
    return PurePosixPath(file_name.replace("\\", "/").rpartition("/")[2]).suffix[1:].lower()


def extension_for(mime_type: str) -> str:
    """The extension that a file of this type is named with; empty for types of no kind."""
    return _EXTENSIONS.get(mime_type, "")


def media_named(url: str) -> str | None:
    """The name of the stored file that a URL leads to; None for what lies elsewhere."""
    found = _NAME_IN_URL.search(url)
    return None if found is None else found[1]


def _listed(extensions: Iterable[str]) -> str:
    return ", ".join(sorted(extensions))
