"""Broadcasts: packets for many clients, sent to a slice of them at a time; the packets of a loop turn share each client's write.

Each recipient costs one write of bytes that all share: nothing is queued or joined for it. Broadcasts are sent in order, and packets for
few clients wait behind them, so the packets of a chat keep their order. Acknowledgements do not wait.

Slices are short because everything else happens between them: reading a sender's next request, the journal's commit of it, and its
announcement take a loop turn each. With slices of 500 (4 to 7 ms) the journal began the next batch only when a broadcast to 1,000
was nearly over. Packets that are announced during a broadcast travel together behind it. Measured against Node on a quiet machine
(goals: 5 times the deliveries per second, a third of the p99 from send to delivery):

    slice   deliveries/s   p99     with nothing stored, as with typing
    500     5.0            0.27    8.1     (medians of three rounds)
    250     4.7            0.30            (one round, two)
    160     4.9            0.27            (one round, two)
    100     7.7            0.42    34      (three rounds, but one for the p99)

With short slices acknowledgements come sooner than deliveries, so a sender with a window is further ahead of its readers: each write
carries more packets, which wait a little longer for it.

Where the time goes in a group of 1,000 with a window of 8, stored (py-spy, with slices of 500): of the loop's thread 58% in
`transport.write`, 9% idle or in uvloop, 6% finding the audience, 5% the journal and its driver; by perf 63% in the kernel, which
carries a packet to the receiver's socket within the sender's write. No other way to write is cheaper: uvloop's transport takes
6.4 us of processor time for 450 bytes, `os.write` 6.3, `socket.send` 5.9, and for eight times as much 8.4, 7.5 and 8.0. So only
fewer and larger writes help.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Iterator
from itertools import islice

from server.sockets.connections import Connection, Connections
from server.sockets.send_queue import EncodedPacket

SLICE = 100  # recipients in one loop turn, about 1 ms
BEHIND = 100  # with more slices than this waiting, slices grow, so that the queue stays bounded


class _Broadcast:
    """Packets for one audience."""

    __slots__ = ("frames", "namespace", "packets", "rest", "to")

    def __init__(self, namespace: str, to: Collection[int], packet: EncodedPacket) -> None:
        self.namespace = namespace
        self.to = to
        self.packets = [packet]
        self.frames = b""
        self.rest: Iterator[Connection] | None = None  # recipients still to be served, once sending has begun

    def begin(self, rest: Iterator[Connection]) -> Iterator[Connection]:
        """Freeze the packets, and remember the recipients."""
        self.frames = b"".join([packet.frame for packet in self.packets])
        self.rest = rest
        return rest


class BroadcastQueue:
    """Broadcasts that wait, oldest first."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._broadcasts: deque[_Broadcast] = deque()
        self._recipients = 0

    def __bool__(self) -> bool:
        """Whether broadcasts wait, so that later packets must wait behind them."""
        return bool(self._broadcasts)

    def add(self, namespace: str, to: Collection[int], packet: EncodedPacket) -> None:
        """Send a packet to the local sockets of these accounts, at the end of this loop turn or soon after."""
        if self._broadcasts:
            last = self._broadcasts[-1]
            if last.to is to and last.namespace == namespace and last.rest is None:
                last.packets.append(packet)
                return
        else:
            asyncio.get_running_loop().call_soon(self._send)
        self._broadcasts.append(_Broadcast(namespace, to, packet))
        self._recipients += len(to)

    def _send(self) -> None:
        room = max(SLICE, self._recipients // BEHIND)
        try:
            while self._broadcasts and room > 0:
                broadcast = self._broadcasts[0]
                room -= max(1, self._send_slice(broadcast, room))
                if room > 0:
                    self._recipients -= len(broadcast.to)
                    self._broadcasts.popleft()
        finally:  # a fault with one recipient must not stop the others
            if self._broadcasts:
                asyncio.get_running_loop().call_soon(self._send)

    def _send_slice(self, broadcast: _Broadcast, most: int) -> int:
        """Send the broadcast to its next `most` connections. Returns how many connections were visited."""
        sent = 0
        for connection in islice(broadcast.rest or broadcast.begin(self._find_here(broadcast)), most):
            sent += 1
            if connection.is_open:
                connection.socket.send(broadcast.packets, broadcast.frames)
        return sent

    def _find_here(self, broadcast: _Broadcast) -> Iterator[Connection]:
        """Yields the audience's connections, looking up each account when it is its turn."""
        here = self._connections.of_accounts(broadcast.namespace)
        # Walk the shorter of the two: the accounts of the chat, or those on this node.
        accounts = (
            broadcast.to if len(broadcast.to) <= len(here) else [account for account in here if account in broadcast.to]
        )
        for account in accounts:
            mates = here.get(account)
            if mates:
                yield from list(mates.values())
