"""Keeps connections to Apple's push service (APNs): HTTP/2 by aioapns, with another way to send requests.

aioapns (4.0) forgets requests that are answered without a body or reset, ignores Retry-After, stops reading errors
after 64 KiB of them, and sends more requests at once than the server allows. It also signs anew for each connection,
which Apple answers with 429.
"""

import asyncio
import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from aioapns.connection import APNsBaseConnectionPool, APNsTLSClientProtocol, AuthorizationHeaderProvider
from aioapns.exceptions import ConnectionClosed
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import ProtocolError
from typing_extensions import override

log = logging.getLogger(__name__)

STREAMS_MAX = 1000  # at once on a connection, even if the server would take more
CONNECTIONS_MAX = 2  # the second for the moment in which the first is being closed
GOODBYE_S = 1.0
IDLE_S = 600  # Apple wants connections kept; networks forget those that say nothing for longer


@dataclass(slots=True)
class Answer:
    """The part of an answer that has arrived on one stream."""

    whole: "asyncio.Future[None]"
    status: int = 0
    retry_after: str = ""
    body: bytearray = field(default_factory=bytearray)


class _Connection(APNsTLSClientProtocol):
    """Carries as many requests at once as the server allows, and ends each of them."""

    INACTIVITY_TIME = IDLE_S

    def __init__(self, *args: Any, host: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.APNS_SERVER = host
        self._answers: dict[int, Answer] = {}
        self._has_settings = False
        self._is_over = False
        self._heard = 0
        self.lost = asyncio.Event()
        self._changed = asyncio.Event()

    @property
    @override
    def is_busy(self) -> bool:
        """Returns whether this connection is over, so that the pool of aioapns takes another."""
        return self._is_over

    async def ask(self, path: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """Send one request. Raises ConnectionClosed when the connection ends without an answer."""
        heard = self._heard
        try:
            return await self._ask(path, headers, body)
        except asyncio.CancelledError:
            if self._heard == heard:
                self._end()  # it said nothing all the time: the line is dead, and the next request needs another
                self.abort()
            raise

    async def _ask(self, path: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        while not self._has_room(len(body)):
            if self._is_over:
                raise ConnectionClosed("closed before the request went out")
            self._changed.clear()
            await self._changed.wait()
        answer = Answer(asyncio.get_running_loop().create_future())
        stream = self.conn.get_next_available_stream_id()
        fixed = [(":method", "POST"), (":scheme", "https"), (":authority", self.APNS_SERVER), (":path", path)]
        if self.auth_provider is not None:
            headers = [*headers, ("authorization", self.auth_provider.get_header())]
        self.conn.send_headers(stream, fixed + headers)
        self.conn.send_data(stream, body, end_stream=True)
        self._answers[stream] = answer
        self.flush()
        try:
            await answer.whole
        finally:
            if self._answers.pop(stream, None) is not None and not self._is_over:
                with suppress(ProtocolError):  # it ended in this moment
                    self.conn.reset_stream(stream, ErrorCodes.CANCEL)
                self.flush()
                self._changed.set()
        return answer

    def _has_room(self, body_bytes: int) -> bool:
        """Returns whether one more request may be sent; none before the server's settings are known.

        With a signature Apple begins with one request at a time.
        """
        if self._is_over or not self._has_settings:
            return False
        streams = min(self.conn.remote_settings.max_concurrent_streams, STREAMS_MAX)
        return self.conn.open_outbound_streams < streams and self.conn.outbound_flow_control_window >= body_bytes

    @override
    def data_received(self, data: bytes) -> None:
        self._heard += 1
        try:
            for event in self.conn.receive_data(data):
                self._hear(event)
        except ProtocolError as error:
            log.warning("APNs broke the protocol: %s", type(error).__name__)
            self._end()
        if not self._is_over:
            self.flush()
        self._changed.set()

    def _hear(self, event: Event) -> None:
        match event:
            case RemoteSettingsChanged():
                self._has_settings = True
            case ResponseReceived(stream_id=stream, headers=headers) if stream in self._answers:
                named = {bytes(name).decode(): bytes(value).decode() for name, value in headers or ()}
                self._answers[stream].status = int(named.get(":status", "0"))
                self._answers[stream].retry_after = named.get("retry-after", "")
            case DataReceived(stream_id=stream, data=data, flow_controlled_length=length):
                # Also of requests that nobody waits for any more: otherwise the server may not send for ever.
                self.conn.acknowledge_received_data(length or 0, stream or 0)
                if stream in self._answers and data is not None:
                    self._answers[stream].body += data
            case StreamEnded(stream_id=stream) if stream is not None:
                self._settle(stream, None)
            case StreamReset(stream_id=stream) if stream is not None:
                self._settle(stream, ConnectionClosed("the request was reset"))
            case ConnectionTerminated(error_code=code):
                log.info("APNs closes a connection: %s", code)
                self._end()  # nothing that follows can be read (h2 calls the connection closed)
            case WindowUpdated():
                pass
            case _:
                pass

    def _settle(self, stream: int, error: Exception | None) -> None:
        answer = self._answers.pop(stream, None)
        if answer is None or answer.whole.done():
            return
        if error is None:
            answer.whole.set_result(None)
        else:
            answer.whole.set_exception(error)

    def _end(self) -> None:
        self._is_over = True
        for stream in list(self._answers):
            self._settle(stream, ConnectionClosed("the connection was closed"))
        self._changed.set()
        self.close()

    @override
    def close(self) -> None:
        self._leave()
        super().close()

    def _leave(self) -> None:
        """Remove the connection from the pool at once, because closing it may take long."""
        self._is_over = True
        if self.on_connection_lost is not None:
            self.on_connection_lost(self)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self.lost.set()


class Pool(APNsBaseConnectionPool):
    """Keeps connections to one server, by a signature that all of them share or by a certificate."""

    def __init__(
        self, topic: str, host: str, port: int, context: ssl.SSLContext, signature: AuthorizationHeaderProvider | None
    ) -> None:
        super().__init__(topic=topic, max_connections=CONNECTIONS_MAX)
        self._host, self._port, self._signature = host, port, signature
        self.ssl_context = context

    @override
    async def create_connection(self) -> _Connection:
        make = partial(
            _Connection,
            self.apns_topic or "",
            self.loop,
            self.discard_connection,
            self._signature,
            host=self._host,
        )
        _, connection = await self.loop.create_connection(make, self._host, self._port, ssl=self.ssl_context)
        if connection.is_busy:
            raise ConnectionClosed("closed as soon as it was open")  # else the pool would keep it for ever
        return connection

    @override
    def discard_connection(self, connection: Any) -> None:
        if connection in self.connections:  # one may be lost before the pool has it
            self.connections.remove(connection)

    async def ask(self, path: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        """Send one request on a connection with room. Raises an error of aioapns, h2 or the system when it gets no answer."""
        connection = cast("_Connection", await self.acquire())  # `create_connection` makes no others
        return await connection.ask(path, headers, body)

    async def say_goodbye(self) -> None:
        """Close all connections, and wait a moment until the server has read that."""
        for line in [each for each in self.connections if isinstance(each, _Connection)]:
            line.close()
            try:
                await asyncio.wait_for(line.lost.wait(), GOODBYE_S)
            except TimeoutError:
                line.abort()
