"""Answers to requests that change something, behind the signals by which the other nodes learn of it."""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

READING = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


def tell_first(told: Callable[[], Awaitable[None]]) -> Middleware:
    """Whoever is told that somebody is blocked, or a session over, may rely on it everywhere, even if this node dies right then."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.method not in READING:
            await told()
        return response

    return middleware
