"""The Engine.IO transport of one client: a bounded outbox, polling and WebSocket, and a stated end for slow readers.

python-engineio 4.15 routes the requests; its sockets are replaced by ours, which are told of packets instead of waiting for
them in a task, and which end a client that does not read, does not answer, or sends what cannot be read.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any, Protocol
from weakref import WeakValueDictionary

import aiohttp
import engineio
from aiohttp import WSCloseCode, web
from engineio import exceptions, packet
from typing_extensions import override

from handlers.rest.requests import CLIENT_ADDRESS
from server.lines_per_address import LinesPerAddress
from server.sockets.frames import Frames, take_over
from server.sockets.intake import BODY, MESSAGES_IN_A_TURN, STRANGER_MAX_BYTES, UNREAD, Intake, split_body
from server.sockets.outbox import Allowance, Flusher, Outbox, Parcel

log = logging.getLogger(__name__)

POLL_MAX_PACKETS = 16  # python-engineio's client refuses a polling answer with more
# Not soon: the official client that is cut off in the middle of moving neither polls nor notices until a ping is late.
UPGRADE_WITHIN_S = 30.0
COME_BACK = b"too slow: come back and sync"
SLICE_S = 0.004  # of a crowd that leaves at once, between two looks at everybody else

# Of these a client that polls is told by the next poll, that its session is unknown: what it does at a broken line. For a
# CLOSE packet python-socketio's client stays away for good, where it comes back after every close of a WebSocket.
_TO_COME_BACK = {WSCloseCode.GOING_AWAY, WSCloseCode.TRY_AGAIN_LATER}

PING, CLOSE, NOOP = (Parcel(str(kind)) for kind in (packet.PING, packet.CLOSE, packet.NOOP))
PROBE, PROBED, UPGRADED = f"{packet.PING}probe", f"{packet.PONG}probe", str(packet.UPGRADE)

# What the reference server answers to requests that it refuses; clients tell these by their code.
_REFUSALS = (
    ("Invalid session", 1, "Session ID unknown"),
    ("Session ", 1, "Session ID unknown"),
    ("Invalid transport", 0, "Transport unknown"),
    ("The client is using an unsupported version", 5, "Unsupported protocol version"),
)


class Guests(Protocol):
    """Who is told what clients do: the Socket.IO side."""

    def opened(self, socket: "EngineSocket") -> None: ...

    def heard(self, socket: "EngineSocket", data: str | bytes) -> None:
        """One message; raises ValueError or LookupError when it cannot be read."""
        ...

    def closed(self, socket: "EngineSocket", reason: str) -> None: ...


class EngineSocket(Intake):
    """One client's connection, whatever its transport is at the moment; in the shape that python-engineio asks for."""

    __slots__ = (
        "_has_left",
        "_is_dirty",
        "_is_pinged",
        "_ping_number",
        "_poll",
        "_taken_count",
        "_timer",
        "backlog",
        "closed",
        "connected",
        "frames",
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
        self.connected = self.upgrading = self.upgraded = self.closed = False
        self.frames = None
        self.backlog: deque[str | bytes] | None = None  # messages that wait behind one that takes its time
        self.settled: asyncio.Future[None] | None = None  # ends when nothing waits any more
        self._poll: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_pinged = False
        self._ping_number = 0  # of the last ping among the parcels
        self._taken_count = 0  # parcels that it had taken by then
        self._is_dirty = False
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

    def offer(self, parcel: Parcel) -> None:
        """Send a packet at the end of this turn; a full outbox means a reader too slow to be kept."""
        if self.closed:
            return
        if self.queue.is_full:
            self.flush()
            if self.queue.is_full:
                self.server.slow_readers += 1
                log.info("closed a client that did not read %d packets", len(self.queue))
                self.end(WSCloseCode.TRY_AGAIN_LATER, COME_BACK)
                return
        self.queue.put(parcel)
        if not self._is_dirty:
            self._is_dirty = True
            self.server.flusher.add(self)

    def send(self, parcels: Sequence[Parcel], frames: bytes) -> None:
        """Send packets whose frames somebody has put together already, for many."""
        line = self.frames
        if line is None or self._is_dirty or not line.write_now(frames):
            for parcel in parcels:
                self.offer(parcel)

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

    def end(self, code: int, text: bytes, reason: str | None = None) -> None:
        """Close from our side; what is queued is dropped, for the client will sync when it is back."""
        if self.closed:
            return
        self.closed = True
        self.queue.clear()
        if self.frames is not None:
            self.frames.close(code, text)
        elif code not in _TO_COME_BACK:
            self.queue.put(CLOSE)
        self.leave(reason or self.server.reason.SERVER_DISCONNECT)

    def leave(self, reason: str) -> None:
        """Let everybody know, once, that the client is gone."""
        if self._has_left:
            return
        self._has_left = self.closed = True
        self._stop_pinging()
        self.queue.release()
        self.server.lines.give_back(self.line_key)
        self.server.sockets.pop(self.sid, None)
        self.server.guests.closed(self, reason)
        self._wake()
        self.wake()

    async def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002
        """What python-engineio calls for a client whose request cannot be read."""
        self.end(WSCloseCode.PROTOCOL_ERROR, b"a packet could not be read", reason)

    # What the WebSocket tells.

    def hear(self, message: str | bytes) -> None:
        if self.closed:
            return
        try:
            self.receive(message)
        except (ValueError, LookupError, exceptions.EngineIOError):
            self.end(WSCloseCode.PROTOCOL_ERROR, b"a packet could not be read", self.server.reason.TRANSPORT_ERROR)
        except Exception:
            log.exception("a client's packet failed")
            self.end(WSCloseCode.INTERNAL_ERROR, b"try again", self.server.reason.TRANSPORT_ERROR)

    def resume(self) -> None:
        self.flush()

    def hang_up(self) -> None:
        self.closed = True
        self.server.retire(self)

    def lose(self) -> None:
        if self.frames is not None and self.frames.is_stalled:
            self.server.slow_readers += 1
            log.info("closed a client that reads nothing")
        self.frames = None
        if not self._has_left:
            self.hang_up()

    def see_off(self) -> None:
        """The client is gone: so are its namespaces, and its line."""
        self.leave(self.server.reason.TRANSPORT_CLOSE)
        if self.frames is not None:
            self.frames.cut()

    def receive(self, message: str | bytes) -> None:
        """One packet of the client; raises UnknownPacketError for what a client of Engine.IO 4 never sends."""
        if isinstance(message, bytes):
            self.server.guests.heard(self, message)
            return
        match message[:1]:  # the numbers of Engine.IO's packets
            case "4":
                self.server.guests.heard(self, message[1:])
            case "3":
                self.schedule_ping()
            case "1":
                if self.frames is not None:
                    self.frames.close()
                self.queue.clear()
                self.leave(self.server.reason.CLIENT_DISCONNECT)
            case "b":
                self.server.guests.heard(self, packet.Packet(encoded_packet=message).data)
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
        self.end(WSCloseCode.GOING_AWAY, b"no answer to a ping", self.server.reason.PING_TIMEOUT)

    def _stop_pinging(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    # What python-engineio asks for.

    async def poll(self) -> list[Parcel]:
        """What is queued, once there is something, and at most as much as a client takes.

        A second poll while one waits ends the connection, as Engine.IO 4 has it: the answer would go to either.
        """
        if self._poll is not None:
            self.end(WSCloseCode.PROTOCOL_ERROR, b"two polls at once")
            raise exceptions.QueueEmpty
        if not self.queue and not self.closed:
            self._poll = asyncio.get_running_loop().create_future()
            try:
                await self._poll
            finally:
                self._poll = None
        if not self.queue:
            # By the client itself, whose poll this is, or by us for it to come back, as its next poll will tell it.
            if self.closed:
                return [NOOP]
            raise exceptions.QueueEmpty
        taken = self.queue.take(POLL_MAX_PACKETS)
        self._go_on_if_read()
        return taken

    async def handle_get_request(self, environ: Mapping[str, Any]) -> Any:
        """Answer a poll, or move to a WebSocket where the request asks for one."""
        if environ.get("HTTP_UPGRADE", "").lower() == "websocket":
            return Probe(self, environ["aiohttp.request"]).answer
        if self.upgrading or self.upgraded:
            return [NOOP]  # what is queued from now on is for the WebSocket
        return await self.poll()

    async def handle_post_request(self, environ: Mapping[str, Any]) -> None:
        """Take the packets of a polling client; one that cannot be read ends its connection, and nobody else's.

        It is answered once there is room for more, so that a client which sends faster than it is answered waits.
        """
        try:
            body = await self._read_body(environ["aiohttp.request"])
            self.hold(BODY)
            for number, message in enumerate(split_body(body) if body else (), start=1):
                await self._until_taken_from()
                if self.closed:
                    break
                self.receive(message)
                if number % MESSAGES_IN_A_TURN == 0:
                    await asyncio.sleep(0)
        except (ValueError, LookupError, exceptions.EngineIOError) as error:
            log.info("closed a polling client: %s", type(error).__name__)
            if self.sid in self.server.sockets:  # python-engineio has no answer ready where it is gone already
                raise exceptions.UnknownPacketError from None
        finally:
            self.release(BODY)
        if self.settled is not None and self.is_open:
            await asyncio.wait([self.settled])
        await self._until_taken_from()

    async def _until_taken_from(self) -> None:
        while self.held & ~BODY and self.is_open:
            await self.wait()

    async def _read_body(self, request: web.Request) -> str:
        if (request.content_length or 0) > self.message_max_bytes:
            raise exceptions.ContentTooLongError
        body = bytearray()
        try:
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > self.message_max_bytes:
                    raise exceptions.ContentTooLongError
        except (OSError, aiohttp.ClientError, web.RequestPayloadError):
            raise exceptions.ContentTooLongError from None
        return body.decode()

    def open_frames(self, request: web.Request) -> web.StreamResponse:
        """Speak with the client through the WebSocket that this request opens, from its first packet on."""
        self.frames, answer = take_over(
            request, self, message_max_bytes=self.message_max_bytes, stalled_s=self.server.ping_timeout
        )
        self.connected = self.upgraded = True
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
        self.frames, frames.owner = frames, self
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
            request, self, message_max_bytes=STRANGER_MAX_BYTES, stalled_s=socket.server.ping_timeout
        )
        self._timer = asyncio.get_running_loop().call_later(UPGRADE_WITHIN_S, self._frames.close)

    def hear(self, message: str | bytes) -> None:
        socket = self._socket
        if not self._is_answered and message == PROBE and socket.is_open and not socket.upgrading:
            self._is_answered = socket.upgrading = True
            self._frames.write(Parcel(PROBED).frame)
            socket.let_poll_end()
            return
        is_moved = self._is_answered and message == UPGRADED and socket.may_move
        self._give_up()
        if is_moved:
            socket.move_to(self._frames)
        else:
            self._frames.close()

    def resume(self) -> None:
        """There was nothing to write but the answer."""

    def hang_up(self) -> None:
        self._frames.cut()

    def lose(self) -> None:
        self._give_up()

    def _give_up(self) -> None:
        self._timer.cancel()
        if self._is_answered:
            self._is_answered = self._socket.upgrading = False


class EngineServer(engineio.AsyncServer):
    """python-engineio's server with those sockets."""

    sockets: dict[str, EngineSocket]
    guests: Guests

    def __init__(
        self,
        *args: Any,
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
        self.make_sid: Callable[[], str] = self.generate_id
        self.pass_on: Callable[[web.Request], Awaitable[web.StreamResponse | None]] | None = None

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
            asyncio.get_running_loop().call_soon(self._see_off)
        self._retired.append(socket)

    def _see_off(self) -> None:
        ends = monotonic() + SLICE_S
        while self._retired:
            self._retired.popleft().see_off()
            if self._retired and monotonic() > ends:
                asyncio.get_running_loop().call_soon(self._see_off)
                return

    @override
    async def handle_request(self, request: web.Request) -> Any:
        """A request of a client, which may be for a session that another node holds."""
        if self._is_plain_handshake(request):
            answer = await self._handle_connect({"aiohttp.request": request}, "websocket")
            return await self._make_response(answer, {"REQUEST_METHOD": "GET"}) if isinstance(answer, dict) else answer
        passed_on = None if self.pass_on is None else await self.pass_on(request)
        return passed_on if passed_on is not None else await super().handle_request(request)

    def _is_plain_handshake(self, request: web.Request) -> bool:
        """Whether this opens a session by a WebSocket from anywhere it may: then there is nothing more to find out.

        Half of what python-engineio does with a request is to put it into another shape; a crowd that comes back is spared it.
        """
        asked = request.query
        return (
            request.method == "GET"
            and "sid" not in asked
            and "j" not in asked
            and asked.getall("EIO", []) == ["4"]
            and asked.get("transport") == "websocket"
            and request.headers.get("Upgrade", "").lower() == "websocket"
            and (self.cors_allowed_origins == "*" or "Origin" not in request.headers)
        )

    async def handle_own(self, request: web.Request) -> Any:
        """A request that another node passed on to this one: it goes no further."""
        return await super().handle_request(request)

    @override
    async def _handle_connect(self, environ: dict[str, Any], transport: str, jsonp_index: int | None = None) -> Any:
        """Open a socket of our own class; the rest as python-engineio does it."""
        if jsonp_index is not None:
            return self._bad_request("JSONP is not part of Engine.IO 4")
        if self.is_closing:
            return self._not_now()
        request = environ["aiohttp.request"]
        line_key = self.lines.take(request.get(CLIENT_ADDRESS, ""))
        sid = self.make_sid()
        socket = EngineSocket(self, sid)
        try:
            answer = socket.open_frames(request) if transport == "websocket" else None
        except web.HTTPException:
            self.lines.give_back(line_key)
            raise
        socket.line_key = line_key
        self.sockets[sid] = socket
        opening = {
            "sid": sid,
            "upgrades": [] if answer is not None else ["websocket"],
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        socket.offer(Parcel(packet.Packet(packet.OPEN, opening).encode()))
        self.guests.opened(socket)
        socket.schedule_ping()
        if answer is not None:
            return answer
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

    def _not_now(self) -> dict[str, Any]:
        """What a load balancer takes to another node; a client that gets it found none that is open."""
        answer = self._bad_request("The server restarts")
        return answer | {"status": "503 SERVICE UNAVAILABLE", "headers": [*answer["headers"], ("Retry-After", "1")]}

    @override
    def _log_error_once(self, message: str, message_key: str) -> None:
        """What strangers ask for is no error of ours, and their words do not belong into the log."""
        log.debug("refused a request: %s", message_key)
