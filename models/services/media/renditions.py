"""The forms in which the events API shows a photo: made when it is set, or when one is first looked at."""

import asyncio
from collections.abc import Hashable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from models.documents.media import Media
from models.documents.photo import PHOTO_TYPE, Rendition
from models.errors import Malformed, MediaNotFound
from models.ports import Imaging
from models.services.media.storage import StoreMedia
from models.stores.accounts import Accounts
from models.stores.media import MediaFiles
from models.stores.photos import Photos

PHOTO_BELOW_BYTES = 1 << 20  # a photo has 640 x 640 pixels; what is larger is a message's picture and has no renditions


@dataclass(frozen=True, slots=True)
class Renditions:
    """Strangers may ask for these, so nothing is unpacked for them but photos, which were made here.

    An account has one photo on both APIs (design section 3), so its renditions hang on the stored photo.

    Their addresses are the photo's own with the rendition behind it, so whoever may see the photo knows them, nobody can
    guess them, and nothing has to be looked up to show them, also of photos that were set before there were any.
    """

    files: MediaFiles
    imaging: Imaging
    store: StoreMedia
    photos: Photos
    accounts: Accounts
    making: dict[str, asyncio.Lock] = field(default_factory=dict)  # by the photo's name

    async def remember(self, name: str, made: Mapping[Rendition, bytes]) -> Mapping[Rendition, str]:
        """Store the renditions of the photo of this name; their own names."""
        async with AsyncExitStack() as stack:
            stored = [await stack.enter_async_context(self.store.store(data, PHOTO_TYPE)) for data in made.values()]
            names = {rendition: media.name for rendition, media in zip(made, stored, strict=True)}
            await self.files.remember_renditions(name, names)
        return names

    async def open(self, name: str, rendition: Rendition, by: Hashable = None) -> Media:
        """One rendition of the photo of this name. Raises MediaNotFound, also for every picture that is no photo.

        One that was set by an earlier version gets its renditions now, once, at the cost of `by`, who asks; then what
        Imaging raises for who asks too much is raised.
        """
        known = (await self._require(name)).renditions.get(rendition)
        if known is None:
            known = (await self._made_once(name, by))[rendition]
        return await self._require(known)

    async def _made_once(self, name: str, by: Hashable) -> Mapping[str, str]:
        """However many ask at once, one makes them and the others wait for it."""
        lock = self.making.setdefault(name, asyncio.Lock())
        try:
            async with lock:
                photo = await self._require(name)
                if photo.renditions:
                    return photo.renditions
                if photo.is_unreadable or not await self._is_photo(photo):
                    raise MediaNotFound
                made = await self.remember(name, await self._make(photo, by))
                return {rendition.value: made[rendition] for rendition in made}
        finally:
            if not lock.locked():
                self.making.pop(name, None)

    async def _is_photo(self, media: Media) -> bool:
        if media.mime_type != PHOTO_TYPE or media.size_bytes >= PHOTO_BELOW_BYTES:
            return False
        name = [media.name]
        return bool(await self.photos.list_used(name) or await self.accounts.list_used(name))

    async def _make(self, photo: Media, by: Hashable) -> Mapping[Rendition, bytes]:
        try:
            return await self.imaging.make_renditions(self.files.read(photo, 0, photo.size_bytes - 1), by=by)
        except Malformed:  # an earlier version's photo that cannot be read any more
            await self.files.remember_unreadable(photo)
            raise MediaNotFound from None

    async def _require(self, name: str) -> Media:
        media = await self.files.find(name)
        if media is None:
            raise MediaNotFound
        return media
