"""Identity of requests: the bearer token's actor, and the door that stays shut without one."""

from collections.abc import Awaitable, Callable, Collection
from functools import partial

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from handlers.rest.account_choice import keep_identity, require_same
from handlers.rest.requests import IDENTIFY_AGAIN
from models.errors import Unauthenticated
from models.services.accounts.authenticate import Authenticate


def identify(authenticate: Authenticate, *, public: Collection[str], outside: Collection[str] = ()) -> Middleware:
    """Put the actor of a bearer token into each request; refuse with 401 where one is needed and missing.

    Both sets hold routes as they were added (`/auth`, `/media/{name}`, `/static`). `public`: no token is needed, but a bad one
    is refused (events contract 1.2). `outside`: no API, tokens are not looked at (probes, pages, files, the socket
    engine, which authenticates by itself). Every other route needs a token, so a forgotten entry shuts a door and
    opens none.
    """
    public, outside = frozenset(public), frozenset(outside)

    @web.middleware
    async def identity(request: web.Request, handler: Handler) -> web.StreamResponse:
        routes = await _routes(request)
        if not routes or routes <= outside or request.method == hdrs.METH_OPTIONS:  # which tells methods alone
            return await handler(request)
        token = bearer_token(request)
        if token is not None:
            await _identify(request, authenticate, token)
            again: Callable[[], Awaitable[None]] = partial(_identify_again, request, authenticate, token)
            request[IDENTIFY_AGAIN] = again
        elif not routes & (public | outside):
            raise Unauthenticated
        return await handler(request)

    return identity


async def _identify(request: web.Request, authenticate: Authenticate, token: str) -> None:
    await keep_identity(request, await authenticate.identify(token), authenticate.choose)


async def _identify_again(request: web.Request, authenticate: Authenticate, token: str) -> None:
    await require_same(request, await authenticate.identify(token))


def bearer_token(request: web.Request) -> str | None:
    """The text behind `Authorization: Bearer`; None without the header or with another scheme: that is anonymous."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def _routes(request: web.Request) -> set[str]:
    """The route as it was added; for a path that exists with other methods only, all that have them; none for an unknown path.

    A wrong method is told to those alone who may ask here at all (events contract 13: `POST /users` is 401, then 405).
    """
    resource = request.match_info.route.resource
    if resource is not None:
        return {resource.canonical}
    if not isinstance(request.match_info.http_exception, web.HTTPMethodNotAllowed):
        return set()
    return {each.canonical for each in request.app.router.resources() if (await each.resolve(request))[1]}
