"""Looks at links: fetches a page and its picture by the guarded fetcher, once for all who send it at about the same time."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message as Headers
from time import monotonic
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from models.documents.link_preview import shown_description, shown_title
from models.documents.media import Thumbnail
from models.documents.url import host_of
from models.errors import DomainError, TooLarge, UrlRefused
from models.ports import Fetcher, Imaging, PageReader
from models.services.media.storage import single_piece
from models.services.runtime.token_bucket import TokenBuckets

log = logging.getLogger(__name__)

TYPE_MAX_CHARS = 200  # of a Content-Type
CACHED_MAX = 500  # looks, of some 30 kB each
PAGES = frozenset(("text/html", "application/xhtml+xml"))
PICTURES = frozenset(("image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"))


@dataclass(frozen=True, slots=True)
class LookRules:
    """How much is read of a page, how large a picture may be, how long all of it may take, and how long a result is kept."""

    page_max_bytes: int
    image_max_bytes: int
    timeout_s: float
    cached_s: float


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen behind a link: the host of the link, words as they are shown, and a small picture."""

    site: str
    title: str
    description: str | None = None
    picture: Thumbnail | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    """A file in memory: its address after all redirects, and its type and charset as its server says, in lower case."""

    url: str
    type: str
    charset: str
    data: bytes


class LookAtLinks:
    """Looks at links. Each is fetched once within `cached_s` on this node, also where nothing comes of it."""

    def __init__(
        self, fetcher: Fetcher, reader: PageReader, imaging: Imaging, rules: LookRules, per_host: TokenBuckets
    ) -> None:
        """`per_host` is charged for each address that is asked, redirects too, so that nobody has a site asked without end."""
        self._fetcher = fetcher
        self._reader = reader
        self._imaging = imaging
        self._rules = rules
        self._per_host = per_host
        self._cached: OrderedDict[str, tuple[float, Look | None]] = OrderedDict()
        self._under_way: dict[str, asyncio.Future[Look | None]] = {}

    async def __call__(self, link: str, by: Hashable) -> Look | None:
        """Returns what is behind a link, or None if nothing is to be shown. Reading it is at the cost of `by`."""
        page = urlunsplit(urlsplit(link)._replace(fragment=""))
        until, known = self._cached.get(page, (0.0, None))
        if until > monotonic():
            return known
        under_way = self._under_way.get(page)
        if under_way is not None:
            return await asyncio.shield(under_way)
        under_way = self._under_way[page] = asyncio.get_running_loop().create_future()
        found = None
        try:
            found = await self._look(page, by)
        finally:
            del self._under_way[page]
            under_way.set_result(found)
        return found

    async def _look(self, page: str, by: Hashable) -> Look | None:
        found, is_final = None, True
        try:
            async with asyncio.timeout(self._rules.timeout_s) as clock:
                found, is_final = await self._read(page, by, clock)
        except (DomainError, TimeoutError, ValueError) as refusal:  # ValueError: what a site sends can be anything
            # Without the link: what people send each other is not for the log.
            log.debug("a link has no preview: %s %s", type(refusal).__name__, refusal)
            is_final = not _is_of_this_server(refusal)
        if is_final:
            self._cached[page] = monotonic() + self._rules.cached_s, found
            self._cached.move_to_end(page)
            if len(self._cached) > CACHED_MAX:
                self._cached.popitem(last=False)
        return found

    async def _read(self, page: str, by: Hashable, clock: asyncio.Timeout) -> tuple[Look | None, bool]:
        """Returns what is to be shown of a page, and whether that is all, also when somebody asks again."""
        answer = await self._fetch(page, PAGES | PICTURES)
        site = _site_of(page)
        if not _is_one_site(site, _site_of(answer.url)):
            raise UrlRefused("It leads to another site.")
        if answer.type in PICTURES:
            name = unquote(urlsplit(answer.url).path).rpartition("/")[2]
            return Look(site, shown_title(name) or site, None, await self._draw(answer, by, clock)), True
        with _stopped(clock):
            facts = await self._reader.read_page(single_piece(answer.data), charset=answer.charset, by=by)
        title = shown_title(facts.title)
        if not title:
            return None, True
        picture, is_final = None, True
        if facts.picture:
            picture, is_final = await self._picture(answer.url, facts.picture, by, clock)
        return Look(site, title, shown_description(facts.description), picture), is_final

    async def _picture(
        self, base: str, address: str, by: Hashable, clock: asyncio.Timeout
    ) -> tuple[Thumbnail | None, bool]:
        """Returns the picture of a page, or None if it cannot be had: then there are words alone. Then as `_read`."""
        try:
            return await self._draw(await self._fetch(urljoin(base, address), PICTURES), by, clock), True
        except (DomainError, ValueError) as refusal:  # ValueError: this is no address
            log.debug("a page has no picture: %s", refusal)
            return None, not _is_of_this_server(refusal)

    async def _fetch(self, url: str, types: Collection[str]) -> _Answer:
        """Returns the beginning of a page, or a whole picture. Raises UrlRefused, TooLarge and RateLimited."""
        async with self._fetcher.open(url, self._charge) as fetched:
            mime_type, charset = _read_type(fetched.mime_type)
            if mime_type not in types:
                raise UrlRefused("It is neither a page nor a picture.")
            is_page = mime_type in PAGES
            most = self._rules.page_max_bytes if is_page else self._rules.image_max_bytes
            data = bytearray()
            async for piece in fetched.content:
                data += piece
                if len(data) > most:
                    if not is_page:
                        raise TooLarge("The picture is too large.")
                    break
        del data[most:]  # a slice would be one more copy
        return _Answer(fetched.url, mime_type, charset, bytes(data))

    def _charge(self, url: str) -> None:
        self._per_host.take(host_of(url))

    async def _draw(self, picture: _Answer, by: Hashable, clock: asyncio.Timeout) -> Thumbnail:
        with _stopped(clock):
            return await self._imaging.make_thumbnail(single_piece(picture.data), by=by)


@contextmanager
def _stopped(clock: asyncio.Timeout) -> Iterator[None]:
    """Stop the clock: that others have pictures drawn is not the site's fault, and what draws has bounds of its own."""
    loop = asyncio.get_running_loop()
    left_s = (clock.when() or 0.0) - loop.time()
    clock.reschedule(None)
    try:
        yield
    finally:
        clock.reschedule(loop.time() + left_s)


def _is_of_this_server(refusal: Exception) -> bool:
    """Tell a refusal that this server is too busy from one that says something of the link."""
    return isinstance(refusal, DomainError) and refusal.retryable


def _site_of(url: str) -> str:
    return host_of(url).removeprefix("www.")


def _is_one_site(one: str, other: str) -> bool:
    """Returns whether two hosts are equal, or one is below the other.

    A link that leads elsewhere would show the words of one site under the name of another one.
    """
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _read_type(text: str) -> tuple[str, str]:
    """Returns the type and the charset of a Content-Type, in lower case."""
    headers = Headers()
    # A site may send any bytes, and thousands of parameters, which take long to read.
    headers["Content-Type"] = " ".join(text[:TYPE_MAX_CHARS].encode("ascii", "replace").decode().split())
    return headers.get_content_type(), str(headers.get_param("charset") or "").lower()
