"""Bounds the length of request bodies: by what the fields of the route can need, and by a share of memory that all long bodies have.

A body of usual length is read without asking. Longer bodies, such as whole address books, share a budget, so that many of them at a
time cannot fill the node's memory. Long bodies are charged to their sender (server/http/rate_limits.py).
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import TypeAdapter

from handlers.rest.described import Route
from handlers.rest.openapi.document import shown_path
from handlers.wire.sizes import longest_value
from models.errors import Unavailable

LEAST_BYTES = 65_536  # bytes for fields that a route does not know
USUAL_BYTES = 1 << 20  # usual bytes of one body; what is beyond is taken from the shared budget
UNLIMITED = 1 << 62
VALUES_MAX = 400_000  # values in one body, counted by its commas: several times the longest list
AGAIN_MS = 2000
_COMMA_SPELLINGS = (b",", b"%2C", b"%2c")
_COMMAS = web.RequestKey("commas", int)
BODY_BYTES = web.RequestKey("body_bytes", int)  # of a body that was read into memory


class BodyLimits:
    """The most bytes for the body of each route.

    `most` bounds a single body, and `together` what all bodies use beyond their usual length.
    """

    def __init__(self, routes: Iterable[object], *, most: int, together: int) -> None:
        self._most = most
        self._room = max(most, together)
        self.by_route = {
            (route.method, shown_path(route.path)): min(most, _limit_of(route.described.takes))
            for route in routes
            if isinstance(route, Route) and route.described is not None
        }

    def of(self, request: web.Request) -> int:
        resource = request.match_info.route.resource
        canonical = "" if resource is None else resource.canonical
        return self.by_route.get((request.method, canonical), min(self._most, LEAST_BYTES))

    def take(self, request: web.Request, piece: bytes | bytearray) -> None:
        """Records that this piece of a body is in memory.

        Raises Unavailable if the budget is used up, and HTTP 413 if the body has more values than any list may have: a value of two
        bytes takes seventy once it is parsed.
        """
        commas = request.get(_COMMAS, 0) + sum(map(piece.count, _COMMA_SPELLINGS))
        if commas > VALUES_MAX:
            raise web.HTTPRequestEntityTooLarge(VALUES_MAX, commas)
        before = request.get(BODY_BYTES, 0)
        more = _beyond(before + len(piece)) - _beyond(before)
        if more > self._room:
            raise Unavailable("Too many long requests at the moment; try again.", retry_after_ms=AGAIN_MS)
        self._room -= more
        request[BODY_BYTES], request[_COMMAS] = before + len(piece), commas

    def give_back(self, request: web.Request) -> None:
        """Gives back what the body took from the budget."""
        self._room += _beyond(request.get(BODY_BYTES, 0))


BODY_LIMITS = web.AppKey("body_limits", BodyLimits)


@web.middleware
async def hold_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives a body's budget back when its request is answered."""
    try:
        return await handler(request)
    finally:
        request.app[BODY_LIMITS].give_back(request)


async def read_limited(request: web.Request) -> bytearray:
    """Returns the body in one piece. Raises HTTP 413 as soon as it is too long, and what `take` raises."""
    limits = request.app[BODY_LIMITS]
    most = limits.of(request)
    if (said := request.content_length or 0) > most:
        raise web.HTTPRequestEntityTooLarge(most, said)
    body = bytearray()
    while chunk := await request.content.readany():
        if len(body) + len(chunk) > most:
            raise web.HTTPRequestEntityTooLarge(most, len(body) + len(chunk))
        limits.take(request, chunk)
        body += chunk
    return body


@cache
def _limit_of(takes: Any) -> int:
    """Returns the most bytes of a body of this shape; a list of any length, or a file in base64, may be as long as the server permits."""
    if takes is None:
        return LEAST_BYTES
    schema = TypeAdapter(takes).json_schema()
    longest = longest_value(schema, schema.get("$defs", {}))
    return UNLIMITED if longest is None else max(LEAST_BYTES, longest)


def _beyond(count: int) -> int:
    return max(0, count - USUAL_BYTES)
