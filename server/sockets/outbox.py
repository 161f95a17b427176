"""What waits to be sent: packets that are encoded and framed once for everybody, and one bounded outbox per client.

A loop turn's packets for one client leave together, by one write (`Flusher`): a write is a system call and costs more than
everything else that is done for a recipient.
"""

import asyncio
from typing import Protocol

from server.sockets.frames import frame_of


class EncodedPacket:
    """One Engine.IO packet for any number of clients."""

    __slots__ = ("_frame", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        if self._frame is None:
            self._frame = frame_of(self.text.encode())
        return self._frame


class Allowance:
    """What all outboxes of one account may hold together."""

    __slots__ = ("__weakref__", "chars", "chars_max")

    def __init__(self, chars_max: int) -> None:
        self.chars = 0
        self.chars_max = chars_max


class Outbox:
    """Packets for one client, bounded by their number and by what they hold; one packet of any size always fits.

    It may share an allowance with others. When that is used up, the next of them that already holds something is full: whoever
    reads holds nothing, so it is one that does not read.
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
        """From now on what this holds counts there too; one that shares already goes on as it does."""
        if self._allowance is None:
            self._allowance = allowance
            allowance.chars += self.chars

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def is_full(self) -> bool:
        if len(self._packets) >= self._packets_max or self.chars >= self._chars_max:
            return True
        shared = self._allowance
        return shared is not None and shared.chars >= shared.chars_max and bool(self._packets)

    @property
    def is_half_full(self) -> bool:
        """Whether its client had better take some before it asks for more."""
        return 2 * len(self._packets) >= self._packets_max or 2 * self.chars >= self._chars_max

    def put(self, packet: EncodedPacket) -> None:
        self._packets.append(packet)
        self.put_count += 1
        self._count(len(packet.text))

    def take(self, most: int) -> list[EncodedPacket]:
        """The oldest ones, at most so many."""
        taken, self._packets = self._packets[:most], self._packets[most:]
        self.taken_count += len(taken)
        self._count(-sum(len(packet.text) for packet in taken))
        return taken

    def take_frames(self) -> bytes:
        """All of them as they go over the line."""
        packets, self._packets = self._packets, []
        self.taken_count += len(packets)
        self._count(-self.chars)
        return packets[0].frame if len(packets) == 1 else b"".join([packet.frame for packet in packets])

    def drop(self, start: str) -> None:
        """Take out the packets whose text begins so; they count as taken."""
        kept = [packet for packet in self._packets if not packet.text.startswith(start)]
        self.taken_count += len(self._packets) - len(kept)
        self._packets = kept
        self._count(sum(len(packet.text) for packet in kept) - self.chars)

    def clear(self) -> None:
        self.taken_count += len(self._packets)
        self._packets = []
        self._count(-self.chars)

    def release(self) -> None:
        """What this holds counts no more for others: its client is gone."""
        if self._allowance is not None:
            self._allowance.chars -= self.chars
            self._allowance = None

    def _count(self, chars: int) -> None:
        self.chars += chars
        if self._allowance is not None:
            self._allowance.chars += chars


class Flushed(Protocol):
    """Whoever collects during a turn what is sent at its end."""

    def flush(self) -> None: ...


class Flusher:
    """Lets everybody who has something to send do so once, at the end of the loop turn in which they got it."""

    def __init__(self) -> None:
        self._waiting: list[Flushed] = []

    def add(self, one: Flushed) -> None:
        """Flush it at the end of this turn; to be called once per turn and client."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(one)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.flush()
