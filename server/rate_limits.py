"""Bounds how often one account, or one address without a good token, may ask over HTTP: 429 and when to come back."""

from collections.abc import Collection

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from handlers.rest.requests import IDENTITY, address_of, caller_of
from models.errors import Unauthenticated
from models.services.limits import TokenBuckets


def limit_requests(buckets: TokenBuckets, *, exempt: Collection[str]) -> tuple[Middleware, Middleware]:
    """The middlewares that stand before and behind the one that identifies callers.

    Each request takes a token: of its account or login, else of its address, so that people behind one address do not
    wait for each other. A bad token is paid for by the address. `exempt` holds routes as they were added: what is no API
    and has bounds of its own. Raises RateLimited.
    """
    exempt = frozenset(exempt)

    @web.middleware
    async def charge_bad_tokens(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Unauthenticated:
            if IDENTITY not in request:  # else the caller behind has paid
                buckets.take(address_of(request))
            raise

    @web.middleware
    async def charge_callers(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if request.method != hdrs.METH_OPTIONS and (resource is None or resource.canonical not in exempt):
            buckets.take(caller_of(request))
        return await handler(request)

    return charge_bad_tokens, charge_callers
