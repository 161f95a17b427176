"""Answers input that is no valid HTTP request, or not meant for this server, with one line in the log.

aiohttp's own answer and log repeat the input, with the token and the query in it. Nobody can tell which API was meant,
so the answer has the fields of both.
"""

import logging
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from aiohttp import HttpVersion10, HttpVersion11, StreamReader, hdrs, web
from aiohttp.http import HttpProcessingError
from aiohttp.web_protocol import RequestHandler
from typing_extensions import override

from handlers.errors import show_for_anybody, status_of
from models.documents.url import is_host
from models.errors import DomainError, InternalFault, Malformed
from server.faults import refusal_of
from server.http.request_ids import HEADER, current, new_id

log = logging.getLogger(__name__)

# Errors of the sender, in any part of a request or its body.
UNREADABLE = (HttpProcessingError, web.RequestPayloadError)


class _Line(RequestHandler):
    """One connection that speaks HTTP."""

    __slots__ = ("body",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.body: StreamReader | None = None  # of the present or the last request

    @override
    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep the connection open while a complete request is being answered, and close it after the answer.

        By default the transport closes itself when a client has closed its own side, as scripts do after their last
        request.
        """
        bodies = [body for _, body in self._messages]
        if self._waiter is None and self.body is not None:  # a request is being answered
            bodies.append(self.body)
        if self._upgraded or not bodies or not all(body.is_eof() for body in bodies):
            return None
        self.close()
        return True

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._messages and self._current_request is not None:
            self._end_broken_body(self._current_request.content)

    def _end_broken_body(self, body: StreamReader) -> None:
        """Raise an error where a body is read whose rest is invalid, instead of waiting for it.

        Its answer is the last one.
        """
        message = self._messages[-1][0]
        if isinstance(getattr(message, "exc", None), HttpProcessingError) and not body.is_eof():
            self._messages.pop()
            body.set_exception(web.RequestPayloadError("the body cannot be read"))
            self.close()

    @override
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun, and there is no other")
        if isinstance(exc, UNREADABLE):
            return _last_answer(Malformed("The request cannot be read."), status, type(exc).__name__)
        fault = refusal_of(exc, "a request") if isinstance(exc, Exception) else InternalFault()
        return _last_answer(fault, status_of(fault), type(exc).__name__)

    @override
    def log_exception(self, *args: Any, **kw: Any) -> None:
        """Log an error after the answer, for example in the rest of a body that nobody reads any more."""
        error = kw.get("exc_info")
        if isinstance(error, UNREADABLE):
            log.info("a request could not be read: %s", type(error).__name__)
        else:
            super().log_exception(*args, **kw)

    @override
    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Refuse an unknown Expect header before any handler sees the request."""
        if isinstance(resp, web.HTTPExpectationFailed):
            resp = _last_answer(Malformed("What the header Expect asks for is not offered."), resp.status, "Expect")
        return await super().finish_response(request, resp, start_time)


def _last_answer(refusal: DomainError, status: int, reason: str) -> web.Response:
    """Returns an answer after which the connection closes, and logs the reason under the answer's id, without any of the request."""
    token = current.set(new_id())
    try:
        log.info("a request could not be read: %s", reason)
        headers = {HEADER: current.get(), hdrs.VARY: hdrs.ORIGIN, hdrs.CONNECTION: "close"}
    finally:
        current.reset(token)
    response = web.json_response(show_for_anybody(refusal), status=status, headers=headers)
    response.force_close()
    return response


def _refusal_of_head(request: web.BaseRequest) -> Malformed | None:
    """Returns what is wrong with a request that could be parsed: its host, which gets into links, or its HTTP version.

    HTTP/1.0 allows requests without a host; the parser has checked that there is at most one. In a request for an
    absolute URL the host of the URL counts, and the header must be valid all the same.
    """
    named = request.headers.get(hdrs.HOST)
    if named == "" or not (_is_host(named or "") and _is_host(request.host)):
        return Malformed("The header Host must name a host.")
    if request.version not in (HttpVersion10, HttpVersion11):
        return Malformed("This server speaks HTTP/1.1 and HTTP/1.0.")
    return None


@lru_cache(maxsize=1024)
def _is_host(host: str) -> bool:
    """Returns whether this is a host name, or an address without brackets, which aiohttp strips.

    An empty one is valid, too.
    """
    return host.isascii() and (not host or is_host(host) or is_host(f"[{host}]"))


class _Server(web.Server):
    @override
    def __call__(self) -> RequestHandler:
        return _Line(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Runs an application as aiohttp's runner does, on connections that answer bad input as above."""

    __slots__ = ()

    @override
    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        answer = server.request_handler

        async def answer_readable(request: web.BaseRequest) -> web.StreamResponse:
            refusal = _refusal_of_head(request)
            if refusal is None:
                return await answer(request)
            return _last_answer(refusal, HTTPStatus.BAD_REQUEST, refusal.message)

        factory = _noting_bodies(server.request_factory)
        return _Server(answer_readable, request_factory=factory, **server._kwargs)


def _noting_bodies(make: Callable[..., web.BaseRequest]) -> Callable[..., web.BaseRequest]:
    """Returns a request, and keeps its body with its connection: the request itself begins one iteration of the loop later."""

    def noting(message: Any, body: Any, connection: Any, *rest: Any) -> web.BaseRequest:
        connection.body = body
        return make(message, body, connection, *rest)

    return noting
