"""Lets clients join namespaces and leave them, and closes sockets that are in none."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import socketio
from socketio import packet

from handlers.sockets.base import BaseNamespace, refused
from models.errors import DomainError, NotFound
from server.sockets import disconnects
from server.sockets.connections import Connection, Connections
from server.sockets.disconnects import Disconnect
from server.sockets.engine_socket import EngineSocket
from server.sockets.intake import UNAUTHENTICATED_MAX_BYTES
from server.sockets.requests import MESSAGE
from server.sockets.send_queue import EncodedPacket

log = logging.getLogger(__name__)

JOIN_WITHIN_S = 30.0  # then a socket that has joined no namespace is closed
DISCONNECT_WITHIN_S = 0.1  # between the last DISCONNECT packet and the end of the socket


class UnauthenticatedSockets:
    """The sockets that are in no namespace, each with the timer that closes it."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._timers: dict[str, asyncio.TimerHandle] = {}  # by Engine.IO session id

    def __len__(self) -> int:
        return len(self._timers)

    def add(self, socket: EngineSocket, within_s: float, why: Disconnect) -> None:
        """Close the socket after `within_s` unless it joins a namespace first. Does nothing for one that is in a namespace."""
        if not socket.is_open or self._connections.has_namespaces(socket.sid):
            return
        self.forget(socket.sid)
        socket.limit(UNAUTHENTICATED_MAX_BYTES)
        loop = asyncio.get_running_loop()
        self._timers[socket.sid] = loop.call_later(within_s, self._close, socket, why)

    def forget(self, engine_sid: str) -> None:
        """Let the socket stay: it joined a namespace, or is gone."""
        timer = self._timers.pop(engine_sid, None)
        if timer is not None:
            timer.cancel()

    def _close(self, socket: EngineSocket, why: Disconnect) -> None:
        self._timers.pop(socket.sid, None)
        socket.close(why)


class Joining:
    """The ways into a namespace and out of it."""

    def __init__(
        self,
        connections: Connections,
        namespaces: Mapping[str, BaseNamespace],
        on_refused: Callable[[str], None],
        count_refused: Callable[[EngineSocket], None],
        *,
        join_within_s: float,
    ) -> None:
        """`on_refused` is called with the code of each refusal that no namespace gives; `count_refused` with the client."""
        self._connections = connections
        self._namespaces = namespaces
        self._on_refused = on_refused
        self._count_refused = count_refused
        self._join_within_s = join_within_s
        self._unauthenticated = UnauthenticatedSockets(connections)

    def opened(self, socket: EngineSocket) -> None:
        """Close the socket later unless it joins a namespace."""
        self._unauthenticated.add(socket, self._join_within_s, disconnects.NOT_SIGNED_IN)

    def closed(self, socket: EngineSocket) -> None:
        """Take a closed socket out of the namespaces that it has joined."""
        for connection in self._connections.of_engine(socket.sid):
            self.leave(connection)
        self._unauthenticated.forget(socket.sid)

    async def join(self, socket: EngineSocket, namespace: str, data: Any) -> None:
        """Answer a CONNECT. After the answer the namespace sends what a new connection gets.

        A client that is in the namespace already leaves it first, even if the new CONNECT is refused: pages connect, disconnect and
        connect again without waiting.
        """
        if not socket.is_open:
            return
        self.leave_by_choice(socket, namespace)
        connection: Connection | None = None
        try:
            handler: BaseNamespace | None = self._namespaces.get(namespace)
            if handler is None:
                raise self._counted(NotFound(f"There is no namespace {namespace[:64]}."))
            connection = self._connections.admit(socket, namespace)
            await handler.trigger_event("connect", connection.sid, None, data)
        except socketio.exceptions.ConnectionRefusedError as refusal:
            self._offer(socket, packet.CONNECT_ERROR, namespace, refusal.error_args)
            if connection is not None:
                self._connections.remove(connection)
            self._count_refused(socket)
            return
        connection.is_open = True
        if not socket.is_open:  # it left while its token was checked
            self.leave(connection)
            return
        self._unauthenticated.forget(socket.sid)
        socket.refused = 0
        self._offer(socket, packet.CONNECT, namespace, {"sid": connection.sid})
        await handler.join(connection.sid)
        if connection.actor is not None:
            socket.share(connection.actor.account_id)

    def leave_by_choice(self, socket: EngineSocket, namespace: str) -> None:
        """A client leaves a namespace. If it is in none then, its socket closes later unless it joins another."""
        connection = self._connections.find_in(socket.sid, namespace)
        if connection is not None:
            self.leave(connection)
            self._unauthenticated.add(socket, self._join_within_s, disconnects.NOT_SIGNED_IN)

    def leave(self, connection: Connection, *, is_revoked: bool = False) -> None:
        """Remove a connection, and let its namespace clean up."""
        if not connection.is_open:
            return  # still joining, which notices it, or already leaving
        connection.is_open = False
        handler: BaseNamespace = self._namespaces[connection.namespace]
        try:
            handler.leave(connection.sid, is_revoked=is_revoked)
        except Exception:
            log.exception("%s failed to clean up after a connection", connection.namespace)
        finally:
            self._connections.remove(connection)

    def disconnect(self, connection: Connection, *, is_revoked: bool = False) -> None:
        """Disconnect a client from a namespace. When it is in none, its socket is closed."""
        if not connection.is_open:
            return
        self._offer(connection.socket, packet.DISCONNECT, connection.namespace)
        self.leave(connection, is_revoked=is_revoked)
        # Later, so that the DISCONNECT packets of all its namespaces are sent first.
        self._unauthenticated.add(connection.socket, DISCONNECT_WITHIN_S, disconnects.SESSION_ENDED)

    def close_session(self, session_id: str) -> None:
        """Disconnect a revoked session's connections. Their sockets close when no other namespace uses them."""
        for connection in self._connections.of_session(session_id):
            # The client may no longer read what waits in its queue.
            for kind in (packet.EVENT, packet.ACK):
                connection.socket.queue.drop(f"{MESSAGE}{kind}{connection.namespace},")
            self.disconnect(connection, is_revoked=True)

    def _counted(self, refusal: DomainError) -> socketio.exceptions.ConnectionRefusedError:
        self._on_refused(refusal.code)
        return refused(refusal)

    def _offer(self, socket: EngineSocket, kind: int, namespace: str, data: object = None) -> None:
        socket.offer(EncodedPacket(MESSAGE + packet.Packet(kind, data, namespace=namespace).encode()))
