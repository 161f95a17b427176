"""A polling client's move to a WebSocket, as Engine.IO 4 has it: probe, answer, end of the poll, upgrade."""

import asyncio

from aiohttp import web
from engineio import packet as engine_packet

from server.sockets import disconnects
from server.sockets.engine_socket import NOOP
from server.sockets.handshake import take_over
from server.sockets.intake import UNAUTHENTICATED_MAX_BYTES
from server.sockets.polling import PollingSocket
from server.sockets.send_queue import EncodedPacket

# A long time: the official client that is cut off in the middle neither polls nor notices until a ping is late.
UPGRADE_WITHIN_S = 30.0
PROBE, PROBED, UPGRADED = f"{engine_packet.PING}probe", f"{engine_packet.PONG}probe", str(engine_packet.UPGRADE)


class UpgradeProbe:
    """A WebSocket to which a polling client may move: the client sends a probe, gets an answer, ends its poll, and says so."""

    def __init__(self, socket: PollingSocket, request: web.Request) -> None:
        self._socket = socket
        self._is_answered = False
        self._frames, self.answer = take_over(
            request, self, message_max_bytes=UNAUTHENTICATED_MAX_BYTES, stalled_s=socket.server.ping_timeout
        )
        self._timer = asyncio.get_running_loop().call_later(
            UPGRADE_WITHIN_S, self._frames.close, disconnects.CLIENT_LEFT
        )

    def on_message(self, message: str | bytes) -> None:
        socket = self._socket
        if not self._is_answered and message == PROBE and socket.is_open and not socket.upgrading:
            self._is_answered = socket.upgrading = True
            self._frames.write(EncodedPacket(PROBED).frame)
            socket.end_poll()
            return
        if message == NOOP.text:
            return
        is_moved = self._is_answered and message == UPGRADED and socket.may_move
        self._give_up()
        if is_moved:
            socket.move_to(self._frames)
        else:
            self._frames.close(disconnects.CLIENT_LEFT)

    def on_writable(self) -> None:
        """Nothing waits to be written."""

    def on_eof(self) -> None:
        self._frames.cut()

    def on_disconnect(self) -> None:
        self._give_up()

    def _give_up(self) -> None:
        self._timer.cancel()
        if self._is_answered:
            self._is_answered = self._socket.upgrading = False
