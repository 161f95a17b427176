"""Limits how often one account, or one address without a valid token, may send HTTP requests (docs/rest.md, "Rate limits").

Each answer of a limited route says how much is left, in two spellings: that of the IETF's draft for `RateLimit-Policy`
and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10, structured fields), and the three older headers. They describe
the caller's own bucket on the node that answered. How much is left of other limits, such as those on codes for a
number, is not told: it would reveal what others did.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from handlers.rest.bodies import BODY_BYTES
from handlers.rest.requests import IDENTITY, address_of, caller_of
from models.errors import Unauthenticated
from models.services.runtime.token_bucket import TokenBuckets

POLICY, OTHER = "requests", "other"  # the limit of this module, and any other limit that refused
OWED_BUCKETS = 8  # at most, by the sender of the longest body, which takes half a second of the loop to read
TOKEN_BYTES = 65_536  # reading and validating so many takes about as long as a usual request
_CHARGED: web.RequestKey[Hashable] = web.RequestKey("charged")


@dataclass(frozen=True, slots=True)
class RequestLimit:
    """Two middlewares, one outside (`charge_bad_tokens`) and one inside (`charge_callers`) of the one that identifies callers.

    `show` adds the headers to each answer.
    """

    charge_bad_tokens: Middleware
    charge_callers: Middleware
    show: Callable[[web.Request, web.StreamResponse], Awaitable[None]]


def limit_requests(buckets: TokenBuckets, *, exempt: Collection[str]) -> RequestLimit:
    """Returns what charges each request to its account or login, else to its address.

    So people behind one address do not wait for each other. A long body costs one token more for each TOKEN_BYTES. A
    request with a bad token is charged to the address. `exempt` holds routes as they were added: those outside of the
    APIs have limits of their own. Both middlewares raise RateLimited.
    """
    exempt = frozenset(exempt)

    def charge(request: web.Request, key: Hashable) -> None:
        request[_CHARGED] = key
        buckets.take(key)

    @web.middleware
    async def charge_bad_tokens(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Unauthenticated:
            if IDENTITY not in request:  # else `charge_callers` has charged it
                charge(request, address_of(request))
            raise

    @web.middleware
    async def charge_callers(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        if request.method == hdrs.METH_OPTIONS or (resource is not None and resource.canonical in exempt):
            return await handler(request)
        charge(request, key := caller_of(request))
        try:
            return await handler(request)
        finally:
            if (more := request.get(BODY_BYTES, 0) // TOKEN_BYTES) > 0:
                buckets.charge(key, more, owed_buckets=OWED_BUCKETS)

    async def show(request: web.Request, response: web.StreamResponse) -> None:
        allowance = buckets.allowance(request[_CHARGED]) if _CHARGED in request else None
        if allowance is None:
            return
        wait = response.headers.get(hdrs.RETRY_AFTER, "")
        if response.status == HTTPStatus.TOO_MANY_REQUESTS and allowance.left and wait:
            left, reset, name = "0", wait, OTHER  # it may concern another account, so only the wait is told
        else:
            left, reset, name = str(allowance.left), str(allowance.full_in_s), POLICY
            response.headers["RateLimit-Policy"] = f'"{POLICY}";q={allowance.most};w={allowance.full_after_s}'
            response.headers["RateLimit-Limit"] = str(allowance.most)
        response.headers["RateLimit"] = f'"{name}";r={left};t={reset}'
        response.headers["RateLimit-Remaining"] = left
        response.headers["RateLimit-Reset"] = reset

    return RequestLimit(charge_bad_tokens, charge_callers, show)
