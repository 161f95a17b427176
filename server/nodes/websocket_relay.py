"""Relays a client's WebSocket to the node that holds its session."""

import asyncio
import contextlib
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from server.sockets.disconnects import NODE_GONE, RELAY_ENDS

CLOSE_WITHIN_S = 2.0

_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def relay(
    request: web.Request,
    owner: aiohttp.ClientWebSocketResponse,
    draining: "asyncio.Future[None]",
    *,
    message_max_bytes: int,
) -> web.StreamResponse:
    """Accept the client's upgrade and relay frames until either side closes, the owner falls silent, or `draining` is done."""
    client = web.WebSocketResponse(
        timeout=CLOSE_WITHIN_S, autoclose=False, autoping=False, compress=False, max_msg_size=message_max_bytes + 1
    )
    await client.prepare(request)
    ways = [asyncio.ensure_future(_pump(client, owner)), asyncio.ensure_future(_pump(owner, client))]
    ends: list[asyncio.Future[Any]] = [*ways, draining]
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
    if draining.done():
        await client.close(code=RELAY_ENDS.code, message=RELAY_ENDS.reason)
    return client


async def _pump(source: _Socket, sink: _Socket) -> None:
    """Relay frames until the source ends, then close the sink with its code, or with NODE_GONE if it sent none."""
    code, reason = NODE_GONE.code, NODE_GONE.reason
    with contextlib.suppress(ConnectionError, aiohttp.ClientError, RuntimeError, TimeoutError):
        while True:  # not `async for`, which swallows the close frame
            message = await source.receive()
            match message.type:
                case WSMsgType.TEXT:
                    await sink.send_str(message.data)
                case WSMsgType.BINARY:
                    await sink.send_bytes(message.data)
                case WSMsgType.PING:
                    await sink.ping(message.data)
                case WSMsgType.PONG:
                    await sink.pong(message.data)
                case WSMsgType.CLOSE:
                    code, reason = message.data or 1000, (message.extra or "").encode()
                    break
                case _:  # no more frames can come
                    break
    with contextlib.suppress(ConnectionError, aiohttp.ClientError, RuntimeError, TimeoutError):
        await sink.close(code=code, message=reason)
