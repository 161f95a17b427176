"""The forms in which the events API shows a photo: made when it is set, or when one is first looked at."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from models.documents.media import Media
from models.documents.photo import PHOTO_TYPE, Rendition
from models.errors import Malformed, MediaNotFound
from models.ports import Imaging
from models.services.store_media import StoreMedia
from models.stores.media import MediaFiles

PHOTO_BELOW_BYTES = 1 << 20  # a photo has 640 x 640 pixels; what is larger is a message's picture and has no renditions


@dataclass(frozen=True, slots=True)
class Renditions:
    """An account has one photo on both APIs (design section 3), so its renditions hang on the stored photo.

    Their addresses are the photo's own with the rendition behind it, so whoever may see the photo knows them, nobody can
    guess them, and nothing has to be looked up to show them, also of photos that were set before there were any.
    """

    files: MediaFiles
    imaging: Imaging
    store: StoreMedia

    async def remember(self, name: str, made: Mapping[Rendition, bytes]) -> Mapping[Rendition, str]:
        """Store the renditions of the photo of this name; their own names."""
        stored = await asyncio.gather(*(self.store.store(data, PHOTO_TYPE) for data in made.values()))
        names = {rendition: media.name for rendition, media in zip(made, stored, strict=True)}
        await self.files.remember_renditions(name, names)
        return names

    async def open(self, name: str, rendition: Rendition) -> Media:
        """One rendition of the photo of this name; raises MediaNotFound, and Unavailable when too many are being made."""
        photo = await self._require(name)
        known = photo.renditions.get(rendition)
        if known is None:
            if photo.mime_type != PHOTO_TYPE or photo.size_bytes >= PHOTO_BELOW_BYTES:
                raise MediaNotFound
            known = (await self.remember(name, await self._make(photo)))[rendition]
        return await self._require(known)

    async def _make(self, photo: Media) -> Mapping[Rendition, bytes]:
        try:
            return await self.imaging.make_renditions(self.files.read(photo, 0, photo.size_bytes - 1))
        except Malformed:  # a file that calls itself a JPEG
            raise MediaNotFound from None

    async def _require(self, name: str) -> Media:
        media = await self.files.find(name)
        if media is None:
            raise MediaNotFound
        return media
