"""Fetches a file that a URL names, and stores it like an upload."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from models.documents.media import MediaRule
from models.ports import Fetcher
from models.services.media.storage import Arrival, StoreMedia


@dataclass(frozen=True, slots=True)
class FetchUrl:
    """What recipients load is the copy: the URL may change or vanish, and they do not show themselves to its server.

    Raises UrlRefused, TooLarge, and Malformed for what this kind of message does not accept (messaging contract 9.2).
    """

    fetcher: Fetcher
    store: StoreMedia

    @asynccontextmanager
    async def __call__(self, url: str, rule: MediaRule) -> AsyncIterator[Arrival]:
        """The copy, complete; the block decides whether it is kept, as with an upload."""
        async with self.fetcher.open(url) as fetched:

            def find_type(start: bytes) -> str:
                return rule.require_type_of_url((url, fetched.url), fetched.mime_type, fetched.file_name, start)

            async with self.store.receive(fetched.content, rule, find_type) as arrival:
                yield arrival
