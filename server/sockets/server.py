"""python-socketio's server with its traps closed: forged events, silent failures, malformed packets (docs/architecture.md, "Sockets").

tests/server/sockets/test_internals.py pins what is overridden here, and fails when an upgrade of the library moves it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any

import socketio
from engineio import packet as engine_packet
from socketio import packet
from typing_extensions import override

from handlers.errors import show_for_sockets
from handlers.sockets.base import BaseNamespace, refused
from models.errors import DomainError, InternalFault, NotFound, Unauthenticated
from server.http.lines_per_address import LinesPerAddress
from server.sockets import disconnects
from server.sockets.connections import Connection, Connections
from server.sockets.engine import EngineServer, Forward
from server.sockets.engine_socket import EngineSocket
from server.sockets.intake import BUSY, JOINING, LEAVING, UNAUTHENTICATED_MAX_BYTES, UNREAD
from server.sockets.json_codec import Json
from server.sockets.origins import OriginsAllowed
from server.sockets.send_queue import EncodedPacket
from server.sockets.unauthenticated import UnauthenticatedSockets

log = logging.getLogger(__name__)

ATTACHMENTS_MAX = 10  # requests carry no binary data; a packet that announces more is an attack on memory
JOIN_WITHIN_S = 30.0  # then a socket that has joined no namespace is closed
DISCONNECT_WITHIN_S = 0.1  # between the last DISCONNECT packet and the end of the socket
ANSWER_WITHIN_S = 0.5  # at the end: for answers under way, and again for clients that answer the close frame
BACKLOG_HOLD = 64  # packets behind a CONNECT; then nothing more is read
IN_FLIGHT_MAX = 128  # requests of one connection under way
# The send queue holds so many packets for each request: a message brings its sender two, and half of the send queue is kept free.
OUTBOX_SHARE = 8
REFUSED_MAX = 256  # in a row; twice the requests that a client may have under way when its session ends
NAMESPACE_MAX_CHARS = 200  # including the acknowledgement id
ACK_ID_MAX_CHARS = 100  # python-socketio's own bound
MESSAGE = str(engine_packet.MESSAGE)


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
        account_max_chars: int = 2**25,
        lines: LinesPerAddress | None = None,
        join_within_s: float = JOIN_WITHIN_S,
        in_flight_max: int = IN_FLIGHT_MAX,
    ) -> None:
        """`make_sid` returns a new Engine.IO session id; `forward` sends requests to the node that holds their session.

        `count_refused` is called with the code of each refusal that no namespace gives.
        """
        self.connections = connections
        self._on_refused = count_refused
        self._join_within_s = join_within_s
        self._in_flight_max = min(in_flight_max, queue_max_packets // OUTBOX_SHARE or 1)
        # Down to which number reading resumes: not at once, or it would start and stop all the time.
        self._in_flight_again = self._in_flight_max // 2
        self._tasks: set[asyncio.Task[None]] = set()
        self._unanswered = 0
        self._unauthenticated = UnauthenticatedSockets(connections)
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
        self.namespaces: list[str] = []  # or anybody could stay in "/" without a token

    def _engineio_server_class(self) -> type[EngineServer]:
        return EngineServer

    def close_session(self, session_id: str) -> None:
        """Disconnect a revoked session's connections. Their sockets close when no other namespace uses them."""
        for connection in self.connections.of_session(session_id):
            # The client may no longer read what waits in its queue.
            for kind in (packet.EVENT, packet.ACK):
                connection.socket.queue.drop(f"{MESSAGE}{kind}{connection.namespace},")
            self._disconnect(connection, is_revoked=True)

    def drain_all(self) -> list[Callable[[], None]]:
        """Open no new sessions. Returns one function for each client, which disconnects it."""
        self.eio.refuse_new_sessions()
        return [partial(self._drain_client, socket) for socket in self.eio.sockets.values()]

    def _drain_client(self, socket: EngineSocket) -> None:
        if socket.is_busy:
            if socket.frames is not None:
                socket.hold(LEAVING)
            _ = self._spawn(self._drain_when_answered(socket))
        else:
            socket.close(disconnects.SERVER_RESTARTS)

    async def _drain_when_answered(self, socket: EngineSocket) -> None:
        await _within(ANSWER_WITHIN_S, lambda: not socket.is_busy)
        socket.close(disconnects.SERVER_RESTARTS)

    async def close(self) -> None:
        """Wait a moment for answers under way, then disconnect all clients."""
        self.eio.refuse_new_sessions()
        sockets: list[EngineSocket] = list(self.eio.sockets.values())
        await _within(ANSWER_WITHIN_S, lambda: not self._is_answering and not any(socket.queue for socket in sockets))
        for socket in sockets:
            socket.close(disconnects.SERVER_RESTARTS)
        await _within(ANSWER_WITHIN_S, lambda: not any(socket.has_websocket for socket in sockets))

    @property
    def _is_answering(self) -> bool:
        return bool(self._tasks) or self._unanswered > 0

    @override
    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """Disconnect a client from a namespace. When it is in none, its socket is closed."""
        connection = self.connections.find(sid)
        if connection is not None:
            self._disconnect(connection)

    def _disconnect(self, connection: Connection, *, is_revoked: bool = False) -> None:
        if not connection.is_open:
            return
        self._offer(connection.socket, packet.DISCONNECT, connection.namespace)
        self._leave(connection, is_revoked=is_revoked)
        # Later, so that the DISCONNECT packets of all its namespaces are sent first.
        self._unauthenticated.add(connection.socket, DISCONNECT_WITHIN_S, disconnects.SESSION_ENDED)

    # Called by the transport: implements TransportListener.

    def on_open(self, socket: EngineSocket) -> None:
        """Close the socket later unless it joins a namespace."""
        self._unauthenticated.add(socket, self._join_within_s, disconnects.NOT_SIGNED_IN)

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
            socket.settled = self._spawn(self._take_backlog(socket, joining))

    def on_close(self, socket: EngineSocket) -> None:
        """Take a closed socket out of the namespaces that it has joined."""
        for connection in self.connections.of_engine(socket.sid):
            self._leave(connection)
        self._unauthenticated.forget(socket.sid)
        self._binary_packet.pop(socket.sid, None)

    async def _take_backlog(self, socket: EngineSocket, joining: packet.Packet | None) -> None:
        """Let a client join a namespace, then take the packets that it sent meanwhile, so that none overtakes its CONNECT."""
        try:
            while joining is not None:
                await self._join(socket, joining.namespace or "/", joining.data)
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
                self._leave_by_choice(socket, namespace)
            case packet.EVENT:
                self._take_event(socket, namespace, taken.id, taken.data)
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
                self._take_event(socket, waiting.namespace or "/", waiting.id, waiting.data)

    def _take_plain_event(self, socket: EngineSocket, text: str) -> bool:
        """Take an event in the usual form, `2/namespace,id[…]`, without python-socketio's slower parser. Returns False for other packets."""
        comma, start = text.find(",", 0, NAMESPACE_MAX_CHARS), text.find("[", 0, NAMESPACE_MAX_CHARS)
        namespace, number = text[1:comma], text[comma + 1 : start]
        if text[:1] != "2" or not 0 < comma < start or namespace not in self.namespace_handlers:
            return False
        if number and not (number.isascii() and number.isdigit() and len(number) < ACK_ID_MAX_CHARS):
            return False
        self._take_event(socket, namespace, int(number) if number else None, Json.loads(text[start:]))
        return True

    def _take_event(self, socket: EngineSocket, namespace: str, id: int | None, data: Any) -> None:  # noqa: A002
        """Let a namespace answer a request. It never reaches `trigger_event`, so no client can forge `connect` or `disconnect`."""
        if not isinstance(data, list) or not data:
            raise ValueError("an event has a name")
        connection = self.connections.find_in(socket.sid, namespace)
        if connection is not None and connection.is_open:
            handler: BaseNamespace = self.namespace_handlers[namespace]
            self._unanswered += 1
            socket.unanswered += 1
            work = handler.answer(connection.sid, data[0], data[1:], partial(self._answer, connection, id))
            if work is not None:
                _ = self._spawn(work)
            if socket.unanswered >= self._in_flight_max:
                socket.hold(BUSY)
            if socket.queue.is_half_full:
                socket.hold(UNREAD)
        elif not socket.has_asked:
            raise ValueError("an event before CONNECT")
        elif socket.is_open and id is not None and namespace in self.namespace_handlers:
            refusal = Unauthenticated("This connection is not in the namespace.")
            self._on_refused(refusal.code)
            self._acknowledge(socket, namespace, id, {"ok": False, "error": show_for_sockets(refusal)})
            self._count_refused(socket)

    def _count_refused(self, socket: EngineSocket) -> None:
        """Disconnect a client that keeps asking where it is not let in: a body full of such packets costs 100 ms."""
        socket.refused += 1
        if socket.refused > REFUSED_MAX:
            log.info("closed a client that was refused %d times", REFUSED_MAX)
            socket.close(disconnects.REFUSED_TOO_OFTEN)

    def _answer(self, connection: Connection, id: int | None, answer: Mapping[str, object]) -> None:  # noqa: A002
        socket = connection.socket
        self._unanswered -= 1
        socket.unanswered -= 1
        if socket.held and socket.unanswered <= self._in_flight_again:
            socket.release(BUSY)
        if id is None or not connection.is_open:
            return
        try:
            self._acknowledge(connection.socket, connection.namespace, id, answer)
        except TypeError:
            log.exception("an answer could not be written as JSON")
            refusal = {"ok": False, "error": show_for_sockets(InternalFault())}
            self._acknowledge(connection.socket, connection.namespace, id, refusal)

    async def _join(self, socket: EngineSocket, namespace: str, data: Any) -> None:
        """Answer a CONNECT. After the answer the namespace sends what a new connection gets.

        A client that is in the namespace already leaves it first, even if the new CONNECT is refused: pages connect, disconnect and
        connect again without waiting.
        """
        if not socket.is_open:
            return
        self._leave_by_choice(socket, namespace)
        connection: Connection | None = None
        try:
            handler: BaseNamespace | None = self.namespace_handlers.get(namespace)
            if handler is None:
                raise self._counted(NotFound(f"There is no namespace {namespace[:64]}."))
            connection = self.connections.admit(socket, namespace)
            await handler.trigger_event("connect", connection.sid, None, data)
        except socketio.exceptions.ConnectionRefusedError as refusal:
            self._offer(socket, packet.CONNECT_ERROR, namespace, refusal.error_args)
            if connection is not None:
                self.connections.remove(connection)
            self._count_refused(socket)
            return
        connection.is_open = True
        if not socket.is_open:  # it left while its token was checked
            self._leave(connection)
            return
        self._unauthenticated.forget(socket.sid)
        socket.refused = 0
        self._offer(socket, packet.CONNECT, namespace, {"sid": connection.sid})
        await handler.join(connection.sid)
        if connection.actor is not None:
            socket.share(connection.actor.account_id)

    def _counted(self, refusal: DomainError) -> socketio.exceptions.ConnectionRefusedError:
        self._on_refused(refusal.code)
        return refused(refusal)

    def _leave_by_choice(self, socket: EngineSocket, namespace: str) -> None:
        """A client leaves a namespace. If it is in none then, its socket closes later unless it joins another."""
        connection = self.connections.find_in(socket.sid, namespace)
        if connection is not None:
            self._leave(connection)
            self._unauthenticated.add(socket, self._join_within_s, disconnects.NOT_SIGNED_IN)

    def _leave(self, connection: Connection, *, is_revoked: bool = False) -> None:
        """Remove a connection, and let its namespace clean up."""
        if not connection.is_open:
            return  # still joining, which notices it, or already leaving
        connection.is_open = False
        handler: BaseNamespace = self.namespace_handlers[connection.namespace]
        try:
            handler.leave(connection.sid, is_revoked=is_revoked)
        except Exception:
            log.exception("%s failed to clean up after a connection", connection.namespace)
        finally:
            self.connections.remove(connection)

    def _offer(self, socket: EngineSocket, kind: int, namespace: str, data: object = None) -> None:
        socket.offer(EncodedPacket(MESSAGE + packet.Packet(kind, data, namespace=namespace).encode()))

    def _acknowledge(self, socket: EngineSocket, namespace: str, id: int, answer: object) -> None:  # noqa: A002
        socket.offer(EncodedPacket(f"{MESSAGE}{packet.ACK}{namespace},{id}[{Json.dumps(answer)}]"))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Future[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)
        return task

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a request was not answered", exc_info=error)


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
