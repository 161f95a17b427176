"""A WebSocket on a connection that was aiohttp's until the handshake (RFC 6455), without a task, queue or reader of its own.

aiohttp parses and routes the request; after the answer 101 (handshake.py) the transport calls `Frames` alone. An idle connection to `/chat` costs 3.6 to 5 kB where Socket.IO on Node takes 26 kB; with aiohttp's own WebSocket, its two tasks
and the request that it keeps, it was 1.1 times as much as there (`python -m benchmarks`). aiohttp's compiled reader could be fed
by hand instead of the loop in `_take_frames`, but it accepts frames without a mask.
"""

import asyncio
import codecs
from typing import Protocol

from aiohttp._websocket.helpers import websocket_mask
from typing_extensions import override

from server.http.stalls import UntakenWrites
from server.sockets import disconnects
from server.sockets.disconnects import Disconnect
from server.sockets.frame_format import (
    BINARY,
    CLOSE,
    CONTINUATION,
    CONTROL_MAX_BYTES,
    FINAL,
    HEAD_MAX_BYTES,
    MASKED,
    PING,
    PONG,
    RESERVED,
    TEXT,
    bytes_needed,
    frame_of,
    what_is_wrong_with_close,
)

CLOSE_WITHIN_S = 2.0  # then the connection of a client that does not answer a close frame is cut
FRAMES_IN_A_TURN = 64  # of one client, 2 ms; one read may bring seven thousand frames

_UTF_8 = codecs.getincrementaldecoder("utf-8")


class FrameListener(Protocol):
    """Receives what happens on a WebSocket."""

    def on_message(self, message: str | bytes) -> None:
        """A message arrived, text or binary. Must not raise."""
        ...

    def on_writable(self) -> None:
        """The send buffer has room again."""
        ...

    def on_eof(self) -> None:
        """The client closed its side. The connection stays until `cut`, so that a crowd that leaves at once can be handled in slices."""
        ...

    def on_disconnect(self) -> None:
        """The connection is gone; no other call follows."""
        ...


class Frames(asyncio.Protocol):
    """One WebSocket. Invalid frames close it with the code of RFC 6455. Pings are answered here."""

    __slots__ = (
        "_buffer",
        "_decoder",
        "_is_closing",
        "_is_full",
        "_is_held",
        "_is_in_turn",
        "_is_input_over",
        "_listener",
        "_loop",
        "_message",
        "_message_max_bytes",
        "_needed",
        "_opcode",
        "_stalled_s",
        "_timer",
        "_transport",
        "_untaken",
        "is_stalled",
    )  # fmt: skip

    def __init__(
        self,
        transport: asyncio.Transport,
        listener: FrameListener,
        *,
        message_max_bytes: int,
        is_full: bool,
        stalled_s: float,
    ) -> None:
        self._listener: FrameListener | None = listener
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = transport
        self._message_max_bytes = message_max_bytes
        self._buffer: bytearray | None = None  # the beginning of a frame, or bytes that are not parsed yet
        self._needed = 0  # its length from which parsing is worth while, so that a trickle costs no quadratic time
        self._is_held = False  # until `resume_reading`
        self._is_in_turn = False  # bytes are parsed in turns, and none read meanwhile
        self._opcode = 0  # of a message in fragments
        self._message: bytearray | None = None  # its fragments so far
        self._decoder: codecs.IncrementalDecoder | None = None  # of a text in fragments
        self._is_full = is_full
        self._is_closing = False  # a close frame has been sent
        self._is_input_over = False  # the client broke the rules or left: what it sends is ignored
        self._timer: asyncio.TimerHandle | None = None
        self._untaken: UntakenWrites | None = None  # while the send buffer is full
        self._stalled_s = stalled_s
        self.is_stalled = False  # the connection was cut because the client reads nothing
        if is_full:
            self.pause_writing()

    @property
    def is_writable(self) -> bool:
        """Whether the send buffer has room. What is written anyway waits in memory."""
        return not (self._is_full or self._is_closing)

    @property
    def is_over(self) -> bool:
        """Whether the connection is closed or closing."""
        return self._transport is None or self._transport.is_closing()

    def hand_over(self, listener: FrameListener) -> None:
        """Deliver what follows to another listener."""
        self._listener = listener

    def write(self, frames: bytes) -> None:
        """Send frames made by `frame_of`. Does nothing after `close`."""
        if self._transport is not None and not self._is_closing:
            self._transport.write(frames)

    def write_now(self, frames: bytes) -> bool:
        """Send frames if the send buffer has room. Returns False, without having sent anything, if not."""
        if self._is_full or self._is_closing or self._transport is None:
            return False
        self._transport.write(frames)
        return True

    def close(self, why: Disconnect) -> None:
        """Send a close frame, and cut the connection if the client does not answer it in time."""
        self._send_close(why.payload)

    def cut(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def hold(self) -> None:
        """Deliver no message until `resume_reading`, not even of bytes that have arrived, so that TCP makes the client wait."""
        if not self._is_held:
            self._is_held = True
            self._read(is_wanted=False)

    def resume_reading(self) -> None:
        """Read again, in a later loop turn, because this may be called while a message is delivered."""
        if self._is_held:
            self._is_held = False
            self._take_turns()

    def limit(self, message_max_bytes: int) -> None:
        """Bound the bytes of a message; one that has begun and is longer closes the connection."""
        self._message_max_bytes = message_max_bytes
        begun = max(self._needed if self._buffer is not None else 0, len(self._message or b""))
        if begun > message_max_bytes + HEAD_MAX_BYTES:
            self._fail(disconnects.TOO_LONG)

    def _read(self, *, is_wanted: bool) -> None:
        if self._transport is not None and not self._transport.is_closing():
            if is_wanted:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _take_turns(self) -> None:
        """Leave the rest for a later loop turn: one client's thousand small frames must not delay the others."""
        if not self._is_in_turn:
            self._is_in_turn = True
            self._read(is_wanted=False)
            self._loop.call_soon(self._take_turn)

    def _take_turn(self) -> None:
        self._is_in_turn = False
        if self._is_held:
            return
        if self._buffer is not None and len(self._buffer) >= self._needed:
            data, self._buffer = bytes(self._buffer), None
            self._take_frames(data)
        if not self._is_in_turn:
            self._read(is_wanted=not self._is_held)

    # Called by the transport.

    @override
    def pause_writing(self) -> None:
        self._is_full = True
        if self._transport is not None and self._untaken is None:
            self._untaken = UntakenWrites(self._transport, self._stalled_s, self._stall)
            self._untaken.start()

    @override
    def resume_writing(self) -> None:
        self._is_full = False
        if self._untaken is not None:
            self._untaken.stop()
            self._untaken = None
        if self._listener is not None:
            self._listener.on_writable()

    def _stall(self) -> None:
        self.is_stalled = True

    @override
    def eof_received(self) -> bool:
        self._is_input_over = True
        if self._listener is not None:
            self._listener.on_eof()
        return True  # the transport is not to close itself

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self._transport = self._buffer = self._message = None
        self._is_input_over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._untaken is not None:
            self._untaken.stop()
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_disconnect()

    @override
    def data_received(self, data: bytes) -> None:
        if self._is_input_over:
            self._look_for_close_frame(data)
            return
        if self._buffer is not None:
            self._buffer += data
            if self._is_held or self._is_in_turn or len(self._buffer) < self._needed:
                return
            data, self._buffer = bytes(self._buffer), None
        elif self._is_held or self._is_in_turn:
            self._buffer, self._needed = bytearray(data), 0
            return
        self._take_frames(data)

    def _take_frames(self, data: bytes) -> None:
        """Parse the frames of a turn, until one of them leads to `hold`; the rest waits in the buffer."""
        start, end, left = 0, len(data), FRAMES_IN_A_TURN
        while end - start >= 2 and not self._is_input_over:
            if not left or self._is_held:
                self._buffer, self._needed = bytearray(data[start:]), 0
                if not self._is_held:
                    self._take_turns()
                return
            left -= 1
            first, size, head = data[start], data[start + 1], 6
            if not size & MASKED:
                self._fail(disconnects.UNMASKED_FRAME)
                return
            size ^= MASKED
            if size > CONTROL_MAX_BYTES:
                head = 8 if size == 126 else HEAD_MAX_BYTES
                size = int.from_bytes(data[start + 2 : start + head - 4], "big") if end - start >= head else 0
            if not self._permits(first, size):
                if first & 0x0F == CLOSE:  # however it is written, no other frame follows
                    self._close_line()
                return
            rest = start + head + size
            if rest > end or end - start < head:
                break
            payload = bytearray(data[start + head : rest])
            websocket_mask(data[start + head - 4 : start + head], payload)
            start = rest
            self._take(first, payload)
        if start < end and not self._is_input_over:
            self._buffer = bytearray(data[start:])
            self._needed = bytes_needed(self._buffer)

    def _permits(self, first: int, size: int) -> bool:
        """Check a frame's head. Returns False, after closing the connection, if it breaks a rule."""
        opcode, is_final = first & 0x0F, first & FINAL
        is_control = opcode >= CLOSE
        if first & RESERVED:
            self._fail(disconnects.RESERVED_BITS)
        elif opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            self._fail(disconnects.UNKNOWN_OPCODE)
        elif is_control and (size > CONTROL_MAX_BYTES or not is_final):
            self._fail(disconnects.BAD_CONTROL_FRAME)
        elif not is_control and (opcode == CONTINUATION) != (self._message is not None):
            self._fail(disconnects.BAD_FRAGMENT)
        elif size + (0 if is_control or self._message is None else len(self._message)) > self._message_max_bytes:
            self._fail(disconnects.TOO_LONG)
        else:
            return True
        return False

    def _take(self, first: int, payload: bytearray) -> None:
        """Process a frame that `_permits` has accepted."""
        opcode = first & 0x0F
        if opcode >= CLOSE:
            self._take_control(opcode, payload)
        elif first & FINAL and self._message is None:
            self._deliver(opcode, payload)
        else:
            self._take_fragment(opcode, payload, is_final=bool(first & FINAL))

    def _take_fragment(self, opcode: int, payload: bytearray, *, is_final: bool) -> None:
        """Add a fragment to its message. A text closes the connection with the first fragment that is not UTF-8."""
        if self._message is None:
            self._opcode, self._message = opcode, bytearray()
            self._decoder = _UTF_8() if opcode == TEXT else None
        self._message += payload
        try:
            if self._decoder is not None:
                self._decoder.decode(payload, is_final)
        except UnicodeDecodeError:
            self._fail(disconnects.NOT_UTF_8)
            return
        if is_final:
            message, self._message = self._message, None
            self._deliver(self._opcode, message)

    def _deliver(self, opcode: int, payload: bytearray) -> None:
        if self._is_closing or self._listener is None:
            return  # messages after our close frame are ignored
        if opcode == BINARY:
            self._listener.on_message(bytes(payload))
            return
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            self._fail(disconnects.NOT_UTF_8)
            return
        self._listener.on_message(text)

    def _take_control(self, opcode: int, payload: bytearray) -> None:
        if opcode == PING:
            if self.is_writable:  # a client that does not read its pongs needs none
                self.write(frame_of(bytes(payload), PONG))
        elif opcode == CLOSE:
            self._on_close_frame(bytes(payload))

    def _on_close_frame(self, payload: bytes) -> None:
        wrong = what_is_wrong_with_close(payload)
        if wrong is not None:
            self._fail(wrong)
        else:
            self._send_close(payload[:2])
        self._close_line()

    def _send_close(self, payload: bytes) -> None:
        if self._transport is None or self._is_closing:
            return
        self._transport.write(frame_of(payload, CLOSE))
        self._is_closing = True
        self._cut_later()
        self.resume_reading()  # or its answer would not be read

    def _fail(self, why: Disconnect) -> None:
        """Close the connection for what the client sent. The rest is read and dropped, or TCP would reset and lose our close frame."""
        self.close(why)
        self._is_input_over = True
        self._buffer = self._message = None

    def _look_for_close_frame(self, data: bytes) -> None:
        """Close when the data ends with a close frame, which most clients send as the answer to ours; the timer handles the others."""
        if data[-8:-6] == b"\x88\x82" or data[-6:-4] == b"\x88\x80":
            self._close_line()

    def _close_line(self) -> None:
        self._is_input_over = True
        if self._transport is not None:
            self._transport.close()

    def _cut_later(self) -> None:
        if self._timer is None and self._transport is not None:
            self._timer = self._loop.call_later(CLOSE_WITHIN_S, self._transport.abort)
