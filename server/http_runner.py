"""Runs an application on connections that answer a client which has closed its own side, as scripts do that have no more to say.

aiohttp lets the transport close itself then, and what was asked before is not answered.
"""

from collections.abc import Callable
from typing import Any

from aiohttp import StreamReader, web
from aiohttp.web_protocol import RequestHandler
from typing_extensions import override


class _Connection(RequestHandler):
    __slots__ = ("body",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.body: StreamReader | None = None  # of the request that is answered, or was last

    @override
    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Keep the line open as long as somebody has asked something whole, and close it behind the answer."""
        bodies = [body for _, body in self._messages]
        if self._waiter is None and self.body is not None:  # it waits for no request: one is being answered
            bodies.append(self.body)
        if self._upgraded or not bodies or not all(body.is_eof() for body in bodies):
            return None
        self.close()
        return True


class _Server(web.Server):
    @override
    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class HttpRunner(web.AppRunner):
    """An AppRunner with those connections."""

    @override
    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        factory = _noting_bodies(made.request_factory)
        return _Server(made.request_handler, request_factory=factory, loop=made._loop, **made._kwargs)


def _noting_bodies(make: Callable[..., web.BaseRequest]) -> Callable[..., web.BaseRequest]:
    """Make a request, and leave its body with its connection: the request itself begins a turn of the loop later."""

    def noting(message: Any, body: Any, connection: Any, *rest: Any) -> web.BaseRequest:
        connection.body = body
        return make(message, body, connection, *rest)

    return noting
