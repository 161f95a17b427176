"""Packets that wait to be sent: encoded and framed once for all clients, in one bounded send queue per client.

A loop turn's packets for one client are sent with one write (`Flusher`): a write is a system call and costs more than everything
else that is done for a recipient.
"""

import asyncio
from typing import Protocol

from server.sockets.frame_format import frame_of


class EncodedPacket:
    """One Engine.IO packet for any number of clients."""

    __slots__ = ("_frame", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """Returns the packet as a WebSocket frame."""
        if self._frame is None:
            self._frame = frame_of(self.text.encode())
        return self._frame


class Allowance:
    """The bound on the characters in all send queues of one account together."""

    __slots__ = ("__weakref__", "chars", "chars_max")

    def __init__(self, chars_max: int) -> None:
        self.chars = 0
        self.chars_max = chars_max


class SendQueue:
    """Packets for one client, bounded by their number and their characters. One packet of any size always fits.

    Send queues may share an allowance. When it is used up, the next of them that is not empty counts as full: the send queue of a client that
    reads is empty, so this one belongs to a client that does not.
    """

    __slots__ = ("_allowance", "_chars_max", "_packets", "_packets_max", "chars", "put_count", "taken_count")

    def __init__(self, packets_max: int, chars_max: int) -> None:
        self._packets: list[EncodedPacket] = []
        self._packets_max = packets_max
        self._chars_max = chars_max
        self._allowance: Allowance | None = None
        self.chars = 0
        self.put_count = self.taken_count = 0  # packets so far

    def share(self, allowance: Allowance) -> None:
        """Count this send queue against an allowance too. Does nothing if it shares one already."""
        if self._allowance is None:
            self._allowance = allowance
            allowance.chars += self.chars

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def is_full(self) -> bool:
        """Whether another packet means that the client does not read."""
        if len(self._packets) >= self._packets_max or self.chars >= self._chars_max:
            return True
        shared = self._allowance
        return shared is not None and shared.chars >= shared.chars_max and bool(self._packets)

    @property
    def is_half_full(self) -> bool:
        """Whether the client should take some packets before it sends more requests."""
        return 2 * len(self._packets) >= self._packets_max or 2 * self.chars >= self._chars_max

    def put(self, packet: EncodedPacket) -> None:
        """Append a packet, whatever the bounds."""
        self._packets.append(packet)
        self.put_count += 1
        self._count(len(packet.text))

    def take(self, most: int) -> list[EncodedPacket]:
        """Take the oldest packets, at most `most`. Returns them."""
        taken, self._packets = self._packets[:most], self._packets[most:]
        self.taken_count += len(taken)
        self._count(-sum(len(packet.text) for packet in taken))
        return taken

    def take_frames(self) -> bytes:
        """Take all packets. Returns their frames, one after the other."""
        packets, self._packets = self._packets, []
        self.taken_count += len(packets)
        self._count(-self.chars)
        return packets[0].frame if len(packets) == 1 else b"".join([packet.frame for packet in packets])

    def drop(self, start: str) -> None:
        """Remove the packets whose text begins with `start`; they count as taken."""
        kept = [packet for packet in self._packets if not packet.text.startswith(start)]
        self.taken_count += len(self._packets) - len(kept)
        self._packets = kept
        self._count(sum(len(packet.text) for packet in kept) - self.chars)

    def clear(self) -> None:
        """Remove all packets; they count as taken."""
        self.taken_count += len(self._packets)
        self._packets = []
        self._count(-self.chars)

    def release(self) -> None:
        """Stop counting against the allowance: the client is gone."""
        if self._allowance is not None:
            self._allowance.chars -= self.chars
            self._allowance = None

    def _count(self, chars: int) -> None:
        self.chars += chars
        if self._allowance is not None:
            self._allowance.chars += chars


class Flushed(Protocol):
    """An object that collects packets during a loop turn and sends them at its end."""

    def flush(self) -> None: ...


class Flusher:
    """Calls `flush` once for each object that has something to send, at the end of the loop turn."""

    def __init__(self) -> None:
        self._waiting: list[Flushed] = []

    def add(self, one: Flushed) -> None:
        """Flush this object at the end of the loop turn; must be called once per turn and object."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(one)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.flush()
