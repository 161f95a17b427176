"""Closes connections that stall: the client takes no answer, or does not send the rest of a body."""

import asyncio
from collections.abc import Callable
from weakref import WeakSet

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

LOOKS = 4  # measurements within the time that a client has


class UntakenWrites:
    """Closes a connection when the bytes waiting to be written do not shrink at all for `patience_s`."""

    __slots__ = ("_loop", "_on_stall", "_patience_s", "_since", "_size", "_timer", "_transport")

    def __init__(
        self, transport: asyncio.Transport, patience_s: float, on_stall: Callable[[], None] | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._patience_s = patience_s
        self._on_stall = on_stall
        self._size = 0
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Measure until `stop`, or until the connection is lost."""
        if self._timer is None:
            self._size, self._since = self._transport.get_write_buffer_size(), self._loop.time()
            self._timer = self._loop.call_later(self._patience_s / LOOKS, self._look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self._transport.is_closing():
            return
        now, size = self._loop.time(), self._transport.get_write_buffer_size()
        if size == 0 or size != self._size:
            self._size, self._since = size, now
        elif now - self._since >= self._patience_s:
            if self._on_stall is not None:
                self._on_stall()
            self._transport.abort()
            return
        self._timer = self._loop.call_later(self._patience_s / LOOKS, self._look)


class BodyTooSlow(TimeoutError):
    """Raised where a body is read that does not arrive.

    It is a TimeoutError because aiohttp expects one when it discards a body.
    """


def require_progress(*, stalled_s: float, least_bytes_per_s: float, sockets: str) -> Middleware:
    """Returns a middleware that bounds how long a request can be held by a slow client.

    A body that is slower than `least_bytes_per_s` over `stalled_s` ends with HTTP 408, whatever its length; time in
    which the server itself does not read is not counted. A connection that takes nothing of its answer for as long is
    closed. A WebSocket opened under the path `sockets` watches itself (server/sockets/frames.py), and costs no timer
    while nothing waits.
    """
    least_bytes = stalled_s * least_bytes_per_s
    watched: WeakSet[asyncio.Transport] = WeakSet()

    @web.middleware
    async def require(request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        is_socket = request.path == sockets and request.query.get("transport") == "websocket"
        if transport is not None and not is_socket and transport not in watched:
            watched.add(transport)
            UntakenWrites(transport, stalled_s).start()
        if request.content.is_eof():
            return await handler(request)
        body = _Body(request, stalled_s, least_bytes)
        try:
            return await handler(request)
        finally:
            body.stop()
            if hdrs.CONTENT_ENCODING in request.headers and not request.content.is_eof():
                # aiohttp would read and decompress the rest of the body for some seconds, so that the client sees its answer.
                request.content.set_exception(BodyTooSlow("nobody reads the rest"))

    return require


class _Body:
    """Measures how a request's body arrives."""

    def __init__(self, request: web.Request, every_s: float, least_bytes: float) -> None:
        self._request = request
        self._every_s = every_s
        self._least_bytes = least_bytes
        self._bytes = 0
        self._timer = asyncio.get_running_loop().call_later(every_s, self._look)

    def stop(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        content, transport = self._request.content, self._request.transport
        if content.is_eof() or transport is None:
            return
        came, self._bytes = content.total_bytes - self._bytes, content.total_bytes
        if transport.is_reading() and came < self._least_bytes:
            content.set_exception(BodyTooSlow("the body does not come"))
            return
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._look)
