"""Photos of accounts and groups: the sizes of a picture, and what a viewer is told about a photo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

FULL_PX = 640  # this and the next: docs/messaging-api.md, "Photos"
PREVIEW_PX = 96
SMALL_PX = 60  # this and the next: docs/events-api.md, "Pictures"
BIG_PX = 250
PHOTO_TYPE = "image/jpeg"


class Rendition(StrEnum):
    """The further sizes of a photo on the events API (docs/events-api.md, "Pictures").

    Their addresses contain the values.
    """

    SMALL = "60x60"
    BIG = "250x250"
    FADED = "faded-60x60"  # 30 % of the small one, laid on white


@dataclass(frozen=True, slots=True)
class Photo:
    """The names of the stored files of both sizes."""

    full: str
    preview: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Both sizes of a picture and its renditions, as JPEG bytes that are not stored yet."""

    full: bytes
    preview: bytes
    renditions: Mapping[Rendition, bytes] = field(default_factory=dict)


class PhotoStatus(StrEnum):
    """The status of a photo that clients see, as text (docs/messaging-api.md, "Photos")."""

    SHOWN = "200"
    NONE = "404"
    HIDDEN = "401"


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A photo as a viewer may see it. `photo` is set only if the status is SHOWN."""

    number: str
    status: PhotoStatus
    photo: Photo | None = None


@dataclass(frozen=True, slots=True)
class PhotoChange:
    """A photo that an owner set at this time; None if it was removed."""

    at: datetime
    photo: Photo | None
