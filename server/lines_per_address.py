"""Bounds how many requests and sockets one address may have at a time; IPv6 by /64."""

import ipaddress
from collections import Counter
from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from handlers.rest.requests import CLIENT_ADDRESS
from models.errors import RateLimited
from models.services.request_pin import network_of

AGAIN_MS = 5000
LOOPBACK = ("127.0.0.0/8", "::1")


class LinesPerAddress:
    """At most `most` for one client's address, 0 for any number.

    The address is the client's own, as the proxies that are trusted tell it (server/proxies.py). This machine and the proxies
    themselves are not counted: where one of them does not say whom it serves, everybody would share its number.
    """

    def __init__(self, most: int, trusted_proxies: Iterable[str] = ()) -> None:
        self._most = most
        self._uncounted = [ipaddress.ip_network(each, strict=False) for each in (*LOOPBACK, *trusted_proxies)]
        self._held: Counter[str] = Counter()

    def take(self, address: str) -> str:
        """Count one more until `give_back` of what this returns. Raises RateLimited."""
        if not self._most or not self._is_counted(address):
            return ""
        key = network_of(address)
        if self._held[key] >= self._most:
            raise RateLimited("Too many connections from your address.", retry_after_ms=AGAIN_MS)
        self._held[key] += 1
        return key

    def _is_counted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:  # of a socket that is a file
            return False
        return not any(parsed in network for network in self._uncounted)

    def give_back(self, key: str) -> None:
        if key:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]


def limit_lines(lines: LinesPerAddress, *, sockets: str) -> Middleware:
    """Counts each request as long as it takes; stands behind the one that locates clients. `sockets` is the path of theirs."""

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == sockets and "sid" not in request.query:  # counted there, as long as what it opens
            return await handler(request)
        key = lines.take(request[CLIENT_ADDRESS])
        try:
            return await handler(request)
        finally:
            lines.give_back(key)

    return limit
