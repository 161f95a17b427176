"""Tells a handler that holds a request open when its client disconnects, which aiohttp does not.

A client that closes only its own side cannot be told from one that is gone, and is treated as gone, as Node.js does.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web
from typing_extensions import override


class _Watch(asyncio.Protocol):
    """Stands between a transport and aiohttp's protocol, and passes every call on."""

    def __init__(self, http: Any, on_lost: Callable[[], None]) -> None:
        self._http = http
        self._on_lost = on_lost
        self.is_lost = False

    @override
    def data_received(self, data: bytes) -> None:
        self._http.data_received(data)

    @override
    def pause_writing(self) -> None:
        self._http.pause_writing()

    @override
    def resume_writing(self) -> None:
        self._http.resume_writing()

    @override
    def eof_received(self) -> bool | None:
        self._lose()
        kept: bool | None = self._http.eof_received()
        return kept

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self._http.connection_lost(error)
        self._lose()

    def _lose(self) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._on_lost()


@contextmanager
def watch_line(request: web.Request, on_lost: Callable[[], None]) -> Iterator[None]:
    """Call `on_lost` once if the connection of this request is lost while the block runs, or was lost before it."""
    http: Any = request.protocol
    transport = http.transport
    if transport is None or transport.is_closing():
        on_lost()
        yield
        return
    watch = _Watch(http, on_lost)
    transport.set_protocol(watch)
    try:
        yield
    finally:
        transport.set_protocol(http)
