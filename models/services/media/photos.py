"""Turns a picture, uploaded or named by its URL, into a stored photo."""

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from models.documents.photo import PHOTO_TYPE, Photo, Picture
from models.ports import Fetcher, Imaging
from models.services.media.storage import StoreMedia


@dataclass(frozen=True, slots=True)
class TakePhoto:
    """Only what is shrunk from a picture is kept; it has fewer than `below_bytes` bytes.

    Raises Malformed for what is no picture or would cost too much, TooLarge, UrlRefused, and what Imaging raises for who asks too
    much.
    """

    imaging: Imaging
    fetcher: Fetcher
    store: StoreMedia
    below_bytes: int

    async def shrink(self, content: AsyncIterator[bytes], by: Hashable) -> Picture:
        """The picture in all sizes; `by` is who asks."""
        return await self.imaging.make_photo(content, below_bytes=self.below_bytes, by=by)

    async def fetch(self, url: str, by: Hashable) -> Picture:
        async with self.fetcher.open(url) as fetched:
            return await self.shrink(fetched.content, by)

    @asynccontextmanager
    async def __call__(self, picture: Picture) -> AsyncIterator[Photo]:
        """The stored photo. What points to it is written in the block: without anything that does it is removed again."""
        async with (
            self.store.store(picture.full, PHOTO_TYPE) as full,
            self.store.store(picture.preview, PHOTO_TYPE) as preview,
        ):
            yield Photo(full.name, preview.name)
