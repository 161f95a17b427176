"""python-socketio's server with its traps closed: forged events, silent failures, malformed packets (docs/architecture.md, "Sockets").

tests/server/sockets/test_internals.py pins what is overridden here, and fails when an upgrade of the library moves it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic

import socketio
from socketio import packet
from typing_extensions import override

from server.http.lines_per_address import LinesPerAddress
from server.http.origins import OriginsAllowed
from server.sockets import disconnects
from server.sockets.connections import Connections
from server.sockets.engine import EngineServer, Forward
from server.sockets.engine_socket import EngineSocket
from server.sockets.intake import BUSY, JOINING, LEAVING, UNAUTHENTICATED_MAX_BYTES, UNREAD
from server.sockets.joining import JOIN_WITHIN_S, Joining
from server.sockets.json_codec import Json
from server.sockets.requests import IN_FLIGHT_MAX, Requests

log = logging.getLogger(__name__)

ATTACHMENTS_MAX = 10  # requests carry no binary data; a packet that announces more is an attack on memory
ANSWER_WITHIN_S = 0.5  # at the end: for answers under way, and again for clients that answer the close frame
BACKLOG_HOLD = 64  # packets behind a CONNECT; then nothing more is read
NAMESPACE_MAX_CHARS = 200  # including the acknowledgement id
ACK_ID_MAX_CHARS = 100  # python-socketio's own bound


class SocketServer(socketio.AsyncServer):
    """The Socket.IO side of the application: takes packets apart, and lets namespaces answer them. Implements TransportListener."""

    def __init__(
        self,
        connections: Connections,
        *,
        origins: Sequence[str],
        ping_interval_s: float,
        ping_timeout_s: float,
        message_max_bytes: int,
        make_sid: Callable[[], str],
        forward: Forward,
        count_refused: Callable[[str], None],
        queue_max_packets: int,
        queue_max_chars: int,
        account_max_chars: int,
        lines: LinesPerAddress | None = None,
        join_within_s: float = JOIN_WITHIN_S,
        in_flight_max: int = IN_FLIGHT_MAX,
    ) -> None:
        """`make_sid` returns a new Engine.IO session id; `forward` sends requests to the node that holds their session.

        `count_refused` is called with the code of each refusal that no namespace gives.
        """
        self.connections = connections
        super().__init__(
            async_mode="aiohttp",
            client_manager=connections,
            cors_allowed_origins="*" if "*" in origins else OriginsAllowed(origins),
            cors_credentials="*" not in origins,  # browsers do not allow credentials with `*`
            json=Json,
            async_handlers=True,
            ping_interval=ping_interval_s,
            ping_timeout=ping_timeout_s,
            max_http_buffer_size=message_max_bytes,
            http_compression=False,
            queue_max_packets=queue_max_packets,
            queue_max_chars=queue_max_chars,
            account_max_chars=account_max_chars,
            lines=lines,
            listener=self,
            make_sid=make_sid,
            forward=forward,
            logger=_quiet("socketio"),
            engineio_logger=_quiet("engineio"),
        )
        self._requests = Requests(
            connections,
            self.namespace_handlers,
            count_refused,
            in_flight_max=in_flight_max,
            queue_max_packets=queue_max_packets,
        )
        self._joining = Joining(
            connections,
            self.namespace_handlers,
            count_refused,
            self._requests.count_refused,
            join_within_s=join_within_s,
        )
        self.namespaces: list[str] = []  # or anybody could stay in "/" without a token

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def close_session(self, session_id: str) -> None:
        """Disconnect a revoked session's connections. Their sockets close when no other namespace uses them."""
        self._joining.close_session(session_id)

    def drain_all(self) -> list[Callable[[], None]]:
        """Open no new sessions. Returns one function for each client, which disconnects it."""
        self.eio.refuse_new_sessions()
        return [partial(self._drain_client, socket) for socket in self.eio.sockets.values()]

    def _drain_client(self, socket: EngineSocket) -> None:
        if socket.is_busy:
            if socket.frames is not None:
                socket.hold(LEAVING)
            _ = self._requests.spawn(self._drain_when_answered(socket))
        else:
            socket.close(disconnects.SERVER_RESTARTS)

    async def _drain_when_answered(self, socket: EngineSocket) -> None:
        await _within(ANSWER_WITHIN_S, lambda: not socket.is_busy)
        socket.close(disconnects.SERVER_RESTARTS)

    async def close(self) -> None:
        """Wait a moment for answers under way, then disconnect all clients."""
        self.eio.refuse_new_sessions()
        sockets: list[EngineSocket] = list(self.eio.sockets.values())
        await _within(
            ANSWER_WITHIN_S, lambda: not self._requests.are_under_way and not any(socket.queue for socket in sockets)
        )
        for socket in sockets:
            socket.close(disconnects.SERVER_RESTARTS)
        await _within(ANSWER_WITHIN_S, lambda: not any(socket.has_websocket for socket in sockets))

    @override
    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """Disconnect a client from a namespace. When it is in none, its socket is closed."""
        connection = self.connections.find(sid)
        if connection is not None:
            self._joining.disconnect(connection)

    # Called by the transport: implements TransportListener.

    def on_open(self, socket: EngineSocket) -> None:
        """Close the socket later unless it joins a namespace."""
        self._joining.opened(socket)

    def on_message(self, socket: EngineSocket, data: str | bytes) -> None:
        """Take one Socket.IO packet. A malformed one closes its sender's connection, and affects nobody else."""
        if socket.backlog is not None:
            socket.backlog.append(data)
            if len(socket.backlog) >= BACKLOG_HOLD or len(data) > UNAUTHENTICATED_MAX_BYTES:
                socket.hold(JOINING)
            return
        try:
            joining = self._take(socket, data)
        except Exception as error:  # noqa: BLE001 (whatever the packet broke, it concerns its sender alone)
            self._refuse_packet(socket, error)
            return
        if joining is not None:
            socket.backlog = deque()
            socket.limit(self.eio.max_http_buffer_size)
            socket.settled = self._requests.spawn(self._take_backlog(socket, joining))

    def on_close(self, socket: EngineSocket) -> None:
        """Take a closed socket out of the namespaces that it has joined."""
        self._joining.closed(socket)
        self._binary_packet.pop(socket.sid, None)

    async def _take_backlog(self, socket: EngineSocket, joining: packet.Packet | None) -> None:
        """Let a client join a namespace, then take the packets that it sent meanwhile, so that none overtakes its CONNECT."""
        try:
            while joining is not None:
                await self._joining.join(socket, joining.namespace or "/", joining.data)
                joining = None
                if socket.refused:  # perhaps without waiting for anything: let others have their turn
                    await asyncio.sleep(0)
                while socket.backlog and joining is None and socket.is_open:
                    joining = self._take(socket, socket.backlog.popleft())
                    while socket.held & (BUSY | UNREAD) and socket.is_open:
                        await socket.wait()
        except Exception as error:  # noqa: BLE001 (whatever the packet broke, it concerns its sender alone)
            self._refuse_packet(socket, error)
        finally:
            socket.backlog = socket.settled = None
            if not self.connections.has_namespaces(socket.sid):
                socket.limit(UNAUTHENTICATED_MAX_BYTES)
            socket.release(JOINING)

    def _refuse_packet(self, socket: EngineSocket, error: Exception) -> None:
        self._binary_packet.pop(socket.sid, None)
        log.info("closed a client that sent a malformed packet: %s", type(error).__name__)
        socket.close(disconnects.MALFORMED_PACKET)

    def _take(self, socket: EngineSocket, data: str | bytes) -> packet.Packet | None:
        """Take one packet at once. Returns a CONNECT instead, because joining takes time. Raises ValueError for what no client sends."""
        waiting = self._binary_packet.get(socket.sid) if self._binary_packet else None
        if waiting is not None:
            self._take_attachment(socket, waiting, data)
        elif isinstance(data, bytes):
            raise ValueError("bytes that no packet announced")
        elif not self._take_plain_event(socket, data):
            return self._take_packet(socket, packet.Packet(encoded_packet=data))
        return None

    def _take_packet(self, socket: EngineSocket, taken: packet.Packet) -> packet.Packet | None:
        namespace = taken.namespace or "/"
        if taken.packet_type == packet.CONNECT:
            socket.has_asked = True
            return taken
        if not socket.has_asked:
            raise ValueError("a packet before CONNECT")
        match taken.packet_type:
            case packet.DISCONNECT if taken.data is None:
                self._joining.leave_by_choice(socket, namespace)
            case packet.EVENT:
                self._requests.take(socket, namespace, taken.id, taken.data)
            case packet.BINARY_EVENT | packet.BINARY_ACK:
                if self.connections.find_in(socket.sid, namespace) is None:
                    raise ValueError("attachments outside a namespace")
                if not 0 < taken.attachment_count <= ATTACHMENTS_MAX:
                    raise ValueError("no attachments, or too many")
                self._binary_packet[socket.sid] = taken
            case packet.ACK if isinstance(taken.data, list):
                pass  # clients have nothing to acknowledge
            case _:
                raise ValueError("a packet that no client sends")
        return None

    def _take_attachment(self, socket: EngineSocket, waiting: packet.Packet, data: str | bytes) -> None:
        if isinstance(data, str):
            raise TypeError("text where an attachment was announced")
        if waiting.add_attachment(data[:0]):  # no request uses attachments, so only their number is kept
            del self._binary_packet[socket.sid]
            if waiting.packet_type == packet.BINARY_EVENT:
                self._requests.take(socket, waiting.namespace or "/", waiting.id, waiting.data)

    def _take_plain_event(self, socket: EngineSocket, text: str) -> bool:
        """Take an event in the usual form, `2/namespace,id[…]`, without python-socketio's slower parser. Returns False for other packets."""
        comma, start = text.find(",", 0, NAMESPACE_MAX_CHARS), text.find("[", 0, NAMESPACE_MAX_CHARS)
        namespace, number = text[1:comma], text[comma + 1 : start]
        if text[:1] != "2" or not 0 < comma < start or namespace not in self.namespace_handlers:
            return False
        if number and not (number.isascii() and number.isdigit() and len(number) < ACK_ID_MAX_CHARS):
            return False
        self._requests.take(socket, namespace, int(number) if number else None, Json.loads(text[start:]))
        return True


async def _within(seconds: float, is_so: Callable[[], bool]) -> None:
    """Wait until a condition holds, or for `seconds`. Polls, because nothing signals it; used at the end only."""
    ends = monotonic() + seconds
    while not is_so() and monotonic() < ends:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def _quiet(name: str) -> logging.Logger:
    """Returns a library's logger without its lines for each packet, which hold tokens and people's texts."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    return logger
