"""Takes a request's line over from aiohttp for a WebSocket: the handshake of RFC 6455, section 4.

The only file that touches aiohttp's internals, pinned by tests/server/sockets/test_internals.py.
"""

import asyncio
import base64
import binascii
import hashlib
from typing import Any

from aiohttp import HttpVersion11, web
from typing_extensions import override

from server.sockets.frames import FrameListener, Frames

_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class _Answered(web.StreamResponse):
    """Stands for an answer towards aiohttp: the connection has been answered, and is no longer HTTP."""

    @override
    async def prepare(self, request: web.BaseRequest) -> None:
        return None

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        return None


def take_over(
    request: web.Request, listener: FrameListener, *, message_max_bytes: int, stalled_s: float
) -> tuple[Frames, web.StreamResponse]:
    """Answer a handshake and take its connection from aiohttp. Returns the WebSocket, and what the handler must return to aiohttp.

    The connection is cut when the client reads nothing of what was written for `stalled_s`. Raises what `accept_key` raises, and
    HTTPBadRequest for a client that is gone already.
    """
    accept = accept_key(request)
    http: Any = request.protocol
    transport: Any = http.transport
    if transport is None or transport.is_closing():
        raise web.HTTPBadRequest(text="The client is gone.")
    frames = Frames(
        transport, listener, message_max_bytes=message_max_bytes, is_full=http.writing_paused, stalled_s=stalled_s
    )
    transport.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        + accept
        + b"\r\n\r\n"
    )
    transport.set_protocol(frames)
    behind, http._message_tail = http._message_tail, b""
    http.transport = None  # so that retiring the handler closes nothing
    http.connection_lost(None)
    if behind:
        asyncio.get_running_loop().call_soon(frames.data_received, behind)
    if not transport.is_reading():
        transport.resume_reading()
    return frames, _Answered(status=101)


def accept_key(request: web.Request) -> bytes:
    """Returns Sec-WebSocket-Accept for a handshake. Raises HTTPBadRequest, or HTTPUpgradeRequired for another version of WebSocket."""
    headers = request.headers
    upgrades = {part.strip().lower() for line in headers.getall("Connection", ()) for part in line.split(",")}
    is_upgrade = headers.get("Upgrade", "").strip().lower() == "websocket" and "upgrade" in upgrades
    if not is_upgrade or request.version < HttpVersion11:
        raise web.HTTPBadRequest(text="This is no upgrade to a WebSocket.")
    if headers.get("Sec-WebSocket-Version") != "13":
        told = {"Sec-WebSocket-Version": "13", "Upgrade": "websocket", "Connection": "Upgrade"}
        raise web.HTTPUpgradeRequired(text="The version of WebSocket is 13.", headers=told)
    # Headers may hold bytes that are not text.
    key = headers.get("Sec-WebSocket-Key", "").encode(errors="surrogateescape")
    try:
        is_key = len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        is_key = False
    if not is_key:
        raise web.HTTPBadRequest(text="Sec-WebSocket-Key must be 16 bytes in base64.")
    return base64.b64encode(hashlib.sha1(key + _KEY, usedforsecurity=False).digest())
