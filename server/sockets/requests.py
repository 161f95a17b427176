"""Requests of clients under way: namespaces answer them, so many of each connection at a time."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from engineio import packet as engine_packet
from socketio import packet

from handlers.errors import show_for_sockets
from handlers.sockets.base import BaseNamespace
from models.errors import InternalFault, Unauthenticated
from server.sockets import disconnects
from server.sockets.connections import Connection, Connections
from server.sockets.engine_socket import EngineSocket
from server.sockets.intake import BUSY, UNREAD
from server.sockets.json_codec import Json
from server.sockets.send_queue import EncodedPacket

log = logging.getLogger(__name__)

IN_FLIGHT_MAX = 128  # requests of one connection under way
# The send queue holds so many packets for each request: a message brings its sender two, and half of the send queue is kept free.
OUTBOX_SHARE = 8
REFUSED_MAX = 256  # in a row; twice the requests that a client may have under way when its session ends
MESSAGE = str(engine_packet.MESSAGE)


class Requests:
    """Passes requests to their namespaces, and sends the answers."""

    def __init__(
        self,
        connections: Connections,
        namespaces: Mapping[str, BaseNamespace],
        count_refused: Callable[[str], None],
        *,
        in_flight_max: int,
        queue_max_packets: int,
    ) -> None:
        """`count_refused` is called with the code of each refusal that no namespace gives."""
        self._connections = connections
        self._namespaces = namespaces
        self._on_refused = count_refused
        self._in_flight_max = min(in_flight_max, queue_max_packets // OUTBOX_SHARE or 1)
        # Down to which number reading resumes: not at once, or it would start and stop all the time.
        self._in_flight_again = self._in_flight_max // 2
        self._tasks: set[asyncio.Task[None]] = set()
        self._unanswered = 0

    @property
    def are_under_way(self) -> bool:
        """Returns whether a request waits for its answer, or a client is joining or leaving."""
        return bool(self._tasks) or self._unanswered > 0

    def take(self, socket: EngineSocket, namespace: str, id: int | None, data: Any) -> None:  # noqa: A002
        """Let a namespace answer a request. It never reaches `trigger_event`, so no client can forge `connect` or `disconnect`."""
        if not isinstance(data, list) or not data:
            raise ValueError("an event has a name")
        connection = self._connections.find_in(socket.sid, namespace)
        if connection is not None and connection.is_open:
            handler: BaseNamespace = self._namespaces[namespace]
            self._unanswered += 1
            socket.unanswered += 1
            work = handler.answer(connection.sid, data[0], data[1:], partial(self._answer, connection, id))
            if work is not None:
                _ = self.spawn(work)
            if socket.unanswered >= self._in_flight_max:
                socket.hold(BUSY)
            if socket.queue.is_half_full:
                socket.hold(UNREAD)
        elif not socket.has_asked:
            raise ValueError("an event before CONNECT")
        elif socket.is_open and id is not None and namespace in self._namespaces:
            refusal = Unauthenticated("This connection is not in the namespace.")
            self._on_refused(refusal.code)
            self._acknowledge(socket, namespace, id, {"ok": False, "error": show_for_sockets(refusal)})
            self.count_refused(socket)

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

    def count_refused(self, socket: EngineSocket) -> None:
        """Disconnect a client that keeps asking where it is not let in: a body full of such packets costs 100 ms."""
        socket.refused += 1
        if socket.refused > REFUSED_MAX:
            log.info("closed a client that was refused %d times", REFUSED_MAX)
            socket.close(disconnects.REFUSED_TOO_OFTEN)

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Future[None]":
        """Start work that belongs to a client. A failure is logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)
        return task

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a request was not answered", exc_info=error)

    def _acknowledge(self, socket: EngineSocket, namespace: str, id: int, answer: object) -> None:  # noqa: A002
        socket.offer(EncodedPacket(f"{MESSAGE}{packet.ACK}{namespace},{id}[{Json.dumps(answer)}]"))
