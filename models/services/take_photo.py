"""Turns a picture, uploaded or named by its URL, into a stored photo."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from models.documents.photo import PHOTO_TYPE, Photo, Picture
from models.ports import Fetcher, Imaging
from models.services.store_media import StoreMedia


@dataclass(frozen=True, slots=True)
class TakePhoto:
    """Only what is shrunk from a picture is kept; it has fewer than `below_bytes` bytes.

    Raises Malformed for what is no picture or has too many pixels, TooLarge, UrlRefused, and Unavailable when too many wait.
    """

    imaging: Imaging
    fetcher: Fetcher
    store: StoreMedia
    below_bytes: int

    async def shrink(self, content: AsyncIterator[bytes]) -> Picture:
        return await self.imaging.make_photo(content, below_bytes=self.below_bytes)

    async def fetch(self, url: str) -> Picture:
        async with self.fetcher.open(url) as fetched:
            return await self.shrink(fetched.content)

    async def __call__(self, picture: Picture) -> Photo:
        full = await self.store.store(picture.full, PHOTO_TYPE)
        preview = await self.store.store(picture.preview, PHOTO_TYPE)
        return Photo(full.name, preview.name)
