"""The Engine.IO transport of one client: a bounded queue, polling and WebSocket, and a stated end for slow readers.

python-engineio 4.15 has queues without a bound, a reader that leaves its writer behind when a frame cannot be decoded,
a task per client that outlives it until the next ping, and polling answers that its own client refuses beyond 16 packets;
these classes replace those parts and keep the rest.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import engineio
from aiohttp import WSCloseCode, WSMsgType, web
from engineio import async_socket, exceptions, packet, payload
from typing_extensions import override

log = logging.getLogger(__name__)

POLL_MAX_PACKETS = 16  # python-engineio's client refuses a polling answer with more
POST_MAX_PACKETS = 4096  # JavaScript clients know a limit in bytes only: the shortest requests that fit into one body
WRITE_MAX_PACKETS = 64  # taken out of the queue at once, so that its bound is what a slow reader costs
CLOSE_WITHIN_S = 2.0
UPGRADE_WITHIN_S = 10.0
COME_BACK = b"too slow: come back and sync"

payload.Payload.max_decode_packets = POST_MAX_PACKETS

# What the reference server answers to requests that it refuses; clients tell these by their code.
_REFUSALS = (
    ("Invalid session", 1, "Session ID unknown"),
    ("Session ", 1, "Session ID unknown"),
    ("Invalid transport", 0, "Transport unknown"),
    ("The client is using an unsupported version", 5, "Unsupported protocol version"),
)


class PacketQueue(asyncio.Queue[packet.Packet]):
    """Packets for one client, bounded by their number and by what they hold; one packet of any size always fits."""

    def __init__(self, packets_max: int, chars_max: int) -> None:
        super().__init__(packets_max)
        self._chars_max = chars_max
        self.chars = 0

    @override
    def full(self) -> bool:
        return self.qsize() >= self.maxsize or self.chars >= self._chars_max

    @override
    def _put(self, item: packet.Packet) -> None:
        self.chars += _size(item)
        super()._put(item)

    @override
    def _get(self) -> packet.Packet:
        item: packet.Packet = super()._get()
        self.chars -= _size(item)
        return item


def _size(pkt: packet.Packet) -> int:
    return len(pkt.data) if isinstance(pkt.data, str | bytes) else 0


class FrameSocket:
    """aiohttp's WebSocket in the shape that python-engineio asks for; never compressed, since most frames are short."""

    def __init__(self, handler: Any, server: "EngineServer") -> None:
        self._handler = handler
        self._socket = web.WebSocketResponse(
            max_msg_size=server.max_http_buffer_size, compress=False, timeout=CLOSE_WITHIN_S
        )
        self._request: web.Request | None = None

    async def __call__(self, environ: Mapping[str, Any]) -> web.WebSocketResponse:
        self._request = environ["aiohttp.request"]
        await self._socket.prepare(self._request)
        try:
            await self._handler(self)
        finally:
            self._cut()
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
        """Close politely, and cut the line of a client that does not read what it is sent."""
        try:
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._socket.close(code=code, message=reason)
        except (TimeoutError, ConnectionError):
            self._cut()

    def _cut(self) -> None:
        """Drop the line if something lies unread in it, for nobody will wait for that."""
        transport = None if self._request is None else self._request.transport
        if transport is not None and transport.get_write_buffer_size():
            transport.abort()


class EngineSocket(async_socket.AsyncSocket):
    """One client's connection, whatever its transport is at the moment."""

    queue: PacketQueue
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
        self._timer: asyncio.TimerHandle | None = None
        self._is_pinged = False

    @property
    def is_open(self) -> bool:
        return not (self.closed or self.closing or self._ending is not None)

    def offer(self, pkt: packet.Packet) -> None:
        """Queue a packet without waiting; a full queue means a reader too slow to be kept."""
        if not self.is_open:
            return
        try:
            self.queue.put_nowait(pkt)
        except asyncio.QueueFull:
            self.server.slow_readers += 1
            log.info("closed a client that did not read %d packets", self.queue.qsize())
            self.end(WSCloseCode.TRY_AGAIN_LATER, COME_BACK)

    def end(self, code: int, text: bytes, reason: str | None = None) -> None:
        """Close from our side; what is queued is dropped, for the client will sync when it is back."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(code, text, reason), name="close a socket")

    async def ended(self) -> None:
        """Wait until what `end` began is over."""
        if self._ending is not None:
            await asyncio.gather(self._ending, return_exceptions=True)

    async def _end(self, code: int, text: bytes, reason: str | None) -> None:
        self._drain()
        frames = self._frames
        await self.close(abort=frames is not None, reason=reason or self.server.reason.SERVER_DISCONNECT)
        if frames is not None:
            await frames.close(code, text)

    @override
    async def close(self, wait: bool = False, abort: bool = False, reason: str | None = None) -> None:
        """Close without waiting for a client that may never read again; a poll that waits is answered."""
        self._stop_pinging()
        await super().close(wait=False, abort=abort, reason=reason)
        if self._is_polled and self.queue.empty():
            self.queue.put_nowait(packet.Packet(packet.NOOP))
        self.server.sockets.pop(self.sid, None)

    def _drain(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()

    @override
    async def send(self, pkt: packet.Packet) -> None:
        """Queue a packet of the library itself: the handshake, a close."""
        if pkt.packet_type == packet.CLOSE:
            self._drain()
            self.queue.put_nowait(pkt)
            return
        self.offer(pkt)

    @override
    async def poll(self) -> list[packet.Packet]:
        """What is queued, once there is something; by polling at most as much as a client takes.

        A second poll while one waits ends the connection, as Engine.IO 4 has it: the answer would go to either.
        """
        if self._is_polled:
            self.end(WSCloseCode.PROTOCOL_ERROR, b"two polls at once")
            raise exceptions.QueueEmpty
        if self.closed and self.queue.empty():
            raise exceptions.QueueEmpty
        self._is_polled = True
        most = WRITE_MAX_PACKETS if self.upgraded else POLL_MAX_PACKETS
        try:
            packets = [await self.queue.get()]
        finally:
            self._is_polled = False
        while len(packets) < most and not self.queue.empty():
            packets.append(self.queue.get_nowait())
        return packets

    @override
    async def receive(self, pkt: packet.Packet) -> None:
        """One packet of the client; raises UnknownPacketError for what a client of Engine.IO 4 never sends."""
        match pkt.packet_type:
            case packet.MESSAGE:
                await self.server._trigger_event("message", self.sid, pkt.data, run_async=False)
            case packet.PONG:
                self.schedule_ping()
            case packet.CLOSE:
                await self.close(abort=True, reason=self.server.reason.CLIENT_DISCONNECT)
            case _:
                raise exceptions.UnknownPacketError

    # One timer instead of python-engineio's task per client and its walk over all of them.

    @override
    def schedule_ping(self) -> None:
        """Ask after the interval whether the client is there; a PONG that nobody asked for changes nothing."""
        if self._timer is None or self._is_pinged:
            self._stop_pinging()
            self._is_pinged = False
            if self.is_open:
                self._timer = asyncio.get_running_loop().call_later(self.server.ping_interval, self._ping)

    def _ping(self) -> None:
        self._is_pinged = True
        self._timer = asyncio.get_running_loop().call_later(self.server.ping_timeout, self._miss)
        self.offer(packet.Packet(packet.PING))

    def _miss(self) -> None:
        self.end(WSCloseCode.GOING_AWAY, b"no answer to a ping", self.server.reason.PING_TIMEOUT)

    def _stop_pinging(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    @override
    async def handle_get_request(self, environ: Mapping[str, Any]) -> Any:
        """Answer a poll, or move to a WebSocket where the request asks for one."""
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            return await self.use_frames(environ)
        if self.upgrading or self.upgraded:
            return [packet.Packet(packet.NOOP)]  # what is queued from now on is for the WebSocket
        return await self.poll()

    @override
    async def handle_post_request(self, environ: Mapping[str, Any]) -> None:
        """Take the packets of a polling client; one that cannot be read ends its connection, and nobody else's."""
        try:
            for pkt in await self._read_body(environ["aiohttp.request"]):
                await self.receive(pkt)
        except (ValueError, LookupError, exceptions.EngineIOError) as error:
            log.info("closed a polling client: %s", type(error).__name__)
            self.end(WSCloseCode.PROTOCOL_ERROR, b"a packet could not be read")
            if self.sid in self.server.sockets:  # python-engineio has no answer ready where it is gone already
                raise exceptions.UnknownPacketError from None

    async def _read_body(self, request: web.Request) -> list[packet.Packet]:
        bytes_max = self.server.max_http_buffer_size
        if (request.content_length or 0) > bytes_max:
            raise exceptions.ContentTooLongError
        try:
            body = await request.read()
        except (web.HTTPRequestEntityTooLarge, OSError, aiohttp.ClientError, web.RequestPayloadError):
            raise exceptions.ContentTooLongError from None
        if len(body) > bytes_max:
            raise exceptions.ContentTooLongError
        packets: list[packet.Packet] = payload.Payload(encoded_payload=body.decode()).packets
        return packets

    async def use_frames(self, environ: Mapping[str, Any]) -> web.WebSocketResponse:
        """Speak with the client through the WebSocket that this request opens, until it ends."""
        return await FrameSocket(self._websocket_handler, self.server)(environ)

    @override
    async def _websocket_handler(self, ws: FrameSocket) -> None:
        if self.connected and not await self._upgrade(ws):
            await ws.close()
            return
        self.connected = self.upgraded = True
        self._frames = ws
        writer = asyncio.create_task(self._write(ws), name="socket writer")
        try:
            await self._read(ws)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await self.close(abort=True, reason=self.server.reason.TRANSPORT_CLOSE)
            await self.ended()

    async def _upgrade(self, ws: FrameSocket) -> bool:
        """Move a polling client to this WebSocket: probe, answer, let the waiting poll end, and switch."""
        try:
            async with asyncio.timeout(UPGRADE_WITHIN_S):
                if await ws.wait() != packet.Packet(packet.PING, data="probe").encode() or self.upgrading:
                    return False
                self.upgrading = True
                try:
                    await ws.send(packet.Packet(packet.PONG, data="probe").encode())
                    if self._is_polled:
                        self.queue.put_nowait(packet.Packet(packet.NOOP))
                    is_asked = await ws.wait() == packet.Packet(packet.UPGRADE).encode()
                finally:
                    self.upgrading = False
        except (OSError, RuntimeError, asyncio.QueueFull):
            return False
        return is_asked and self.is_open and not self.upgraded and not self._is_polled

    async def _write(self, ws: FrameSocket) -> None:
        with contextlib.suppress(exceptions.QueueEmpty, OSError, RuntimeError):
            is_open = True
            while is_open:
                packets = await self.poll()
                for pkt in packets:
                    await ws.send(pkt.encode())
                is_open = packets[-1].packet_type != packet.CLOSE
        await ws.close()

    async def _read(self, ws: FrameSocket) -> None:
        while not self.closed:
            try:
                await self.receive(packet.Packet(encoded_packet=await ws.wait()))
            except OSError:
                return
            except (ValueError, LookupError, exceptions.EngineIOError):
                await ws.close(WSCloseCode.PROTOCOL_ERROR, b"a packet could not be read")
                return
            except Exception:
                log.exception("a client's packet failed")
                await ws.close(WSCloseCode.INTERNAL_ERROR, b"try again")
                return


class EngineServer(engineio.AsyncServer):
    """python-engineio's server with those sockets."""

    sockets: dict[str, EngineSocket]

    def __init__(self, *args: Any, queue_max_packets: int = 4096, queue_max_chars: int = 2**24, **kwargs: Any) -> None:
        super().__init__(*args, monitor_clients=False, **kwargs)
        self._queue_bounds = (queue_max_packets, queue_max_chars)
        self.slow_readers = 0
        self.is_closing = False
        self.make_sid: Callable[[], str] = self.generate_id
        self.pass_on: Callable[[web.Request], Awaitable[web.StreamResponse | None]] | None = None

    @override
    def create_queue(self, *_: Any, **__: Any) -> PacketQueue:
        return PacketQueue(*self._queue_bounds)

    @override
    async def handle_request(self, request: web.Request) -> Any:
        """A request of a client, which may be for a session that another node holds."""
        passed_on = None if self.pass_on is None else await self.pass_on(request)
        return passed_on if passed_on is not None else await super().handle_request(request)

    async def handle_own(self, request: web.Request) -> Any:
        """A request that another node passed on to this one: it goes no further."""
        return await super().handle_request(request)

    @override
    async def _handle_connect(self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None) -> Any:
        """Open a socket of our own class; the rest as python-engineio does it."""
        if jsonp_index is not None:
            return self._bad_request("JSONP is not part of Engine.IO 4")
        if self.is_closing:
            return self._bad_request("The server restarts") | {"status": "503 SERVICE UNAVAILABLE"}
        sid = self.make_sid()
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
        await self._trigger_event("connect", sid, environ, run_async=False)
        socket.schedule_ping()
        if transport == "websocket":
            try:
                return await socket.use_frames(environ)
            finally:
                # Also when it never became one: a bad handshake, a client that went away.
                await socket.close(abort=True, reason=self.reason.TRANSPORT_ERROR)
        socket.connected = True
        try:
            return self._ok(await socket.poll())
        except exceptions.QueueEmpty:
            return self._bad_request()

    @override
    def _bad_request(self, message: str | None = None) -> dict[str, Any]:
        """`{"code", "message"}`, as the reference server answers and clients expect."""
        given = message or ""
        code, text = next(
            ((code, text) for start, code, text in _REFUSALS if given.startswith(start)), (3, "Bad request")
        )
        answer: dict[str, Any] = super()._bad_request({"code": code, "message": text})
        return answer | {"headers": [("Content-Type", "application/json")]}

    @override
    def _log_error_once(self, message: str, message_key: str) -> None:
        """What strangers ask for is no error of ours, and their words do not belong into the log."""
        log.debug("refused a request: %s", message_key)
