"""Holds a client's line while it has enough requests under way: nothing more is read from it, and TCP makes it wait.

Nothing is refused for that, and nothing overtakes: what was sent first is taken first (docs/protocol.md, "Limits").
"""

import asyncio
from collections.abc import Iterator
from typing import Protocol

UNAUTHENTICATED_MAX_BYTES = (
    16_384  # of one message of a client that is in no namespace: several times a CONNECT with its token
)
MESSAGES_IN_A_TURN = 64  # of one body, 2 ms; a body may hold a hundred thousand
SEPARATOR = "\x1e"

# Why a line is held; there may be several reasons.
JOINING = 1  # enough waits behind a CONNECT
BUSY = 2  # as many requests as one connection may have under way wait for their answers
UNREAD = 4  # so many answers wait for the client to take them
LEAVING = 8  # the server goes, and what the client sends now it sends again to another node
BODY = 16  # the WebSocket that a client moved to waits for the body before it
OURS = JOINING | BUSY | LEAVING  # what is for us to end


class Line(Protocol):
    """A WebSocket, as far as this is concerned."""

    def hold(self) -> None: ...

    def resume_reading(self) -> None: ...

    def limit(self, message_max_bytes: int) -> None: ...


class Intake:
    """How much a client may send, and whether more is taken of it; the base of its socket.

    `held` is the sum of the reasons that hold its line, 0 while there is none.
    """

    __slots__ = ("_waiter", "held", "message_max_bytes", "was_held")

    frames: Line | None

    def __init__(self) -> None:
        self.held = 0
        self.was_held = False  # for one of OURS, since this was set to False
        self.message_max_bytes = UNAUTHENTICATED_MAX_BYTES
        self._waiter: asyncio.Future[None] | None = None

    def hold(self, why: int) -> None:
        """Take nothing more; `frames` reads nothing, and a body of a POST waits."""
        self.held |= why
        self.was_held |= bool(why & OURS)
        if self.frames is not None:
            self.frames.hold()

    def release(self, why: int) -> None:
        """Take up again where it was left, unless there is another reason to wait."""
        if not self.held & why:
            return
        self.held &= ~why
        self.wake()
        if not self.held and self.frames is not None:
            self.frames.resume_reading()

    @property
    def keeps_waiting(self) -> bool:
        """Whether the client waits for us, and cannot answer anything meanwhile; not for itself to take its answers."""
        return bool(self.held & OURS) or self.held == BODY

    def limit(self, message_max_bytes: int) -> None:
        """From now on a message, or a body of several, may have so many bytes."""
        self.message_max_bytes = message_max_bytes
        if self.frames is not None:
            self.frames.limit(message_max_bytes)

    async def wait(self) -> None:
        """Wait until a reason to hold the line is gone, or its client is."""
        if self._waiter is None:
            self._waiter = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._waiter])

    def wake(self) -> None:
        """Let everybody who waits look again."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.set_result(None)


def split_body(body: str) -> Iterator[str]:
    """The messages of a body, one at a time: it may hold a hundred thousand, and all of them would be a list of megabytes."""
    start = 0
    while (end := body.find(SEPARATOR, start)) >= 0:
        yield body[start:end]
        start = end + 1
    yield body[start:]
