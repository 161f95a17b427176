"""Rows of media files: how a content with all its names is stored in GridFS and indexed, and read again."""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING, IndexModel

from models.documents.media import Media, MediaKind, Placeholder, extension_for
from models.stores.database import Row

FILE_INDEXES = [
    # One file per content, also if two uploads end at once.
    IndexModel(
        [("metadata.sha256", ASCENDING)],
        unique=True,
        name="once",
        partialFilterExpression={"metadata.sha256": {"$exists": True}},
    ),
    IndexModel([("metadata.names.name", ASCENDING)], name="name"),
    # For finding the file whose thumbnail or rendition a file is.
    IndexModel([("metadata.thumbnail", ASCENDING)], name="thumbnail", sparse=True),
    IndexModel([("metadata.renditions.$**", ASCENDING)], name="renditions"),
]
UNREADABLE_FOR = timedelta(days=1)  # then it is tried again, since a decoder may have been mended


@dataclass(frozen=True, slots=True)
class Content:
    """One stored content with all its names, and the names of its thumbnail and renditions."""

    row: Row

    @property
    def id(self) -> ObjectId:
        file_id: ObjectId = self.row["_id"]
        return file_id

    @property
    def names(self) -> list[str]:
        return [each["name"] for each in self.row["metadata"]["names"]]

    @property
    def made_of_it(self) -> list[str]:
        metadata = self.row["metadata"]
        return [*filter(None, [metadata.get("thumbnail")]), *metadata.get("renditions", {}).values()]


def media_of(row: Row, name: str, now: datetime) -> Media:
    """Returns the file of this name; `now` tells whether it was found unreadable of late."""
    metadata: dict[str, Any] = row["metadata"]
    named = next(each for each in metadata["names"] if each["name"] == name)
    further = metadata.get("thumbnail"), metadata.get("renditions", {})
    since = now - UNREADABLE_FOR
    unreadable_as = frozenset(
        kind for kind in MediaKind if (at := metadata.get(unreadable_field(kind))) is not None and at > since
    )
    placeholder = Placeholder(**metadata["placeholder"]) if "placeholder" in metadata else None
    return Media(
        name,
        named["type"],
        row["length"],
        bytes(metadata["sha256"]),
        *further,
        unreadable_as,
        placeholder,
        named.get("file_name"),
        metadata.get("duration_ms"),
        metadata.get("waveform"),
    )


def name_row(key: bytes, sha256: bytes, mime_type: str, file_name: str = "") -> Row:
    """Returns the entry of `names` for a content, its type and what it is called. Its name is 128 bits of a keyed hash.

    Equal contents have equal names, so a client that has the file need not load it again.
    """
    extension = extension_for(mime_type)
    # No type has a NUL in it, so no two pairs of a type and a file name are spelled alike.
    said = f"{mime_type}\0{file_name}" if file_name else mime_type
    stem = hmac.digest(key, sha256 + said.encode(), "sha256")[:16].hex()
    named: Row = {"name": f"{stem}.{extension}" if extension else stem, "type": mime_type}
    return named | {"file_name": file_name} if file_name else named


def unreadable_field(kind: MediaKind) -> str:
    """Returns the field with the time at which a content could not be decoded as this kind."""
    return "unreadable_at" if kind is MediaKind.IMAGE else f"unreadable_{kind.value}_at"
