"""Fetches URLs for users who must not reach this server's own network through it (implements models.ports.Fetcher).

It resolves names by a resolver of its own, without threads: the system's uses a few threads that the whole process
shares, and slow answers would hold up every other lookup, such as the database's.

Each hop is checked anew: its scheme, its host, and the addresses of its host. The connection goes to the checked
address itself, because the connector has no other resolver, so a name that changes its address after the check changes
nothing.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from http import HTTPStatus

import aiohttp
from aiohttp import hdrs
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

from handlers.rest.dispositions import read_disposition
from models.documents.url import URL_MAX_CHARS, is_web_url
from models.errors import Malformed, UrlRefused
from models.ports import Fetched
from server.media.addresses import is_public

PIECE_BYTES = 65536
LOOKUP_TIMEOUT_S, LOOKUP_TRIES = 3.0, 2  # of one server that is asked for a name; doubled at the second try
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Unpacking would make a few bytes many; who sends packed bytes unasked is refused.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}
USER_AGENT = "Parley"


class _Forbidden(OSError):
    """Raised for an internal address. It is an OSError, because the connector turns those into a failed connection."""


class PublicResolver(AbstractResolver):
    """Resolves names, and refuses one that has any internal address: such a name is an attack or a mistake."""

    def __init__(self, resolver: AbstractResolver) -> None:
        self._resolver = resolver

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not found or not all(is_public(each["host"]) for each in found):
            raise _Forbidden(host)
        return found

    @override
    async def close(self) -> None:
        await self._resolver.close()


def _ignore(_url: str) -> None:
    """Takes no notice of a hop."""


class HttpFetcher:
    """Fetches over http and https, without cookies, without proxies, without credentials."""

    def __init__(
        self,
        *,
        timeout_s: float,
        max_redirects: int,
        allow_private_addresses: bool = False,
        resolver: AbstractResolver | None = None,
        nameservers: Sequence[str] = (),
        default_ports_only: bool = False,
        user_agent: str = USER_AGENT,
    ) -> None:
        """`timeout_s` bounds the whole fetch, redirects and content included.

        `nameservers` (`1.2.3.4` or `1.2.3.4:53`) are asked instead of the system's; `resolver` replaces them. With
        `default_ports_only` nothing but a site itself is asked: port 80 by http, 443 by https.
        """
        self._timeout_s = timeout_s
        self._max_redirects = max_redirects
        self._is_open_to_private = allow_private_addresses
        self._resolver = resolver
        self._nameservers = list(nameservers)
        self._has_default_ports_only = default_ports_only
        self._user_agent = user_agent

    async def close(self) -> None:
        """Cancel the lookups that are under way."""
        if self._resolver is not None:
            await self._resolver.close()

    @asynccontextmanager
    async def open(self, url: str, on_hop: Callable[[str], None] = _ignore) -> AsyncIterator[Fetched]:
        async with AsyncExitStack() as stack:
            # Around what is read too: the clock runs until the caller has it all.
            async with _told(self._timeout_s):
                session = await stack.enter_async_context(self._session())
                deadline = asyncio.get_running_loop().time() + self._timeout_s
                response = await self._follow(session, url, on_hop)
            stack.callback(response.close)
            yield _fetched(response, deadline)

    def _session(self) -> aiohttp.ClientSession:
        if self._resolver is None:  # now that there is a loop; nothing is shared with the resolvers of other sessions
            self._resolver = aiohttp.AsyncResolver(
                nameservers=self._nameservers or None, timeout=LOOKUP_TIMEOUT_S, tries=LOOKUP_TRIES
            )
        inner = self._resolver
        connector = aiohttp.TCPConnector(
            resolver=inner if self._is_open_to_private else PublicResolver(inner),
            use_dns_cache=False,
            force_close=True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            trust_env=False,
            headers={**_HEADERS, "User-Agent": self._user_agent},
        )

    async def _follow(
        self, session: aiohttp.ClientSession, url: str, on_hop: Callable[[str], None]
    ) -> aiohttp.ClientResponse:
        target = self._require_permitted(url)
        for _ in range(self._max_redirects + 1):
            on_hop(str(target))
            response = await session.get(target, allow_redirects=False)
            if response.status not in _REDIRECTS:
                return _require_plain(response)
            location = response.headers.get(hdrs.LOCATION, "")
            response.close()
            target = self._require_permitted(location, target)
        raise UrlRefused(f"The URL redirects more than {self._max_redirects} times.")

    def _require_permitted(self, text: str, before: URL | None = None) -> URL:
        if not text or len(text) > URL_MAX_CHARS:
            raise UrlRefused(f"A URL has 1 to {URL_MAX_CHARS} characters.")
        try:
            url = URL(text) if before is None else before.join(URL(text))
            host, _ = url.host, url.port
        except ValueError:
            raise UrlRefused("This is no URL.") from None
        if url.scheme not in ("http", "https") or not host:
            raise UrlRefused("Only http and https URLs are fetched.")
        if url.user is not None or url.password is not None:
            raise UrlRefused("A URL with a user or a password is not fetched.")
        if not is_web_url(str(url)):
            raise UrlRefused("This is no URL.")
        if self._has_default_ports_only and not url.is_default_port():
            raise UrlRefused("Only the usual ports are asked.")
        # The connector asks no resolver about a host that is an address already.
        if not self._is_open_to_private and _is_address(host) and not is_public(host):
            raise UrlRefused
        return url


def _is_address(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()


def _require_plain(response: aiohttp.ClientResponse) -> aiohttp.ClientResponse:
    """Returns the response if it is the whole file; a part of it or a compressed one is refused."""
    if response.status != HTTPStatus.OK:
        response.close()
        raise UrlRefused(f"The URL answers with status {response.status}.")
    if response.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        response.close()
        raise UrlRefused("The URL answers with packed content.")
    return response


@asynccontextmanager
async def _told(timeout_s: float) -> AsyncIterator[None]:
    """Turn network errors into a refusal that reveals nothing of this network."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError:
        raise UrlRefused("The URL takes too long to answer.") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise UrlRefused from error


def _fetched(response: aiohttp.ClientResponse, deadline: float) -> Fetched:
    headers, name = response.headers, None
    with suppress(Malformed):
        name = read_disposition(headers.get(hdrs.CONTENT_DISPOSITION, "")).file_name
    return Fetched(str(response.url), headers.get(hdrs.CONTENT_TYPE, ""), _pieces(response, deadline), name or "")


async def _pieces(response: aiohttp.ClientResponse, deadline: float) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    while True:
        async with _told(max(0.0, deadline - loop.time())):
            piece = await response.content.read(PIECE_BYTES)
        if not piece:
            return
        yield piece
