"""Finds the address that a request comes from when trusted proxies stand in front of the server."""

import ipaddress
from collections.abc import Collection, Iterable, Sequence

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from handlers.rest.requests import CLIENT_ADDRESS

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def locate_clients(trusted_proxies: Iterable[str]) -> Middleware:
    """Returns a middleware that puts the client's address into each request.

    `trusted_proxies` holds addresses and networks such as `10.0.0.0/8`; ValueError for anything else.
    """
    trusted = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted_proxies]

    @web.middleware
    async def locate(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[CLIENT_ADDRESS] = client_address(
            request.remote or "", request.headers.getall(hdrs.X_FORWARDED_FOR, ()), trusted
        )
        return await handler(request)

    return locate


def client_address(remote: str, forwarded_for: Sequence[str], trusted: Collection[Network]) -> str:
    """Returns the peer's address, or behind trusted proxies the last address of X-Forwarded-For that is not one of theirs.

    Each proxy appends the address it was asked from, so whatever stands left of the first unknown one is only a claim.
    """
    address = remote
    hops = [hop for header in forwarded_for for hop in header.split(",")]
    while hops and _is_trusted(address, trusted):
        hop = _address(hops.pop())
        if hop is None:
            break
        address = hop
    return address


def _is_trusted(address: str, trusted: Collection[Network]) -> bool:
    parsed = _address(address)
    return parsed is not None and any(ipaddress.ip_address(parsed) in network for network in trusted)


def _address(text: str) -> str | None:
    """Returns the bare address in `1.2.3.4`, `1.2.3.4:80`, `::1` or `[::1]:80`, and None for anything else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
