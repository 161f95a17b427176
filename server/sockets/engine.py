"""The Engine.IO server: answers requests of clients, opens sessions and finds them again (docs/protocol.md, "Transports").

Requests are refused in the order and with the codes of the reference server. python-engineio 4.15 contributes its settings and its
rules for origins; its task for each socket is replaced by calls (engine_socket.py).
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from time import monotonic
from typing import Any
from weakref import WeakValueDictionary

import engineio
import orjson
from aiohttp import hdrs, web
from engineio import packet as engine_packet
from typing_extensions import override

from handlers.errors import headers_of, status_of
from handlers.rest.requests import CLIENT_ADDRESS
from models.errors import DomainError
from server.http.lines_per_address import LinesPerAddress
from server.sockets.engine_socket import EngineSocket, TransportListener
from server.sockets.handshake import accept_key, take_over
from server.sockets.polling import POLL_MAX_PACKETS, PollAnswer, PollingSocket
from server.sockets.send_queue import Allowance, EncodedPacket, Flusher, SendQueue
from server.sockets.upgrade import UpgradeProbe

log = logging.getLogger(__name__)

SLICE_S = 0.004  # for disconnecting some of a crowd that leaves at once, before others have their turn

# The error codes of the reference server, by which clients tell refusals apart.
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


class EngineServer(engineio.AsyncServer):
    """Routes requests to sockets, and opens sockets. Implements SocketOwner."""

    sockets: dict[str, EngineSocket]

    def __init__(
        self,
        *args: Any,
        listener: TransportListener,
        make_sid: Callable[[], str],
        forward: Forward,
        queue_max_packets: int,
        queue_max_chars: int,
        account_max_chars: int,
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
        self._is_closing = False
        self.listener = listener
        self._make_sid = make_sid
        self._forward = forward

    def refuse_new_sessions(self) -> None:
        """Open no session from now on."""
        self._is_closing = True

    def create_send_queue(self) -> SendQueue:
        """Returns the send queue of a new socket."""
        return SendQueue(*self._queue_bounds)

    def allowance_of(self, account_id: int) -> Allowance:
        """Returns the allowance that all sockets of an account share."""
        allowance = self._allowances.get(account_id)
        if allowance is None:
            allowance = self._allowances[account_id] = Allowance(self._account_max_chars)
        return allowance

    def retire(self, socket: EngineSocket) -> None:
        """Disconnect a client whose connection is gone, soon: a crowd that leaves at once is handled in slices."""
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
        """Route requests of every method at this path here, so that wrong ones are refused in the protocol's own words."""
        app.router.add_route(hdrs.METH_ANY, f"/{engineio_path.strip('/')}/", self.handle_request)

    @override
    async def handle_request(self, request: web.Request) -> web.StreamResponse:
        """Answer a request of a client. If another node holds its session, forward it there."""
        refused = self._refuse_at_once(request)
        if refused is not None:
            return refused
        forwarded = await self._forward(request)
        if forwarded is None:
            return await self._answer(request)
        if not forwarded.prepared:  # a refusal of this node's own
            forwarded.headers.update(self._headers(request))
        return forwarded

    async def handle_own(self, request: web.Request) -> web.StreamResponse:
        """Answer a request that another node forwarded to this one; it is not forwarded again."""
        return self._refuse_at_once(request) or await self._answer(request)

    def _refuse_at_once(self, request: web.Request) -> web.StreamResponse | None:
        """Returns the answer to a request that is wrong, or asks for nothing, on any node. Returns None if it may go on."""
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
        """Returns the error code of a request, with checks in the order of the reference server, or None."""
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
        """Returns this node's answer; a session that it does not hold is unknown."""
        asked = request.query
        sid = asked.get("sid")
        if not sid:
            return self._open(request, asked["transport"])
        socket = self.sockets.get(sid)
        if socket is None or socket.closed:
            return self._refuse(request, UNKNOWN_SESSION)
        if not isinstance(socket, PollingSocket) or socket.upgraded or "j" in asked or asked.getall("EIO", []) != ["4"]:
            return self._refuse(request, BAD_REQUEST)
        if asked["transport"] == "websocket":
            return UpgradeProbe(socket, request).answer
        if request.method == hdrs.METH_POST:
            status = await socket.post(request)
            if status != HTTPStatus.OK:
                return self._refuse(request, BAD_REQUEST, status=status)
            return web.Response(body=b"ok", headers=self._headers(request, _PLAIN))
        packets = await socket.poll(request)
        if not packets:
            return self._refuse(request, BAD_REQUEST)
        return PollAnswer(socket, packets, self._headers(request, _PLAIN))

    def _open(self, request: web.Request, transport: str) -> web.StreamResponse:
        """Open a session. Returns the answer with its first packet."""
        if self._is_closing:
            # A load balancer takes this to another node; a client that gets it comes back.
            status = HTTPStatus.SERVICE_UNAVAILABLE
            return self._refuse(request, BAD_REQUEST, status=status, headers={hdrs.RETRY_AFTER: "1"})
        try:
            line_key = self.lines.take(request.get(CLIENT_ADDRESS, ""))
        except DomainError as refusal:
            status, headers = status_of(refusal), headers_of(refusal)
            return self._refuse(request, BAD_REQUEST, status=status, message=refusal.message, headers=headers)
        sid = self._make_sid()
        if transport == "polling":
            polling = PollingSocket(self, sid, line_key)
            self._start(polling, ["websocket"])
            return PollAnswer(polling, polling.queue.take(POLL_MAX_PACKETS), self._headers(request, _PLAIN))
        socket = EngineSocket(self, sid, line_key)
        try:
            frames, answer = take_over(
                request, socket, message_max_bytes=socket.message_max_bytes, stalled_s=self.ping_timeout
            )
        except web.HTTPException as error:
            self.lines.give_back(line_key)
            return self._refuse_handshake(request, error)
        socket.adopt(frames)
        self._start(socket, [])
        return answer

    def _start(self, socket: EngineSocket, upgrades: list[str]) -> None:
        """Queue the packet that opens a session, and report the socket to the Socket.IO side."""
        self.sockets[socket.sid] = socket
        opening = {
            "sid": socket.sid,
            "upgrades": upgrades,
            "pingTimeout": int(self.ping_timeout * 1000),
            "pingInterval": int(self.ping_interval * 1000),
            "maxPayload": self.max_http_buffer_size,
        }
        socket.offer(EncodedPacket(engine_packet.Packet(engine_packet.OPEN, opening).encode()))
        self.listener.on_open(socket)
        socket.schedule_ping()

    def _refuse(
        self,
        request: web.Request,
        code: int,
        *,
        status: int = HTTPStatus.BAD_REQUEST,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        """Returns `{"code", "message"}`, as the reference server answers and clients expect."""
        if code == FORBIDDEN:
            status = HTTPStatus.FORBIDDEN
        # A wrong request is no error of ours, and a stranger's words do not belong in the log.
        log.debug("refused a request: %s", _MESSAGES[code])
        body = orjson.dumps({"code": code, "message": message or _MESSAGES[code]})
        return web.Response(body=body, status=status, headers={**self._headers(request, _JSON), **(headers or {})})

    def _refuse_handshake(self, request: web.Request, error: web.HTTPException) -> web.Response:
        """Returns the refusal of a WebSocket handshake, with the version that the server speaks."""
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
        """Returns the headers of every answer: which origin may read it, and that it must not be cached."""
        headers: dict[str, str] = {hdrs.CACHE_CONTROL: "no-store", hdrs.VARY: hdrs.ORIGIN}
        if content_type:
            headers[hdrs.CONTENT_TYPE] = content_type
        if hdrs.ORIGIN in request.headers:
            headers.update(self._cors_headers(_environ_of(request)))
        if request.method == hdrs.METH_OPTIONS:
            headers[hdrs.VARY] = f"{hdrs.ORIGIN}, {hdrs.ACCESS_CONTROL_REQUEST_HEADERS}"
        return headers


def _environ_of(request: web.Request) -> dict[str, str]:
    """Returns the parts of a request that python-engineio's rules for origins look at, under their WSGI names."""
    environ = {"REQUEST_METHOD": request.method, "HTTP_HOST": request.headers.get(hdrs.HOST, "")}
    for header, name in (
        (hdrs.ORIGIN, "HTTP_ORIGIN"),
        (hdrs.ACCESS_CONTROL_REQUEST_HEADERS, "HTTP_ACCESS_CONTROL_REQUEST_HEADERS"),
    ):
        if header in request.headers:
            environ[name] = request.headers[header]
    return environ
