"""python-socketio's server with its traps closed (design section 4): forged events, silent failures, malformed packets.

What is overridden here is pinned by tests/server/sockets/test_internals.py, which fails when an upgrade moves it.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Coroutine, Mapping, Sequence
from time import monotonic
from typing import Any

import orjson
import socketio
from engineio import packet as engine_packet
from socketio import packet
from typing_extensions import override

from handlers.errors import show_for_sockets
from handlers.sockets.base import BaseNamespace, refused
from models.errors import Conflict, InternalFault, NotFound, Unauthenticated
from server.sockets.connections import Connection, Connections
from server.sockets.engine import EngineServer, EngineSocket

log = logging.getLogger(__name__)

ATTACHMENTS_MAX = 10  # our requests carry no binary data; a packet that promises more is an attack on memory
JOIN_WITHIN_S = 30.0  # an Engine.IO connection that joins no namespace for so long is closed
FAREWELL_S = 0.1
ANSWER_WITHIN_S = 0.5  # of the end: for answers under way, and again for clients that take their leave
CLOSE_MALFORMED = 1002
CLOSE_GOING_AWAY = 1001
CLOSE_REVOKED = 1008


class Json:
    """orjson in the shape of the json module, as python-socketio asks for it."""

    @staticmethod
    def dumps(value: object, **_: object) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes, **_: object) -> Any:
        """What JavaScript writes for a text that was cut in the middle of an emoji is JSON too; orjson refuses it."""
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            if "surrogate" not in str(error):
                raise
        try:
            return json.loads(text, parse_constant=_refuse)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


class SocketServer(socketio.AsyncServer):
    """The Socket.IO side of the application; its namespaces answer, its connections are fanned out to."""

    def __init__(
        self,
        connections: Connections,
        *,
        origins: Sequence[str],
        ping_interval_s: float,
        ping_timeout_s: float,
        frame_max_bytes: int,
        queue_max_packets: int,
        queue_max_chars: int,
        join_within_s: float = JOIN_WITHIN_S,
    ) -> None:
        self.connections = connections
        self._join_within_s = join_within_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._strangers: dict[str, asyncio.TimerHandle] = {}  # sockets that are in no namespace, and when they close
        super().__init__(
            async_mode="aiohttp",
            client_manager=connections,
            cors_allowed_origins="*" if "*" in origins else _OriginsAllowed(origins),
            cors_credentials=False,
            json=Json,
            async_handlers=True,
            ping_interval=ping_interval_s,
            ping_timeout=ping_timeout_s,
            max_http_buffer_size=frame_max_bytes,
            http_compression=False,
            queue_max_packets=queue_max_packets,
            queue_max_chars=queue_max_chars,
            logger=_quiet("socketio"),
            engineio_logger=_quiet("engineio"),
        )
        self.namespaces: list[str] = []  # without it, anybody may stay on "/" without a token

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def close_session(self, session_id: str) -> None:
        """Send a revoked session's connections away; their sockets close once nothing else uses them."""
        for connection in self.connections.of_session(session_id):
            self._spawn(self.disconnect(connection.sid, connection.namespace))

    async def close(self) -> None:
        """The server goes: what is being answered is answered, then every client is told to come back."""
        self.eio.is_closing = True
        sockets: list[EngineSocket] = list(self.eio.sockets.values())
        ends = monotonic() + ANSWER_WITHIN_S
        while (self._tasks or any(not socket.queue.empty() for socket in sockets)) and monotonic() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for socket in sockets:
            socket.end(CLOSE_GOING_AWAY, b"the server restarts: come back and sync")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await asyncio.gather(*(socket.ended() for socket in sockets))

    @override
    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """Send a client out of a namespace; once it is in none, its socket is closed."""
        connection = self.connections.find(sid)
        if connection is None or not connection.is_open:
            return
        self._offer(connection.socket, packet.DISCONNECT, connection.namespace)
        await self._leave(connection, self.reason.SERVER_DISCONNECT)
        # The DISCONNECT packets of all its namespaces go out before the line is cut.
        self._expect_join(connection.engine_sid, FAREWELL_S, b"session ended")

    @override
    async def _handle_eio_connect(self, eio_sid: str, environ: Mapping[str, Any]) -> None:
        self._expect_join(eio_sid, self._join_within_s, b"nobody signed in")

    def _expect_join(self, eio_sid: str, within_s: float, text: bytes) -> None:
        """Close a socket that is in no namespace then."""
        if self.connections.has_namespaces(eio_sid) or eio_sid not in self.eio.sockets:
            return
        self._forget_stranger(eio_sid)
        loop = asyncio.get_running_loop()
        self._strangers[eio_sid] = loop.call_later(within_s, self._close_stranger, eio_sid, text)

    def _forget_stranger(self, eio_sid: str) -> None:
        timer = self._strangers.pop(eio_sid, None)
        if timer is not None:
            timer.cancel()

    def _close_stranger(self, eio_sid: str, text: bytes) -> None:
        self._strangers.pop(eio_sid, None)
        socket = self._find_socket(eio_sid)
        if socket is not None:
            socket.end(CLOSE_REVOKED, text)

    @override
    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:
        """One packet; a malformed one costs its sender the connection and nobody else anything."""
        try:
            await super()._handle_eio_message(eio_sid, data)
            waiting = self._binary_packet.get(eio_sid)
            if waiting is not None and waiting.attachment_count > ATTACHMENTS_MAX:
                raise ValueError("too many attachments")
        except Exception as error:  # noqa: BLE001 (whatever its packet broke, it concerns its sender alone)
            self._binary_packet.pop(eio_sid, None)
            log.info("closed a client that sent a malformed packet: %s", type(error).__name__)
            socket = self._find_socket(eio_sid)
            if socket is not None:
                socket.end(CLOSE_MALFORMED, b"malformed packet")

    @override
    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        """Let a client into a namespace; once it has been told so, the namespace greets it."""
        namespace = namespace or "/"
        socket = self._find_socket(eio_sid)
        if socket is None:
            return
        connection: Connection | None = None
        try:
            handler: BaseNamespace | None = self.namespace_handlers.get(namespace)
            if handler is None:
                raise refused(NotFound(f"There is no namespace {namespace[:64]}."))
            connection = self.connections.admit(socket, namespace)
            if connection is None:
                raise refused(Conflict(f"This connection is in {namespace} already."))
            await handler.trigger_event("connect", connection.sid, None, data)
        except socketio.exceptions.ConnectionRefusedError as refusal:
            self._offer(socket, packet.CONNECT_ERROR, namespace, refusal.error_args)
            if connection is not None:
                await self.connections.disconnect(connection.sid, namespace)
            return
        connection.is_open = True
        if self._find_socket(eio_sid) is None:  # it went away while its token was looked at
            await self._leave(connection, self.reason.TRANSPORT_CLOSE)
            return
        self._forget_stranger(eio_sid)
        self._offer(socket, packet.CONNECT, namespace, {"sid": connection.sid})
        await handler.welcome(connection.sid)

    @override
    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:
        """One request: it never reaches `trigger_event`, so no client can play `connect` or `disconnect`."""
        namespace = namespace or "/"
        if not isinstance(data, list) or not data:
            raise ValueError("an event has a name")
        connection = self.connections.find_in(eio_sid, namespace)
        if connection is not None and connection.is_open:
            # Tasks start in the order in which they are made, and namespaces keep that order where it matters.
            self._spawn(self._answer(connection, id, data))
            return
        socket = self._find_socket(eio_sid)
        if socket is not None and id is not None and namespace in self.namespace_handlers:
            refusal = Unauthenticated("This connection is not in the namespace.")
            self._acknowledge(socket, namespace, id, {"ok": False, "error": show_for_sockets(refusal)})

    async def _answer(self, connection: Connection, id: int | None, data: list[Any]) -> None:  # noqa: A002
        handler: BaseNamespace = self.namespace_handlers[connection.namespace]
        answer = await handler.answer(connection.sid, data[0], data[1:])
        if id is None or not connection.is_open:
            return
        try:
            self._acknowledge(connection.socket, connection.namespace, id, answer)
        except TypeError:
            log.exception("an answer could not be written as JSON")
            refusal = {"ok": False, "error": show_for_sockets(InternalFault())}
            self._acknowledge(connection.socket, connection.namespace, id, refusal)

    @override
    async def _handle_disconnect(self, eio_sid: str, namespace: str | None, reason: str | None = None) -> None:
        """A client leaves a namespace; what it may stay for without one is to join another."""
        connection = self.connections.find_in(eio_sid, namespace or "/")
        if connection is not None:
            await self._leave(connection, reason or self.reason.CLIENT_DISCONNECT)
            self._expect_join(eio_sid, self._join_within_s, b"nobody signed in")

    @override
    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        """A socket is gone: only its own namespaces are concerned."""
        for connection in self.connections.of_engine(eio_sid):
            await self._leave(connection, reason)
        self._forget_stranger(eio_sid)
        self._binary_packet.pop(eio_sid, None)

    async def _leave(self, connection: Connection, reason: str) -> None:
        """Take a connection out: events reach it no more, its namespace hears of it, nothing of it remains."""
        if not connection.is_open:
            return  # still being let in, which notices, or already on its way out
        self.connections.pre_disconnect(connection.sid, connection.namespace)
        handler: BaseNamespace = self.namespace_handlers[connection.namespace]
        try:
            await handler.trigger_event("disconnect", connection.sid, reason)
        except Exception:
            log.exception("%s did not see a connection off", connection.namespace)
        finally:
            await self.connections.disconnect(connection.sid, connection.namespace)

    def _find_socket(self, eio_sid: str) -> EngineSocket | None:
        """The socket, if it is open: one that is closing answers nobody."""
        socket: EngineSocket | None = self.eio.sockets.get(eio_sid)
        return socket if socket is not None and socket.is_open else None

    def _offer(self, socket: EngineSocket, kind: int, namespace: str, data: object = None) -> None:
        text = packet.Packet(kind, data, namespace=namespace).encode()
        socket.offer(engine_packet.Packet(engine_packet.MESSAGE, text))

    def _acknowledge(self, socket: EngineSocket, namespace: str, id: int, answer: object) -> None:  # noqa: A002
        text = f"{packet.ACK}{namespace},{id}[{Json.dumps(answer)}]"
        socket.offer(engine_packet.Packet(engine_packet.MESSAGE, text))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a request was not answered", exc_info=error)


class _OriginsAllowed:
    """The listed origins and our own: a browser sends its page's origin with every WebSocket, also with ours."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def __call__(self, origin: str | None, environ: Mapping[str, Any]) -> bool:
        if origin is None:
            return False
        host = environ.get("HTTP_HOST", "")
        return origin in self._origins or (bool(host) and origin.partition("://")[2] == host)


def _quiet(name: str) -> logging.Logger:
    """A library's logger without its lines for each packet: they hold tokens and what people write."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    return logger
