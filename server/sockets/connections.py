"""The connections of this node: python-socketio's client manager, indexed by account, session and socket.

python-socketio's own manager walks every room of a namespace for each disconnect. Here there are no rooms: packets are addressed to
accounts, and a disconnect costs as much as the connection holds.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import socketio

from models.documents.session import Actor
from server.sockets.engine_socket import EngineSocket
from server.sockets.send_queue import EncodedPacket


class Connection:
    """One client in one namespace, on the Engine.IO socket it shares with its other namespaces."""

    __slots__ = ("actor", "engine_sid", "is_open", "namespace", "sid", "socket")

    def __init__(self, sid: str, engine_sid: str, namespace: str, socket: EngineSocket) -> None:
        self.sid = sid
        self.engine_sid = engine_sid
        self.namespace = namespace
        self.socket = socket
        self.actor: Actor | None = None
        self.is_open = False  # False while connecting and while leaving

    def offer(self, packet: EncodedPacket) -> None:
        """Send a packet. A client that is too slow to take it is disconnected, and syncs when it is back."""
        self.socket.offer(packet)


class Connections(socketio.AsyncManager):
    """All connections of this node. The methods that python-socketio calls keep its names."""

    def __init__(self, on_join: Callable[[int], Awaitable[None]], on_leave: Callable[[int], None]) -> None:
        """Both are called with the account id of each connection; `on_join` returns once other nodes send that account's packets here."""
        super().__init__()
        self._on_join, self._on_leave = on_join, on_leave
        self._by_sid: dict[str, Connection] = {}
        self._by_engine: dict[str, dict[str, Connection]] = {}  # engine sid -> namespace -> connection
        self._by_account: dict[str, dict[int, dict[str, Connection]]] = {}  # namespace -> account id -> sid
        self._by_session: dict[str, dict[str, Connection]] = {}

    def __len__(self) -> int:
        return len(self._by_sid)

    async def register(self, namespace: str, sid: str, actor: Actor) -> None:
        """Address packets for this account to this connection. When this returns, packets from other nodes arrive too."""
        connection = self._by_sid.get(sid)
        if connection is None or not connection.is_open:
            return  # gone while it was authenticated
        connection.actor = actor
        self._by_account.setdefault(namespace, {}).setdefault(actor.account_id, {})[sid] = connection
        self._by_session.setdefault(actor.session_id, {})[sid] = connection
        await self._on_join(actor.account_id)

    def is_here(self, sid: str) -> bool:
        """Whether the socket of this connection is open; it may have closed while the client was authenticated."""
        connection = self._by_sid.get(sid)
        return connection is not None and connection.socket.is_open

    def find(self, sid: str) -> Connection | None:
        """Returns the connection with this Socket.IO id."""
        return self._by_sid.get(sid)

    def of_accounts(self, namespace: str) -> dict[int, dict[str, Connection]]:
        """Returns the connections of a namespace by account id and Socket.IO id. Callers must not change it."""
        return self._by_account.get(namespace, {})

    def of_session(self, session_id: str) -> list[Connection]:
        """Returns the connections of a session, in all namespaces."""
        return list(self._by_session.get(session_id, {}).values())

    def list_sessions(self) -> list[str]:
        """Returns the ids of the sessions that have a connection here."""
        return list(self._by_session)

    def of_namespace(self, namespace: str) -> list[Connection]:
        """Returns all connections of a namespace."""
        return [connection for mates in self.of_accounts(namespace).values() for connection in mates.values()]

    def count(self, namespace: str) -> int:
        """Returns how many connections a namespace has."""
        return sum(map(len, self.of_accounts(namespace).values()))

    def admit(self, socket: EngineSocket, namespace: str) -> Connection:
        """Returns a new connection, not open yet, on a socket that has none in this namespace."""
        of_engine = self._by_engine.setdefault(socket.sid, {})
        connection = Connection(self.server.eio.generate_id(), socket.sid, namespace, socket)
        of_engine[namespace] = self._by_sid[connection.sid] = connection
        return connection

    def remove(self, connection: Connection) -> None:
        """Remove a connection from all indexes."""
        connection.is_open = False
        if self._by_sid.pop(connection.sid, None) is None:
            return
        self._forget_actor(connection, connection.namespace)
        of_engine = self._by_engine[connection.engine_sid]
        del of_engine[connection.namespace]
        if not of_engine:
            del self._by_engine[connection.engine_sid]

    def find_in(self, engine_sid: str, namespace: str) -> Connection | None:
        """Returns a socket's connection in a namespace."""
        return self._by_engine.get(engine_sid, {}).get(namespace)

    def of_engine(self, engine_sid: str) -> list[Connection]:
        """Returns the connections of one socket."""
        return list(self._by_engine.get(engine_sid, {}).values())

    def has_namespaces(self, engine_sid: str) -> bool:
        """Whether a socket has joined any namespace."""
        return bool(self._by_engine.get(engine_sid))

    # Called by python-socketio, under its names.

    def get_namespaces(self) -> Iterable[str]:
        return list(self._by_account)

    def is_connected(self, sid: str, namespace: str) -> bool:  # noqa: ARG002
        connection = self._by_sid.get(sid)
        return connection is not None and connection.is_open

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        return self.eio_sid_from_sid(sid, namespace)

    async def can_disconnect(self, sid: str, namespace: str) -> bool:
        return self.is_connected(sid, namespace)

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        connection = self._by_engine.get(eio_sid, {}).get(namespace)
        return None if connection is None else connection.sid

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:  # noqa: ARG002
        connection = self._by_sid.get(sid)
        return None if connection is None else connection.engine_sid

    async def disconnect(self, sid: str, namespace: str, **_: Any) -> None:  # noqa: ARG002
        connection = self._by_sid.get(sid)
        if connection is not None:
            self.remove(connection)

    async def trigger_callback(self, sid: str, id: int, data: Any) -> None:  # noqa: A002
        """Ignore acknowledgements: nothing that the server sends asks for one."""

    def _forget_actor(self, connection: Connection, namespace: str) -> None:
        actor, connection.actor = connection.actor, None
        if actor is None:
            return
        accounts = self._by_account[namespace]
        mates = accounts[actor.account_id]
        del mates[connection.sid]
        if not mates:
            del accounts[actor.account_id]
        of_session = self._by_session[actor.session_id]
        del of_session[connection.sid]
        if not of_session:
            del self._by_session[actor.session_id]
        self._on_leave(actor.account_id)
