"""python-socketio's server with its traps closed (design section 4): forged events, silent failures, malformed packets.

What is overridden here is pinned by tests/server/sockets/test_internals.py, which fails when an upgrade moves it.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import socketio
from engineio import packet as engine_packet
from socketio import packet

from handlers.errors import show_for_sockets
from handlers.sockets.base import BaseNamespace
from models.errors import NotFound
from server.sockets.connections import Connection, Connections
from server.sockets.engine import EngineServer, EngineSocket

log = logging.getLogger(__name__)

ATTACHMENTS_MAX = 10  # our requests carry no binary data; a packet that promises more is an attack on memory
JOIN_WITHIN_S = 30.0  # an Engine.IO connection that joins no namespace for so long is closed
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
        return orjson.loads(text)


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
    ) -> None:
        self.connections = connections
        self._tasks: set[asyncio.Task[None]] = set()
        super().__init__(
            async_mode="aiohttp",
            client_manager=connections,
            cors_allowed_origins="*" if "*" in origins else list(origins),
            json=Json,
            async_handlers=True,
            ping_interval=ping_interval_s,
            ping_timeout=ping_timeout_s,
            max_http_buffer_size=frame_max_bytes,
            http_compression=False,
            queue_max_packets=queue_max_packets,
            logger=_quiet("socketio"),
            engineio_logger=_quiet("engineio"),
        )
        self.namespaces: list[str] = []  # without it, anybody may stay on "/" without a token

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def close_session(self, session_id: str) -> None:
        """Send a revoked session's connections away; their sockets close once nothing else uses them."""
        for connection in self.connections.of_session(session_id):
            self.start_background_task(self._send_away, connection)

    async def _send_away(self, connection: Connection) -> None:
        await self.disconnect(connection.sid, namespace=connection.namespace)
        await asyncio.sleep(0.1)  # let the DISCONNECT packets of all its namespaces go out before the line is cut
        if not self.connections.has_namespaces(connection.engine_sid):
            connection.socket.end(CLOSE_REVOKED, b"session ended")

    async def close(self) -> None:
        """The server goes: every client is told to come back."""
        for socket in list(self.eio.sockets.values()):
            socket.end(CLOSE_GOING_AWAY, b"the server restarts: come back and sync")
        for _ in range(200):
            if not self.connections:
                break
            await asyncio.sleep(0.01)
        if self.eio.service_task_handle is not None:
            await self.shutdown()

    async def _handle_eio_connect(self, eio_sid: str, environ: Mapping[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        asyncio.get_running_loop().call_later(JOIN_WITHIN_S, self._close_stranger, eio_sid)

    def _close_stranger(self, eio_sid: str) -> None:
        socket: EngineSocket | None = self.eio.sockets.get(eio_sid)
        if socket is not None and not self.connections.has_namespaces(eio_sid):
            socket.end(CLOSE_REVOKED, b"nobody signed in")

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
            socket: EngineSocket | None = self.eio.sockets.get(eio_sid)
            if socket is not None:
                socket.end(CLOSE_MALFORMED, b"malformed packet")

    async def _handle_connect(self, eio_sid: str, namespace: str | None, data: Any) -> None:
        """Let a client into a namespace; once it has been told so, the namespace greets it."""
        namespace = namespace or "/"
        handler: BaseNamespace | None = self.namespace_handlers.get(namespace)
        if handler is None:
            refusal = show_for_sockets(NotFound(f"There is no namespace {namespace[:64]}."))
            message = refusal.pop("message")
            await self._send_packet(
                eio_sid,
                packet.Packet(packet.CONNECT_ERROR, data={"message": message, "data": refusal}, namespace=namespace),
            )
            return
        await super()._handle_connect(eio_sid, namespace, data)
        sid = self.connections.sid_from_eio_sid(eio_sid, namespace)
        if sid is not None and self.connections.is_connected(sid, namespace):
            await handler.welcome(sid)

    async def _handle_event(self, eio_sid: str, namespace: str | None, id: int | None, data: Any) -> None:  # noqa: A002
        """One request: it never reaches `trigger_event`, so no client can play `connect` or `disconnect`."""
        if not isinstance(data, list) or not data:
            raise ValueError("an event has a name")
        sid = self.connections.sid_from_eio_sid(eio_sid, namespace or "/")
        connection = None if sid is None else self.connections.find(sid)
        if connection is None or not connection.is_open:
            return  # it was sent before the CONNECT was answered, or after it left: nobody is there to answer
        # Tasks start in the order in which they are made, and namespaces keep that order where it matters.
        task = self.start_background_task(self._answer, connection, id, data)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, connection: Connection, id: int | None, data: list[Any]) -> None:  # noqa: A002
        handler: BaseNamespace = self.namespace_handlers[connection.namespace]
        answer = await handler.answer(connection.sid, data[0], data[1:])
        if id is not None:
            text = packet.Packet(packet.ACK, namespace=connection.namespace, id=id, data=[answer]).encode()
            connection.offer(engine_packet.Packet(engine_packet.MESSAGE, text))

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        """A socket is gone: only its own namespaces are concerned."""
        for namespace in self.connections.namespaces_of(eio_sid):
            await self._handle_disconnect(eio_sid, namespace, reason)
        self.environ.pop(eio_sid, None)
        self._binary_packet.pop(eio_sid, None)


def _quiet(name: str) -> logging.Logger:
    """A library's logger without its lines for each packet: they hold tokens and what people write."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    return logger
