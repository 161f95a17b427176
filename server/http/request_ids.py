"""Names each request, in its answer and in every line that is logged meanwhile, so that a caller and an operator can find it again."""

import re
from contextvars import ContextVar
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

HEADER = "X-Request-Id"
REQUEST_ID = web.RequestKey("request_id", str)
# Of the request under way in this task; empty where there is none.
current: ContextVar[str] = ContextVar("request_id", default="")
# Short, and without anything that a log, a header or a shell would take for more than a name.
_SAFE = re.compile(r"[A-Za-z0-9._:@+/=-]{1,128}", re.ASCII)


@web.middleware
async def name_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Log what happens during a request under its id."""
    token = current.set(id_of(request))
    try:
        return await handler(request)
    finally:
        current.reset(token)


async def show_request_id(request: web.Request, response: web.StreamResponse) -> None:
    """Put the id into an answer, whoever answers."""
    response.headers[HEADER] = id_of(request)


def id_of(request: web.Request) -> str:
    """The id that the caller gave, if it is a safe one, else one of our own."""
    known = request.get(REQUEST_ID)
    if known is None:
        given = request.headers.get(HEADER, "")
        known = request[REQUEST_ID] = given if _SAFE.fullmatch(given) else new_id()
    return known


def new_id() -> str:
    """An id that nothing else has."""
    return uuid4().hex
