"""Answers cross-origin requests: which pages of other sites may ask and read answers, on every path and with every status.

aiohttp-cors implements the protocol. Here it is told to apply to all paths, unknown ones and refusals included: a
script that may not read an answer only learns that something failed. The socket engine answers for its own path itself.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from aiohttp_cors import CorsConfig, ResourceOptions
from aiohttp_cors.urldispatcher_router_adapter import ResourcesUrlDispatcherRouterAdapter
from typing_extensions import override

from server.http.origins import ANY

MAX_AGE_S = 600  # browsers may cache a preflight for so long
EXPOSED = (
    hdrs.ACCEPT_RANGES,
    hdrs.ALLOW,
    hdrs.CONTENT_DISPOSITION,
    hdrs.CONTENT_RANGE,
    hdrs.ETAG,
    hdrs.LINK,
    hdrs.LOCATION,
    "RateLimit",
    "RateLimit-Limit",
    "RateLimit-Policy",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    hdrs.RETRY_AFTER,
    "Tus-Extension",
    "Tus-Max-Size",
    "Tus-Resumable",
    "Tus-Version",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Offset",
    hdrs.WWW_AUTHENTICATE,
    "X-Request-Id",
)
REFUSED_HERE = web.RequestKey("refused_here", bool)  # set on any path: the socket engine did not answer this request
# Set for what the page of this server loads: no other origin reads it. A browser asks for a module as if it was of another origin, so
# that what is said of others would be a third of the headers of each.
FOR_OWN_PAGE = web.RequestKey("for_own_page", bool)
Preflight = Callable[[web.Request], Awaitable[web.Response]]


def allow_origins(app: web.Application, origins: Sequence[str], routes: Sequence[web.AbstractRoute]) -> None:
    """Let pages of these origins (`*`: of any) use the application. The middleware `answer_options` answers OPTIONS.

    Listed origins may send credentials, such as the cookies of a proxy in front of the server; with `*` no browser
    allows that.
    """
    options = ResourceOptions(  # type: ignore[no-untyped-call]
        allow_credentials=ANY not in origins,
        allow_headers="*",
        allow_methods="*",
        expose_headers=EXPOSED,
        max_age=MAX_AGE_S,
    )
    every_path = _EveryPath(app.router, dict.fromkeys(origins, options))
    cors = CorsConfig(app, defaults=every_path.options, router_adapter=every_path)
    for route in routes:
        cors.add(route)
    app[EVERY_PATH] = every_path
    app.on_response_prepare.append(_vary)


class _EveryPath(ResourcesUrlDispatcherRouterAdapter):
    """Makes aiohttp-cors apply the same options to all paths except the socket engine's, which it was given no route for."""

    def __init__(self, router: web.UrlDispatcher, options: Mapping[str, ResourceOptions]) -> None:
        super().__init__(router, options)
        self.options = options
        self.preflight: Preflight | None = None

    @override
    def add_preflight_handler(self, routing_entity: Any, handler: Preflight, webview: bool = False) -> None:
        super().add_preflight_handler(routing_entity, handler)
        self.preflight = handler

    @override
    def is_cors_enabled_on_request(self, request: web.Request) -> bool:
        if FOR_OWN_PAGE in request:
            return False
        resource = request.match_info.route.resource
        return resource is None or REFUSED_HERE in request or super().is_cors_enabled_on_request(request)

    @override
    def is_preflight_request(self, request: web.Request) -> bool:
        return is_preflight(request)

    @override
    def get_non_preflight_request_config(self, request: web.Request) -> Mapping[str, ResourceOptions]:
        return self.options

    @override
    async def get_preflight_request_config(
        self, preflight_request: web.Request, origin: str, requested_method: str
    ) -> Mapping[str, ResourceOptions]:
        return self.options


EVERY_PATH: web.AppKey[_EveryPath] = web.AppKey("every_path")


def is_preflight(request: web.Request) -> bool:
    """Returns whether a browser asks if a page of another origin may send a request, on any path, whether it exists or not."""
    return (
        request.method == hdrs.METH_OPTIONS
        and hdrs.ORIGIN in request.headers
        and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )


@web.middleware
async def answer_options(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer preflights on every path, and other OPTIONS requests with the methods of a path that exists."""
    every_path = request.app[EVERY_PATH]
    if request.method != hdrs.METH_OPTIONS or not every_path.is_cors_enabled_on_request(request):
        return await handler(request)
    allowed = await _methods_of(request)
    headers = {hdrs.ALLOW: ",".join(sorted(allowed))} if allowed else {}
    if is_preflight(request) and every_path.preflight is not None:
        response = await every_path.preflight(request)
        response.headers.update(headers)
        return response
    return web.Response(status=204, headers=headers) if allowed else await handler(request)


async def _methods_of(request: web.Request) -> set[str]:
    """Returns the methods of the path that a request names, none for an unknown path."""
    found = [(await resource.resolve(request))[1] for resource in request.app.router.resources()]
    return {method for methods in found for method in methods}


async def _vary(request: web.Request, response: web.StreamResponse) -> None:
    """Add one header that makes caches keep answers for different origins apart."""
    if FOR_OWN_PAGE in request:
        return
    named = [name.strip() for header in response.headers.getall(hdrs.VARY, ()) for name in header.split(",")]
    if hdrs.ORIGIN not in named:
        response.headers[hdrs.VARY] = ", ".join([*named, hdrs.ORIGIN])
