"""Holds answers back until the signals of their request have been published to the other nodes."""

from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

READING = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})


def tell_first(told: Callable[[], Awaitable[None]]) -> Middleware:
    """Returns a middleware after which a client may rely on its answer on every node, even if this one dies at once.

    For example, a number that the answer calls blocked is blocked everywhere.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.method not in READING:
            await told()
        return response

    return middleware
