"""The Engine.IO transport of one client: a bounded outbox, polling and WebSocket, and a stated end for slow readers.

Requests are told apart and refused here, in the order and with the codes of the reference server (docs/protocol.md); of
python-engineio 4.15 remain its settings, its rules for origins and its ids. A socket is told of packets instead of waiting for
them in a task, and ends a client that does not read, does not answer, or sends what cannot be read.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from time import monotonic
from typing import Any, Protocol
from weakref import WeakValueDictionary

import aiohttp
import engineio
import orjson
from aiohttp import hdrs, web
from engineio import exceptions
from engineio import packet as engine_packet
from typing_extensions import override

from handlers.errors import headers_of, status_of
from handlers.rest.requests import CLIENT_ADDRESS
from models.errors import DomainError
from server.http.held_line import watch_line
from server.http.lines_per_address import LinesPerAddress
from server.sockets import disconnects
from server.sockets.disconnects import Disconnect
from server.sockets.frames import Frames, accept_key, take_over
from server.sockets.intake import (
    BODY,
    MESSAGES_IN_A_TURN,
    SEPARATOR,
    UNAUTHENTICATED_MAX_BYTES,
    UNREAD,
    Intake,
    split_body,
)
from server.sockets.outbox import Allowance, EncodedPacket, Flusher, Outbox

log = logging.getLogger(__name__)

POLL_MAX_PACKETS = 16  # python-engineio's client refuses a polling answer with more
# Not soon: the official client that is cut off in the middle of moving neither polls nor notices until a ping is late.
UPGRADE_WITHIN_S = 30.0
SLICE_S = 0.004  # of a crowd that leaves at once, between two looks at everybody else

PING, CLOSE, NOOP = (EncodedPacket(str(kind)) for kind in (engine_packet.PING, engine_packet.CLOSE, engine_packet.NOOP))
PROBE, PROBED, UPGRADED = f"{engine_packet.PING}probe", f"{engine_packet.PONG}probe", str(engine_packet.UPGRADE)

# The codes of the reference server; clients tell refusals by them.
UNKNOWN_TRANSPORT, UNKNOWN_SESSION, BAD_METHOD, BAD_REQUEST, FORBIDDEN, BAD_VERSION = range(6)
_MESSAGES = (
    "Transport unknown",
    "Session ID unknown",
    "Bad handshake method",
    "Bad request",
    "Forbidden",
    "Unsupported protocol version",
)
_ALLOWED = "GET, POST, OPTIONS"
_PLAIN, _JSON = "text/plain; charset=UTF-8", "application/json"


# Returns the answer of the node that holds a request's session, or None if this node is to answer.
Forward = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


class TransportListener(Protocol):
    """Who is told what clients do: the Socket.IO side."""

    def on_open(self, socket: "EngineSocket") -> None: ...

    def on_message(self, socket: "EngineSocket", data: str | bytes) -> None:
        """One message; raises ValueError or LookupError when it cannot be read."""
        ...

    def on_close(self, socket: "EngineSocket") -> None: ...


class EngineSocket(Intake):
    """One client's connection, whatever its transport is at the moment."""

    __slots__ = (
        "_has_left",
        "_is_dirty",
        "_is_pinged",
        "_is_posting",
        "_ping_number",
        "_poll",
        "_taken_count",
        "_timer",
        "backlog",
        "closed",
        "frames",
        "has_asked",
        "line_key",
        "queue",
        "refused",
        "server",
        "settled",
        "sid",
        "unanswered",
        "upgraded",
        "upgrading",
    )  # fmt: skip

    frames: Frames | None

    def __init__(self, server: "EngineServer", sid: str) -> None:
        super().__init__()
        self.server = server
        self.sid = sid
        self.queue = server.create_outbox()
        self.line_key = ""  # of its client's address, by which it is counted
        self.unanswered = 0  # requests of its namespaces
        self.refused = 0  # times since it was last let into one that it was told that it is in none
        self.has_asked = False  # to be let into one, as every client does first
        self.upgrading = self.upgraded = self.closed = False
        self.frames = None
        self.backlog: deque[str | bytes] | None = None  # messages that wait behind one that takes its time
        self.settled: asyncio.Future[None] | None = None  # ends when nothing waits any more
        self._poll: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_pinged = False
        self._ping_number = 0  # of the last ping among the packets
        self._taken_count = 0  # packets that it had taken by then
        self._is_dirty = False
        self._is_posting = False
        self._has_left = False

    @property
    def is_open(self) -> bool:
        return not self.closed

    def share(self, account_id: int) -> None:
        """What waits for this client counts for an account, together with what waits for its others."""
        self.queue.share(self.server.allowance_of(account_id))

    @property
    def is_busy(self) -> bool:
        """Whether an answer is under way, or has not gone out."""
        return self.is_open and (self.unanswered > 0 or self.settled is not None or bool(self.queue))

    @property
    def is_on_line(self) -> bool:
        """Whether there is a WebSocket that could still bring the client a goodbye."""
        return self.frames is not None and not self.frames.is_over

    def offer(self, packet: EncodedPacket) -> None:
        """Send a packet at the end of this turn; a full outbox means a reader too slow to be kept."""
        if self.closed:
            return
        if self.queue.is_full:
            self.flush()
            if self.queue.is_full:
                self.server.slow_readers += 1
                log.info("closed a client that did not read %d packets", len(self.queue))
                self.close(disconnects.TOO_SLOW)
                return
        self.queue.put(packet)
        if not self._is_dirty:
            self._is_dirty = True
            self.server.flusher.add(self)

    def send(self, packets: Sequence[EncodedPacket], frames: bytes) -> None:
        """Send packets whose frames somebody has put together already, for many."""
        line = self.frames
        if line is None or self._is_dirty or not line.write_now(frames):
            for packet in packets:
                self.offer(packet)

    def flush(self) -> None:
        """Send what waits, as far as the client takes it."""
        self._is_dirty = False
        if self.frames is None:
            self._wake()
        elif self.queue and self.frames.is_writable:
            self.frames.write(self.queue.take_frames())
            self._go_on_if_read()

    def _go_on_if_read(self) -> None:
        if self.held & UNREAD and not self.queue.is_half_full:
            self.release(UNREAD)

    def _wake(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    def close(self, why: Disconnect) -> None:
        """Close from our side; what is queued is dropped, for the client will sync when it is back."""
        if self.closed:
            return
        self.closed = True
        self.queue.clear()
        if self.frames is not None:
            self.frames.close(why)
        elif not why.is_temporary:
            # Otherwise the next poll finds the session unknown, upon which clients reconnect. After a CLOSE packet
            # python-socketio's client stays away for good.
            self.queue.put(CLOSE)
        self._notify_closed()

    def _notify_closed(self) -> None:
        """Let everybody know, once, that the client is gone."""
        if self._has_left:
            return
        self._has_left = self.closed = True
        self._stop_pinging()
        self.queue.release()
        self.server.lines.give_back(self.line_key)
        self.server.sockets.pop(self.sid, None)
        self.server.listener.on_close(self)
        self._wake()
        self.wake()

    # What the WebSocket tells.

    def on_message(self, message: str | bytes) -> None:
        if self.closed:
            return
        try:
            self.receive(message)
        except (ValueError, LookupError, exceptions.EngineIOError):
            self.close(disconnects.UNREADABLE_PACKET)
        except Exception:
            log.exception("a client's packet failed")
            self.close(disconnects.SERVER_FAULT)

    def on_writable(self) -> None:
        self.flush()

    def on_eof(self) -> None:
        self.closed = True
        self.server.retire(self)

    def on_disconnect(self) -> None:
        if self.frames is not None and self.frames.is_stalled:
            self.server.slow_readers += 1
            log.info("closed a client that reads nothing")
        self.frames = None
        if not self._has_left:
            self.on_eof()

    def disconnect(self) -> None:
        """The client is gone: so are its namespaces, and its line."""
        self._notify_closed()
        if self.frames is not None:
            self.frames.cut()

    def receive(self, message: str | bytes) -> None:
        """One packet of the client; raises UnknownPacketError for what a client of Engine.IO 4 never sends."""
        if isinstance(message, bytes):
            self.server.listener.on_message(self, message)
            return
        match message[:1]:  # the numbers of Engine.IO's packets
            case "4":
                self.server.listener.on_message(self, message[1:])
            case "3":
                self.schedule_ping()
            case "1":
                if self.frames is not None:
                    self.frames.close(disconnects.CLIENT_LEFT)
                self.queue.clear()
                self._notify_closed()
            case "b":
                self.server.listener.on_message(self, engine_packet.Packet(encoded_packet=message).data)
            case "6" | "5" | "0":
                pass  # they mean nothing here, and clients send NOOP while they move to a WebSocket
            case _:
                raise exceptions.UnknownPacketError

    # One timer instead of python-engineio's task per client and its walk over all of them.

    def schedule_ping(self) -> None:
        """Ask after the interval whether the client is there; a PONG that nobody asked for changes nothing.

        Nor does one for a ping that still waits here: who answers without reading would otherwise stay for ever.
        """
        if self._timer is None or (self._is_pinged and self.queue.taken_count >= self._ping_number):
            self._stop_pinging()
            self._is_pinged = False
            if self.is_open:
                self._timer = asyncio.get_running_loop().call_later(self.server.ping_interval, self._ping)

    def _ping(self) -> None:
        self._is_pinged, self.was_held = True, False
        self._timer = asyncio.get_running_loop().call_later(self.server.ping_timeout, self._miss)
        self.offer(PING)
        self._ping_number = self.queue.put_count
        self._taken_count = self.queue.taken_count

    def _miss(self) -> None:
        reads = self.held & UNREAD and self.queue.taken_count > self._taken_count
        if reads or self.was_held or self.keeps_waiting:
            self._ping()  # its answer waits behind what we do not take, and the client for pings
            return
        self.close(disconnects.PING_TIMEOUT)

    def _stop_pinging(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    # What the requests of a polling client are.

    async def poll(self, request: web.Request) -> Sequence[EncodedPacket]:
        """Returns what is queued, once there is something, and at most as much as a client takes; nothing for a second poll.

        A second poll while one waits ends the connection, as Engine.IO 4 has it: the answer would go to either. So does the
        loss of a line on which a poll waits, for what is said next would be lost with it; the client comes back and syncs.
        """
        if self.upgrading:
            return (NOOP,)  # what is queued from now on is for the WebSocket
        if self._poll is not None:
            self.close(disconnects.TWO_POLLS)
            return ()
        if not self.queue:
            self._poll = asyncio.get_running_loop().create_future()
            try:
                with watch_line(request, self.on_poll_lost):
                    await self._poll
            finally:
                self._poll = None
        # It has nothing where the client ended it, whose poll this is, or where we did, for it to come back.
        taken = self.queue.take(POLL_MAX_PACKETS) or (NOOP,)
        self._go_on_if_read()
        return taken

    def on_poll_lost(self) -> None:
        """The line is gone on which a poll waited, or its answer was on its way."""
        if not self._has_left and self.frames is None:
            self.on_eof()
            self.queue.clear()
            self._wake()

    async def post(self, request: web.Request) -> HTTPStatus:
        """Take the packets of a polling client; one that cannot be read ends its connection, and nobody else's.

        So does a second request while one is under way, as Engine.IO 4 has it: nobody could tell which of them comes first. It is
        answered once there is room for more, so that a client which sends faster than it is answered waits.
        """
        if self._is_posting:
            self.close(disconnects.TWO_REQUESTS)
            return HTTPStatus.BAD_REQUEST
        self._is_posting = True
        try:
            return await self._take_body(request)
        finally:
            self._is_posting = False

    async def _take_body(self, request: web.Request) -> HTTPStatus:
        try:
            body = await self._read_body(request)
            self.hold(BODY)
            last = await self._take_messages(body)
        except web.HTTPRequestEntityTooLarge:
            self.close(disconnects.TOO_LONG)
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        except (
            ValueError,
            LookupError,
            OSError,
            exceptions.EngineIOError,
            aiohttp.ClientError,
            web.RequestPayloadError,
        ) as error:
            log.info("closed a polling client: %s", type(error).__name__)
            self.close(disconnects.UNREADABLE_PACKET)
            return HTTPStatus.BAD_REQUEST
        finally:
            self.release(BODY)
        if self.closed:
            return HTTPStatus.OK if last.startswith(CLOSE.text) else HTTPStatus.BAD_REQUEST
        if self.settled is not None:
            await asyncio.wait([self.settled])
        await self._until_taken_from()
        return HTTPStatus.OK

    async def _take_messages(self, body: str) -> str:
        """Take the messages of a body until one ends the session. Returns the last one that was taken."""
        last = ""
        for number, message in enumerate(split_body(body) if body else (), start=1):
            await self._until_taken_from()
            if self.closed:
                break
            last = message
            self.receive(message)
            if number % MESSAGES_IN_A_TURN == 0:
                await asyncio.sleep(0)
        return last

    async def _until_taken_from(self) -> None:
        while self.held & ~BODY and self.is_open:
            await self.wait()

    async def _read_body(self, request: web.Request) -> str:
        bytes_max = self.message_max_bytes
        announced = request.content_length or 0
        body = bytearray()
        if announced <= bytes_max:
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > bytes_max:
                    break
        if max(announced, len(body)) > bytes_max:
            raise web.HTTPRequestEntityTooLarge(bytes_max, max(announced, len(body)))
        return body.decode()

    def open_frames(self, request: web.Request) -> web.StreamResponse:
        """Speak with the client through the WebSocket that this request opens, from its first packet on."""
        self.frames, answer = take_over(
            request, self, message_max_bytes=self.message_max_bytes, stalled_s=self.server.ping_timeout
        )
        self.upgraded = True
        return answer

    def let_poll_end(self) -> None:
        """Answer a poll that waits; the client means to move to a WebSocket."""
        if self._poll is not None:
            self.offer(NOOP)

    @property
    def may_move(self) -> bool:
        """Whether a client that polls may move to a WebSocket now."""
        return self.is_open and self._poll is None and not self.upgraded

    def move_to(self, frames: Frames) -> None:
        """From now on the WebSocket is the client's transport; what is queued goes over it."""
        self.upgraded = True
        self.frames, frames.listener = frames, self
        frames.limit(self.message_max_bytes)
        if self.held:
            frames.hold()
        self.flush()


class Probe:
    """A WebSocket by which a polling client may move: it asks, is answered, lets its poll end, and says so."""

    def __init__(self, socket: EngineSocket, request: web.Request) -> None:
        self._socket = socket
        self._is_answered = False
        self._frames, self.answer = take_over(
            request, self, message_max_bytes=UNAUTHENTICATED_MAX_BYTES, stalled_s=socket.server.ping_timeout
        )
        self._timer = asyncio.get_running_loop().call_later(
            UPGRADE_WITHIN_S, self._frames.close, disconnects.CLIENT_LEFT
        )

    def on_message(self, message: str | bytes) -> None:
        socket = self._socket
        if not self._is_answered and message == PROBE and socket.is_open and not socket.upgrading:
            self._is_answered = socket.upgrading = True
            self._frames.write(EncodedPacket(PROBED).frame)
            socket.let_poll_end()
            return
        if message == NOOP.text:
            return
        is_moved = self._is_answered and message == UPGRADED and socket.may_move
        self._give_up()
        if is_moved:
            socket.move_to(self._frames)
        else:
            self._frames.close(disconnects.CLIENT_LEFT)

    def on_writable(self) -> None:
        """There was nothing to write but the answer."""

    def on_eof(self) -> None:
        self._frames.cut()

    def on_disconnect(self) -> None:
        self._give_up()

    def _give_up(self) -> None:
        self._timer.cancel()
        if self._is_answered:
            self._is_answered = self._socket.upgrading = False


class _PollAnswer(web.Response):
    """Packets for a client that polls: where its line breaks under them it has to hear that it missed something."""

    def __init__(self, socket: EngineSocket, packets: Sequence[EncodedPacket], headers: Mapping[str, str]) -> None:
        super().__init__(body=_payload_of(packets), headers=headers)
        self._socket = socket

    @override
    async def prepare(self, request: web.BaseRequest) -> Any:
        try:
            return await super().prepare(request)
        except ConnectionError:
            self._socket.on_poll_lost()
            raise

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        try:
            await super().write_eof(data)
        except ConnectionError:
            self._socket.on_poll_lost()
            raise


class EngineServer(engineio.AsyncServer):
    """Routes the requests of clients to their sockets, and opens those."""

    sockets: dict[str, EngineSocket]

    def __init__(
        self,
        *args: Any,
        listener: TransportListener,
        make_sid: Callable[[], str],
        forward: Forward,
        queue_max_packets: int = 4096,
        queue_max_chars: int = 2**24,
        account_max_chars: int = 2**25,
        lines: LinesPerAddress | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, monitor_clients=False, **kwargs)
        self._queue_bounds = (queue_max_packets, queue_max_chars)
        self._account_max_chars = account_max_chars
        self._allowances: WeakValueDictionary[int, Allowance] = WeakValueDictionary()
        self.lines = lines or LinesPerAddress(0)
        self._retired: deque[EngineSocket] = deque()
        self.flusher = Flusher()
        self.slow_readers = 0
        self.is_closing = False
        self.listener = listener
        self._make_sid = make_sid
        self._forward = forward

    def create_outbox(self) -> Outbox:
        return Outbox(*self._queue_bounds)

    def allowance_of(self, account_id: int) -> Allowance:
        allowance = self._allowances.get(account_id)
        if allowance is None:
            allowance = self._allowances[account_id] = Allowance(self._account_max_chars)
        return allowance

    def retire(self, socket: EngineSocket) -> None:
        """See off a client whose line is gone; a crowd that goes at once is seen off bit by bit."""
        if not self._retired:
            asyncio.get_running_loop().call_soon(self._disconnect_retired)
        self._retired.append(socket)

    def _disconnect_retired(self) -> None:
        ends = monotonic() + SLICE_S
        while self._retired:
            self._retired.popleft().disconnect()
            if self._retired and monotonic() > ends:
                asyncio.get_running_loop().call_soon(self._disconnect_retired)
                return

    @override
    def attach(self, app: web.Application, engineio_path: str = "engine.io") -> None:
        """Take requests of every method at this path; those that the protocol does not have are refused in its own words."""
        app.router.add_route(hdrs.METH_ANY, f"/{engineio_path.strip('/')}/", self.handle_request)

    @override
    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Answer a request of a client, which may be for a session that another node holds."""
        refused = self._refuse_at_once(request)
        if refused is not None:
            return refused
        forwarded = await self._forward(request)
        if forwarded is None:
            return await self._answer(request)
        if not forwarded.prepared:  # it says that nothing was passed on
            forwarded.headers.update(self._headers(request))
        return forwarded

    async def handle_own(self, request: web.Request) -> web.StreamResponse:
        """Answer a request that another node passed on to this one: it goes no further."""
        return self._refuse_at_once(request) or await self._answer(request)

    def _refuse_at_once(self, request: web.Request) -> web.StreamResponse | None:
        """The answer to what is wrong, or asks nothing, whoever holds the session; None for what may go on."""
        if request.method == hdrs.METH_OPTIONS:
            headers = {**self._headers(request), hdrs.ALLOW: _ALLOWED}
            return web.Response(status=HTTPStatus.NO_CONTENT, headers=headers)
        if request.method == hdrs.METH_HEAD:
            return self._refuse(
                request, BAD_METHOD, status=HTTPStatus.METHOD_NOT_ALLOWED, headers={hdrs.ALLOW: _ALLOWED}
            )
        fault = self._find_fault(request)
        if fault is not None:
            return self._refuse(request, fault)
        if request.query.get("sid") and request.query["transport"] == "websocket":
            try:
                accept_key(request)
            except web.HTTPException as error:
                return self._refuse_handshake(request, error)
        return None

    def _find_fault(self, request: web.Request) -> int | None:
        """The code of what is wrong with a request, in the order of the reference server."""
        asked = request.query
        transport = asked.get("transport")
        if transport not in self.transports or len(asked.getall("transport")) > 1:
            return UNKNOWN_TRANSPORT
        if not self._permits_origin(request):
            return FORBIDDEN
        is_get = request.method == hdrs.METH_GET
        if not is_get and request.method != hdrs.METH_POST:
            return BAD_METHOD
        is_upgrade = is_get and request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
        if asked.get("sid"):
            return BAD_REQUEST if transport == "websocket" and not is_upgrade else None
        if not is_get:
            return BAD_METHOD
        if transport == "websocket" and not is_upgrade:
            return BAD_REQUEST
        if asked.getall("EIO", []) != ["4"]:
            return BAD_VERSION
        return BAD_REQUEST if "j" in asked else None  # JSONP is older than Engine.IO 4

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """The answer of this node; a session that it does not hold is unknown."""
        asked = request.query
        sid = asked.get("sid")
        if not sid:
            return self._open(request, asked["transport"])
        socket = self.sockets.get(sid)
        if socket is None or socket.closed:
            return self._refuse(request, UNKNOWN_SESSION)
        if socket.upgraded or "j" in asked or asked.getall("EIO", []) != ["4"]:
            return self._refuse(request, BAD_REQUEST)
        if asked["transport"] == "websocket":
            return Probe(socket, request).answer
        if request.method == hdrs.METH_POST:
            status = await socket.post(request)
            if status != HTTPStatus.OK:
                return self._refuse(request, BAD_REQUEST, status=status)
            return web.Response(body=b"ok", headers=self._headers(request, _PLAIN))
        packets = await socket.poll(request)
        if not packets:
            return self._refuse(request, BAD_REQUEST)
        return _PollAnswer(socket, packets, self._headers(request, _PLAIN))

    def _open(self, request: web.Request, transport: str) -> web.StreamResponse:
        """Open a session, and answer with the packet that says so, and with what is queued behind it."""
        if self.is_closing:
            # What a load balancer takes to another node; a client that gets it found none that is open.
            status = HTTPStatus.SERVICE_UNAVAILABLE
            return self._refuse(request, BAD_REQUEST, status=status, headers={hdrs.RETRY_AFTER: "1"})
        try:
            line_key = self.lines.take(request.get(CLIENT_ADDRESS, ""))
        except DomainError as refusal:
            status, headers = status_of(refusal), headers_of(refusal)
            return self._refuse(request, BAD_REQUEST, status=status, message=refusal.message, headers=headers)
        sid = self._make_sid()
        socket = EngineSocket(self, sid)
        try:
            answer = socket.open_frames(request) if transport == "websocket" else None
        except web.HTTPException as error:
            self.lines.give_back(line_key)
            return self._refuse_handshake(request, error)
        socket.line_key = line_key
        self.sockets[sid] = socket
        opening = {
            "sid": sid,
            "upgrades": [] if answer is not None else ["websocket"],
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        socket.offer(EncodedPacket(engine_packet.Packet(engine_packet.OPEN, opening).encode()))
        self.listener.on_open(socket)
        socket.schedule_ping()
        if answer is not None:
            return answer
        return _PollAnswer(socket, socket.queue.take(POLL_MAX_PACKETS), self._headers(request, _PLAIN))

    def _refuse(
        self,
        request: web.Request,
        code: int,
        *,
        status: int = HTTPStatus.BAD_REQUEST,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        """`{"code", "message"}`, as the reference server answers and clients expect."""
        if code == FORBIDDEN:
            status = HTTPStatus.FORBIDDEN
        # What strangers ask for is no error of ours, and their words do not belong into the log.
        log.debug("refused a request: %s", _MESSAGES[code])
        body = orjson.dumps({"code": code, "message": message or _MESSAGES[code]})
        return web.Response(body=body, status=status, headers={**self._headers(request, _JSON), **(headers or {})})

    def _refuse_handshake(self, request: web.Request, error: web.HTTPException) -> web.Response:
        """Returns the refusal of a handshake of WebSocket, with the versions that the server speaks."""
        kept = {
            name: error.headers[name]
            for name in ("Sec-WebSocket-Version", hdrs.UPGRADE, hdrs.CONNECTION)
            if name in error.headers
        }
        return self._refuse(request, BAD_REQUEST, status=error.status, message=error.text, headers=kept)

    def _permits_origin(self, request: web.Request) -> bool:
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is None or self.cors_allowed_origins == "*":
            return True
        allowed: Sequence[str] | None = self._cors_allowed_origins(_environ_of(request))
        return allowed is None or origin in allowed

    def _headers(self, request: web.Request, content_type: str = "") -> dict[str, str]:
        """Returns the headers of every answer: which origin may read it, and that nobody keeps it."""
        headers: dict[str, str] = {hdrs.CACHE_CONTROL: "no-store", hdrs.VARY: hdrs.ORIGIN}
        if content_type:
            headers[hdrs.CONTENT_TYPE] = content_type
        if hdrs.ORIGIN in request.headers:
            headers.update(self._cors_headers(_environ_of(request)))
        if request.method == hdrs.METH_OPTIONS:
            headers[hdrs.VARY] = f"{hdrs.ORIGIN}, {hdrs.ACCESS_CONTROL_REQUEST_HEADERS}"
        return headers


def _payload_of(packets: Sequence[EncodedPacket]) -> bytes:
    return SEPARATOR.join([packet.text for packet in packets]).encode()


def _environ_of(request: web.Request) -> dict[str, str]:
    """Returns a request under the names of WSGI, which python-engineio's rules for origins look at."""
    environ = {"REQUEST_METHOD": request.method, "HTTP_HOST": request.headers.get(hdrs.HOST, "")}
    for header, name in (
        (hdrs.ORIGIN, "HTTP_ORIGIN"),
        (hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "HTTP_ACCESS_CONTROL_REQUEST_HEADERS"),
    ):
        if header in request.headers:
            environ[name] = request.headers[header]
    return environ
