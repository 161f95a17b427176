"""Files behind URLs: fetching them, and the limit on how many an account may fetch at a time."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from models.documents.media import MediaRule
from models.documents.session import Actor
from models.errors import RateLimited, Unavailable
from models.ports import Fetcher
from models.services.media.storage import PendingFile, StoreMedia


@dataclass(frozen=True, slots=True)
class FetchUrl:
    """Fetches a file that a URL names, and stores a copy of it.

    Recipients load the copy: the URL may change or vanish, and its server does not learn who they are. Raises UrlRefused,
    TooLarge, and Malformed for a file that this kind of message does not accept (docs/messaging-api.md, "Media").
    """

    fetcher: Fetcher
    store: StoreMedia

    @asynccontextmanager
    async def __call__(self, url: str, rule: MediaRule) -> AsyncIterator[PendingFile]:
        """Yields the complete copy. The block decides whether to keep it, as with an upload."""
        async with self.fetcher.open(url) as fetched:

            def find_type(start: bytes) -> str:
                return rule.require_type_of_url((url, fetched.url), fetched.mime_type, fetched.file_name, start)

            file_name = fetched.file_name or unquote(urlsplit(fetched.url).path)
            async with self.store.receive(fetched.content, rule, find_type, file_name, fetched.mime_type) as arrival:
                yield arrival


RETRY_AFTER_MS = 1000


class LimitFetches:
    """Limits the fetches at a time on one node, to `per_account` for each account and to `at_once` for all together."""

    def __init__(self, *, per_account: int, at_once: int) -> None:
        self._per_account = per_account
        self._at_once = at_once
        self._under_way: Counter[int] = Counter()

    @contextmanager
    def one_for(self, actor: Actor) -> Iterator[None]:
        """Count one fetch for as long as the block runs.

        Raises RateLimited if the account has too many under way, and Unavailable if all accounts together have.
        """
        account_id = actor.account_id
        if self._under_way[account_id] >= self._per_account:
            raise RateLimited(
                "Too many files are being fetched for you; wait for one of them.", retry_after_ms=RETRY_AFTER_MS
            )
        if self._under_way.total() >= self._at_once:
            raise Unavailable("Too many files are being fetched; try again.", retry_after_ms=RETRY_AFTER_MS)
        self._under_way[account_id] += 1
        try:
            yield
        finally:
            self._under_way[account_id] -= 1
            if not self._under_way[account_id]:
                del self._under_way[account_id]
