"""The fan-out: sends a fact as one packet, encoded once, to all sockets that may see it, on this node and the others.

The only file that sends facts to clients. Rules for `deliver`: no await, no task and no log line for each recipient; all queues share
one packet object; a full queue closes its own connection (engine_socket.py) and holds up nobody else.
"""

import asyncio
import logging
from collections.abc import Collection
from random import random

import orjson

from handlers.wire.sockets.packets import CHAT, packet_of
from models.documents.chat import Chat
from models.facts import Fact, Invalidation, Resync, SignalsMissed
from server.bus.bus import Bus
from server.bus.listeners import BusListeners
from server.sockets.broadcast import BroadcastQueue
from server.sockets.connections import Connections
from server.sockets.send_queue import EncodedPacket

log = logging.getLogger(__name__)

MESSAGE = "4"  # the kind of Engine.IO packets that carry Socket.IO packets
FEW_MAX = 32  # accounts that are sent to directly; more are a broadcast
RESYNC_OVER_S = 3.0  # clients that must sync are told so over this time, not all at once
RESYNCS_PER_S = 500.0  # or over a longer time: a core can serve so many syncs


class SocketFanout:
    """Implements Fanout: local sockets directly, other nodes through the bus. Without the bus, local sockets miss nothing."""

    def __init__(self, connections: Connections, bus: Bus, listeners: BusListeners) -> None:
        self._connections = connections
        self._broadcasts = BroadcastQueue(connections)
        self._bus = bus
        self._signal_listeners = listeners.signal
        listeners.packet.add(self.deliver)
        listeners.gap.add(self.resync)

    def publish(self, event: Fact, to: Collection[int], *, chat: Chat | None = None) -> None:
        """Send a fact to all sockets of these accounts, on every node."""
        namespace, text = encode(event)
        self.deliver(namespace, text, to)
        self._bus.publish(namespace, text, to, chat.id if chat is not None and chat.is_large else None)

    def send_to_connection(self, event: Fact, connection: str) -> None:
        """Send a fact to one connection of this node."""
        found = self._connections.find(connection)
        if found is not None and found.is_open:
            found.offer(EncodedPacket(MESSAGE + encode(event)[1]))

    def signal(self, signal: Invalidation) -> None:
        """Tell every node, this one first, which cached values are no longer valid."""
        self._signalled(signal)
        self._bus.signal(signal)

    def deliver(self, namespace: str, text: str, to: Collection[int]) -> None:
        """Queue one packet for the local sockets of these accounts."""
        packet = EncodedPacket(MESSAGE + text)
        if len(to) > FEW_MAX or self._broadcasts:
            self._broadcasts.add(namespace, to, packet)
            return
        here = self._connections.of_accounts(namespace)
        for account in to:
            mates = here.get(account)
            if mates:
                for connection in list(mates.values()):
                    connection.offer(packet)

    def resync(self, accounts: Collection[int] | None = None) -> None:
        """Tell the clients of these accounts, or all clients here, to sync, spread over a few seconds or more.

        If all are told, signals may have been missed too: everything that signals correct is dropped from the caches.
        """
        if accounts is None:
            self._signalled(SignalsMissed())
        loop = asyncio.get_running_loop()
        if accounts is None:
            connections = self._connections.of_namespace(CHAT)
        else:
            here = self._connections.of_accounts(CHAT)
            connections = [connection for each in accounts for connection in here.get(each, {}).values()]
        if connections:
            log.info("telling %d clients to sync", len(connections))
        over_s = max(RESYNC_OVER_S, len(connections) / RESYNCS_PER_S)
        for connection in connections:
            wait_s = random() * over_s  # noqa: S311 (a spread, not a secret)
            loop.call_later(wait_s, self.send_to_connection, Resync(), connection.sid)

    def _signalled(self, signal: Invalidation) -> None:
        try:
            self._signal_listeners(signal)
        except Exception:
            log.exception("%s was not applied", type(signal).__name__)


def encode(event: Fact) -> tuple[str, str]:
    """Returns the namespace of a fact and its Socket.IO packet as text."""
    namespace, name, body = packet_of(event)
    return namespace, f"2{namespace},{orjson.dumps([name, body]).decode()}"
