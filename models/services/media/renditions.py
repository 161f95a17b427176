"""Renditions: the sizes in which a photo is shown, and default pictures for accounts without one."""

import asyncio
import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from models.documents.default_picture import HUES, DefaultPicture
from models.documents.media import Media, MediaKind
from models.documents.photo import PHOTO_TYPE, Rendition
from models.errors import Malformed, MediaNotFound
from models.ports import Drawing, Imaging
from models.services.media.storage import StoreMedia
from models.stores.accounts import Accounts
from models.stores.media import MediaFiles
from models.stores.photos import Photos

PHOTO_BELOW_BYTES = 1 << 20  # a photo has 640 x 640 pixels; a larger file is a message's picture and has no renditions


@dataclass(frozen=True, slots=True)
class Renditions:
    """Stores and opens the further sizes of photos (docs/events-api.md, "Pictures").

    They belong to the stored photo, since an account has one photo on both APIs (docs/architecture.md, "Accounts"). Their
    addresses are the photo's own with the rendition appended: unguessable for those who do not know the photo, and known
    without a query. Anybody may ask for them, so only photos, which this server encoded itself, are decoded for it.
    """

    files: MediaFiles
    imaging: Imaging
    store: StoreMedia
    photos: Photos
    accounts: Accounts
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)  # by the photo's name

    async def add(self, name: str, made: Mapping[Rendition, bytes]) -> Mapping[Rendition, str]:
        """Store the renditions of the photo of this name. Returns their own names."""
        async with AsyncExitStack() as stack:
            stored = [await stack.enter_async_context(self.store.store(data, PHOTO_TYPE)) for data in made.values()]
            names = {rendition: media.name for rendition, media in zip(made, stored, strict=True)}
            await self.files.set_renditions(name, names)
        return names

    async def open(self, name: str, rendition: Rendition, by: Hashable = None) -> Media:
        """Returns one rendition of the photo of this name. Raises MediaNotFound, also for files that are no photo.

        A photo that an earlier version stored gets its renditions now, at the cost of `by`, who asks: then this raises
        RateLimited and Unavailable as Imaging does.
        """
        known = (await self._require(name)).renditions.get(rendition)
        if known is None:
            known = (await self._make_once(name, by))[rendition]
        return await self._require(known)

    async def _make_once(self, name: str, by: Hashable) -> Mapping[str, str]:
        """Returns the renditions' names, and makes them first.

        Of several calls at once one does the work, and the others wait.
        """
        lock = self.locks.setdefault(name, asyncio.Lock())
        try:
            async with lock:
                photo = await self._require(name)
                if photo.renditions:
                    return photo.renditions
                if MediaKind.IMAGE in photo.unreadable_as or not await self._is_photo(photo):
                    raise MediaNotFound
                made = await self.add(name, await self._make(photo, by))
                return {rendition.value: made[rendition] for rendition in made}
        finally:
            if not lock.locked():
                self.locks.pop(name, None)

    async def _is_photo(self, media: Media) -> bool:
        if media.mime_type != PHOTO_TYPE or media.size_bytes >= PHOTO_BELOW_BYTES:
            return False
        name = [media.name]
        return bool(await self.photos.list_used(name) or await self.accounts.list_used(name))

    async def _make(self, photo: Media, by: Hashable) -> Mapping[Rendition, bytes]:
        try:
            return await self.imaging.make_renditions(self.files.read(photo, 0, photo.size_bytes - 1), by=by)
        except Malformed:  # a photo of an earlier version that can no longer be decoded
            await self.files.mark_unreadable(photo, MediaKind.IMAGE)
            raise MediaNotFound from None

    async def _require(self, name: str) -> Media:
        media = await self.files.find(name)
        if media is None:
            raise MediaNotFound
        return media


CACHE_MAX = 2000  # drawn pictures, of five kilobytes each
_SIGNATURE_BYTES = 8
# The colour, the initials as UTF-8, the signature: all in hex.
_NAME = re.compile(rf"([0-{HUES}])((?:[0-9a-f]{{2}}){{0,64}})([0-9a-f]{{{2 * _SIGNATURE_BYTES}}})")


@dataclass(frozen=True, slots=True)
class DefaultPictures:
    """Draws the pictures of accounts without a photo. All of a picture stands in its name, so nothing is stored.

    A person whose name changes gets another address. Names are signed, so a stranger can have only those pictures drawn
    that this server has shown to somebody; drawn ones are cached.
    """

    key: bytes
    drawing: Drawing
    cache: OrderedDict[tuple[DefaultPicture, Rendition], bytes] = field(default_factory=OrderedDict)

    def name(self, picture: DefaultPicture) -> str:
        """Returns the last part of the picture's address."""
        text = f"{picture.hue}{picture.initials.encode(errors='replace').hex()}"
        return text + self._sign(text)

    async def open(self, name: str, rendition: Rendition) -> "DrawnPicture":
        """Returns the picture of this name in one size. Raises MediaNotFound for a name that this server did not make."""
        match = _NAME.fullmatch(name)
        if match is None or not hmac.compare_digest(self._sign(match[1] + match[2]), match[3]):
            raise MediaNotFound
        data = await self._drawn(DefaultPicture(bytes.fromhex(match[2]).decode(), int(match[1])), rendition)
        digest = hashlib.sha256(data).digest()
        return DrawnPicture(Media(f"{name}-{rendition.value}", PHOTO_TYPE, len(data), digest), data)

    async def _drawn(self, picture: DefaultPicture, rendition: Rendition) -> bytes:
        known = picture, rendition
        if known not in self.cache:
            self.cache[known] = await self.drawing.draw(picture, rendition)
            while len(self.cache) > CACHE_MAX:
                self.cache.popitem(last=False)
        else:
            self.cache.move_to_end(known)
        return self.cache[known]

    def _sign(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), "sha256")[:_SIGNATURE_BYTES].hex()


@dataclass(frozen=True, slots=True)
class DrawnPicture:
    """One size of a picture in memory, which is read like a stored file."""

    media: Media
    data: bytes

    async def read(self, _: Media, first: int, last: int) -> AsyncIterator[bytes]:
        """Yields the bytes from `first` to `last`, both included."""
        yield self.data[first : last + 1]
