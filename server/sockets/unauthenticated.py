"""Closes sockets that are in no namespace: they have shown no token, or have left all namespaces."""

import asyncio

from server.sockets.connections import Connections
from server.sockets.disconnects import Disconnect
from server.sockets.engine_socket import EngineSocket
from server.sockets.intake import UNAUTHENTICATED_MAX_BYTES


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
