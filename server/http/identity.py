"""Identifies callers by their bearer tokens, and refuses requests without one where one is needed."""

from collections.abc import Collection

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from handlers.rest.account_choice import identify
from models.errors import Unauthenticated
from models.services.accounts.authenticate import Authenticate


def require_identity(
    authenticate: Authenticate, *, public: Collection[str], outside: Collection[str] = ()
) -> Middleware:
    """Returns a middleware that keeps in each request who its token stands for, and answers 401 where it is needed and missing.

    Both sets hold routes as they were added (`/auth`, `/media/{name}`, `/static`). Routes in `public` need no token, but a bad
    one is refused (docs/rest.md, "Tokens"). Routes in `outside` belong to no API, and their tokens are not looked at (probes,
    pages, files, the socket engine, which authenticates by itself). Every other route needs a token, so a forgotten entry
    closes a route and opens none.
    """
    public, outside = frozenset(public), frozenset(outside)

    @web.middleware
    async def identity(request: web.Request, handler: Handler) -> web.StreamResponse:
        routes = await _routes(request)
        # An OPTIONS answer only names methods.
        if not routes or routes <= outside or request.method == hdrs.METH_OPTIONS:
            return await handler(request)
        token = bearer_token(request)
        if token is not None:
            await identify(request, authenticate, token)
        elif not routes & (public | outside):
            raise Unauthenticated
        return await handler(request)

    return identity


def bearer_token(request: web.Request) -> str | None:
    """Returns the text behind `Authorization: Bearer`; None without the header or with another scheme: that is anonymous."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


async def _routes(request: web.Request) -> set[str]:
    """Returns the route as it was added; for a path that exists with other methods only, all that have them; none for an unknown path.

    Only callers that may ask here at all learn that the method is wrong (`POST /users` is 401, then 405: docs/rest.md, "Tokens").
    """
    resource = request.match_info.route.resource
    if resource is not None:
        return {resource.canonical}
    if not isinstance(request.match_info.http_exception, web.HTTPMethodNotAllowed):
        return set()
    return {each.canonical for each in request.app.router.resources() if (await each.resolve(request))[1]}
