"""Opens a stored file for whoever knows its name."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from models.documents.media import Media
from models.errors import MediaNotFound
from models.stores.media import MediaFiles


@dataclass(frozen=True, slots=True)
class OpenMedia:
    """The name is the permission: it cannot be guessed, nor made from the content (messaging contract 7)."""

    files: MediaFiles

    async def __call__(self, name: str) -> Media:
        """What is stored under this name, or MediaNotFound."""
        media = await self.files.find(name)
        if media is None:
            raise MediaNotFound
        return media

    def read(self, media: Media, first: int, last: int) -> AsyncIterator[bytes]:
        """Its bytes from `first` to `last`, both included."""
        return self.files.read(media, first, last)
