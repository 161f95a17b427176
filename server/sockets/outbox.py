"""What waits to be sent: packets that are encoded and framed once for everybody, and one bounded outbox per client.

A loop turn's packets for one client leave together, by one write (`Flusher`): a write is a system call and costs more than
everything else that is done for a recipient.
"""

import asyncio
from typing import Protocol

from server.sockets.frames import frame_of


class Parcel:
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

    def encode(self, b64: bool = False) -> str:  # noqa: ARG002 (python-engineio's name for it)
        """As python-engineio asks for it when it answers a poll."""
        return self.text


class Outbox:
    """Parcels for one client, bounded by their number and by what they hold; one parcel of any size always fits."""

    __slots__ = ("_chars_max", "_parcels", "_parcels_max", "chars")

    def __init__(self, parcels_max: int, chars_max: int) -> None:
        self._parcels: list[Parcel] = []
        self._parcels_max = parcels_max
        self._chars_max = chars_max
        self.chars = 0

    def __len__(self) -> int:
        return len(self._parcels)

    @property
    def is_full(self) -> bool:
        return len(self._parcels) >= self._parcels_max or self.chars >= self._chars_max

    def put(self, parcel: Parcel) -> None:
        self._parcels.append(parcel)
        self.chars += len(parcel.text)

    def take(self, most: int) -> list[Parcel]:
        """The oldest ones, at most so many."""
        taken, self._parcels = self._parcels[:most], self._parcels[most:]
        self.chars -= sum(len(parcel.text) for parcel in taken)
        return taken

    def take_frames(self) -> bytes:
        """All of them as they go over the line."""
        parcels, self._parcels, self.chars = self._parcels, [], 0
        return parcels[0].frame if len(parcels) == 1 else b"".join([parcel.frame for parcel in parcels])

    def drop(self, start: str) -> None:
        """Take out the parcels whose text begins so."""
        self._parcels = [parcel for parcel in self._parcels if not parcel.text.startswith(start)]
        self.chars = sum(len(parcel.text) for parcel in self._parcels)

    def clear(self) -> None:
        self._parcels, self.chars = [], 0


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
