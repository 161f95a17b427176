"""How long a body may be: as long as the longest request that the fields of its route allow, and as there is room for.

A body of usual length is read without asking. Longer ones, such as whole address books, share a room, so that they cannot fill the
node's memory however many come at a time; and what a body costs is paid for by whoever sent it (server/http/rate_limits.py).
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

LEAST_BYTES = 65_536  # of every route: room for fields that nobody asks for
USUAL_BYTES = 1 << 20  # of one body; what is beyond that is in the room that all share
UNLIMITED = 1 << 62
VALUES_MAX = 400_000  # of one body, by its commas: several times what the longest list has
AGAIN_MS = 2000
_COMMA_SPELLINGS = (b",", b"%2C", b"%2c")
_COMMAS = web.RequestKey("commas", int)
BODY_BYTES = web.RequestKey("body_bytes", int)  # of a body that was read into memory


class BodyLimits:
    """The most bytes for the body of each route, `most` of one, and `together` of all that are being answered, beyond their usual ones."""

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
        """Note that this piece of a body is in memory.

        Raises Unavailable where there is no room for it, and HTTP 413 where the body has more values than any list may have: a value
        of two bytes takes seventy once it is read.
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
        """Note that nothing of a body is needed any more."""
        self._room += _beyond(request.get(BODY_BYTES, 0))


BODY_LIMITS = web.AppKey("body_limits", BodyLimits)


@web.middleware
async def hold_bodies(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a body's room back when its request is answered."""
    try:
        return await handler(request)
    finally:
        request.app[BODY_LIMITS].give_back(request)


async def read_limited(request: web.Request) -> bytearray:
    """The body in one piece. Raises HTTP 413 as soon as it is too long, and what `take` raises."""
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
    """Bytes of the longest body of this shape. A list of any length, and a file in base64, have whatever the server takes."""
    if takes is None:
        return LEAST_BYTES
    schema = TypeAdapter(takes).json_schema()
    longest = longest_value(schema, schema.get("$defs", {}))
    return UNLIMITED if longest is None else max(LEAST_BYTES, longest)


def _beyond(count: int) -> int:
    return max(0, count - USUAL_BYTES)
