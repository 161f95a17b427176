"""Polling: a client whose packets come by POST and go out as answers to GET, until it moves to a WebSocket."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import aiohttp
from aiohttp import web
from engineio import exceptions
from typing_extensions import override

from server.http.held_line import watch_line
from server.sockets import disconnects
from server.sockets.engine_socket import CLOSE, NOOP, EngineSocket, SocketOwner
from server.sockets.frames import Frames
from server.sockets.intake import BODY, MESSAGES_IN_A_TURN, SEPARATOR, split_body
from server.sockets.send_queue import EncodedPacket

log = logging.getLogger(__name__)

POLL_MAX_PACKETS = 16  # python-engineio's client refuses a polling answer with more


class PollingSocket(EngineSocket):
    """One client's connection that began by polling."""

    __slots__ = ("_is_posting", "_poll", "upgrading")

    def __init__(self, server: SocketOwner, sid: str, line_key: str) -> None:
        super().__init__(server, sid, line_key)
        self.upgrading = False
        self._is_posting = False
        self._poll: asyncio.Future[None] | None = None

    @override
    def _answer_poll(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    async def poll(self, request: web.Request) -> Sequence[EncodedPacket]:
        """Wait until packets are queued. Returns the first of them, at most as many as a client takes, or none for a second poll.

        A second poll while one waits closes the connection, as Engine.IO 4 has it: either could get the answer. So does a lost HTTP
        connection on which a poll waits, because the next packets would be lost with it; the client comes back and syncs.
        """
        if self.upgrading:
            return (NOOP,)  # packets are for the WebSocket from now on
        if self._poll is not None:
            self.close(disconnects.TWO_POLLS)
            return ()
        if not self.queue:
            self._poll = asyncio.get_running_loop().create_future()
            try:
                with watch_line(request, self.on_poll_lost):
                    await self._poll
            finally:
                self._poll = None
        # The queue is empty if the client closed the connection, or we did so that it comes back.
        taken = self.queue.take(POLL_MAX_PACKETS) or (NOOP,)
        self._release_unread()
        return taken

    def on_poll_lost(self) -> None:
        """The HTTP connection broke on which a poll waited or its answer was sent."""
        if not self._has_left and self.frames is None:
            self.on_eof()
            self.queue.clear()
            self._answer_poll()

    async def post(self, request: web.Request) -> HTTPStatus:
        """Take the packets of a body. Returns the status of the answer. A packet that cannot be read closes this client's connection.

        So does a second POST while one is under way, as Engine.IO 4 has it, because their order would be unknown. The answer is
        held back until more packets may come, so that a client which sends faster than it is answered waits.
        """
        if self._is_posting:
            self.close(disconnects.TWO_REQUESTS)
            return HTTPStatus.BAD_REQUEST
        self._is_posting = True
        try:
            return await self._take_body(request)
        finally:
            self._is_posting = False

    async def _take_body(self, request: web.Request) -> HTTPStatus:
        try:
            body = await self._read_body(request)
            self.hold(BODY)
            last = await self._take_messages(body)
        except web.HTTPRequestEntityTooLarge:
            self.close(disconnects.TOO_LONG)
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        except (
            ValueError,
            LookupError,
            OSError,
            exceptions.EngineIOError,
            aiohttp.ClientError,
            web.RequestPayloadError,
        ) as error:
            log.info("closed a polling client: %s", type(error).__name__)
            self.close(disconnects.UNREADABLE_PACKET)
            return HTTPStatus.BAD_REQUEST
        finally:
            self.release(BODY)
        if self.closed:
            return HTTPStatus.OK if last.startswith(CLOSE.text) else HTTPStatus.BAD_REQUEST
        if self.settled is not None:
            await asyncio.wait([self.settled])
        await self._until_readable()
        return HTTPStatus.OK

    async def _take_messages(self, body: str) -> str:
        """Take the messages of a body until one ends the session. Returns the last one that was taken."""
        last = ""
        for number, message in enumerate(split_body(body) if body else (), start=1):
            await self._until_readable()
            if self.closed:
                break
            last = message
            self.receive(message)
            if number % MESSAGES_IN_A_TURN == 0:
                await asyncio.sleep(0)
        return last

    async def _until_readable(self) -> None:
        while self.held & ~BODY and self.is_open:
            await self.wait()

    async def _read_body(self, request: web.Request) -> str:
        bytes_max = self.message_max_bytes
        announced = request.content_length or 0
        body = bytearray()
        if announced <= bytes_max:
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > bytes_max:
                    break
        if max(announced, len(body)) > bytes_max:
            raise web.HTTPRequestEntityTooLarge(bytes_max, max(announced, len(body)))
        return body.decode()

    def end_poll(self) -> None:
        """Answer a poll that waits, because the client is about to move to a WebSocket."""
        if self._poll is not None:
            self.offer(NOOP)

    @property
    def may_move(self) -> bool:
        """Whether the client may move to a WebSocket now."""
        return self.is_open and self._poll is None and not self.upgraded

    def move_to(self, frames: Frames) -> None:
        """Make a WebSocket the client's transport, and send over it what is queued."""
        self.upgraded = True
        self.frames = frames
        frames.hand_over(self)
        frames.limit(self.message_max_bytes)
        if self.held:
            frames.hold()
        self.flush()


class PollAnswer(web.Response):
    """Packets as the answer to a poll. If the connection breaks meanwhile, the session ends, because packets may be lost."""

    def __init__(self, socket: PollingSocket, packets: Sequence[EncodedPacket], headers: Mapping[str, str]) -> None:
        super().__init__(body=_payload_of(packets), headers=headers)
        self._socket = socket

    @override
    async def prepare(self, request: web.BaseRequest) -> Any:
        try:
            return await super().prepare(request)
        except ConnectionError:
            self._socket.on_poll_lost()
            raise

    @override
    async def write_eof(self, data: bytes = b"") -> None:
        try:
            await super().write_eof(data)
        except ConnectionError:
            self._socket.on_poll_lost()
            raise


def _payload_of(packets: Sequence[EncodedPacket]) -> bytes:
    return SEPARATOR.join([packet.text for packet in packets]).encode()
