"""Names each request, in its answer and in all that is logged meanwhile, so that callers and operators can refer to it."""

import re
from contextvars import ContextVar
from http import HTTPStatus
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

HEADER = "X-Request-Id"
_FILES = "/static/"
REQUEST_ID = web.RequestKey("request_id", str)
# The id of the request that this task handles, empty outside of requests.
current: ContextVar[str] = ContextVar("request_id", default="")
# Short, and safe in logs, headers and shells.
_SAFE = re.compile(r"[A-Za-z0-9._:@+/=-]{1,128}", re.ASCII)


@web.middleware
async def name_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log everything that happens during a request under its id."""
    token = current.set(id_of(request))
    try:
        return await handler(request)
    finally:
        current.reset(token)


async def show_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """Add the id to an answer, whichever part of the server made it.

    The files that a page loads have none unless the caller names its requests: each of seventy would have one, of 48 bytes, that nobody reads.
    A refusal has one.
    """
    if HEADER in request.headers or response.status >= HTTPStatus.BAD_REQUEST or not request.path.startswith(_FILES):
        response.headers[HEADER] = id_of(request)


def id_of(request: web.Request) -> str:
    """Returns the id that the caller sent if it is a safe one, else a new one."""
    known = request.get(REQUEST_ID)
    if known is None:
        given = request.headers.get(HEADER, "")
        known = request[REQUEST_ID] = given if _SAFE.fullmatch(given) else new_id()
    return known


def new_id() -> str:
    """Returns a unique id."""
    return uuid4().hex
