"""Photos of accounts and groups: two sizes of one picture, and what a viewer is told about them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

FULL_PX = 640  # messaging contract 4.3, and the two sizes of section 7
PREVIEW_PX = 96
PHOTO_TYPE = "image/jpeg"


@dataclass(frozen=True, slots=True)
class Photo:
    """The names under which both sizes are stored as media."""

    full: str
    preview: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Both sizes as JPEG bytes, before they are stored."""

    full: bytes
    preview: bytes


class PhotoStatus(StrEnum):
    """What clients are told, as text (messaging contract 7)."""

    SHOWN = "200"
    NONE = "404"
    HIDDEN = "401"


@dataclass(frozen=True, slots=True)
class SeenPhoto:
    """Somebody's photo as a viewer may see it; `photo` only where the status is SHOWN."""

    number: str
    status: PhotoStatus
    photo: Photo | None = None


@dataclass(frozen=True, slots=True)
class PhotoChange:
    """An owner's photo was set at this time, or taken away."""

    at: datetime
    photo: Photo | None
