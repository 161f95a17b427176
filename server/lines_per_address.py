"""Bounds how many requests and sockets one address may have at a time; IPv6 by /64."""

import ipaddress
from collections import Counter

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from handlers.rest.requests import CLIENT_ADDRESS
from models.errors import RateLimited
from models.services.request_pin import network_of

AGAIN_MS = 5000


class LinesPerAddress:
    """At most `most` for one client's address, 0 for any number.

    The address is the client's own, as the proxies that are trusted tell it (server/proxies.py). This machine and the proxies
    themselves are not counted: where one of them does not say whom it serves, everybody would share its number.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: Counter[str] = Counter()

    def take(self, address: str) -> str:
        """Count one more until `give_back` of what this returns. Raises RateLimited."""
        if not self._most or _is_this_machine(address):
            return ""
        key = network_of(address)
        if self._held[key] >= self._most:
            raise RateLimited("Too many connections from your address.", retry_after_ms=AGAIN_MS)
        self._held[key] += 1
        return key

    def give_back(self, key: str) -> None:
        if key:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]


def limit_lines(lines: LinesPerAddress) -> Middleware:
    """Counts each request as long as it takes; stands behind the one that locates clients."""

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        key = lines.take(request[CLIENT_ADDRESS])
        try:
            return await handler(request)
        finally:
            lines.give_back(key)

    return limit


def _is_this_machine(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # of a socket that is a file
        return True
