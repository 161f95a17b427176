"""The Engine.IO transport of one client: a bounded queue, polling and WebSocket, and a stated end for slow readers.

python-engineio 4.15 has queues without a bound, a reader that leaves its writer behind when a frame cannot be decoded, and
polling answers that its own client refuses beyond 16 packets; these classes replace those parts and keep the rest.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from typing import Any

import engineio
from aiohttp import WSCloseCode, WSMsgType, web
from engineio import async_socket, exceptions, packet, payload
from engineio.async_drivers import aiohttp as driver

log = logging.getLogger(__name__)

POLL_MAX_PACKETS = 16  # python-engineio's client refuses a polling answer with more
POST_MAX_PACKETS = 256  # what a JavaScript client may have collected while it was offline
CLOSE_WITHIN_S = 2.0
COME_BACK = b"too slow: come back and sync"

payload.Payload.max_decode_packets = POST_MAX_PACKETS


class FrameSocket:
    """aiohttp's WebSocket in the shape that python-engineio asks for; never compressed, since most frames are short."""

    def __init__(self, handler: Any, server: "EngineServer") -> None:
        self._handler = handler
        self._server = server
        self._socket = web.WebSocketResponse(
            max_msg_size=server.max_http_buffer_size, compress=False, timeout=CLOSE_WITHIN_S
        )
        self._request: web.Request | None = None

    async def __call__(self, environ: Mapping[str, Any]) -> web.WebSocketResponse:
        self._request = environ["aiohttp.request"]
        await self._socket.prepare(self._request)
        await self._handler(self)
        return self._socket

    async def wait(self) -> str | bytes:
        """The next message; raises OSError when there will be none."""
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
            data: str | bytes = message.data
            return data
        raise OSError

    async def send(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            await self._socket.send_bytes(message)
        else:
            await self._socket.send_str(message)

    async def close(self, code: int = WSCloseCode.OK, reason: bytes = b"") -> None:
        """Close politely, and cut the line of a client that does not answer."""
        with contextlib.suppress(asyncio.TimeoutError, ConnectionError):
            await asyncio.wait_for(self._socket.close(code=code, message=reason), CLOSE_WITHIN_S)
        if self._request is not None and self._request.transport is not None:
            self._request.transport.abort()


class EngineSocket(async_socket.AsyncSocket):
    """One client's connection, whatever its transport is at the moment."""

    connected: bool
    upgrading: bool
    upgraded: bool
    closing: bool
    closed: bool

    def __init__(self, server: "EngineServer", sid: str) -> None:
        super().__init__(server, sid)
        self._frames: FrameSocket | None = None
        self._is_polled = False
        self._ending: asyncio.Task[None] | None = None

    def offer(self, pkt: packet.Packet) -> None:
        """Queue a packet without waiting; a full queue means a reader too slow to be kept."""
        if self.closed or self.closing or self._ending is not None:
            return
        try:
            self.queue.put_nowait(pkt)
        except asyncio.QueueFull:
            self.server.slow_readers += 1
            log.info("closed a client that did not read %d packets", self.queue.qsize())
            self.end(WSCloseCode.TRY_AGAIN_LATER, COME_BACK)

    def end(self, code: int, reason: bytes) -> None:
        """Close from our side; what is queued is dropped, for the client will sync when it is back."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(code, reason), name="close a socket")

    async def _end(self, code: int, reason: bytes) -> None:
        self._drain()
        frames = self._frames
        await self.close(wait=False, abort=frames is not None, reason=self.server.reason.SERVER_DISCONNECT)
        if frames is not None:
            await frames.close(code, reason)

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002
        """Close without waiting for a client that may never read again; a poll that waits is answered."""
        await super().close(wait=False, abort=abort, reason=reason)
        if self._is_polled and not self.upgraded and self.queue.empty():
            self.queue.put_nowait(packet.Packet(packet.NOOP))

    def _drain(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
            self.queue.task_done()

    async def send(self, pkt: packet.Packet) -> None:
        """Queue a packet of the library itself: an acknowledgement, a ping, a close."""
        if pkt.packet_type == packet.CLOSE:
            self._drain()
            self.queue.put_nowait(pkt)
            return
        if self.closed:
            raise exceptions.SocketIsClosedError
        self.offer(pkt)

    async def poll(self) -> list[packet.Packet]:
        """What is queued, once there is something; by polling at most as much as a client takes.

        A second poll while one waits ends the connection, as Engine.IO 4 has it: the answer would go to either.
        """
        if self._is_polled:
            self.end(WSCloseCode.PROTOCOL_ERROR, b"two polls at once")
            raise exceptions.QueueEmpty
        self._is_polled = True
        most = 10_000 if self.upgraded else POLL_MAX_PACKETS
        try:
            async with asyncio.timeout(self.server.ping_interval + self.server.ping_timeout):
                packets = [await self.queue.get()]
        except TimeoutError:
            raise exceptions.QueueEmpty from None
        finally:
            self._is_polled = False
        self.queue.task_done()
        while len(packets) < most and not self.queue.empty():
            packets.append(self.queue.get_nowait())
            self.queue.task_done()
        return packets

    async def handle_post_request(self, environ: Mapping[str, Any]) -> None:
        """Take the packets of a polling client; one that cannot be read ends its connection, and nobody else's."""
        request: web.Request = environ["aiohttp.request"]
        if (request.content_length or 0) > self.server.max_http_buffer_size:
            raise exceptions.ContentTooLongError
        try:
            body = await request.read()
            packets = payload.Payload(encoded_payload=body.decode()).packets
        except web.HTTPRequestEntityTooLarge:
            raise exceptions.ContentTooLongError from None
        except (ValueError, KeyError):
            raise exceptions.UnknownPacketError from None
        for pkt in packets:
            await self.receive(pkt)

    async def _websocket_handler(self, ws: FrameSocket) -> None:
        if self.connected and not await self._upgrade(ws):
            return
        self.connected = self.upgraded = True
        self._frames = ws
        writer = asyncio.create_task(self._write(ws), name="socket writer")
        try:
            await self._read(ws)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await self.close(wait=False, abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            if self._ending is not None:
                await asyncio.gather(self._ending, return_exceptions=True)

    async def _upgrade(self, ws: FrameSocket) -> bool:
        """Move a polling client to this WebSocket: probe, answer, let the waiting poll end, and switch."""
        self.upgrading = True
        try:
            if await ws.wait() != packet.Packet(packet.PING, data="probe").encode():
                return False
            await ws.send(packet.Packet(packet.PONG, data="probe").encode())
            self.queue.put_nowait(packet.Packet(packet.NOOP))
            if await ws.wait() != packet.Packet(packet.UPGRADE).encode():
                return False
        except (OSError, asyncio.QueueFull):
            return False
        finally:
            self.upgrading = False
        return True

    async def _write(self, ws: FrameSocket) -> None:
        is_open = True
        while is_open:
            try:
                packets = await self.poll()
                for pkt in packets:
                    await ws.send(pkt.encode())
            except (exceptions.QueueEmpty, OSError, RuntimeError):
                break
            is_open = bool(packets) and packets[-1].packet_type != packet.CLOSE
        await ws.close()

    async def _read(self, ws: FrameSocket) -> None:
        while True:
            try:
                await self.receive(packet.Packet(encoded_packet=await ws.wait()))
            except OSError:
                return
            except (ValueError, exceptions.EngineIOError):
                await ws.close(WSCloseCode.PROTOCOL_ERROR, b"a packet could not be read")
                return
            except Exception:
                log.exception("a client's packet failed")
                await ws.close(WSCloseCode.INTERNAL_ERROR, b"try again")
                return


class EngineServer(engineio.AsyncServer):
    """python-engineio's server with those sockets."""

    start_service_task: bool

    def __init__(self, *args: Any, queue_max_packets: int = 4096, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._async = driver._async | {"websocket": FrameSocket}
        self.queue_max_packets = queue_max_packets
        self.slow_readers = 0

    def create_queue(self, *_: Any, **__: Any) -> "asyncio.Queue[packet.Packet]":
        return asyncio.Queue(self.queue_max_packets)

    async def _handle_connect(self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None) -> Any:
        """Open a socket of our own class; the rest as python-engineio does it."""
        if jsonp_index is not None:
            return self._bad_request("JSONP is not part of Engine.IO 4")
        if self.start_service_task:
            self.start_service_task = False
            self.service_task_handle = self.start_background_task(self._service_task)
        sid = self.generate_id()
        socket = self.sockets[sid] = EngineSocket(self, sid)
        await socket.send(
            packet.Packet(
                packet.OPEN,
                {
                    "sid": sid,
                    "upgrades": self._upgrades(sid, transport),
                    "pingTimeout": int(self.ping_timeout * 1000),
                    "pingInterval": int(self.ping_interval * 1000),
                    "maxPayload": self.max_http_buffer_size,
                },
            )
        )
        refusal = await self._trigger_event("connect", sid, environ, run_async=False)
        if refusal is not None and refusal is not True:
            del self.sockets[sid]
            return self._unauthorized(refusal or None)
        socket.schedule_ping()
        if transport == "websocket":
            answer = await socket.handle_get_request(environ)
            if socket.closed:
                self.sockets.pop(sid, None)
            return answer
        socket.connected = True
        try:
            return self._ok(await socket.poll())
        except exceptions.QueueEmpty:
            return self._bad_request()
