"""One client's connection, by polling or by WebSocket: what is sent to it, its pings, and how it ends."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from typing import Protocol

from engineio import exceptions
from engineio import packet as engine_packet

from server.http.lines_per_address import LinesPerAddress
from server.sockets import disconnects
from server.sockets.disconnects import Disconnect
from server.sockets.frames import Frames
from server.sockets.intake import UNREAD, Intake
from server.sockets.send_queue import Allowance, EncodedPacket, Flusher, SendQueue

log = logging.getLogger(__name__)

PING, CLOSE, NOOP = (EncodedPacket(str(kind)) for kind in (engine_packet.PING, engine_packet.CLOSE, engine_packet.NOOP))


class TransportListener(Protocol):
    """Receives what clients do; implemented by SocketServer, the Socket.IO side."""

    def on_open(self, socket: "EngineSocket") -> None:
        """A session has been opened."""
        ...

    def on_message(self, socket: "EngineSocket", data: str | bytes) -> None:
        """A message arrived. Raises ValueError or LookupError when it cannot be read."""
        ...

    def on_close(self, socket: "EngineSocket") -> None:
        """A session has ended; called once."""
        ...


class SocketOwner(Protocol):
    """The parts that all sockets of a server share; implemented by EngineServer."""

    sockets: "dict[str, EngineSocket]"
    listener: TransportListener
    lines: LinesPerAddress
    flusher: Flusher
    slow_readers: int
    ping_interval: float
    ping_timeout: float

    def create_send_queue(self) -> SendQueue: ...

    def allowance_of(self, account_id: int) -> Allowance: ...

    def retire(self, socket: "EngineSocket") -> None: ...


class EngineSocket(Intake):
    """One client's connection, whatever its transport at the moment."""

    __slots__ = (
        "_has_left",
        "_is_dirty",
        "_is_pinged",
        "_line_key",
        "_ping_number",
        "_taken_count",
        "_timer",
        "backlog",
        "closed",
        "frames",
        "has_asked",
        "queue",
        "refused",
        "server",
        "settled",
        "sid",
        "unanswered",
        "upgraded",
    )  # fmt: skip

    frames: Frames | None

    def __init__(self, server: SocketOwner, sid: str, line_key: str) -> None:
        """`line_key`: under which LinesPerAddress counts it."""
        super().__init__()
        self.server = server
        self.sid = sid
        self.queue = server.create_send_queue()
        self._line_key = line_key
        self.unanswered = 0  # requests under way
        self.refused = 0  # refusals since it last joined a namespace
        self.has_asked = False  # whether it has sent a CONNECT, as every client does first
        self.upgraded = self.closed = False
        self.frames = None
        self.backlog: deque[str | bytes] | None = None  # messages that wait behind a CONNECT
        self.settled: asyncio.Future[None] | None = None  # done when the backlog is
        self._timer: asyncio.TimerHandle | None = None
        self._is_pinged = False
        self._ping_number = 0  # the last ping's number among the packets
        self._taken_count = 0  # packets that the client had taken by then
        self._is_dirty = False
        self._has_left = False

    @property
    def is_open(self) -> bool:
        """Whether the session goes on."""
        return not self.closed

    def share(self, account_id: int) -> None:
        """Count this send queue for an account, together with those of its other sockets."""
        self.queue.share(self.server.allowance_of(account_id))

    @property
    def is_busy(self) -> bool:
        """Whether an answer is under way or has not been sent."""
        return self.is_open and (self.unanswered > 0 or self.settled is not None or bool(self.queue))

    @property
    def has_websocket(self) -> bool:
        """Whether there is a WebSocket that can still bring the client a close frame."""
        return self.frames is not None and not self.frames.is_over

    def offer(self, packet: EncodedPacket) -> None:
        """Send a packet at the end of this loop turn. A client with a full send queue is disconnected: it is too slow."""
        if self.closed:
            return
        if self.queue.is_full:
            self.flush()
            if self.queue.is_full:
                self.server.slow_readers += 1
                log.info("closed a client that did not read %d packets", len(self.queue))
                self.close(disconnects.TOO_SLOW)
                return
        self.queue.put(packet)
        if not self._is_dirty:
            self._is_dirty = True
            self.server.flusher.add(self)

    def send(self, packets: Sequence[EncodedPacket], frames: bytes) -> None:
        """Send packets whose frames a broadcast has joined already."""
        line = self.frames
        if line is None or self._is_dirty or not line.write_now(frames):
            for packet in packets:
                self.offer(packet)

    def flush(self) -> None:
        """Send what waits, as far as the send buffer has room."""
        self._is_dirty = False
        if self.frames is None:
            self._answer_poll()
        elif self.queue and self.frames.is_writable:
            self.frames.write(self.queue.take_frames())
            self._release_unread()

    def _release_unread(self) -> None:
        if self.held & UNREAD and not self.queue.is_half_full:
            self.release(UNREAD)

    def _answer_poll(self) -> None:
        """Answer a poll that waits. A WebSocket has none."""

    def close(self, why: Disconnect) -> None:
        """Close from our side. What is queued is dropped: the client will sync when it is back."""
        if self.closed:
            return
        self.closed = True
        self.queue.clear()
        if self.frames is not None:
            self.frames.close(why)
        elif not why.is_temporary:
            # Otherwise the next poll finds the session unknown, upon which clients reconnect. After a CLOSE packet
            # python-socketio's client stays away for good.
            self.queue.put(CLOSE)
        self._notify_closed()

    def _notify_closed(self) -> None:
        """Release what the client held, and report its end, once."""
        if self._has_left:
            return
        self._has_left = self.closed = True
        self._stop_pinging()
        self.queue.release()
        self.server.lines.give_back(self._line_key)
        self.server.sockets.pop(self.sid, None)
        self.server.listener.on_close(self)
        self._answer_poll()
        self.wake()

    def adopt(self, frames: Frames) -> None:
        """Speak with the client through this WebSocket from now on."""
        self.frames = frames
        self.upgraded = True

    # Called by the WebSocket: implements FrameListener.

    def on_message(self, message: str | bytes) -> None:
        if self.closed:
            return
        try:
            self.receive(message)
        except (ValueError, LookupError, exceptions.EngineIOError):
            self.close(disconnects.UNREADABLE_PACKET)
        except Exception:
            log.exception("a client's packet failed")
            self.close(disconnects.SERVER_FAULT)

    def on_writable(self) -> None:
        self.flush()

    def on_eof(self) -> None:
        self.closed = True
        self.server.retire(self)

    def on_disconnect(self) -> None:
        if self.frames is not None and self.frames.is_stalled:
            self.server.slow_readers += 1
            log.info("closed a client that reads nothing")
        self.frames = None
        if not self._has_left:
            self.on_eof()

    def disconnect(self) -> None:
        """End the session of a client whose connection is gone, and cut what is left of it."""
        self._notify_closed()
        if self.frames is not None:
            self.frames.cut()

    def receive(self, message: str | bytes) -> None:
        """Take one packet of the client. Raises UnknownPacketError for kinds that no client of Engine.IO 4 sends."""
        if isinstance(message, bytes):
            self.server.listener.on_message(self, message)
            return
        match message[:1]:  # the numbers of Engine.IO's packets
            case "4":
                self.server.listener.on_message(self, message[1:])
            case "3":
                self.schedule_ping()
            case "1":
                if self.frames is not None:
                    self.frames.close(disconnects.CLIENT_LEFT)
                self.queue.clear()
                self._notify_closed()
            case "b":
                self.server.listener.on_message(self, engine_packet.Packet(encoded_packet=message).data)
            case "6" | "5" | "0":
                pass  # without a meaning here; clients send NOOP while they move to a WebSocket
            case _:
                raise exceptions.UnknownPacketError

    # Pings: one timer for each client, in place of python-engineio's task for each and its walk over all.

    def schedule_ping(self) -> None:
        """Start the interval to the next ping, at the beginning and after each PONG that answers a ping.

        An unasked PONG changes nothing. Neither does one while the ping still waits here: a client that answers without reading would
        otherwise stay for ever.
        """
        if self._timer is None or (self._is_pinged and self.queue.taken_count >= self._ping_number):
            self._stop_pinging()
            self._is_pinged = False
            if self.is_open:
                self._timer = asyncio.get_running_loop().call_later(self.server.ping_interval, self._ping)

    def _ping(self) -> None:
        self._is_pinged, self.was_held = True, False
        self._timer = asyncio.get_running_loop().call_later(self.server.ping_timeout, self._miss)
        self.offer(PING)
        self._ping_number = self.queue.put_count
        self._taken_count = self.queue.taken_count

    def _miss(self) -> None:
        reads = self.held & UNREAD and self.queue.taken_count > self._taken_count
        if reads or self.was_held or self.keeps_waiting:
            self._ping()  # its PONG waits behind what we do not read
            return
        self.close(disconnects.PING_TIMEOUT)

    def _stop_pinging(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
