"""Photos of accounts and groups: the sizes of one picture, and what a viewer is told about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

FULL_PX = 640  # messaging contract 4.3, and the two sizes of section 7
PREVIEW_PX = 96
SMALL_PX = 60  # events contract 2.8, and the one below
BIG_PX = 250
PHOTO_TYPE = "image/jpeg"


class Rendition(StrEnum):
    """The further forms that the events API shows of a photo (events contract 2.8); the values stand in their addresses."""

    SMALL = "60x60"
    BIG = "250x250"
    FADED = "faded-60x60"  # 30 % of the small one, laid on white


@dataclass(frozen=True, slots=True)
class Photo:
    """The names under which both sizes are stored as media."""

    full: str
    preview: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Both sizes as JPEG bytes, before they are stored, and what the events API shows of the same picture."""

    full: bytes
    preview: bytes
    renditions: Mapping[Rendition, bytes] = field(default_factory=dict)


class PhotoStatus(StrEnum):
    """What clients are told, as text (messaging contract 7)."""

    SHOWN = "200"
    NONE = "404"
    HIDDEN = "401"


@dataclass(frozen=True, slots=True)
class PhotoView:
    """Somebody's photo as a viewer may see it; `photo` only where the status is SHOWN."""

    number: str
    status: PhotoStatus
    photo: Photo | None = None


@dataclass(frozen=True, slots=True)
class PhotoChange:
    """An owner's photo was set at this time, or taken away."""

    at: datetime
    photo: Photo | None
