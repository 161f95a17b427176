"""Stops reading from a client while it has enough requests under way, so that TCP makes it wait.

No request is refused for that, and requests keep their order (docs/protocol.md, "Limits").
"""

import asyncio
from collections.abc import Iterator
from typing import Protocol

# Of one message before a namespace is joined: several times a CONNECT with its token.
UNAUTHENTICATED_MAX_BYTES = 16_384
MESSAGES_IN_A_TURN = 64  # of one body, 2 ms; a body may hold a hundred thousand messages
SEPARATOR = "\x1e"

# Why nothing is read from a client; several reasons may hold at once.
JOINING = 1  # enough packets wait behind a CONNECT
BUSY = 2  # it has as many requests under way as a connection may have
UNREAD = 4  # its send queue is half full
LEAVING = 8  # the server stops; the client repeats to another node what it sends now
BODY = 16  # the WebSocket that it moved to waits for the last body of a POST
OURS = JOINING | BUSY | LEAVING  # the reasons that end without the client doing anything


class Line(Protocol):
    """A WebSocket that can be held; implemented by Frames."""

    def hold(self) -> None: ...

    def resume_reading(self) -> None: ...

    def limit(self, message_max_bytes: int) -> None: ...


class Intake:
    """Decides how much a client may send, and whether more is read from it; the base of its socket.

    `held` is the sum of the reasons for not reading, 0 while there is none.
    """

    __slots__ = ("_waiter", "held", "message_max_bytes", "was_held")

    frames: Line | None

    def __init__(self) -> None:
        self.held = 0
        self.was_held = False  # for one of OURS, since the last ping
        self.message_max_bytes = UNAUTHENTICATED_MAX_BYTES
        self._waiter: asyncio.Future[None] | None = None

    def hold(self, why: int) -> None:
        """Read no more for this reason: neither from the WebSocket nor from the body of a POST."""
        self.held |= why
        self.was_held |= bool(why & OURS)
        if self.frames is not None:
            self.frames.hold()

    def release(self, why: int) -> None:
        """End one reason; read on if there is no other."""
        if not self.held & why:
            return
        self.held &= ~why
        self.wake()
        if not self.held and self.frames is not None:
            self.frames.resume_reading()

    @property
    def keeps_waiting(self) -> bool:
        """Whether the client cannot answer a ping because of us, not because it leaves its own answers unread."""
        return bool(self.held & OURS) or self.held == BODY

    def limit(self, message_max_bytes: int) -> None:
        """Bound the bytes of a message, or of a body with several messages."""
        self.message_max_bytes = message_max_bytes
        if self.frames is not None:
            self.frames.limit(message_max_bytes)

    async def wait(self) -> None:
        """Wait until a reason has ended, or the client is gone."""
        if self._waiter is None:
            self._waiter = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._waiter])

    def wake(self) -> None:
        """Wake all callers of `wait`."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.set_result(None)


def split_body(body: str) -> Iterator[str]:
    """Yields the messages of a body, which may be a hundred thousand: a list of them would take megabytes."""
    start = 0
    while (end := body.find(SEPARATOR, start)) >= 0:
        yield body[start:end]
        start = end + 1
    yield body[start:]
