"""Builds the HTTP application: turns refusals into answers, checks origins, and never shows a stack trace."""

import logging
from collections.abc import Iterable, Sequence

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from handlers import errors as shown
from handlers.rest.bodies import BODY_LIMITS, BodyLimits, hold_bodies
from handlers.rest.messaging.oauth import NOT_KEPT
from handlers.rest.paths import is_messaging, is_oauth
from models.errors import DomainError
from server.faults import refusal_of
from server.http.cross_origin import REFUSED_HERE, allow_origins, answer_options
from server.http.request_ids import name_requests, show_request_id

log = logging.getLogger(__name__)

TYPE_MAX_CHARS, TYPE_PARAMETERS_MAX = 256, 8  # a form's boundary has 70; reading thousands of parameters takes a second
# aiohttp decompresses these, or refuses them itself.
CODINGS = frozenset({"", "identity", "gzip", "deflate", "br", "zstd"})

ROUTES = web.AppKey("routes", list[web.AbstractRouteDef])  # the routes that the application was built from


@web.middleware
async def show_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer refusals and aiohttp's own 4xx as JSON in the shape of the API that was asked, and faults as a logged 500."""
    try:
        return await handler(request)
    except DomainError as refusal:
        return refusal_response(request, refusal)
    except web.HTTPException as error:
        if error.status < 400:  # a redirect or an early answer, not a refusal
            raise
        return _framework_response(request, error)
    except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer)
        return refusal_response(request, refusal_of(error, f"{request.method} {request.path}"))


@web.middleware
async def refuse_strange_types(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 415 before a body is read where its Content-Type is one that no client writes, or its Content-Encoding is not supported."""
    kind = request.headers.get(hdrs.CONTENT_TYPE, "")
    coding = request.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower()
    if len(kind) > TYPE_MAX_CHARS or kind.count(";") > TYPE_PARAMETERS_MAX or coding not in CODINGS:
        raise web.HTTPUnsupportedMediaType
    return await handler(request)


@web.middleware
async def refuse_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Raise the refusal that stands for an unexpected error, so that middlewares outside of this one see what the client is told."""
    try:
        return await handler(request)
    except (DomainError, web.HTTPException):
        raise
    except Exception as error:  # noqa: BLE001 (whatever it is, the client gets an answer)
        raise refusal_of(error, f"{request.method} {request.path}") from None


def refusal_response(request: web.Request, refusal: DomainError) -> web.Response:
    request[REFUSED_HERE] = True
    status, headers = shown.status_of(refusal), shown.headers_of(refusal)
    if is_oauth(request.path):
        return web.json_response(shown.show_for_oauth(refusal), status=status, headers=headers | NOT_KEPT)
    if is_messaging(request.path):
        return web.json_response(shown.show_for_messaging(refusal), status=status, headers=headers)
    return web.json_response(shown.show_for_events(refusal), status=status, headers=headers)


def _framework_response(request: web.Request, error: web.HTTPException) -> web.Response:
    request[REFUSED_HERE] = True
    status = error.status
    headers = {name: value for name, value in error.headers.items() if name == "Allow"}
    if is_oauth(request.path):
        return web.json_response(shown.show_framework_for_oauth(status), status=status, headers=headers)
    if is_messaging(request.path):
        return web.json_response(shown.show_framework_for_messaging(status), status=status, headers=headers)
    return web.json_response(shown.show_framework_for_events(status), status=status, headers=headers)


def build_application(
    routes: Iterable[web.AbstractRouteDef],
    middlewares: Sequence[Middleware],
    *,
    body_max_bytes: int,
    origins: Sequence[str],
    bodies_max_bytes: int = 1 << 27,
    idle_s: float = 75.0,
) -> web.Application:
    """Returns the application with its REST routes, their refusals and their cross-origin rules.

    A body may be as long as the fields of its route allow, and at most `body_max_bytes`; long bodies that are handled
    at one time share `bodies_max_bytes`. The socket engine bounds its own input. A connection on which no whole request
    head arrives within `idle_s` is closed.
    """
    app = web.Application(
        middlewares=[name_requests, show_refusals, hold_bodies, refuse_strange_types, *middlewares, answer_options],
        handler_args={"keepalive_timeout": idle_s},
    )
    kept = [*routes]
    app[ROUTES] = kept
    app[BODY_LIMITS] = BodyLimits(kept, most=body_max_bytes, together=bodies_max_bytes)
    allow_origins(app, origins, app.router.add_routes(kept))
    app.on_response_prepare.append(show_request_id)
    app.on_response_prepare.append(_hide_server)
    return app


async def _hide_server(_: web.Request, response: web.StreamResponse) -> None:
    """Leave out which libraries of which versions answer: that helps nobody but attackers, and costs bytes in each answer."""
    response.headers.pop(hdrs.SERVER, None)
