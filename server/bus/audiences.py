"""Lists of account ids behind packets for many accounts: serialised once and parsed once as long as the audience stays the same.

A chat of 10,000 has a list of some 80 kB. Serialising it takes 0.14 ms of processor time and parsing it into a set 0.5 ms; finding
that it is the last one of its channel takes 2 and 5 microseconds. The receiver gets the same set object again, by which
server/sockets/broadcast.py recognises an audience.
"""

from collections import OrderedDict
from collections.abc import Collection
from typing import TypeVar

import orjson

T = TypeVar("T")

KEPT = 64  # chats whose last lists are remembered


class Audiences:
    """Appends lists to messages and takes them off again. A message is JSON without a line break; the list follows a line break."""

    def __init__(self) -> None:
        self._written: OrderedDict[str, tuple[Collection[int], bytes]] = OrderedDict()  # by channel
        self._read: OrderedDict[str, tuple[bytes, frozenset[int]]] = OrderedDict()

    def add(self, message: bytes, channel: str, to: Collection[int]) -> bytes:
        """Returns the message with its audience. If `to` is the object of the last call for this channel, it is not serialised again."""
        kept = self._written.get(channel)
        if kept is None or kept[0] is not to:
            kept = to, b"\n" + orjson.dumps(list(to))
            _keep(self._written, channel, kept)
        return message + kept[1]

    def split(self, channel: str, data: bytes) -> tuple[bytes, frozenset[int] | None]:
        """Returns the message and its audience, or None if it has none. Raises ValueError for a list that is not JSON."""
        message, line_break, listed = data.partition(b"\n")
        if not line_break:
            return message, None
        kept = self._read.get(channel)
        if kept is None or kept[0] != listed:
            kept = listed, frozenset(orjson.loads(listed))
            _keep(self._read, channel, kept)
        return message, kept[1]


def _keep(memory: OrderedDict[str, T], channel: str, value: T) -> None:
    memory[channel] = value
    memory.move_to_end(channel)
    if len(memory) > KEPT:
        memory.popitem(last=False)
