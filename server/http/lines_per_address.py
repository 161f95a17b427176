"""Limits how many requests and sockets one address may have at a time; IPv6 addresses count by their /64 network."""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from handlers.rest.requests import CLIENT_ADDRESS
from models.documents.network import network_of
from models.errors import RateLimited

AGAIN_MS = 5000
KEYS_MAX = 100_000
LOOPBACK = ("127.0.0.0/8", "::1")


class Line(Protocol):
    """A connection as aiohttp's server lists it."""

    @property
    def peername(self) -> str | tuple[Any, ...] | None: ...

    def force_close(self) -> None: ...


class LinesPerAddress:
    """Admits at most `most` at a time for one client address, or any number if `most` is 0.

    The address is the client's own, as trusted proxies tell it (server/http/client_address.py). This machine and the
    proxies themselves are not counted: where a proxy does not name its client, all of its clients would share one
    number.
    """

    def __init__(self, most: int, trusted_proxies: Iterable[str] = ()) -> None:
        self._most = most
        self._uncounted = [ipaddress.ip_network(each, strict=False) for each in (*LOOPBACK, *trusted_proxies)]
        self._held: Counter[str] = Counter()
        self._keys: dict[str, str] = {}  # cached, by address

    def take(self, address: str) -> str:
        """Count one more until `give_back` of the returned key. Raises RateLimited."""
        key = self._key_of(address)
        if not key:
            return ""
        if self._held[key] >= self._most:
            raise RateLimited("Too many connections from your address.", retry_after_ms=AGAIN_MS)
        self._held[key] += 1
        return key

    def close_excess(self, lines: Iterable[Line]) -> None:
        """Close the newest connections of each address beyond the limit.

        `lines` are in the order in which they were opened. Until a request arrives only the peer's address of a
        connection is known, so connections of proxies are not counted.
        """
        found: Counter[str] = Counter()
        for line in lines:
            key = self._key_of(line.peername[0]) if isinstance(line.peername, tuple) else ""
            if key:
                found[key] += 1
                if found[key] > self._most:
                    line.force_close()

    def _key_of(self, address: str) -> str:
        """Returns the key that an address is counted under, empty for one that is not counted."""
        if not self._most:
            return ""
        key = self._keys.get(address)
        if key is None:
            if len(self._keys) >= KEYS_MAX:
                self._keys.clear()
            key = self._keys[address] = network_of(address) if self._is_counted(address) else ""
        return key

    def _is_counted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:  # of a Unix socket
            return False
        return not any(parsed in network for network in self._uncounted)

    def give_back(self, key: str) -> None:
        if key:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]


LINES: web.AppKey[LinesPerAddress] = web.AppKey("lines", LinesPerAddress)


def lines_of(runner: web.AppRunner) -> Sequence[Line]:
    """Returns the connections that are no WebSockets, the oldest first."""
    return [] if runner.server is None else runner.server.connections


def limit_lines(lines: LinesPerAddress, *, sockets: str) -> Middleware:
    """Returns a middleware that counts each request while it lasts. It stands inside `locate_clients`.

    Requests that open a socket (path `sockets`) are counted by the socket server, for as long as the socket lasts.
    """

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == sockets and "sid" not in request.query:  # counted by the socket server
            return await handler(request)
        key = lines.take(request[CLIENT_ADDRESS])
        try:
            return await handler(request)
        finally:
            lines.give_back(key)

    return limit
